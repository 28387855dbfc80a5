"""Accuracy against photos a second: the candidates for the model that comes with Shelfwise, and what was chosen."""

from __future__ import annotations

import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks import machine
from benchmarks.default_model import hits
from benchmarks.options import Options
from benchmarks.photos import dataset_folder
from benchmarks.result import BenchmarkError, Result, percent
from shelfwise.bundle import Bundle, read_bundle
from shelfwise.datasets.dataset import Dataset
from shelfwise.datasets.layouts import read_dataset
from shelfwise.inference.classifier import Classifier
from shelfwise.workflows.classify import find_bundle
from shelfwise.workflows.evaluate import evaluate_part

__all__ = ["Candidate", "front", "named", "plot"]

_NAME = "front"
_PICTURE = "images/front.png"
_SPEED_PHOTOS = 200
_REPEATS = 3
_LIBRARIES = ("shelfwise", "onnxruntime", "openvino", "numpy", "pillow")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One model, measured.

    Attributes:
        name: its network, and how its numbers are kept where that is not float32.
        freiburg, fine, coarse: shares of right answers.
        rate: photos a second, from files to answers, all cores.
        megabytes: of its network.
        shipped: whether it is the one in the package.
    """

    name: str
    freiburg: float
    fine: float
    coarse: float
    rate: float
    megabytes: float
    shipped: bool

    @property
    def accuracy(self) -> float:
        """Mean of Freiburg and Grocery Store (fine)."""
        return (self.freiburg + self.fine) / 2


def front(options: Options) -> Result:
    """All runs and bundles (exports too) that are named by ``--run``, and the model in the package."""
    dataset = read_dataset(dataset_folder("freiburg").parent, "groceries")
    shipped = find_bundle(None)
    places = [find_bundle(run) for run in options.runs]
    found = [_measure(read_bundle(place), dataset, options, shipped=False) for place in places]
    found.append(_measure(read_bundle(shipped), dataset, options, shipped=True))
    if len(found) < 2:
        raise BenchmarkError("name the other candidates: --run runs/a --run runs/b …")
    found.sort(key=lambda each: each.rate)
    picture = options.page.parent / _PICTURE
    plot(found, picture)
    return Result(
        name=_NAME,
        figures=(),
        command=(
            "python -m benchmarks front --run runs/default-model/dinov2-head --run runs/default-model/tiny-vit …",
        ),
        method=(
            "Each candidate is trained on the same photos and measured on the same test photos, none of which it was"
            " trained or chosen on. The rate is that of a classifier with the default settings on"
            f" {_SPEED_PHOTOS} of the test photos, from files to answers, the median of {_REPEATS}.",
        ),
        table=(
            ("model", "Freiburg", "Grocery Store, fine", "coarse", "photos a second", "MB"),
            *(_row(each) for each in found),
        ),
        picture=_PICTURE,
        machine=machine.facts(),
        versions=machine.versions(_LIBRARIES),
        samples={"candidates": [asdict(each) for each in found]},
    )


def _row(each: Candidate) -> tuple[str, ...]:
    name = f"**{each.name}** (shipped)" if each.shipped else each.name
    shares = (percent(value) for value in (each.freiburg, each.fine, each.coarse))
    return (name, *shares, f"{each.rate:.1f}", f"{each.megabytes:.1f}")


def _measure(bundle: Bundle, dataset: Dataset, options: Options, *, shipped: bool) -> Candidate:
    options.tell(f"  {bundle.path}")
    indices = dataset.official["test"]
    if options.photos:
        indices = indices[:: max(1, len(indices) // options.photos)]
    classifier = Classifier(bundle)
    right = hits(bundle, evaluate_part(classifier, dataset, indices, bootstrap=0))
    chosen = indices[:: max(1, len(indices) // _SPEED_PHOTOS)]
    rate = _rate(classifier, [dataset.path(i) for i in chosen], options.repeats or _REPEATS)
    return Candidate(
        name=named(bundle),
        **{name: float(np.mean(values)) for name, values in right.items()},
        rate=rate,
        megabytes=bundle.model_path.stat().st_size / 1e6,
        shipped=shipped,
    )


def named(bundle: Bundle) -> str:
    """A bundle's name, and how its numbers are kept where that is not float32."""
    return bundle.name if bundle.kept_in == "fp32" else f"{bundle.name}, {bundle.kept_in}"


def _rate(classifier: Classifier, photos: list[Path], repeats: int) -> float:
    rates = []
    for _ in range(repeats):
        started = time.perf_counter()
        for _ in classifier.stream(photos):
            pass
        rates.append(len(photos) / (time.perf_counter() - started))
    return statistics.median(rates)


def plot(candidates: list[Candidate], path: Path) -> None:
    """Draw accuracy against photos a second; the front joins those that nothing beats in both."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 4.8), layout="constrained")
    best, ends = 0.0, []
    for each in sorted(candidates, key=lambda each: -each.rate):
        if each.accuracy > best:
            best = each.accuracy
            ends.append(each)
    axes.plot([e.rate for e in ends], [100 * e.accuracy for e in ends], color="#9aa5b1", zorder=1)
    for each in candidates:
        colour = "#c2410c" if each.shipped else "#1d4ed8"
        axes.scatter(each.rate, 100 * each.accuracy, s=12 * each.megabytes**0.5 + 20, color=colour, zorder=2)
        axes.annotate(
            f"{each.name}, {each.megabytes:.0f} MB" + (" (shipped)" if each.shipped else ""),
            (each.rate, 100 * each.accuracy),
            xytext=(8, -4),
            textcoords="offset points",
            color=colour,
        )
    axes.set_xscale("log")
    ticks = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()
    axes.margins(x=0.35, y=0.15)
    rates = [each.rate for each in candidates]
    axes.set_xlim(min(rates) / 1.5, max(rates) * 3)
    axes.set_xlabel("photos a second, from files to answers, all cores")
    axes.set_ylabel("accuracy in % (mean of Freiburg and Grocery Store, fine)")
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=144, metadata={"Software": None})
    plt.close(figure)
