"""Photos a second of ``shelfwise classify``, from JPEG to CSV, against PyTorch and against Keras."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import classifying, machine
from benchmarks.goals import GOALS
from benchmarks.keras_env import keras_python
from benchmarks.measure import Comparison, Run, alternate, compare
from benchmarks.options import Options
from benchmarks.photos import PhotoSet, photo_folder, photo_set
from benchmarks.result import BenchmarkError, Figure, Result, percent
from benchmarks.runs import any_run

__all__ = ["speed_classify"]

NAME = "speed-classify"
PHOTOS = 2000
TRIED_PHOTOS = 300
REPEATS = 3
_LEAST_AGREEMENT = 0.7  # other weights or categories would agree on far less
_METHOD = (
    "Each run is a process of its own that classifies the folder and writes CSV; the sides take turns; the photos are"
    " in the page cache. The figure is the ratio of the medians of whole processes, start-up included; in brackets"
    " the range over the pairs. “After the start” is from the tenth part of the photos to the last.",
    "PyTorch: the same network with the same weights in fp32, Pillow decoding and resizing, batches of 32, `eval()`,"
    " no gradients, in a plain loop and with a `DataLoader`; the faster of the two is compared with. Keras: the same"
    " network with the same weights, `image_dataset_from_directory` with its own decoder, `predict`, with and without"
    " `jit_compile`, again the faster. All may use all cores, in the number of threads that each chooses by itself.",
)


@dataclass(frozen=True, slots=True)
class _Measured:
    """One network measured on both sides."""

    what: str
    way: str
    tried_on: int
    tried: Mapping[str, float]
    ours: list[Run]
    peer: list[Run]
    limits: Mapping[str, float]
    agreement: float
    whole: Comparison
    after: Comparison


def speed_classify(options: Options) -> Result:
    """Measure ``lite0`` against PyTorch and ``small-cnn`` against Keras."""
    count = options.photos or PHOTOS
    photos = photo_set(count)
    with (
        photo_folder(photos.files, count) as folder,
        photo_folder(photos.files, min(count, TRIED_PHOTOS)) as few,
    ):
        repeats = options.repeats or REPEATS
        lite, what = any_run("lite0", options.runs)
        torch_side = _Peer(
            lambda where, way: classifying.torch_plain([lite], where, way),
            tuple(classifying.TORCH_WAYS),
            eligible=tuple(way for way in classifying.TORCH_WAYS if "channels_last" not in way),
        )
        with_torch = _measure(lite, what, torch_side, folder, few, repeats, options.tell)
        cnn, what = any_run("small-cnn", options.runs)
        python = keras_python()
        ways = ("predict", "predict, jit_compile")
        keras_side = _Peer(
            lambda where, way: classifying.keras(cnn, where, python, jit="jit" in way), ways, ways
        )
        with_keras = _measure(cnn, what, keras_side, folder, few, repeats, options.tell)
    return _result(photos, with_torch, with_keras)


@dataclass(frozen=True, slots=True)
class _Peer:
    """The other side: how to run it, in which ways, and in which of them it is compared with."""

    run: Callable[[Path, str], Run]
    ways: tuple[str, ...]
    eligible: tuple[str, ...]


def _measure(
    run: Path, what: str, peer: _Peer, folder: Path, few: Path, repeats: int, tell: Callable[[str], None]
) -> _Measured:
    tell(f"  {what}")
    count = sum(1 for _ in few.iterdir())
    tried = {way: count / peer.run(few, way).seconds for way in peer.ways}
    best = max(peer.eligible, key=lambda way: tried[way])
    tell("  " + _listed(tried))
    ours, theirs = alternate(
        lambda: classifying.ours(run, folder), lambda: peer.run(folder, best), repeats, tell
    )
    same = classifying.agreement(ours[0].lines, _csv_lines(theirs[0]))
    if same < _LEAST_AGREEMENT:
        raise BenchmarkError(
            f"{what}: the two sides agree on {percent(same)} of the photos only, so one is wrong"
        )
    total = sum(1 for _ in folder.iterdir())
    return _Measured(
        what,
        best,
        count,
        tried,
        ours,
        theirs,
        classifying.limits(run, folder),
        same,
        compare([total / each.seconds for each in ours], [total / each.seconds for each in theirs]),
        compare([_rate(each) for each in ours], [_rate(each) for each in theirs]),
    )


def _csv_lines(run: Run) -> list[str]:
    """The CSV; Keras adds a line of JSON."""
    return run.lines[:-1] if run.lines[-1].startswith("{") else run.lines


def _rate(run: Run) -> float:
    """Photos a second after the start: as the process says it, or by when its lines came."""
    if not run.lines[-1].startswith("{"):
        return run.rate_after_start()
    return float(run.answer()["rate"])


def _result(photos: PhotoSet, with_torch: _Measured, with_keras: _Measured) -> Result:
    sides = {"lite0": with_torch, "small-cnn": with_keras}
    peers = {"lite0": "PyTorch fp32", "small-cnn": "Keras"}
    return Result(
        name=NAME,
        figures=tuple(_figure(i, each, peers[name]) for i, (name, each) in enumerate(sides.items())),
        command=(f"python -m benchmarks {NAME}",),
        method=_METHOD,
        limit=tuple(_limit(name, each) for name, each in sides.items()),
        remarks=(
            f"Photos: {len(with_torch.ours[0].lines) - 1:,} ({photos.what}).",
            *(_remark(name, each) for name, each in sides.items()),
        ),
        machine=machine.facts(),
        versions=machine.versions(("shelfwise", "onnxruntime", "torch", "numpy", "pillow"))
        | with_keras.peer[0].answer()["versions"],
        samples={name: _samples(each) for name, each in sides.items()},
    )


def _figure(index: int, measured: _Measured, peer: str) -> Figure:
    whole, after = measured.whole, measured.after
    return GOALS[NAME][index].figure(
        whole.ratio,
        whole.low,
        whole.high,
        ours=f"{whole.ours:.0f} photos/s; after the start {after.ours:.0f}",
        peer=f"{peer} ({measured.way}) {whole.peer:.0f} photos/s; after the start {after.peer:.0f}",
    )


def _limit(name: str, measured: _Measured) -> str:
    decoding, network = measured.limits["decoding"], measured.limits["network"]
    both = 1 / (1 / decoding + 1 / network)
    return (
        f"`{name}`: decoding and resizing alone {decoding:,.0f} photos/s, the network alone {network:,.0f} photos/s,"
        f" on all cores each; one after the other that allows {both:,.0f} photos/s, of which classifying reaches"
        f" {percent(measured.after.ours / both, 0)} after the start."
    )


def _remark(name: str, measured: _Measured) -> str:
    return (
        f"`{name}` ({measured.what}): after the start the ratio is {measured.after.spread()}. Both sides give the"
        f" same category for {percent(measured.agreement)} of the photos (decoding and resizing differ slightly)."
        f" Ways of the other side, whole processes on {measured.tried_on} photos, photos a second:"
        f" {_listed(measured.tried)}."
    )


def _samples(measured: _Measured) -> dict[str, Any]:
    return {
        "tried": dict(measured.tried),
        "tried_on": measured.tried_on,
        "way": measured.way,
        "agreement": measured.agreement,
        "limits": dict(measured.limits),
        "ours": [_sample(run) for run in measured.ours],
        "peer": [_sample(run) for run in measured.peer],
    }


def _sample(run: Run) -> dict[str, float]:
    return {
        "seconds": round(run.seconds, 3),
        "cpu_seconds": round(run.cpu_seconds, 3),
        "rate_after_start": round(_rate(run), 2),
        "peak_mb": round(run.peak_bytes / 1e6, 1),
    }


def _listed(rates: Mapping[str, float]) -> str:
    return "; ".join(f"{name} {rate:.0f}" for name, rate in rates.items())
