"""Unpacking archives from the internet: nothing lands outside the target, nothing grows without a limit."""

from __future__ import annotations

import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from shelfwise.errors import FetchError
from shelfwise.files import storage_errors

__all__ = ["ExtractLimits", "extract"]

_CHUNK = 1 << 20
# What the two libraries raise on damaged files; writing errors are StorageErrors by then.
_DAMAGE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)
_CLUTTER = ("__MACOSX", ".DS_Store")


@dataclass(frozen=True, slots=True)
class ExtractLimits:
    """How much an archive may hold before it counts as an attack (a "zip bomb")."""

    max_members: int = 500_000
    max_bytes: int = 16 << 30


@dataclass(frozen=True, slots=True)
class _Member:
    name: str
    is_folder: bool
    size: int
    open: Callable[[], IO[bytes]]


def extract(
    archive: Path,
    target: Path,
    *,
    limits: ExtractLimits | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Unpack a tar (plain or compressed) or zip file into an existing folder.

    The kind is told by the content, not by the name. Only plain files and folders are accepted: an absolute
    path, a path with ``..``, a link of any kind or a device makes the whole archive suspect. On an error the
    target holds a part of the files: unpack into a temporary folder.

    Args:
        archive: the file to unpack.
        target: an existing folder.
        limits: most members and bytes to accept.
        progress: called with (bytes unpacked, total bytes or 0 where that is not known beforehand).

    Returns:
        The number of files written.

    Raises:
        FetchError: the archive is damaged, hostile (the member is named) or too large.
        StorageError: a file cannot be written.
    """
    limits = limits or ExtractLimits()
    try:
        if tarfile.is_tarfile(archive):  # asked first: a tar whose last member is a zip file looks like one
            with tarfile.open(archive) as tar:
                return _write_all(_tar_members(tar, archive), target, archive, limits, progress, 0)
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as handle:
                total = sum(info.file_size for info in handle.infolist())
                return _write_all(_zip_members(handle, archive), target, archive, limits, progress, total)
    except _DAMAGE as error:
        raise FetchError(
            f"{archive} is damaged ({str(error) or type(error).__name__}): delete it and fetch it again"
        ) from error
    raise FetchError(f"{archive} is neither a tar nor a zip file: check where it came from")


def _write_all(
    members: Iterator[_Member],
    target: Path,
    archive: Path,
    limits: ExtractLimits,
    progress: Callable[[int, int], None] | None,
    total: int,
) -> int:
    files = done = 0
    for count, member in enumerate(members, start=1):
        if count > limits.max_members:
            raise FetchError(
                f"{archive}: more than {limits.max_members:,} members, which looks like an attack"
            )
        path = target.joinpath(*_safe_parts(member.name, archive))
        if any(part in _CLUTTER for part in path.parts[len(target.parts) :]):
            continue
        if member.is_folder:
            with storage_errors(path):
                path.mkdir(parents=True, exist_ok=True)
            continue
        if done + member.size > limits.max_bytes:
            raise _too_large(archive, member.name, limits)
        done += _write_file(member, path, archive, limits, limits.max_bytes - done)
        files += 1
        if progress:
            progress(done, total)
    return files


def _write_file(member: _Member, path: Path, archive: Path, limits: ExtractLimits, room: int) -> int:
    """Write one file, counting what really comes out: the size that a header states may be a lie."""
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            raise FetchError(f"{archive}: {member.name!r} is in it twice; refusing to overwrite")
        handle = path.open("xb")
    written = 0
    with handle, member.open() as source:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            if written > room:
                raise _too_large(archive, member.name, limits)
            with storage_errors(path):
                handle.write(chunk)
    return written


def _safe_parts(name: str, archive: Path) -> tuple[str, ...]:
    """The path's parts; a backslash counts as a separator, since archives made on Windows use it as one."""
    pure = PurePosixPath(name.replace("\\", "/"))
    if pure.is_absolute() or ".." in pure.parts or "\0" in name or (pure.parts and ":" in pure.parts[0]):
        raise _hostile(archive, name, "leads outside the folder")
    return pure.parts


def _tar_members(handle: tarfile.TarFile, archive: Path) -> Iterator[_Member]:
    for info in handle:
        if info.issym() or info.islnk():
            raise _hostile(archive, info.name, f"is a link to {info.linkname!r}")
        if not (info.isreg() or info.isdir()):
            raise _hostile(archive, info.name, "is a device or another special file")
        yield _Member(info.name, info.isdir(), info.size, partial(_opened, handle, info))


def _opened(handle: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    stream = handle.extractfile(info)
    if stream is None:
        raise tarfile.ReadError(f"{info.name} has no content")
    return stream


def _zip_members(handle: zipfile.ZipFile, archive: Path) -> Iterator[_Member]:
    for info in handle.infolist():
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind == stat.S_IFLNK:
            raise _hostile(archive, info.filename, "is a link")
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise _hostile(archive, info.filename, "is a device or another special file")
        if info.flag_bits & 0x1:
            raise FetchError(f"{archive}: {info.filename!r} is encrypted, which no public set is")
        yield _Member(info.filename, info.is_dir(), info.file_size, partial(handle.open, info))


def _hostile(archive: Path, name: str, why: str) -> FetchError:
    return FetchError(f"{archive}: member {name!r} {why}; nothing was unpacked. Do not trust this archive")


def _too_large(archive: Path, name: str, limits: ExtractLimits) -> FetchError:
    return FetchError(
        f"{archive}: with {name!r} it grows beyond {limits.max_bytes:,} bytes, which looks like an attack; "
        "nothing was unpacked"
    )
