"""Photos a second of training ``small-cnn``: ours against Keras on TensorFlow."""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.goals import FREIBURG_FIVE, GOALS
from benchmarks.keras_env import keras_python
from benchmarks.measure import ROOT, Comparison, Run, alternate, compare, measure
from benchmarks.options import Options
from benchmarks.photos import data_folder
from benchmarks.result import BenchmarkError, Result, percent
from shelfwise.datasets.sample import CATEGORIES, render_sample

__all__ = ["VARIANTS", "speed_train"]

NAME = "speed-train"
EPOCHS = 3
REPEATS = 5
VARIANTS: Mapping[str, tuple[str, ...]] = {
    "fp32": (),
    "mixed_bfloat16": ("--precision", "bf16"),
}
"""Ways to run the Keras side; the fastest of them is the one that is compared with.

``jit_compile`` is not among them: on a CPU it trained this network at a tenth of the speed.
"""

_KERAS = Path(__file__).parent / "sides" / "keras_train.py"
_METHOD = (
    "The same network (40,453 weights with five categories), photos, balancing copies, batches of 32, Adam and binary"
    " cross-entropy on both sides. Ours is the code of `shelfwise train` from reading the folder on: check, division,"
    " pixel cache, augmentation, loop. Keras reads the same training photos with `image_dataset_from_directory`,"
    " caches the decoded ones in memory, shuffles, varies the same photos as ours (mirror, turn, zoom, brightness,"
    " contrast; batched, in tf.data with AUTOTUNE), and prefetches. Both may use all cores.",
    "Each run is a process of its own; the sides take turns. The first epoch of each is a warm-up and not counted. Of"
    " the others the training steps are, with their input, without validation and checkpoints. A run's rate is the"
    " median of its epochs, the figure the ratio of the medians of the runs; in brackets the range over the pairs.",
)


def speed_train(options: Options) -> Result:
    """Measure both sides in turn."""
    data, classes, what = _photos(options)
    epochs, repeats = (1, options.repeats or 1) if options.photos else (EPOCHS, options.repeats or REPEATS)
    python = keras_python()
    with tempfile.TemporaryDirectory(prefix="train-") as text:
        work = Path(text)
        sides = _Sides(data, classes, epochs, work, python)
        options.tell("  a first run of ours, for the list of photos")
        sides.ours()
        tried = {name: _rate(sides.keras(name, epochs=1)) for name in VARIANTS}
        best = max(tried, key=lambda name: tried[name])
        options.tell("  Keras: " + ", ".join(f"{name} {rate:.0f}/s" for name, rate in tried.items()))
        ours, peer = alternate(sides.ours, lambda: sides.keras(best), repeats, options.tell)
    return _result(ours, peer, what, tried, best)


def _photos(options: Options) -> tuple[Path, tuple[str, ...], str]:
    real = data_folder() / "freiburg"
    if real.is_dir() and not options.photos:
        return real, FREIBURG_FIVE, f"Freiburg ({', '.join(FREIBURG_FIVE)})"
    count = max(10, (options.photos or 500) // len(CATEGORIES))
    folder = render_sample(ROOT / "build" / "benchmarks" / f"train-{count}", per_class=count)
    return folder, CATEGORIES, "the rendered sample set, not real photos"


class _Sides:
    """Both sides as commands to run."""

    def __init__(self, data: Path, classes: tuple[str, ...], epochs: int, work: Path, python: Path) -> None:
        self._data, self._classes, self._epochs, self._work, self._python = (
            data,
            classes,
            epochs,
            work,
            python,
        )

    def ours(self) -> Run:
        """Our side, in a new folder: the photos are decoded anew."""
        folder = Path(tempfile.mkdtemp(dir=self._work))
        command = [sys.executable, "-m", "benchmarks.sides.train_ours", "--data", self._data]
        command += ["--classes", ",".join(self._classes), "--epochs", str(self._epochs), "--work", folder]
        run = measure(command)
        (folder / "photos.json").replace(self._work / "photos.json")
        return run

    def keras(self, variant: str, epochs: int | None = None) -> Run:
        """The Keras side in one of its ways, for as many epochs as ours unless said otherwise."""
        command = [
            self._python,
            _KERAS,
            "--photos",
            self._work / "photos.json",
            "--epochs",
            str(epochs or self._epochs),
        ]
        return measure([*command, "--work", self._work / "keras", *VARIANTS[variant]])


def _rate(run: Run) -> float:
    answer = run.answer()
    return float(answer["photos_an_epoch"] / statistics.median(answer["epoch_seconds"]))


def _result(ours: list[Run], peer: list[Run], what: str, tried: Mapping[str, float], best: str) -> Result:
    speed = compare([_rate(run) for run in ours], [_rate(run) for run in peer])
    first: dict[str, Any] = ours[0].answer()
    _refuse_different_networks(first, peer[0].answer())
    figure = GOALS[NAME][0].figure(
        speed.ratio,
        speed.low,
        speed.high,
        ours=f"{speed.ours:.0f} photos/s ({first['precision']})",
        peer=f"{speed.peer:.0f} photos/s (Keras, {best})",
    )
    whole = [statistics.median(run.seconds for run in side) for side in (ours, peer)]
    remarks = (
        f"Photos: {what}; {first['photos_an_epoch']:,} an epoch with the balancing copies,"
        f" {first['varied']:,} of them varied.",
        f"Ways to run Keras that were tried first, photos a second: {_listed(tried)}. The fastest is the one above.",
        f"A whole process of {len(first['epoch_seconds']) + 1} epochs, from start to exit: ours {whole[0]:.1f} s"
        f" (with data check, validation, checkpoints and the measurements of the limit), Keras {whole[1]:.1f} s"
        " (training only).",
    )
    return Result(
        name=NAME,
        figures=(figure,),
        command=(f"python -m benchmarks {NAME}",),
        method=_METHOD,
        limit=_limit(speed, ours),
        remarks=remarks,
        machine=machine.facts(),
        versions=machine.versions(("shelfwise", "torch", "numpy")) | peer[0].answer()["versions"],
        samples={
            "keras_variants": dict(tried),
            **{name: [_sample(run) for run in runs] for name, runs in (("ours", ours), ("keras", peer))},
        },
    )


def _refuse_different_networks(ours: Mapping[str, Any], peer: Mapping[str, Any]) -> None:
    if ours["parameters"] != peer["parameters"]:
        raise BenchmarkError(f"{ours['parameters']} weights in ours and {peer['parameters']} in Keras")


def _limit(speed: Comparison, ours: list[Run]) -> tuple[str, ...]:
    answers = [run.answer() for run in ours]
    feed = statistics.median(answer["input_rate"] for answer in answers)
    matrix = statistics.median(answer["matrix_gflops"] for answer in answers)
    work = answers[0]["gflop_a_photo"]
    return (
        f"Input alone (drawing batches, augmenting, no network): {feed:,.0f} photos/s, so"
        f" {percent(speed.ours / feed, 0)} of the time goes into it and the rest into the network.",
        f"A photo takes about {work:.2f} GFLOP (forward once, backward twice that), so ours does"
        f" {work * speed.ours:,.0f} GFLOP/s; a product of two fp32 matrices of 1,024×1,024 reaches {matrix:,.0f}.",
    )


def _sample(run: Run) -> dict[str, Any]:
    kept = {name: value for name, value in run.answer().items() if name not in ("versions", "loss")}
    return {"process_seconds": round(run.seconds, 3), "cpu_seconds": round(run.cpu_seconds, 3), **kept}


def _listed(rates: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {rate:.0f}" for name, rate in rates.items())
