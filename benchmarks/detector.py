"""How well the detector finds and counts products on photos that it has not learned from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import machine
from benchmarks.goals import GOALS
from benchmarks.measure import ROOT
from benchmarks.options import Options
from benchmarks.photos import dataset_folder
from benchmarks.result import BenchmarkError, Figure, Result, percent
from shelfwise.bundle import Bundle, default_detector, read_bundle
from shelfwise.errors import ShelfwiseError
from shelfwise.shelf.detector import Detector
from shelfwise.training.detect.measures import DetectionFigures
from shelfwise.training.detect.photos import DetectionPhoto, PhotoSet, read_photo_set, read_photos
from shelfwise.training.folder import RunFolder
from shelfwise.workflows.classify import find_bundle
from shelfwise.workflows.detector_finding import measure_detector

__all__ = ["RUN", "composed", "detector_accuracy", "subject"]

NAME = "detector-accuracy"
RUN = "runs/detector-run"
"""Where ``make detector`` trains."""
SCENES = 200
_LIBRARIES = ("shelfwise", "onnxruntime", "numpy", "pillow", "pycocotools")
_BOOTSTRAP = 2000
_METHOD = (
    "Each photo goes through what serves: the decoder, the first look, the closer one in tiles, and suppression, with"
    " the ONNX graph of the bundle. AP50 is COCO's average precision at an overlap of one half (pycocotools), over"
    " the 300 surest boxes of a photo; all categories of a set count as products. Counts are of boxes with at least"
    " the bundle's own score, which was chosen on validation photos of its training.",
    "Intervals: 95 % percentile intervals of bootstrap resamples of the photos.",
)


@dataclass(frozen=True, slots=True)
class _Part:
    """Photos that are measured on.

    Attributes:
        name: in the table.
        photos: their set.
        members: which of them.
    """

    name: str
    photos: PhotoSet
    members: Sequence[int]

    @property
    def chosen(self) -> list[DetectionPhoto]:
        return [self.photos.photos[place] for place in self.members]

    @property
    def hashes(self) -> set[str]:
        return {self.photos.hashes[place] for place in self.members}


def composed(name: str) -> Path:
    """Composed scenes by their set's name; ``held-out`` are those that nothing is trained or chosen on.

    Raises:
        BenchmarkError: they are not there.
    """
    folder = ROOT / "runs" / "scenes" / name
    if not folder.is_dir():
        raise BenchmarkError(
            f"there is no {folder}: compose them with python scripts/detector/scenes.py runs/scenes {name}"
        )
    return folder


def subject(options: Options) -> tuple[Bundle, Path | None]:
    """The detector to measure, and its run where it lies in one: the first run, the bundle, or the one that ships."""
    place = options.runs[0] if options.runs else options.bundle
    bundle = read_bundle(default_detector() if place is None else find_bundle(place))
    bundle.refuse_other_task("detect")
    run = bundle.path.parent
    return bundle, run if (run / "config.toml").is_file() else None


def detector_accuracy(options: Options) -> Result:
    """AP50 on Freiburg's fold 0, on the checkout items and on composed scenes; and how well these are counted."""
    bundle, run = subject(options)
    parts = _parts(options.photos)
    known = _refuse_learned(run, parts)
    detector = Detector(bundle, threads=1)
    found: dict[str, DetectionFigures] = {}
    for part in parts:
        options.tell(f"  {part.name}: {len(part.members):,} photos")
        found[part.name] = measure_detector(detector, part.chosen, detector.rule.min_score).figures
    freiburg, items, scenes = found.values()
    peer = "no other detector was run"
    figures = [
        _share(0, freiburg, peer),
        _share(1, items, peer),
        _share(2, scenes, peer),
        _count_error(scenes),
    ]
    return Result(
        name=NAME,
        figures=tuple(figures),
        command=("python -m benchmarks detector-accuracy" + (f" --run {RUN}" if run else ""),),
        method=_METHOD,
        remarks=(
            f"Measured: {bundle.name}, bundle {bundle.id}, {bundle.model_path.stat().st_size / 1e6:.1f} MB; a product"
            f" from a score of {detector.rule.min_score:g} on.",
            known,
            "Freiburg's photos are 224×224 pixels here; not every product in sight is marked on them, so that boxes"
            " on unmarked ones count as wrong. The scenes are composed by a program: how well it does on a real"
            " shelf they do not tell.",
        ),
        table=(_HEADING, *(_row(name, figures) for name, figures in found.items())),
        machine=machine.facts(),
        versions=machine.versions(_LIBRARIES),
        samples={name: figures.to_dict() for name, figures in found.items()},
    )


def _parts(trial: int | None) -> list[_Part]:
    freiburg = read_photo_set(dataset_folder("freiburg"))
    items = read_photo_set(dataset_folder("checkout-items"))
    scenes = read_photo_set(composed("held-out"))
    parts = [
        _Part("Freiburg, fold 0", freiburg, freiburg.whole.official["fold0"]),
        _Part("checkout items, test", items, items.whole.official["test"]),
        _Part("composed scenes, held out", scenes, range(min(SCENES, len(scenes.photos)))),
    ]
    if trial is None:
        return parts
    return [_Part(part.name, part.photos, part.members[:trial]) for part in parts]


def _refuse_learned(run: Path | None, parts: Sequence[_Part]) -> str:
    """Make sure that the run has not learned from these photos; a sentence that says so.

    Raises:
        BenchmarkError: it has, or its photos are no longer there.
    """
    if run is None:
        return "The detector lies in no run: its card says what it was trained on."
    try:
        folder, config = RunFolder.open_detector(run)
        data = read_photos(config, kept=folder.split)
    except ShelfwiseError as error:
        raise BenchmarkError(f"{run}: {error}") from error
    learned = {data.main.hashes[place] for place in (*data.split.train, *data.split.val)}
    learned |= {content for one in data.also for content in one.hashes}
    for part in parts:
        if both := part.hashes & learned:
            raise BenchmarkError(f"{run}: has learned {len(both):,} of the photos of {part.name}")
    return (
        f"None of these photos is among the {len(learned):,} that its run was trained and chosen on, by the SHA-256"
        " of the files."
    )


def _share(place: int, figures: DetectionFigures, peer: str) -> Figure:
    every = figures.sizes["all"]
    ours = f"{figures.photos:,} photos with {every.products:,} products"
    return GOALS[NAME][place].figure(every.ap50, *figures.interval, ours=ours, peer=peer)


def _count_error(figures: DetectionFigures) -> Figure:
    errors = count_errors(figures)
    low, high = _median_interval(errors)
    return GOALS[NAME][3].figure(
        float(np.median(errors)),
        low,
        high,
        ours=f"{figures.counts.counted:,} counted on {len(errors):,} scenes",
        peer=f"{figures.counts.products:,} there",
    )


def count_errors(figures: DetectionFigures) -> NDArray[np.float64]:
    """``|found - there| / there`` of each photo that shows a product."""
    rows = [(each.count(figures.threshold), len(each.photo.boxes)) for each in figures.matched]
    return np.array([abs(found - there) / there for found, there in rows if there])


def _median_interval(values: NDArray[np.float64]) -> tuple[float, float]:
    rng = np.random.default_rng(0)
    medians = np.median(rng.choice(values, (_BOOTSTRAP, len(values))), axis=1)
    low, high = np.percentile(medians, [2.5, 97.5])
    return float(low), float(high)


_HEADING = (
    "photos",
    "products",
    "AP50",
    "AP75",
    "AP50:95",
    "precision",
    "recall",
    "count error, median",
    "mean",
    "bias",
)


def _row(name: str, figures: DetectionFigures) -> tuple[str, ...]:
    every, counts = figures.sizes["all"], figures.counts
    shares = (
        every.ap50,
        every.ap75,
        every.ap,
        figures.precision,
        figures.recall,
        counts.median_error,
        counts.mean_error,
        counts.bias,
    )
    shown = ("–" if math.isnan(share) else percent(share) for share in shares)
    return (f"{name} ({figures.photos:,})", f"{every.products:,}", *shown)
