"""A trained model that somebody uploads: unpacked with limits, and verified before anything uses it.

What comes is a ZIP of a bundle's folder, alone or as ``bundle/`` beside the ``report/`` of its training. Nothing but
the files of a bundle is taken, whatever the archive holds, and nothing of it is run or unpickled.
"""

from __future__ import annotations

import re
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, Final

from shelfwise.bundle import Bundle, read_bundle
from shelfwise.errors import BundleError
from shelfwise.files import storage_errors
from shelfwise.rules import MAX_REFERENCE
from shelfwise.text import printable
from shelfwise.workflows.onnx_check import refuse_outside_weights

__all__ = ["REPORT", "IntakeLimits", "copy_in", "take_in"]

REPORT: Final = "report.html"
"""The report of the training, where one came along; beside the bundle's folder."""

_MIB: Final = 1 << 20
_MANIFEST: Final = "bundle.json"
_KNOWN: Final[Mapping[str, int]] = {
    _MANIFEST: 16 * _MIB,
    "card.md": 4 * _MIB,
    "model.onnx": 1 << 31,
    "model.onnx.gz": 1 << 31,
    "reference.npz": MAX_REFERENCE,
    "metric.npz": MAX_REFERENCE,
}
_REPORT_PAGE: Final = "index.html"
_REPORT_PICTURE: Final = re.compile(r"[\w.-]{1,100}\.png", re.ASCII)
_CLUTTER: Final = frozenset(("__MACOSX", ".DS_Store", "Thumbs.db"))
_END: Final = b"PK\x05\x06"
_END_BYTES: Final = 22
_END64: Final = b"PK\x06\x07"
_CHUNK: Final = _MIB
_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """How much an upload may hold before it counts as an attack.

    Attributes:
        members: files and folders.
        packed_bytes, unpacked_bytes: of all of it.
        ratio: how many times a file of more than 1 MiB may have been compressed.
        page_bytes: of the report's page.
    """

    members: int = 200
    packed_bytes: int = 1 << 30
    unpacked_bytes: int = 1 << 30
    ratio: int = 200
    page_bytes: int = 64 * _MIB


def take_in(source: Path | BinaryIO, folder: Path, limits: IntakeLimits | None = None) -> Bundle:
    """Unpack and verify an uploaded model.

    Args:
        source: the ZIP file, or an open one that can be sought in.
        folder: an empty folder; gets ``bundle/`` and, where the training's report came along, ``report.html``. On an
            error it holds a part of the files: give a temporary one.
        limits: how much it may hold.

    Raises:
        BundleError: it is no ZIP, is damaged, hostile or too large, or holds no sound bundle; the message says where.
        StorageError: a file cannot be written.
    """
    limits = limits or IntakeLimits()
    bundle_folder = folder / "bundle"
    with storage_errors(bundle_folder):
        bundle_folder.mkdir()
    with _opened(source, limits) as archive:
        for info, target in _wanted(archive, limits):
            with _damage_told():
                source_file = archive.open(info)
            with source_file:
                _copy(source_file, folder / target, info.file_size)
    bundle = read_bundle(bundle_folder)
    bundle.refuse_other_task("classify")
    refuse_outside_weights(bundle.model_onnx(), str(bundle.model_path.name))
    return bundle


def copy_in(source: Path, folder: Path) -> Bundle:
    """Copy a bundle's folder and verify it, before and after; what is no part of a bundle is left out.

    Args:
        source: the bundle's folder; the report of its training is taken along where it lies beside it.
        folder: as for :func:`take_in`.

    Raises:
        BundleError: it is no sound bundle.
        StorageError: a file cannot be read or written.
    """
    bundle = read_bundle(source)
    bundle.refuse_other_task("classify")
    refuse_outside_weights(bundle.model_onnx(), bundle.model_path.name)
    with storage_errors(folder):
        (folder / "bundle").mkdir()
        for path in (source / _MANIFEST, bundle.card_path, bundle.model_path):
            shutil.copyfile(path, folder / "bundle" / path.name)
        for name in ("reference.npz", "metric.npz"):
            if (source / name).is_file():
                shutil.copyfile(source / name, folder / "bundle" / name)
    page = source.parent / "report" / _REPORT_PAGE
    if source.name == "bundle" and page.is_file():
        with storage_errors(folder / REPORT):
            shutil.copyfile(page, folder / REPORT)
    return read_bundle(folder / "bundle")


@contextmanager
def _opened(source: Path | BinaryIO, limits: IntakeLimits) -> Iterator[zipfile.ZipFile]:
    with _damage_told():
        handle = source.open("rb") if isinstance(source, Path) else source
    try:
        with _damage_told():
            _refuse_large_listing(handle, limits)
            archive = zipfile.ZipFile(handle)
        with archive:
            yield archive
    finally:
        if isinstance(source, Path):
            handle.close()


@contextmanager
def _damage_told() -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        what = printable(str(error)) or type(error).__name__
        raise BundleError(
            f"this is no sound ZIP file ({what}): zip the bundle's folder and upload it again"
        ) from error


def _refuse_large_listing(handle: BinaryIO, limits: IntakeLimits) -> None:
    """Look at the list's length before all of it is read into memory."""
    handle.seek(0, 2)
    size = handle.tell()
    if size > limits.packed_bytes:
        raise BundleError(
            f"the ZIP has {size:,} bytes, more than the {limits.packed_bytes:,} that a model may have"
        )
    handle.seek(max(0, size - _END_BYTES - len(_END64) - 16))
    tail = handle.read()
    end = tail[-_END_BYTES:]
    if not end.startswith(_END) or end[-2:] != b"\0\0" or _END64 in tail[:-_END_BYTES]:
        raise BundleError(
            "this is no ZIP file as a bundle needs one (or it is cut off, has a comment, or is a ZIP64): zip the"
            " bundle's folder and upload it again"
        )
    members, listing = int.from_bytes(end[10:12], "little"), int.from_bytes(end[12:16], "little")
    if members > limits.members or listing > limits.members * 1024:
        raise BundleError(f"the ZIP holds more than {limits.members} files: zip the bundle's folder alone")


def _wanted(archive: zipfile.ZipFile, limits: IntakeLimits) -> list[tuple[zipfile.ZipInfo, str]]:
    """What to unpack, and where to; all is looked at before anything is written."""
    files = [(info, parts) for info, parts in _files(archive) if not _CLUTTER.intersection(parts)]
    roots = [parts[:-1] for _, parts in files if parts[-1] == _MANIFEST]
    if len(roots) != 1:
        found = "none" if not roots else f"{len(roots)}"
        raise BundleError(f"the ZIP must hold one bundle, with its {_MANIFEST}, but it holds {found}")
    wanted: list[tuple[zipfile.ZipInfo, str]] = []
    unpacked = 0
    for info, parts in files:
        target, most = _place(parts, roots[0], limits)
        _refuse_large(info, most, limits)
        unpacked += info.file_size
        if unpacked > limits.unpacked_bytes:
            raise BundleError(
                f"the ZIP unpacks to more than {limits.unpacked_bytes:,} bytes, which no model has"
            )
        if target is not None:
            wanted.append((info, target))
    if len({target for _, target in wanted}) != len(wanted):
        raise BundleError("the ZIP holds a file twice: zip the bundle's folder again")
    return wanted


def _files(archive: zipfile.ZipFile) -> Iterator[tuple[zipfile.ZipInfo, tuple[str, ...]]]:
    for info in archive.infolist():
        name = printable(info.filename)[:100]
        pure = PurePosixPath(info.filename.replace("\\", "/"))
        if (
            pure.is_absolute()
            or ".." in pure.parts
            or any(":" in part or "\0" in part for part in pure.parts)
        ):
            raise BundleError(f"the ZIP's {name!r} leads outside its folder. Do not trust this file")
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise BundleError(f"the ZIP's {name!r} is a link or a special file. Do not trust this file")
        if info.flag_bits & 0x1:
            raise BundleError(f"the ZIP's {name!r} is encrypted: zip the bundle's folder without a password")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise BundleError(
                f"the ZIP's {name!r} is compressed in an unusual way: zip the bundle's folder again"
            )
        if not info.is_dir() and pure.parts:
            yield info, pure.parts


def _place(parts: tuple[str, ...], root: tuple[str, ...], limits: IntakeLimits) -> tuple[str | None, int]:
    """Where a file goes, None for nowhere, and how large it may be. Raises BundleError for what is no part of it."""
    folder, name = parts[:-1], parts[-1]
    if folder == root and name in _KNOWN:
        return f"bundle/{name}", _KNOWN[name]
    if folder in ((*root, "report"), (*root[:-1], "report")):
        if name == _REPORT_PAGE:
            return REPORT, limits.page_bytes
        if _REPORT_PICTURE.fullmatch(name):
            return None, limits.page_bytes  # the page holds its pictures itself
    raise BundleError(
        f"the ZIP holds {printable('/'.join(parts))[:100]!r}, which is no part of a bundle: zip the bundle's folder"
        " alone, or the folders bundle and report of a training run"
    )


def _refuse_large(info: zipfile.ZipInfo, most: int, limits: IntakeLimits) -> None:
    name = printable(info.filename)[:100]
    if info.file_size > most:
        raise BundleError(f"the ZIP's {name!r} has {info.file_size:,} bytes, but may have {most:,} at most")
    if info.file_size > _MIB and info.file_size > limits.ratio * max(info.compress_size, 1):
        raise BundleError(f"the ZIP's {name!r} is compressed too well to be honest. Do not trust this file")


def _copy(source: IO[bytes], target: Path, size: int) -> None:
    """Write what comes out, never more than was stated."""
    written = 0
    with storage_errors(target):
        handle = target.open("xb")
    with handle:
        while True:
            with _damage_told():
                chunk = source.read(_CHUNK)
            if not chunk:
                break
            written += len(chunk)
            if written > size:
                raise BundleError(
                    f"the ZIP's {target.name!r} holds more than it states. Do not trust this file"
                )
            with storage_errors(target):
                handle.write(chunk)
