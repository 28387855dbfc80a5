"""An index of products in a folder: written as a whole or not at all, by one process at a time, read by any.

The folder holds ``index.json`` (products, model, calibration, checksums), ``embeddings-….npy`` (half precision, one
row a photo), ``photos/`` (a copy of each photo, for another model) and the journal of answers. ``index.json`` is
written last and names the file of embeddings by its checksum: replacing it is the one step that makes a change.
Copies of photos that are being added wait in ``incoming-…`` (:mod:`shelfwise.inference.products.staging`).
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray
from pydantic import BaseModel, Field, ValidationError

from shelfwise.errors import ProductIndexError, StorageError
from shelfwise.files import atomic_write_bytes, move_files, storage_errors
from shelfwise.gtin import gtin_key
from shelfwise.inference.products.calibration import Calibration, Prior
from shelfwise.inference.products.index import ModelRef, ProductIndex
from shelfwise.inference.products.records import Photo, Product, Sha256, Strict, name_key
from shelfwise.inference.products.staging import Staging, sweep

__all__ = ["ProductStore"]

_VERSION: Final = 1
_MANIFEST: Final = "index.json"
_PHOTOS: Final = "photos"
_MAX_MANIFEST: Final = 1 << 30
_MAX_FEATURES: Final = 1 << 14
_HEAD: Final = re.compile(rb'\A\{"digest":"([0-9a-f]{64})",')
_NO_DIGEST: Final = b"0" * 64
_OLD_VERSIONS: Final = 8
_WAIT: Final = 60.0
_RESTORE: Final = "Restore the folder from a copy, or remove it and add the products again"
_REBUILD: Final = "Make it anew from the kept photos with: shelfwise products rebuild --model BUNDLE --index"


class _Head(BaseModel):
    """What tells the version, whatever else another version may write."""

    version: int


class _Manifest(Strict):
    digest: Sha256
    format: Literal["shelfwise-products"]
    version: Literal[1]
    model: ModelRef
    prior: Prior
    calibration: Calibration
    features: Annotated[int, Field(ge=0, le=_MAX_FEATURES)]
    embeddings_sha256: Sha256
    products: tuple[Product, ...]


class ProductStore:
    """Reads and writes an index of products.

    Args:
        folder: made when something is written.
        wait: seconds to wait for another process that is writing.
    """

    def __init__(self, folder: Path, *, wait: float = _WAIT) -> None:
        self.folder = folder
        self._wait = wait

    def exists(self) -> bool:
        """Whether there is an index."""
        return os.path.lexists(self.folder / _MANIFEST)

    def read(self) -> ProductIndex | None:
        """The index as it was written last, or None where there is none.

        Raises:
            ProductIndexError: it is damaged, of another version, or cannot be read.
        """
        for _ in range(_OLD_VERSIONS):
            manifest = self._manifest()
            if manifest is None:
                return None
            with contextlib.suppress(FileNotFoundError):
                return self._with_embeddings(manifest, self._read_matrix(manifest))
            # Another process has just replaced both: the next look finds the new ones.
        raise ProductIndexError(
            f"{self.folder}: the file of its embeddings is missing. {_REBUILD} {self.folder}"
        )

    def read_products(self) -> tuple[ModelRef, tuple[Product, ...]] | None:
        """Model and products without the embeddings, which may be missing or damaged; None where there is no index.

        Raises:
            ProductIndexError: the list itself is damaged or cannot be read.
        """
        manifest = self._manifest()
        return None if manifest is None else (manifest.model, manifest.products)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes and threads from writing meanwhile; readers are not held up.

        Raises:
            StorageError: another one is writing for too long, or the folder cannot be written to.
        """
        with storage_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / ".lock", timeout=self._wait, thread_local=False)
            try:
                lock.acquire()
            except Timeout:
                raise StorageError(
                    f"{self.folder}: another shelfwise has been writing here for {self._wait:g} s. "
                    "Try again when it has ended"
                ) from None
        try:
            yield
        finally:
            lock.release()

    @contextlib.contextmanager
    def staging(self) -> Iterator[Staging]:
        """Where copies of photos wait until :meth:`update` takes them over; what then still waits is removed."""
        staging = Staging(self.folder, self.locked)
        try:
            yield staging
        finally:
            staging.close()

    def update(
        self,
        change: Callable[[ProductIndex | None], ProductIndex],
        staging: Staging | None = None,
        *,
        from_damaged: bool = False,
    ) -> ProductIndex:
        """Change the index: under the lock, from what is there now, all of it or nothing.

        Args:
            change: gives the new index from the one that is there, or from None.
            staging: where the copies of new photos wait.
            from_damaged: call ``change`` with None instead of reading what is there.

        Returns:
            The new index.

        Raises:
            ProductIndexError: the index that is there is damaged.
            StorageError: it cannot be written; it is then as it was before.
        """
        with self.locked():
            before = None if from_damaged else self.read()
            after = change(before)
            if after is before:
                return after
            wanted = {photo.sha256: photo for product in after.products for photo in product.photos}
            made: list[Path] = []
            try:
                if staging is not None:
                    self._take_over(staging, wanted, made)
                current = self._write(after, made)
            except BaseException:
                self._undo(made)
                raise
            held = (
                {photo.sha256 for product in before.products for photo in product.photos} if before else None
            )
            self._tidy(current, None if held is not None and held <= wanted.keys() else wanted.keys())
            return after

    def kept(self, photo: Photo) -> bytes:
        """The copy of a photo.

        Raises:
            ProductIndexError: it is missing or damaged.
            StorageError: it is there, but cannot be read now.
        """
        path = self._photo_path(photo.sha256)
        try:
            data = _read(path, photo.kept_bytes)
        except FileNotFoundError:
            raise ProductIndexError(f"{path}: the copy of {photo.name} is missing") from None
        except ProductIndexError as error:
            raise StorageError(str(error)) from error
        if len(data) != photo.kept_bytes or _sha256(data) != photo.kept_sha256:
            raise ProductIndexError(f"{path}: the copy of {photo.name} is damaged (its checksum differs)")
        return data

    def _photo_path(self, sha256: str) -> Path:
        return self.folder / _PHOTOS / sha256[:2] / sha256

    def _matrix_path(self, manifest: _Manifest) -> Path:
        return self.folder / _matrix_name(manifest.embeddings_sha256)

    def _manifest(self) -> _Manifest | None:
        path = self.folder / _MANIFEST
        try:
            data = _read(path, _MAX_MANIFEST)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return _parsed(data, path)

    def _read_matrix(self, manifest: _Manifest) -> NDArray[np.float32]:
        path = self._matrix_path(manifest)
        photos = sum(len(product.photos) for product in manifest.products)
        data = _read(path, 4096 + 2 * photos * manifest.features)
        if _sha256(data) != manifest.embeddings_sha256:
            raise ProductIndexError(f"{path}: damaged (its checksum differs). {_REBUILD} {self.folder}")
        try:
            return _matrix(data, (photos, manifest.features))
        except ValueError as error:
            raise ProductIndexError(f"{path}: damaged ({error}). {_REBUILD} {self.folder}") from error

    @staticmethod
    def _with_embeddings(manifest: _Manifest, embeddings: NDArray[np.float32]) -> ProductIndex:
        return ProductIndex(
            model=manifest.model,
            prior=manifest.prior,
            products=manifest.products,
            embeddings=embeddings,
            calibration=manifest.calibration,
        )

    def _take_over(self, staging: Staging, wanted: Mapping[str, Photo], made: list[Path]) -> None:
        moves = []
        for photo, waiting in staging.waiting():
            path, kept = self._photo_path(photo.sha256), wanted.get(photo.sha256)
            # A photo that another process has added meanwhile has its own copy.
            if kept and kept.kept_sha256 == photo.kept_sha256 and not _holds(path, kept):
                moves.append((waiting, path))
        made += [path for _, path in moves]
        move_files(moves)

    def _write(self, index: ProductIndex, made: list[Path]) -> Path:
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, index.embeddings.astype("<f2"), allow_pickle=False)
        matrix = buffer.getvalue()
        path = self.folder / _matrix_name(_sha256(matrix))
        made.append(path)
        # Also over a file of this name: that one may be damaged.
        atomic_write_bytes(path, matrix)
        atomic_write_bytes(self.folder / _MANIFEST, _manifest_bytes(index, _sha256(matrix)))
        return path

    def _undo(self, made: list[Path]) -> None:
        """Remove what a change that failed has written, but for what the index names.

        It may be the new index already: of the last step, that it is on the disk for good can fail as well.
        """
        try:
            manifest = self._manifest()
        except ProductIndexError:
            return
        needed = set()
        if manifest is not None:
            needed = {self._photo_path(photo.sha256) for each in manifest.products for photo in each.photos}
            needed.add(self._matrix_path(manifest))
        self._forget([path for path in made if path not in needed])

    def _tidy(self, matrix: Path, wanted: Collection[str] | None) -> None:
        """Remove what no index names any more: what was replaced, and what a killed process left behind.

        Args:
            matrix: the file of embeddings that counts now.
            wanted: hashes of the photos whose copies stay; None where no copy became needless.
        """
        stale = [each for each in self.folder.glob("embeddings-*.npy") if each != matrix]
        stale += self.folder.glob(".*.tmp")
        if wanted is not None:
            stale += [each for each in self.folder.glob(f"{_PHOTOS}/??/*") if each.name not in wanted]
            stale += self.folder.glob(f"{_PHOTOS}/??/.*.tmp")
        self._forget(stale)
        sweep(self.folder)

    @staticmethod
    def _forget(paths: list[Path]) -> None:
        for path in paths:
            with contextlib.suppress(OSError):
                path.unlink()


def _matrix_name(sha256: str) -> str:
    return f"embeddings-{sha256[:16]}.npy"


def _manifest_bytes(index: ProductIndex, matrix_sha256: str) -> bytes:
    manifest = _Manifest(
        digest=_NO_DIGEST.decode(),
        format="shelfwise-products",
        version=_VERSION,
        model=index.model,
        prior=index.prior,
        calibration=index.calibration,
        features=index.embeddings.shape[1],
        embeddings_sha256=matrix_sha256,
        products=index.products,
    )
    data = manifest.model_dump_json().encode()
    return data.replace(_NO_DIGEST, _sha256(data).encode(), 1)


def _parsed(data: bytes, path: Path) -> _Manifest:
    head = _HEAD.match(data)
    if head is None or _sha256(data.replace(head[1], _NO_DIGEST, 1)) != head[1].decode():
        raise ProductIndexError(f"{path}: damaged or changed by hand (its checksum differs). {_RESTORE}")
    try:
        version = _Head.model_validate_json(data).version
        if version != _VERSION:
            raise ProductIndexError(
                f"{path}: format version {version}, but this Shelfwise reads version {_VERSION}. "
                "Use the Shelfwise version that wrote it"
            )
        manifest = _Manifest.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ProductIndexError(f"{path}: {where}: {first['msg']}. {_RESTORE}") from error
    if problem := _contradiction(manifest.products):
        raise ProductIndexError(f"{path}: {problem}. {_RESTORE}")
    return manifest


def _contradiction(products: tuple[Product, ...]) -> str | None:
    names = [name_key(product.name) for product in products]
    photos = [photo.sha256 for product in products for photo in product.photos]
    gtins = [gtin_key(product.gtin) for product in products if product.gtin]
    if names != sorted(set(names)):
        return "a product is named twice, or they are out of order"
    if any(list(p.photos) != sorted(p.photos, key=lambda photo: photo.sha256) for p in products):
        return "photos are out of order"
    for what, values in (("photo", photos), ("GTIN", gtins), ("id", [each.id for each in products])):
        if len(set(values)) != len(values):
            return f"a {what} stands there twice"
    return None


def _matrix(data: bytes, shape: tuple[int, int]) -> NDArray[np.float32]:
    """The numbers of an ``.npy`` file of this very shape, in half precision; nothing else in it is looked at."""
    stream = io.BytesIO(data)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError("another version of the format")
    found, column_major, kind = np.lib.format.read_array_header_1_0(stream)
    if column_major or found != shape or kind != np.dtype("<f2"):
        raise ValueError(f"{kind} of shape {found}, not float16 of shape {shape}")
    rows = np.frombuffer(data, "<f2", offset=stream.tell())
    if rows.size != shape[0] * shape[1]:
        raise ValueError("its length does not fit its shape")
    matrix = rows.reshape(shape).astype(np.float32)
    lengths = np.einsum("ij,ij->i", matrix, matrix)
    if not (np.abs(lengths - 1) < 0.01).all():
        raise ValueError("a row is not of length 1")
    return matrix


def _holds(path: Path, photo: Photo) -> bool:
    try:
        return _sha256(_read(path, photo.kept_bytes)) == photo.kept_sha256
    except (OSError, ProductIndexError):
        return False


def _read(path: Path, at_most: int) -> bytes:
    """Read a regular file, but never much more than it should hold.

    Raises:
        FileNotFoundError, NotADirectoryError: it is not there.
        ProductIndexError: it cannot be read for another reason.
    """
    try:
        with open(path, "rb", opener=_at_once) as file:
            return file.read(at_most + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        raise ProductIndexError(f"{path}: cannot be read ({error.strerror or error})") from error


def _at_once(path: str, flags: int) -> int:
    """Open without waiting for who writes to a pipe."""
    return os.open(path, flags | os.O_NONBLOCK)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
