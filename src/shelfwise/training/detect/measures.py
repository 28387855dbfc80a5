"""How well a detector finds products: average precision, the curve behind it, and how well it counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from shelfwise.errors import DataError
from shelfwise.training.detect.matching import Matched, Sizes, match_photos
from shelfwise.training.detect.photos import DetectionPhoto
from shelfwise.types import Detections

__all__ = [
    "CountFigures",
    "Curve",
    "DetectionFigures",
    "average_precision",
    "choose_threshold",
    "count_figures",
    "curve_of",
    "measure",
    "miscounted",
]

Floats = NDArray[np.float64]

NEARLY: Final = 0.005
"""Thresholds whose F1 is no further below the best count as equally good; the one that counts best is taken."""
_RECALLS: Final = np.linspace(0, 1, 101)
_BOOTSTRAP: Final = 500


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Precision and recall for each threshold that makes a difference, the highest first.

    Attributes:
        threshold, precision, recall: float64 (T,).
    """

    threshold: Floats
    precision: Floats
    recall: Floats

    @property
    def f1(self) -> Floats:
        """Harmonic mean of both, (T,); 0 where both are."""
        both = self.precision + self.recall
        return np.asarray(2 * self.precision * self.recall / np.where(both > 0, both, 1.0))

    def at(self, threshold: float) -> tuple[float, float]:
        """Precision and recall with a threshold; precision 1 where nothing would be found."""
        place = int((self.threshold >= threshold).sum()) - 1
        return (1.0, 0.0) if place < 0 else (float(self.precision[place]), float(self.recall[place]))


@dataclass(frozen=True, slots=True)
class CountFigures:
    """How well products are counted, over the photos that show any.

    Attributes:
        photos: how many of these.
        median_error: median of ``|found - there| / there``.
        mean_error: mean of it.
        bias: mean of ``(found - there) / there``: below 0 too few are counted, above 0 too many.
        exact: share of the photos whose products were counted to the one.
        products, counted: sums over all photos, those without products too.
    """

    photos: int
    median_error: float
    mean_error: float
    bias: float
    exact: float
    products: int
    counted: int


@dataclass(frozen=True, slots=True, eq=False)
class DetectionFigures:
    """A detector, measured on photos.

    Attributes:
        photos: how many.
        sizes: average precisions of products of ``all`` sizes, and of ``small`` (under 32² pixels of the photo),
            ``medium`` and ``large`` ones (over 96²), where there are any.
        interval: 95 % bootstrap interval of the AP50 of all, over the photos.
        curve: precision and recall at an overlap of one half.
        threshold: that the counts were made with.
        precision, recall: with this threshold.
        counts: how well products are counted with it.
        matched: each photo.
    """

    photos: int
    sizes: dict[str, Sizes]
    interval: tuple[float, float]
    curve: Curve
    threshold: float
    precision: float
    recall: float
    counts: CountFigures
    matched: Sequence[Matched]

    @property
    def nothing(self) -> bool:
        """Whether no box at all counts with this threshold; no share of them is right then."""
        return self.counts.counted == 0

    @property
    def right(self) -> float | None:
        """The precision as it is told: None where no box counts."""
        return None if self.nothing else self.precision

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def headline(self) -> dict[str, float]:
        """The single figures by name."""
        every = self.sizes["all"]
        return {
            "ap50": every.ap50,
            "ap75": every.ap75,
            "ap": every.ap,
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "count_median_error": self.counts.median_error,
            "count_mean_error": self.counts.mean_error,
            "count_bias": self.counts.bias,
        }

    def to_dict(self) -> dict[str, Any]:
        """Everything but the photos as plain values; the curve in 100 points, no precision where no box counts."""
        places = np.unique(np.linspace(0, len(self.curve.threshold) - 1, 100).round().astype(int))
        points = (self.curve.threshold, self.curve.precision, self.curve.recall)
        return {
            "photos": self.photos,
            "products": self.sizes["all"].products,
            **self.headline(),
            "precision": self.right,
            "ap50_interval": list(self.interval),
            "threshold": self.threshold,
            "sizes": {name: size._asdict() for name, size in self.sizes.items()},
            "counts": asdict(self.counts),
            "curve": [[float(values[place]) for values in points] for place in places]
            if len(self.curve.threshold)
            else [],
        }


def measure(
    photos: Sequence[DetectionPhoto],
    found: Sequence[Detections],
    threshold: float | None = None,
    *,
    seed: int = 0,
) -> DetectionFigures:
    """Measure what a detector found.

    Args:
        photos: the photos with their products.
        found: what was found on each, with scores from far below any threshold that is to be judged.
        threshold: smallest score of a box that counts; None: :func:`choose_threshold`.
        seed: of the interval.

    Raises:
        DataError: there is no product on the photos.
        MissingExtraError: pycocotools is not installed.
    """
    if not any(len(photo.boxes) for photo in photos):
        raise DataError("no product is marked on the photos: there is nothing to measure on")
    matched, sizes = match_photos(photos, found)
    curve = curve_of(matched)
    threshold = choose_threshold(matched, curve) if threshold is None else threshold
    return DetectionFigures(
        len(photos),
        sizes,
        _interval(matched, seed),
        curve,
        threshold,
        *curve.at(threshold),
        count_figures(matched, threshold),
        matched,
    )


def curve_of(matched: Sequence[Matched]) -> Curve:
    """Precision and recall of all photos together, for each score that occurs."""
    scores = np.concatenate([each.scores[each.counted] for each in matched])
    right = np.concatenate([each.right[each.counted] for each in matched])
    products = sum(len(each.photo.boxes) for each in matched)
    order = np.argsort(-scores, kind="stable")
    scores, hits = scores[order], np.cumsum(right[order])
    # Boxes of one score stand or fall together.
    last = np.flatnonzero(np.diff(scores, append=-1.0))
    return Curve(scores[last], hits[last] / (last + 1), hits[last] / max(products, 1))


def choose_threshold(matched: Sequence[Matched], curve: Curve) -> float:
    """The score from which a box is to count as a product.

    Of the thresholds whose F1 is within :data:`NEARLY` of the best, the one with the least weighted error of the
    counts, ``sum |found - there| / sum there`` over the photos, then the highest F1. The median of the photos' own
    errors would be that of photos of few products, on which one is half of all. The threshold lies halfway to the
    next lower score, so that it does not hang on one box. One half where nothing was found.
    """
    f1 = curve.f1
    if not len(f1) or f1.max() == 0:
        return 0.5
    good = np.flatnonzero(f1 >= f1.max() - NEARLY)
    # A hundred candidates tell as much as all.
    good = good[np.unique(np.linspace(0, len(good) - 1, 100).round().astype(int))]

    def badness(place: int) -> tuple[int, float]:
        threshold = float(curve.threshold[place])
        return miscounted(matched, threshold), -float(f1[place])

    best = min(map(int, good), key=badness)
    below = curve.threshold[best + 1] if best + 1 < len(f1) else 0.0
    return float(np.clip(round((float(curve.threshold[best]) + float(below)) / 2, 4), 0.01, 0.99))


def miscounted(matched: Sequence[Matched], threshold: float) -> int:
    """``sum |found - there|``: products that are counted too much or too little with a threshold, over all photos."""
    return sum(abs(each.count(threshold) - len(each.photo.boxes)) for each in matched)


def count_figures(matched: Sequence[Matched], threshold: float) -> CountFigures:
    """How well products are counted with a threshold; at least one photo must show some."""
    counted = np.array([each.count(threshold) for each in matched], np.float64)
    there = np.array([len(each.photo.boxes) for each in matched], np.float64)
    some = there > 0
    off = (counted[some] - there[some]) / there[some]
    return CountFigures(
        photos=int(some.sum()),
        median_error=float(np.median(np.abs(off))),
        mean_error=float(np.abs(off).mean()),
        bias=float(off.mean()),
        exact=float((off == 0).mean()),
        products=int(there.sum()),
        counted=int(counted.sum()),
    )


def average_precision(scores: Floats, right: NDArray[np.bool_], products: float, weights: Floats) -> float:
    """Area under the precision-recall curve as COCO has it: mean of the best precision from each of 101 recalls on.

    Args:
        scores: of the boxes, highest first, (N,).
        right: whether each is a product, (N,).
        products: how many there are, in weights.
        weights: how often each box counts, (N,).
    """
    if not products:
        return math.nan
    hits = np.cumsum(weights * right)
    precision = hits / np.maximum(np.cumsum(weights), 1e-12)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    places = np.searchsorted(hits / products, _RECALLS, side="left")
    reached = places < len(scores)
    return (
        float(np.where(reached, envelope[np.minimum(places, len(scores) - 1)], 0.0).mean())
        if len(scores)
        else 0.0
    )


def _interval(matched: Sequence[Matched], seed: int) -> tuple[float, float]:
    """95 % bootstrap interval of AP50: photos are drawn with replacement."""
    scores = np.concatenate([each.scores[each.counted] for each in matched])
    right = np.concatenate([each.right[each.counted] for each in matched])
    owner = np.repeat(np.arange(len(matched)), [int(each.counted.sum()) for each in matched])
    there = np.array([len(each.photo.boxes) for each in matched])
    order = np.argsort(-scores, kind="stable")
    scores, right, owner = scores[order], right[order], owner[order]
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(_BOOTSTRAP):
        drawn = np.bincount(rng.integers(0, len(matched), len(matched)), minlength=len(matched))
        values.append(average_precision(scores, right, float(drawn @ there), drawn[owner].astype(np.float64)))
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)
