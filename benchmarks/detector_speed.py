"""How long a shelf photo takes from file to marked-out picture, and the detector against the same in PyTorch."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from PIL import Image

from benchmarks import machine
from benchmarks.detector import RUN, composed, subject
from benchmarks.goals import GOALS
from benchmarks.measure import Run, alternate, compare, measure
from benchmarks.options import Options
from benchmarks.result import BenchmarkError, Result
from shelfwise.training.detect.photos import read_photo_set

__all__ = ["detector_speed", "large_photo"]

NAME = "detector-speed"
SIZE = (4032, 3024)
"""Twelve megapixels, as phones take them."""
REPEATS = 7
PICTURES = 40
_QUALITY = 92
_SIDES = Path(__file__).parent / "sides"
_ARRANGEMENTS = {0: "one thread a picture, as ours", 1: "one picture at a time", 4: "batches of 4"}
"""Of PyTorch's work, by the argument that its side takes."""
_HEADING = ("PyTorch fp32", "ours, pictures a second", "PyTorch", "ours is faster by")
_LIBRARIES = ("shelfwise", "torch", "onnxruntime", "numpy", "pillow")
_METHOD = (
    "File to picture: `shelfwise shelf PHOTO --no-names --pictures OUT` as a process of its own, from its start to"
    " its exit: Python, imports and loading the detector included, then decoding, finding, rows, drawing and"
    " writing a JPEG. The photo is the composed scene with the most products among the held-out ones, enlarged to"
    " 4032×3024 pixels and saved as JPEG. It is in the page cache. Median of the runs; in brackets the fastest and"
    " the slowest.",
    "The detector alone: both sides run the same network with the same weights on the same pictures, which are in"
    " memory, from uint8 pixels to scores and boxes, in processes that take turns. Ours is the bundle's ONNX graph in"
    " ONNX Runtime as the detector runs it: one thread a picture, one picture a core. PyTorch: fp32, channels_last,"
    " eval(), no gradients; for the figure on all cores as it works by itself, one picture at a time or in batches of"
    " 4, the faster of the two. The table has it made to work as ours does too. Suppression is in neither. The figure"
    " is the ratio of the medians; in brackets the range over the pairs.",
)


def detector_speed(options: Options) -> Result:
    """Measure the first of the runs, whose weights PyTorch needs."""
    bundle, run = subject(options)
    if run is None or not (run / "checkpoints" / "best.safetensors").is_file():
        raise BenchmarkError(f"name the detector's run, whose weights PyTorch needs: --run {RUN}")
    repeats, count = options.repeats or REPEATS, options.photos or PICTURES
    with tempfile.TemporaryDirectory(prefix="shelf-") as text:
        folder = Path(text)
        photo, what = large_photo(folder)
        options.tell("  file to picture")
        whole = [_whole(photo, folder / "out.jpg", bundle.path) for _ in range(repeats)]
        warm = _warm(photo, folder / "warm.jpg", bundle.path, repeats)
        options.tell("  detector alone")
        side = bundle.detection.tile if bundle.detection else 704
        ours = [sys.executable, _SIDES / "detector_ours.py", bundle.path, photo, side, count]
        peer = [sys.executable, _SIDES / "detector_torch.py", run, photo, side, count]
        tried = {batch: measure([*peer, batch]).answer()["rate"] for batch in _ARRANGEMENTS}
        best = max((1, 4), key=lambda batch: tried[batch])
        pairs = {}
        for batch in (best, 0):
            options.tell(f"  beside PyTorch, {_ARRANGEMENTS[batch]}")
            theirs = partial(measure, [*peer, batch])
            pairs[batch] = alternate(lambda: measure(ours), theirs, min(repeats, 5), options.tell)
    rates = {batch: (_rates(mine), _rates(theirs)) for batch, (mine, theirs) in pairs.items()}
    compared = compare(*rates[best])
    seconds = [each.seconds for each in whole]
    return Result(
        name=NAME,
        figures=(
            GOALS[NAME][0].figure(
                statistics.median(seconds),
                min(seconds),
                max(seconds),
                ours=f"whole process; {statistics.median(warm):.2f} s where the detector is loaded",
                peer=what,
            ),
            GOALS[NAME][1].figure(
                compared.ratio,
                compared.low,
                compared.high,
                ours=f"{compared.ours:.2f} pictures of {side}×{side} a second",
                peer=f"PyTorch fp32, {_ARRANGEMENTS[best]}: {compared.peer:.2f}",
            ),
        ),
        command=(f"python -m benchmarks detector-speed --run {RUN}",),
        method=_METHOD,
        remarks=(f"Measured: {bundle.name}, bundle {bundle.id}.",),
        table=(_HEADING, *(_row(_ARRANGEMENTS[batch], *both) for batch, both in rates.items())),
        machine=machine.facts(),
        versions=machine.versions(_LIBRARIES),
        samples={
            "file_to_picture_seconds": seconds,
            "loaded_seconds": warm,
            "ours_rates": {_ARRANGEMENTS[batch]: ours for batch, (ours, _) in rates.items()},
            "torch_rates": {_ARRANGEMENTS[batch]: theirs for batch, (_, theirs) in rates.items()},
            "torch_tried": {_ARRANGEMENTS[batch]: rate for batch, rate in tried.items()},
        },
    )


def large_photo(folder: Path) -> tuple[Path, str]:
    """A photo of twelve megapixels with many products, written to a folder; and what it is in words."""
    scenes = read_photo_set(composed("held-out"))
    wide = [
        photo
        for photo in scenes.photos
        if (size := Image.open(photo.path).size)[0] > size[1] and len(photo.boxes)
    ]
    chosen = max(wide, key=lambda photo: (len(photo.boxes), photo.key))
    target = folder / "shelf.jpg"
    with Image.open(chosen.path) as picture:
        picture.convert("RGB").resize(SIZE, Image.Resampling.LANCZOS).save(target, quality=_QUALITY)
    return target, f"composed scene with {len(chosen.boxes):,} products, {target.stat().st_size / 1e6:.1f} MB"


def _whole(photo: Path, out: Path, bundle: Path) -> Run:
    command = [sys.executable, "-m", "shelfwise", "shelf", photo, "--no-names"]
    run = measure([*command, "--pictures", out, "--detector", bundle])
    if not out.is_file():
        raise BenchmarkError(f"no picture was written to {out}")
    out.unlink()
    return run


def _warm(photo: Path, out: Path, bundle: Path, repeats: int) -> list[float]:
    """Seconds from file to picture where the detector is loaded and has run once."""
    from shelfwise.workflows.photos import PhotoFinder
    from shelfwise.workflows.shelf import load_shelf
    from shelfwise.workflows.shelf_photos import Pictures, count_photos

    reader, seconds = load_shelf(bundle, name=False), []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        for _ in count_photos(reader, PhotoFinder([str(photo)]), pictures=Pictures(out, several=False)):
            pass
        seconds.append(time.perf_counter() - started)
    return seconds[1:]


def _row(name: str, ours: list[float], theirs: list[float]) -> tuple[str, ...]:
    found = compare(ours, theirs)
    return (
        name,
        f"{found.ours:.2f}",
        f"{found.peer:.2f}",
        f"{found.ratio:.2f}× ({found.low:.2f} to {found.high:.2f})",
    )


def _rates(runs: list[Run]) -> list[float]:
    return [float(each.answer()["rate"]) for each in runs]
