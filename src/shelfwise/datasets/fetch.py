"""Fetch a public set: download it or take an archive given by hand, verify, unpack, note where it is from."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shelfwise.datasets.archive import extract
from shelfwise.datasets.catalog import RECORD_NAME, Source
from shelfwise.datasets.folders import atomic_folder
from shelfwise.download import OfflineError, RefusedError, download, file_digest, one_process
from shelfwise.errors import FetchError, StorageError
from shelfwise.files import atomic_write_text, storage_errors

__all__ = ["Fetched", "archive_place", "fetch", "mirror_url", "read_record"]

Progress = Callable[[int, int], None]

_OTHERWISE = "Give another address with --url, or an archive with --archive"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What :func:`fetch` did.

    Attributes:
        folder: where the set is.
        already_there: nothing was done, since the set was there.
        sha256: digest of the archive ("" where nothing was done and no record tells it).
        verified: the digest was compared with a published one.
        files: number of files unpacked.
        notes: sentences that a person should read.
    """

    folder: Path
    already_there: bool
    sha256: str
    verified: bool
    files: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Request:
    source: Source
    folder: Path
    archive: Path | None
    url: str | None
    mirror: str | None
    on_download: Progress | None


@dataclass(frozen=True, slots=True)
class _Archive:
    path: Path
    origin: str
    downloaded: bool = False

    def forget(self) -> None:
        """Delete it if it was downloaded now; a file that somebody put there is theirs."""
        if self.downloaded:
            self.path.unlink(missing_ok=True)


def archive_place(source: Source, folder: Path) -> Path:
    """Where :func:`fetch` looks for an archive that was put there by hand, and keeps its own."""
    return folder.absolute().parent / source.filename


def mirror_url(mirror: str | None, source: Source, name: str) -> str | None:
    """Address of one of the set's files on a mirror; None without one."""
    return f"{mirror.rstrip('/')}/{source.name}/{name}" if mirror else None


def read_record(folder: Path) -> dict[str, Any] | None:
    """What was noted when the set was fetched, or None where nothing (readable) was."""
    try:
        record = json.loads((folder / RECORD_NAME).read_text())
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def fetch(
    source: Source,
    folder: Path,
    *,
    archive: Path | None = None,
    url: str | None = None,
    mirror: str | None = None,
    keep_archive: bool = False,
    force: bool = False,
    on_download: Progress | None = None,
    on_unpack: Progress | None = None,
) -> Fetched:
    """Make a public set available on this machine.

    A broken download is resumed by calling again. The folder appears as a whole or not at all.

    Args:
        source: which set.
        folder: the set's folder, which may be there already.
        archive: an archive given by hand, instead of a download.
        url: another address of the archive.
        mirror: address of a server that has the files as ``NAME/ARCHIVE``; it comes before the catalog's.
        keep_archive: leave the downloaded archive beside the folder (one given by hand always stays).
        force: fetch again although the set is there; only a folder that was fetched is replaced.
        on_download: called with (bytes, total bytes or 0).
        on_unpack: called with (bytes unpacked, total bytes or 0).

    Raises:
        FetchError: it cannot be reached (the message says what to do by hand), verified or unpacked.
        StorageError: there is not enough room, or no permission.
    """
    folder = folder.absolute()
    request = _Request(source, folder, archive, url, mirror, on_download)
    there = _already_there(request, force=force)
    if there is not None:
        return there
    with storage_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
    with one_process(folder):
        found = _archive(request)
        try:
            made = _make(request, found, replace=force, progress=on_unpack)
        except FetchError:
            found.forget()
            raise
        if not keep_archive:
            found.forget()
    return made


def _already_there(request: _Request, *, force: bool) -> Fetched | None:
    """The set as it is, with companions that an earlier fetch missed; None where it has to be fetched."""
    folder = request.folder
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return None
    record = read_record(folder) if folder.is_dir() else None
    if force and record is None:
        raise FetchError(
            f"{folder} was not made by `shelfwise data fetch`, so --force does not replace it: "
            "move it away, or choose another folder with --to"
        )
    if force:
        return None
    notes = _companions(request, folder) if record else []
    known = record or {}
    return Fetched(
        folder, True, str(known.get("sha256", "")), bool(known.get("verified", False)), notes=tuple(notes)
    )


def _make(request: _Request, found: _Archive, *, replace: bool, progress: Progress | None) -> Fetched:
    digest, verified, notes = _verify(request, found)
    with (
        storage_errors(request.folder),
        _workplace(request.folder) as work,
        atomic_folder(request.folder, replace=replace) as content,
    ):
        files = _unpack(request, found.path, work, content, progress)
        notes += _companions(request, content)
        _write_record(request, content, found.origin, digest, verified)
    return Fetched(request.folder, False, digest, verified, files, tuple(notes))


def _archive(request: _Request) -> _Archive:
    """The archive on this machine: given by hand, found where one is put by hand, or downloaded."""
    place = archive_place(request.source, request.folder)
    if request.archive is not None:
        if not request.archive.is_file():
            raise FetchError(f"{request.archive} is not a file: give the downloaded archive with --archive")
        return _Archive(request.archive, f"{request.archive.name}, given by hand")
    if request.url is None and place.is_file():
        return _Archive(place, f"{place.name}, found beside the folder")
    _check_room(request)
    urls = _addresses(request)
    for url in urls:
        try:
            download(url, place, sha256=request.source.sha256, progress=request.on_download)
            return _Archive(place, url, downloaded=True)
        except OfflineError as error:
            if url == urls[-1]:
                raise _offline(request, error, place) from error
        except RefusedError as error:
            raise FetchError(f"{error}. {_OTHERWISE}") from error
    raise FetchError(f"{request.source.name}: the catalog names no address; give one with --url")


def _addresses(request: _Request) -> tuple[str, ...]:
    if request.url is not None:
        return (request.url,)
    mirror = mirror_url(request.mirror, request.source, request.source.filename)
    return (mirror,) if mirror else request.source.urls


def _offline(request: _Request, error: OfflineError, place: Path) -> FetchError:
    command = f"shelfwise data fetch {request.source.name} --to {request.folder}"
    return FetchError(
        f"{error}. To go on without a connection, download that file on another machine, "
        f"put it at {place} and run: {command}"
    )


def _check_room(request: _Request) -> None:
    needed = request.source.download_bytes + request.source.unpacked_bytes
    free = shutil.disk_usage(request.folder.parent).free
    if free < needed:
        raise StorageError(
            f"cannot write {request.folder}: {request.source.title} needs about {needed / 1e6:,.0f} MB while "
            f"it is fetched and {free / 1e6:,.0f} MB are free. Free some space, or choose another disk "
            "with --to"
        )


def _verify(request: _Request, found: _Archive) -> tuple[str, bool, list[str]]:
    """Digest of the archive, whether it was compared with a published one, and what to tell."""
    digest = file_digest(found.path)
    expected = request.source.sha256
    if expected is not None:
        if digest != expected.lower():
            raise FetchError(
                f"{found.path}: the checksum is wrong (expected sha256 {expected.lower()}, got {digest}). "
                f"It is not the archive of {request.source.title}, or it is damaged: download it again"
            )
        return digest, True, []
    earlier = (read_record(request.folder) or {}).get("sha256")
    notes = [
        f"not verified: no published checksum; got sha256 {digest} (from {found.origin}), "
        f"recorded in {RECORD_NAME}"
    ]
    if earlier and earlier != digest:
        notes.append(f"the archive has changed since it was fetched before (sha256 {earlier} then)")
    return digest, False, notes


def _unpack(request: _Request, archive: Path, work: Path, content: Path, progress: Progress | None) -> int:
    """Unpack, and make the archive's inner folder that holds the set the (still empty) ``content``."""
    raw = work / "raw"
    raw.mkdir()
    files = extract(archive, raw, progress=progress)
    inner = raw / request.source.subfolder
    if not inner.is_dir() or not any(inner.iterdir()):
        raise FetchError(
            f"{archive} holds no {request.source.subfolder or 'files'}: it is not the archive of "
            f"{request.source.title}"
        )
    inner.replace(content)
    return files


def _companions(request: _Request, content: Path) -> list[str]:
    """Add the small files published beside the archive; the photos are usable without, so failing is told."""
    wanted = [c for c in request.source.companions if not (content / c.path).is_file()]
    if not wanted:
        return []
    notes = []
    with storage_errors(content), _workplace(content) as work:
        for companion in wanted:
            name = Path(companion.path).name
            url = mirror_url(request.mirror, request.source, companion.path) or companion.url
            try:
                download(url, work / name, sha256=companion.sha256)
            except FetchError as error:
                notes.append(f"{error}. {_OTHERWISE}" if isinstance(error, RefusedError) else str(error))
                break  # the others are on the same server
            (content / companion.path).parent.mkdir(parents=True, exist_ok=True)
            (work / name).replace(content / companion.path)
    missing = [c.path for c in wanted if not (content / c.path).is_file()]
    if missing:
        notes.append(
            f"missing in {request.folder}: {', '.join(missing)} (from {wanted[0].url.rpartition('/')[0]}). "
            "The photos can be used, the official folds cannot; run the same command again to add them"
        )
    return notes


def _write_record(request: _Request, content: Path, origin: str, digest: str, verified: bool) -> None:
    record = {
        "name": request.source.name,
        "title": request.source.title,
        "from": origin,
        "sha256": digest,
        "verified": verified,
        "licence": request.source.licence,
        "citation": request.source.citation,
        "fetched": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    atomic_write_text(content / RECORD_NAME, json.dumps(record, indent=2, ensure_ascii=False) + "\n")


@contextlib.contextmanager
def _workplace(beside: Path) -> Iterator[Path]:
    """A temporary folder on the same disk, for what is not yet checked."""
    with tempfile.TemporaryDirectory(prefix=f".{beside.name}.", dir=beside.parent) as name:
        yield Path(name)
