"""One file from the web, resumable: what has arrived is kept and the rest is asked for the next time."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import http.client
import json
import re
import shutil
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from email.message import Message
from http import HTTPStatus
from pathlib import Path
from typing import Any

from shelfwise.errors import FetchError, StorageError
from shelfwise.files import atomic_write_text, storage_errors

__all__ = ["OfflineError", "RefusedError", "download", "file_digest", "one_process", "part_path"]

_CHUNK = 1 << 18
_TRANSIENT = {408, 425, 429, 500, 502, 503, 504}
_USER_AGENT = "shelfwise (+urllib)"


class OfflineError(FetchError):
    """The server cannot be reached at all."""


class RefusedError(FetchError):
    """The server answers that it does not give the file."""


class _BrokenError(Exception):
    """The transfer stopped early; another attempt may finish it."""


@dataclass(frozen=True, slots=True)
class _State:
    """What is known of a started download; kept beside its part, so that only the same file is resumed."""

    url: str
    etag: str | None = None
    last_modified: str | None = None
    total: int | None = None

    @property
    def validator(self) -> str | None:
        """Value for ``If-Range`` (RFC 9110 §13.1.5: a weak entity tag will not do)."""
        if self.etag and not self.etag.startswith("W/"):
            return self.etag
        return self.last_modified


@dataclass(frozen=True, slots=True)
class _Job:
    url: str
    destination: Path
    timeout: float
    max_bytes: int
    progress: Callable[[int, int], None] | None

    @property
    def part(self) -> Path:
        return part_path(self.destination)

    @property
    def notes(self) -> Path:
        return self.destination.with_name(f"{self.destination.name}.part.json")


def part_path(destination: Path) -> Path:
    """Where the bytes of an unfinished download are kept."""
    return destination.with_name(f"{destination.name}.part")


def download(
    url: str,
    destination: Path,
    *,
    sha256: str | None = None,
    progress: Callable[[int, int], None] | None = None,
    timeout: float = 30.0,
    retries: int = 5,
    max_bytes: int = 16 << 30,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Download ``url`` to ``destination``, going on where an earlier attempt stopped.

    Args:
        url: an http or https address.
        destination: the file to make; it appears when it is whole and verified, never before.
        sha256: expected digest in hex; None leaves the content unverified.
        progress: called with (bytes that are there, total bytes or 0 where the server does not say).
        timeout: seconds without an answer after which an attempt counts as broken.
        retries: attempts in a row that may bring nothing new before it gives up.
        max_bytes: largest file to accept.
        sleep: waits between attempts (1, 2, 4 … seconds).

    Returns:
        The SHA-256 of the file, in hex.

    Raises:
        OfflineError: the server cannot be reached.
        RefusedError: it can, and does not give the file.
        FetchError: the address is wrong, the transfer keeps breaking, a wrong digest.
        StorageError: the file cannot be written.
    """
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise FetchError(f"{url}: only http and https addresses can be fetched")
    job = _Job(url, destination, timeout, max_bytes, progress)
    with storage_errors(destination):
        destination.parent.mkdir(parents=True, exist_ok=True)
    _attempts(job, retries, sleep)
    digest = file_digest(job.part)
    if sha256 is not None and digest != sha256.lower():
        _discard(job)
        raise FetchError(
            f"{url}: the checksum is wrong (expected sha256 {sha256.lower()}, got {digest}); the download "
            "was deleted. Fetch again; if it stays wrong, the file has changed or was tampered with"
        )
    with storage_errors(destination):
        job.part.replace(destination)
        job.notes.unlink(missing_ok=True)
    return digest


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


@contextlib.contextmanager
def one_process(place: Path) -> Iterator[None]:
    """Hold ``place``, which is being made, for one process at a time: two would write the same part.

    Raises:
        FetchError: another process holds it.
        StorageError: the lock beside it cannot be written.
    """
    lock = place.with_name(f".{place.name}.lock")
    with storage_errors(lock):
        handle = lock.open("w")
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FetchError(f"{place} is being fetched by another process: wait for it to end") from None
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


def _attempts(job: _Job, retries: int, sleep: Callable[[float], None]) -> None:
    """Try until the part is whole; attempts that bring nothing new are counted, others reset the count."""
    fruitless = 0
    while True:
        before = _size(job.part)
        try:
            _attempt(job)
            return
        except _BrokenError as error:
            fruitless = 0 if _size(job.part) > before else fruitless + 1
            if fruitless >= retries:
                raise FetchError(
                    f"{job.url}: the download keeps breaking ({error}); {_size(job.part):,} bytes are kept. "
                    "Run the same command again to go on"
                ) from error
            sleep(min(2.0**fruitless, 30.0))


def _attempt(job: _Job) -> None:
    state, offset = _resume_point(job)
    if state is not None and state.total is not None and offset == state.total:
        return
    headers = {"User-Agent": _USER_AGENT, "Accept-Encoding": "identity"}
    if state is not None and state.validator and offset:
        headers |= {"Range": f"bytes={offset}-", "If-Range": state.validator}
    try:
        request = urllib.request.Request(job.url, headers=headers)  # noqa: S310 - scheme checked in download()
        with _opener().open(request, timeout=job.timeout) as response:
            _receive(job, response, offset)
    except urllib.error.HTTPError as error:
        _refused(job, error)
    except urllib.error.URLError as error:
        _unreachable(job, error)
    except (http.client.HTTPException, OSError) as error:
        raise _BrokenError(str(error) or type(error).__name__) from error


def _resume_point(job: _Job) -> tuple[_State | None, int]:
    """Notes and size of the part, if they are of this address and the server can tell if they still hold."""
    try:
        fields: Any = json.loads(job.notes.read_text())
        state = _State(**fields)
    except (OSError, ValueError, TypeError):
        return None, 0
    if state.url != job.url or state.validator is None:
        return None, 0
    return state, _size(job.part)


def _receive(job: _Job, response: http.client.HTTPResponse, offset: int) -> None:
    """Append a 206 answer to the part; any other success starts the file over."""
    start = _range_start(response.headers) if response.status == HTTPStatus.PARTIAL_CONTENT else 0
    if start not in (0, offset):
        _discard(job)
        raise _BrokenError(f"the server sent another range (from byte {start}) than asked for ({offset})")
    length = _int(response.headers.get("Content-Length"))
    total = None if length is None else start + length
    _check_room(job, total, start)
    state = _State(job.url, response.headers.get("ETag"), response.headers.get("Last-Modified"), total)
    with storage_errors(job.part):
        handle = job.part.open("ab" if start else "wb")
    atomic_write_text(job.notes, json.dumps(asdict(state)))
    done = start
    with handle:
        while chunk := response.read(_CHUNK):
            with storage_errors(job.part):
                handle.write(chunk)
                handle.flush()
            done += len(chunk)
            if done > job.max_bytes:
                _discard(job)
                raise FetchError(f"{job.url}: it is larger than {job.max_bytes:,} bytes; stopped")
            if job.progress:
                job.progress(done, total or 0)
    if total is not None and done < total:
        raise _BrokenError(f"the connection closed after {done:,} of {total:,} bytes")


def _check_room(job: _Job, total: int | None, start: int) -> None:
    if total is None:
        return
    if total > job.max_bytes:
        raise FetchError(
            f"{job.url}: it has {total:,} bytes, more than the {job.max_bytes:,} that are allowed"
        )
    free = shutil.disk_usage(job.part.parent).free
    if total - start > free:
        raise StorageError(
            f"cannot write {job.destination}: it needs {total - start:,} bytes and {free:,} are free. "
            "Free some space and run again"
        )


def _refused(job: _Job, error: urllib.error.HTTPError) -> None:
    with error:
        if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            _discard(job)
            raise _BrokenError("the server no longer has that range") from error
        if error.code in _TRANSIENT:
            raise _BrokenError(f"the server answered {error.code} {error.reason}") from error
        raise RefusedError(
            f"{job.url}: the server answered {error.code} {error.reason}; the file may have moved"
        ) from error


def _unreachable(job: _Job, error: urllib.error.URLError) -> None:
    """No connection at all. With nothing received yet, waiting and trying again would only hide why."""
    if isinstance(error.reason, FetchError):
        raise error.reason
    text = getattr(error.reason, "strerror", None) or str(error.reason)
    if not _size(job.part):
        raise OfflineError(f"cannot reach {job.url} ({text})") from error
    raise _BrokenError(text) from error


def _discard(job: _Job) -> None:
    job.part.unlink(missing_ok=True)
    job.notes.unlink(missing_ok=True)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _range_start(headers: Message) -> int:
    match = re.match(r"bytes (\d+)-", headers.get("Content-Range", ""))
    return int(match.group(1)) if match else -1


def _int(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None


def _opener() -> urllib.request.OpenerDirector:
    """An opener that knows http and https only: a redirect cannot lead to a file on this machine."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _WebRedirects(),
    ):
        opener.add_handler(handler)
    return opener


class _WebRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if urllib.parse.urlsplit(newurl).scheme not in ("http", "https"):
            raise FetchError(f"{req.full_url} leads to {newurl}, which is not an http or https address")
        return super().redirect_request(req, fp, code, msg, headers, newurl)
