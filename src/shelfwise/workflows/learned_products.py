"""The stock products that one model knows by sight: its index in memory, each by its number in the stock book."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shelfwise.errors import ImageError, ModelError, NotFoundError, ProductError, ProductIndexError
from shelfwise.inference.classifier import Classifier
from shelfwise.inference.products.calibration import prior_of
from shelfwise.inference.products.index import ModelRef, ProductIndex
from shelfwise.inference.products.matches import Finding
from shelfwise.inference.products.photos import KeptPhoto, keep
from shelfwise.inference.products.records import Photo, Product, clean_name, name_key
from shelfwise.inference.products.staging import Staging
from shelfwise.inference.products.store import ProductStore
from shelfwise.workflows.product_intake import Intake

__all__ = ["LearnedProducts", "Progress", "Wanted", "stock_number"]

Floats = NDArray[np.float32]
Progress = Callable[[int, int], None]
"""Told how many photos are done, and of how many."""

_INDEX: Final = "index.json"
_ROUNDS: Final = 20
_NOTHING_SEEN: Final = "the model sees nothing on this photo"


class Wanted(NamedTuple):
    """What the stock book says of a product: its number, its name, and the hashes of its photos."""

    product_id: int
    name: str
    photos: tuple[str, ...]


def stock_number(product: Product) -> int:
    """The number in the stock book of a product in the index."""
    return int(product.id, 16)


class LearnedProducts:
    """An index of products by sight that is kept in step with the stock book.

    Products have their stock number as id, so that no renaming tears them apart. Answers come from memory; another
    program's changes are seen by the file's time. One that is damaged answers nothing until :meth:`catch_up` has made
    it anew from the photos of the stock book.

    Args:
        classifier: the model; it makes the embeddings.
        folder: where the index is.
    """

    def __init__(self, classifier: Classifier, folder: Path) -> None:
        self._classifier: Classifier | None = classifier
        self.store = ProductStore(folder)
        self._prior = prior_of(classifier.bundle.metrics, str(classifier.bundle.path))
        self._model = ModelRef(id=classifier.bundle.id, name=classifier.bundle.name)
        self._guard = threading.Lock()
        self._seen: tuple[tuple[int, int, int] | None, ProductIndex] | None = None

    @property
    def model_id(self) -> str:
        """Id of the model's bundle."""
        return self._model.id

    @property
    def classifier(self) -> Classifier:
        """The model. Raises ModelError where it is at work no more."""
        classifier = self._classifier
        if classifier is None:
            raise ModelError(f"the model {self._model.name} is at work no more, so it learns nothing")
        return classifier

    def use(self, classifier: Classifier | None) -> None:
        """Learn with the same model opened in another way from now on; with None no more, so that it can be freed."""
        self._classifier = classifier

    @property
    def index(self) -> ProductIndex:
        """The index as it is now; an empty one where there is none, or a damaged one."""
        with self._guard:
            stamp = self._stamp()
            if self._seen is None or self._seen[0] != stamp:
                try:
                    self._seen = stamp, self._own(self.store.read())
                except ProductIndexError:
                    self._seen = stamp, ProductIndex.empty(self._model, self._prior)
            return self._seen[1]

    def look(self, embeddings: Floats, top: int = 5) -> list[Finding]:
        """The most similar products of each photo.

        Args:
            embeddings: array of shape (photos, features).
            top: how many products to tell of each.
        """
        return self.index.search(embeddings, top)

    def learn(
        self, product_id: int, name: str, photos: Iterable[bytes]
    ) -> tuple[int, tuple[ImageError, ...]]:
        """Know a product by these photos too, and take them away from any other.

        Args:
            product_id: its number in the stock book.
            name: its name there.
            photos: picture files.

        Returns:
            How many photos are new to the product, and what is wrong with those that cannot be read.

        Raises:
            ProductIndexError: the index is damaged.
            StorageError: it cannot be written; it is then as it was.
        """
        key, name, now = f"{product_id:012x}", _shown(product_id, name), _now()
        new: list[int] = []
        with self.store.staging() as staging:
            intake = Intake(
                self.classifier, self._own(self.store.read()), staging, name=name, move=True, now=now
            )
            intake.take(photos)
            intake.errors += [ImageError(each, _NOTHING_SEEN) for each in _without_sight(intake)]
            if not intake.enrolled and not intake.again:
                return 0, tuple(intake.errors)

            def change(there: ProductIndex | None) -> ProductIndex:
                index = _called(self._own(there), key, name)
                after, added = index.add(
                    name, intake.enrolled, now=now, again=intake.again, move=True, new_id=key
                )
                new.append(added.new + added.moved)
                return there if there is not None and after is there else _without_empty(after)

            self.store.update(change, staging)
        return new[0], tuple(intake.errors)

    def forget(self, product_id: int, photo: str) -> bool:
        """Take a photo, named by its hash, away from a product; False where it was not known by it."""

        def change(index: ProductIndex, product: Product) -> ProductIndex:
            if all(each.sha256 != photo for each in product.photos):
                return index
            return _without_empty(index.remove_photo(product.name, photo)[0])

        return self._edit(product_id, change)

    def forget_product(self, product_id: int) -> bool:
        """Know a product by sight no more; False where it was not known."""
        return self._edit(product_id, lambda index, product: index.remove(product.name)[0])

    def rename(self, product_id: int, name: str) -> bool:
        """Call a product as the stock book does; False where it was called so, or is not known."""
        name = _shown(product_id, name)

        def change(index: ProductIndex, product: Product) -> ProductIndex:
            return index if product.name == name else _called(index, product.id, name)

        return self._edit(product_id, change)

    def forget_others(self, wanted: Sequence[Wanted]) -> None:
        """Take away what the stock book does not say, as after an older book was restored; nothing new is learned.

        Quick, for no photo goes through the model: so a photo never stands for the product that has got the number
        of the one it was of.

        Args:
            wanted: what the stock book says.

        Raises:
            StorageError: the index cannot be written; it is then as it was.
        """
        owners = {photo: f"{each.product_id:012x}" for each in wanted for photo in each.photos}
        # The one in memory, which the first answer needs too; a damaged one is empty there.
        if any(
            owners.get(photo.sha256) != product.id
            for product in self.index.products
            for photo in product.photos
        ):
            self.store.update(lambda there: self._rebuilt(there, wanted, {}))

    def catch_up(
        self,
        wanted: Callable[[], Sequence[Wanted]],
        read: Callable[[str], bytes],
        guard: AbstractContextManager[object],
        progress: Progress | None = None,
        then: Callable[[], None] | None = None,
    ) -> tuple[str, ...]:
        """Make the index what the stock book says, whatever it was; only photos that it lacks go through the model.

        Args:
            wanted: asks the stock book; asked again under ``guard`` before the index is written.
            read: gives a photo's file by its hash. Raises NotFoundError.
            guard: keeps products' photos from being changed; held for the last, short step alone.
            progress: told after each photo that the model is done with.
            then: called under ``guard`` when the index is right.

        Returns:
            Photos that cannot be read, and why.
        """
        lost: dict[str, str] = {}
        with self.store.staging() as staging:
            nothing = ProductIndex.empty(self._model, self._prior)
            intake = Intake(self.classifier, nothing, staging, name="photos", move=True, now=_now())
            for _ in range(_ROUNDS):
                self._embed(self._missing(wanted(), intake, lost), read, intake, lost, progress)
                with guard:
                    asked = wanted()
                    if self._missing(asked, intake, lost):
                        continue
                    if asked or self.store.exists():
                        self._make(asked, intake, staging)
                    if then is not None:
                        then()
                    return tuple(f"{sha256}: {reason}" for sha256, reason in lost.items())
        raise ProductError("photos of products were added faster than they could be learned. Try again")

    def _make(self, wanted: Sequence[Wanted], intake: Intake, staging: Staging) -> None:
        """Write the index that has these products, from what it has and what was taken in."""
        made = {each.photo.sha256: (each.photo, each.embedding) for each in intake.enrolled}
        self.store.update(
            lambda there: self._rebuilt(there, wanted, made), staging, from_damaged=self._readable() is None
        )

    def _embed(
        self,
        missing: Sequence[str],
        read: Callable[[str], bytes],
        intake: Intake,
        lost: dict[str, str],
        progress: Progress | None,
    ) -> None:
        """Take the photos through the model; what cannot be read is noted in ``lost``."""

        def photos() -> Iterator[KeptPhoto]:
            for number, sha256 in enumerate(missing):
                if progress is not None:
                    progress(number, len(missing))
                try:
                    kept = keep(read(sha256))
                except (NotFoundError, ImageError) as error:
                    lost[sha256] = str(error)
                    continue
                if kept.sha256 != sha256:
                    lost[sha256] = "the photo's file has been changed"
                    continue
                yield kept

        intake.take(photos())
        lost |= dict.fromkeys(_without_sight(intake), _NOTHING_SEEN)
        done = {each.photo.sha256 for each in intake.enrolled}
        lost |= {sha256: "cannot be read" for sha256 in missing if sha256 not in done and sha256 not in lost}
        if progress is not None:
            progress(len(missing), len(missing))

    def _missing(self, wanted: Sequence[Wanted], intake: Intake, lost: dict[str, str]) -> list[str]:
        index = self._readable()
        there = {each.photo.sha256 for each in intake.enrolled} | lost.keys()
        return [
            sha256
            for product in wanted
            for sha256 in product.photos
            if sha256 not in there and (index is None or index.owner(sha256) is None)
        ]

    def _readable(self) -> ProductIndex | None:
        """The index on the disk; None where there is none, or it cannot be used."""
        try:
            return self._own(self.store.read())
        except ProductIndexError:
            return None

    def _rebuilt(
        self,
        there: ProductIndex | None,
        wanted: Sequence[Wanted],
        made: dict[str, tuple[Photo, Floats]],
    ) -> ProductIndex:
        old = dict(_rows(there)) if there is not None else {}
        rows = {**old, **made}
        entries: list[tuple[Product, dict[str, Floats]]] = []
        names: set[str] = set()
        for product in wanted:
            own = {sha256: rows[sha256] for sha256 in product.photos if sha256 in rows}
            if own:
                name = _free(_shown(product.product_id, product.name), product.product_id, names)
                photos = tuple(photo for photo, _ in own.values())
                entry = Product(
                    id=f"{product.product_id:012x}", name=name, added=_first(photos), photos=photos
                )
                entries.append((entry, {sha256: row for sha256, (_, row) in own.items()}))
        after = ProductIndex.of(self._model, self._prior, entries)
        same = there is not None and _told(there) == _told(after)
        return there if same and there is not None else after

    def _edit(self, product_id: int, change: Callable[[ProductIndex, Product], ProductIndex]) -> bool:
        key = f"{product_id:012x}"
        changed: list[bool] = []

        def edited(there: ProductIndex | None) -> ProductIndex:
            index = self._own(there)
            product = index.product(key)
            after = index if product is None else change(index, product)
            changed.append(after is not index)
            return after

        if not self.store.exists():
            return False
        self.store.update(edited)
        return changed[-1]

    def _own(self, index: ProductIndex | None) -> ProductIndex:
        if index is None:
            return ProductIndex.empty(self._model, self._prior)
        if index.model.id != self._model.id:
            raise ProductIndexError(f"{self.store.folder}: this index was made with another model")
        return index

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            found = (self.store.folder / _INDEX).stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _without_sight(intake: Intake) -> list[str]:
    """Take away photos whose embedding compares with nothing; their hashes."""
    blind = [
        each
        for each in intake.enrolled
        if not 0 < float(np.linalg.norm(each.embedding.astype(np.float64))) < np.inf
    ]
    hashes = [each.photo.sha256 for each in blind]
    intake.enrolled = [each for each in intake.enrolled if each.photo.sha256 not in hashes]
    return hashes


def _shown(product_id: int, name: str) -> str:
    """A stock product's name as an index takes it."""
    try:
        return clean_name("".join(each if each.isprintable() else " " for each in name))
    except ProductError:
        return f"product {product_id}"


def _free(name: str, product_id: int, taken: set[str]) -> str:
    """A name that no other product in the index has; the stock book compares them a little differently."""
    if name_key(name) in taken:
        name = f"{name[:180]} ({product_id})"
    taken.add(name_key(name))
    return name


def _called(index: ProductIndex, key: str, name: str) -> ProductIndex:
    """The index in which the product with this id has this name, if it is there, and no other has it."""
    holder = next((each for each in index.products if name_key(each.name) == name_key(name)), None)
    if holder is not None and holder.id != key:
        # The other one has been renamed in the stock book, and will be told so.
        index, _ = index.rename(holder.name, f"{holder.name[:180]} ({stock_number(holder)})")
    product = index.product(key)
    if product is not None and product.name != name:
        index, _ = index.rename(product.name, name)
    return index


def _without_empty(index: ProductIndex) -> ProductIndex:
    """Without products that have lost their last photo."""
    for product in index.products:
        if not product.photos:
            index, _ = index.remove(product.name)
    return index


def _rows(index: ProductIndex) -> Iterator[tuple[str, tuple[Photo, Floats]]]:
    """The photos of an index and their embeddings, by hash."""
    photos = (photo for product in index.products for photo in product.photos)
    for photo, row in zip(photos, index.embeddings, strict=True):
        yield photo.sha256, (photo, row)


def _first(photos: Sequence[Photo]) -> str:
    return min(photo.added for photo in photos)


def _told(index: ProductIndex) -> list[tuple[str, str, tuple[Photo, ...]]]:
    return [(product.id, product.name, product.photos) for product in index.products]
