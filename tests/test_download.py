import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from shelfwise.download import OfflineError, download, part_path
from shelfwise.errors import FetchError, StorageError

CONTENT = bytes(range(256)) * 4000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    return tmp_path / "new" / "file.bin"


class Waits:
    """Stands in for ``time.sleep`` and remembers what it was asked for."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_file_arrives_with_progress_and_digest(site: Any, destination: Path) -> None:
    site.put("/f", CONTENT)
    seen: list[tuple[int, int]] = []
    digest = download(
        f"{site.url}/f", destination, sha256=DIGEST.upper(), progress=lambda *step: seen.append(step)
    )
    assert digest == DIGEST
    assert destination.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert left(destination.parent) == ["file.bin"]


def test_cut_off_transfer_is_resumed_within_the_call(site: Any, destination: Path) -> None:
    site.put("/f", CONTENT, break_after=[300_000, 200_000])
    waits = Waits()
    assert download(f"{site.url}/f", destination, sleep=waits) == DIGEST
    assert destination.read_bytes() == CONTENT
    assert [header for _, header in site.requests] == [None, "bytes=300000-", "bytes=500000-"]
    assert waits.seconds == [1.0, 1.0]


def test_cut_off_transfer_is_resumed_by_the_next_call(site: Any, destination: Path) -> None:
    served = site.put("/f", CONTENT, break_after=[500_000])
    with pytest.raises(FetchError, match=r"keeps breaking.*500,000 bytes are kept.*again to go on"):
        download(f"{site.url}/f", destination, retries=2, sleep=lambda _: served.statuses.append(503))
    assert not destination.exists()
    assert part_path(destination).read_bytes() == CONTENT[:500_000]
    served.statuses.clear()
    site.requests.clear()
    assert download(f"{site.url}/f", destination) == DIGEST
    assert site.requests == [("/f", "bytes=500000-")]
    assert left(destination.parent) == ["file.bin"]


class Case(NamedTuple):
    treatment: dict[str, Any]
    change: Callable[[Path], None]


def keep(_: Path) -> None:
    pass


def spoil_notes(part: Path) -> None:
    part.with_name(f"{part.name}.json").write_text('{"url": 1, "unknown": 2')


def of_another_address(part: Path) -> None:
    notes = part.with_name(f"{part.name}.json")
    notes.write_text(json.dumps(json.loads(notes.read_text()) | {"url": "http://127.0.0.1/other"}))


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(Case({"ranges": False}, keep), id="server without ranges"),
        pytest.param(Case({"validator": False}, keep), id="server without validators"),
        pytest.param(Case({}, spoil_notes), id="damaged notes"),
        pytest.param(Case({}, of_another_address), id="part of another address"),
    ],
)
def test_part_that_cannot_be_trusted_is_started_over(site: Any, destination: Path, case: Case) -> None:
    served = site.put("/f", CONTENT, break_after=[500_000], **case.treatment)
    with pytest.raises(FetchError):
        download(f"{site.url}/f", destination, retries=1, sleep=lambda _: served.statuses.append(503))
    served.statuses.clear()
    case.change(part_path(destination))
    assert download(f"{site.url}/f", destination) == DIGEST
    assert destination.read_bytes() == CONTENT


def test_file_that_changed_meanwhile_is_started_over(site: Any, destination: Path) -> None:
    served = site.put("/f", CONTENT, break_after=[500_000])
    other = CONTENT[::-1]

    def change(_: float) -> None:
        served.content = other

    download(f"{site.url}/f", destination, sleep=change)
    assert destination.read_bytes() == other


def test_whole_part_of_a_killed_process_is_used_without_asking(site: Any, destination: Path) -> None:
    served = site.put("/f", CONTENT, break_after=[len(CONTENT) - 1])
    with pytest.raises(FetchError):
        download(f"{site.url}/f", destination, retries=1, sleep=lambda _: served.statuses.append(503))
    part_path(destination).write_bytes(CONTENT)
    site.files.clear()
    site.requests.clear()
    assert download(f"{site.url}/f", destination) == DIGEST
    assert site.requests == []


def test_wrong_checksum_keeps_nothing(site: Any, destination: Path) -> None:
    site.put("/f", CONTENT)
    with pytest.raises(FetchError, match=f"expected sha256 {'0' * 64}, got {DIGEST}"):
        download(f"{site.url}/f", destination, sha256="0" * 64)
    assert left(destination.parent) == []


def test_answer_in_chunks_of_unknown_length(site: Any, destination: Path) -> None:
    site.put("/f", CONTENT, chunked=True)
    seen: list[tuple[int, int]] = []
    assert download(f"{site.url}/f", destination, progress=lambda *step: seen.append(step)) == DIGEST
    assert seen[-1] == (len(CONTENT), 0)


def test_passing_trouble_is_waited_out(site: Any, destination: Path) -> None:
    site.put("/f", CONTENT, statuses=[503, 429, 500])
    waits = Waits()
    assert download(f"{site.url}/f", destination, sleep=waits) == DIGEST
    assert waits.seconds == [2.0, 4.0, 8.0]


@pytest.mark.parametrize("status", [403, 404, 410])
def test_refusal_is_final_and_names_the_address(site: Any, destination: Path, status: int) -> None:
    site.put("/f", CONTENT, statuses=[status])
    with pytest.raises(FetchError, match=rf"{site.url}/f: the server answered {status}.*moved"):
        download(f"{site.url}/f", destination)
    assert len(site.requests) == 1


def test_server_that_always_breaks_at_the_same_place_is_given_up(site: Any, destination: Path) -> None:
    site.put("/f", CONTENT, ranges=False, break_after=[1000] * 20)
    waits = Waits()
    with pytest.raises(FetchError, match="closed after 1,000 of 1,024,000 bytes"):
        download(f"{site.url}/f", destination, retries=3, sleep=waits)
    assert len(site.requests) == 4


def test_refused_connection_is_offline_at_once(destination: Path) -> None:
    waits = Waits()
    with pytest.raises(OfflineError, match=r"cannot reach http://127\.0\.0\.1:9/f \(Connection refused\)"):
        download("http://127.0.0.1:9/f", destination, sleep=waits)
    assert waits.seconds == []


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/f", "/etc/passwd", "data:,x"])
def test_other_schemes_are_refused(destination: Path, url: str) -> None:
    with pytest.raises(FetchError, match="only http and https"):
        download(url, destination)


def test_redirect_is_followed_but_only_on_the_web(site: Any, destination: Path) -> None:
    site.put("/old", b"", redirect="/f")
    site.put("/trap", b"", redirect="file:///etc/passwd")
    site.put("/f", CONTENT)
    assert download(f"{site.url}/old", destination) == DIGEST
    with pytest.raises(FetchError):
        download(f"{site.url}/trap", destination.with_name("other"))
    assert left(destination.parent) == ["file.bin"]


def test_no_room_on_the_disk(site: Any, destination: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site.put("/f", CONTENT)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 0, 1000))
    with pytest.raises(StorageError, match="needs 1,024,000 bytes and 1,000 are free"):
        download(f"{site.url}/f", destination)


@pytest.mark.parametrize("chunked", [False, True])
def test_file_larger_than_allowed_is_stopped(site: Any, destination: Path, chunked: bool) -> None:
    site.put("/f", CONTENT, chunked=chunked)
    with pytest.raises(FetchError, match="100,000"):
        download(f"{site.url}/f", destination, max_bytes=100_000)
    assert left(destination.parent) == []
