"""The server over HTTP: one photo, sixteen clients against `classify` on a folder, the start, the stock list."""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks import machine
from benchmarks.goals import GOALS
from benchmarks.measure import measure
from benchmarks.options import Options
from benchmarks.photos import PhotoSet, photo_folder, photo_set
from benchmarks.result import BenchmarkError, Figure, Result
from benchmarks.server_clients import Client, Server, ask_together, prepared_home, served
from benchmarks.stock_fill import fill
from shelfwise.bundle import default_bundle
from shelfwise.database import open_database, utc_now
from shelfwise.inference.classifier import load

__all__ = ["server"]

NAME: Final = "server"
PHOTOS: Final = 240
CLIENTS: Final = 16
ROUNDS: Final = 3
STARTS: Final = 5
ALONE: Final = 200
PAGES: Final = 200
PRODUCTS: Final = 100_000
MOVEMENTS: Final = 10_000_000
_WARM: Final = 40


@dataclass(frozen=True, slots=True)
class _Measured:
    """What was measured, in seconds; rates in photos a second, one a round."""

    photos: PhotoSet
    alone: Sequence[float]
    bare: Sequence[float]
    served: Sequence[float]
    folder: Sequence[float]
    together: Sequence[float]
    starts: Sequence[float]
    pages: Mapping[str, Sequence[float]]
    filled: str


def server(options: Options) -> Result:
    """Measure a server of the packaged model."""
    count = options.photos or PHOTOS
    photos = photo_set(count)
    if len(photos.files) < 2:
        raise BenchmarkError("there are no photos to send")
    with _home() as home, photo_folder(photos.files, count) as folder:
        token = prepared_home(home)
        contents = [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]
        starts = [_start(home, token, contents[number]) for number in range(options.repeats or STARTS)]
        options.tell(f"  start to first answer: {statistics.median(starts):.2f} s")
        with served(home) as running:
            _warm(running, token, contents)
            alone = _alone(running, token, contents, ALONE if options.photos is None else count)
        bare = _bare(contents, len(alone))
        options.tell(
            f"  one photo: {_ms(alone, 50):.0f} ms, 95 % below {_ms(alone, 95):.0f} ms; without a server"
            f" {_ms(bare, 50):.0f} ms, {_ms(bare, 95):.0f} ms"
        )
        rounds = [_round(home, token, contents, folder, first) for first in _turns(options.repeats or ROUNDS)]
        for ours, theirs, _ in rounds:
            options.tell(f"  {CLIENTS} clients {ours:.1f}, folder {theirs:.1f} photos a second")
    with _home() as home:
        token = prepared_home(home)
        pages, filled = _pages(home, token, options)
    return _result(
        _Measured(
            photos,
            alone,
            bare,
            [ours for ours, _, _ in rounds],
            [theirs for _, theirs, _ in rounds],
            [each for _, _, taken in rounds for each in taken],
            starts,
            pages,
            filled,
        )
    )


@contextmanager
def _home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="shelfwise-server-"))
    try:
        yield folder / "shop"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _turns(rounds: int) -> list[bool]:
    """Whether the server comes first, in turn."""
    return [number % 2 == 0 for number in range(rounds)]


def _start(home: Path, token: str, photo: bytes) -> float:
    """Seconds from the process's start to the first photo's answer."""
    with served(home) as running:
        client = Client(running, token)
        client.classify(photo)
        seconds = time.monotonic() - running.began
        client.close()
    return seconds


def _warm(running: Server, token: str, contents: Sequence[bytes]) -> None:
    """Let the quickest engine take its place before anything counts."""
    client = Client(running, token)
    for photo in contents[:_WARM]:
        client.classify(photo)
    client.close()


def _alone(running: Server, token: str, contents: Sequence[bytes], count: int) -> list[float]:
    client = Client(running, token)
    taken = []
    for number in range(count):
        began = time.perf_counter()
        client.classify(contents[number % len(contents)])
        taken.append(time.perf_counter() - began)
    client.close()
    return taken


def _bare(contents: Sequence[bytes], count: int) -> list[float]:
    """The same photos by the same model in this process: what no server can be faster than."""
    classifier = load(default_bundle(), photos=1)
    taken = []
    for number in range(_WARM + count):
        began = time.perf_counter()
        classifier.answer([contents[number % len(contents)]])
        taken.append(time.perf_counter() - began)
    return taken[_WARM:]


def _round(
    home: Path, token: str, contents: Sequence[bytes], folder: Path, server_first: bool
) -> tuple[float, float, list[float]]:
    """Photos a second over HTTP and on a folder, and the seconds of each answer over HTTP."""
    rates: dict[str, float] = {}
    taken: list[float] = []
    for side in ("server", "folder") if server_first else ("folder", "server"):
        if side == "folder":
            run = measure([sys.executable, "-m", "shelfwise", "classify", folder, "--format", "csv"])
            rates[side] = run.rate_after_start()
            continue
        # A shop of its own each time: photos that are there already need not be written.
        shutil.rmtree(home / "photos", ignore_errors=True)
        with served(home) as running:
            _warm(running, token, contents)
            seconds, taken = ask_together(running, token, contents, CLIENTS)
            rates[side] = len(contents) / seconds
    return rates["server"], rates["folder"], taken


def _pages(home: Path, token: str, options: Options) -> tuple[dict[str, list[float]], str]:
    """Seconds of pages of the stock list over HTTP, by kind."""
    with open_database(home / "stock.db") as database:
        filled = fill(database, options.products or PRODUCTS, options.movements or MOVEMENTS, utc_now())
    words = f"{filled.products:,} products, {filled.movements:,} movements"
    options.tell(f"  filled: {words}")
    random = np.random.default_rng(0)
    taken: dict[str, list[float]] = {}
    with served(home) as running:
        client = Client(running, token)
        for kind, addresses in _addresses(random).items():
            taken[kind] = []
            for number in range(PAGES + 3 if options.movements is None else 10):
                address = addresses[number % len(addresses)]
                began = time.perf_counter()
                client.ask("GET", address)
                taken[kind].append(time.perf_counter() - began)
            taken[kind] = taken[kind][3:]
            options.tell(f"  {kind}: {_ms(taken[kind], 50):.0f} ms, 95 % below {_ms(taken[kind], 95):.0f} ms")
        client.close()
    return taken, words


def _addresses(random: Any) -> dict[str, list[str]]:
    stores = random.integers(1, 3, 50)
    letters = "abcdefghijklmnoprstuvw"
    return {
        "low first": [f"/api/v1/stock?store={store}&limit=50" for store in stores],
        "by name": [f"/api/v1/stock?store={store}&order=name&limit=50" for store in stores],
        "low alone": [f"/api/v1/stock?store={store}&state=low&limit=50" for store in stores],
        "a word": [
            f"/api/v1/stock?store={store}&limit=50&query={letters[number % len(letters)]}"
            for number, store in enumerate(stores)
        ],
    }


def _ms(samples: Sequence[float], share: int) -> float:
    return 1000 * float(np.percentile(samples, share))


def _result(measured: _Measured) -> Result:
    return Result(
        name=NAME,
        figures=tuple(_figures(measured)),
        command=(f"python -m benchmarks {NAME}",),
        method=(
            f"`shelfwise serve` with the packaged model, SQLite, and as many workers as it has by itself; clients are"
            f" threads of one other process on the same cores, with kept connections. {measured.photos.what}. Each"
            " photo is stored without its place, answered, compared with the learned products (none here) and written"
            " down before the reply.",
            f"One client: {len(measured.alone)} photos one after the other, after {_WARM} that do not count."
            f" {CLIENTS} clients: each sends its next photo when it has its answer; `shelfwise classify` answers the"
            " same photos in a folder in a process of its own, from the tenth part of them to the last; the two take"
            " turns. Start: from the process's start to the first photo's answer, files in the page cache. “The model"
            " alone” is `shelfwise.load(…, photos=1)` on the same photos, one after the other.",
            f"Stock list: a book of {measured.filled}, one client with a token, pages of 50 rows as JSON"
            " (`GET /api/v1/stock`), stores in turn.",
        ),
        limit=(
            "The network: what `classify` takes for a photo on all cores, and beside it on the same cores the client,"
            " HTTP, and storing.",
        ),
        remarks=(
            f"{CLIENTS} clients: half of the answers within {_ms(measured.together, 50):.0f} ms, 95 % within"
            f" {_ms(measured.together, 95):.0f} ms.",
        ),
        table=(
            ("pages of the stock list, milliseconds", "median", "95 % below"),
            *(
                (kind, f"{_ms(taken, 50):.1f}", f"{_ms(taken, 95):.1f}")
                for kind, taken in measured.pages.items()
            ),
        ),
        machine=machine.facts(),
        versions=machine.versions(
            ("shelfwise", "fastapi", "starlette", "uvicorn", "onnxruntime", "openvino")
        ),
        samples={
            "bare_ms": [round(1000 * each, 2) for each in measured.bare],
            "alone_ms": [round(1000 * each, 2) for each in measured.alone],
            "served_rate": [round(each, 3) for each in measured.served],
            "folder_rate": [round(each, 3) for each in measured.folder],
            "starts_s": [round(each, 3) for each in measured.starts],
            "pages_ms": {
                kind: [round(1000 * each, 2) for each in taken] for kind, taken in measured.pages.items()
            },
        },
    )


def _figures(measured: _Measured) -> Iterator[Figure]:
    median, late, share, start, page = GOALS[NAME]
    for goal, part in ((median, 50), (late, 95)):
        yield goal.figure(
            _ms(measured.alone, part),
            1000 * min(measured.alone),
            1000 * max(measured.alone),
            ours=f"{len(measured.alone)} photos, one client",
            peer=f"the model alone, in a process without a server: {_ms(measured.bare, part):.0f} ms",
        )
    ratios = [ours / theirs for ours, theirs in zip(measured.served, measured.folder, strict=True)]
    ours, theirs = statistics.median(measured.served), statistics.median(measured.folder)
    yield share.figure(
        ours / theirs,
        min(ratios),
        max(ratios),
        ours=f"{ours:.1f} photos a second",
        peer=f"`classify` on a folder: {theirs:.1f}",
    )
    yield start.figure(
        statistics.median(measured.starts),
        min(measured.starts),
        max(measured.starts),
        ours=f"median of {len(measured.starts)} starts",
        peer="",
    )
    slowest = max(measured.pages, key=lambda kind: _ms(measured.pages[kind], 95))
    taken = measured.pages[slowest]
    yield page.figure(
        _ms(taken, 95),
        1000 * min(taken),
        1000 * max(taken),
        ours=f"{slowest}, the slowest kind",
        peer=measured.filled,
    )
