"""The arithmetic under :mod:`shelfwise.training.metrics`: calibration, risk, coverage, intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "CalibrationBin",
    "Interval",
    "RiskCoverage",
    "bootstrap_intervals",
    "calibration_bins",
    "expected_calibration_error",
    "risk_coverage",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

CALIBRATION_BINS = 15
"""Bins of equal width, as in Guo et al. 2017."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The range that a figure lies in with 95 % confidence."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Photos whose confidence lies in ``(low, high]``; the means are None where there are none."""

    low: float
    high: float
    count: int
    confidence: float | None
    accuracy: float | None


def _bin_of(confidence: Floats, bins: int) -> Ints:
    edges = np.linspace(0.0, 1.0, bins + 1)[1:-1]
    return np.searchsorted(edges, confidence, side="left").astype(np.int64)


def calibration_bins(
    confidence: Floats, correct: Flags, bins: int = CALIBRATION_BINS
) -> tuple[CalibrationBin, ...]:
    """Divide photos by confidence into ``bins`` equal widths and compare confidence with accuracy in each."""
    index = _bin_of(confidence, bins)
    counts = np.bincount(index, minlength=bins)
    sums = np.bincount(index, weights=confidence, minlength=bins)
    hits = np.bincount(index, weights=correct, minlength=bins)
    return tuple(
        CalibrationBin(
            low=i / bins,
            high=(i + 1) / bins,
            count=int(n),
            confidence=float(sums[i] / n) if n else None,
            accuracy=float(hits[i] / n) if n else None,
        )
        for i, n in enumerate(counts)
    )


def expected_calibration_error(bins: Sequence[CalibrationBin]) -> float:
    """Mean of |accuracy - confidence| over bins, weighted by their photos.

    Guo, Pleiss, Sun and Weinberger: On Calibration of Modern Neural Networks, 2017, arXiv 1706.04599, eq. 3.
    """
    total = sum(b.count for b in bins)
    gaps = (
        b.count * abs(b.accuracy - b.confidence)
        for b in bins
        if b.accuracy is not None and b.confidence is not None
    )
    return sum(gaps) / total


@dataclass(frozen=True, slots=True, eq=False)
class RiskCoverage:
    """What answering only above a threshold costs and gives.

    One point a distinct confidence, from the highest threshold to the lowest: ``coverage`` is the share of
    photos answered, ``risk`` the share of wrong answers among them. Geifman and El-Yaniv: Selective
    Classification for Deep Neural Networks, 2017, arXiv 1705.08500. ``aurc``, the area under the curve, is as
    in Geifman, Uziel and El-Yaniv 2018, arXiv 1805.08206: the mean risk over the first 1, 2, … N photos by
    falling confidence, where photos of equal confidence count as in their mean order.
    """

    threshold: Floats
    coverage: Floats
    risk: Floats
    aurc: float

    def thinned(self, limit: int = 200) -> RiskCoverage:
        """The curve at no more than ``limit`` of its points, the last one among them."""
        count = len(self.coverage)
        kept = np.unique(np.linspace(0, count - 1, min(limit, count)).round().astype(int))
        return replace(
            self, threshold=self.threshold[kept], coverage=self.coverage[kept], risk=self.risk[kept]
        )

    def at_precision(self, precision: float) -> tuple[float, float] | None:
        """The largest coverage whose answers are right this often, and its threshold; None without one."""
        # A count over a count can miss 0.95 by a rounding; half of one photo in a million is nobody's error.
        fits = np.flatnonzero(self.risk <= 1.0 - precision + 5e-7)
        if not len(fits):
            return None
        last = int(fits[-1])
        return float(self.coverage[last]), float(self.threshold[last])


def risk_coverage(confidence: Floats, correct: Flags) -> RiskCoverage:
    """The risk–coverage curve of N photos (N at least 1)."""
    count = len(confidence)
    negated, group, sizes = np.unique(-confidence, return_inverse=True, return_counts=True)
    wrong = np.bincount(group, weights=~correct, minlength=len(sizes))
    answered = np.cumsum(sizes)
    per_photo = np.repeat(wrong / sizes, sizes)
    running = np.cumsum(per_photo) / np.arange(1, count + 1)
    return RiskCoverage(
        threshold=-negated,
        coverage=answered / count,
        risk=np.cumsum(wrong) / answered,
        aurc=float(running.mean()),
    )


def bootstrap_intervals(
    labels: Ints, predicted: Ints, confidence: Floats, classes: int, *, seed: int, rounds: int
) -> dict[str, Interval]:
    """95 % percentile intervals of accuracy, macro F1 and ECE from ``rounds`` resamples of the photos.

    Efron and Tibshirani: An Introduction to the Bootstrap, 1993, chapter 13. Seeded.
    """
    generator = np.random.default_rng(seed)
    correct = labels == predicted
    bins = _bin_of(confidence, CALIBRATION_BINS)
    gap = correct - confidence
    figures = np.empty((rounds, 3))
    for i in range(rounds):
        chosen = generator.integers(0, len(labels), len(labels))
        hit = correct[chosen]
        drawn = labels[chosen]
        support = np.bincount(drawn, minlength=classes)
        answers = np.bincount(predicted[chosen], minlength=classes)
        hits = np.bincount(drawn[hit], minlength=classes)
        gaps = np.bincount(bins[chosen], weights=gap[chosen], minlength=CALIBRATION_BINS)
        figures[i] = hit.mean(), macro_f1(hits, support, answers), np.abs(gaps).sum() / len(labels)
    low, high = np.percentile(figures, [2.5, 97.5], axis=0)
    names = ("accuracy", "macro_f1", "ece")
    return {name: Interval(float(low[i]), float(high[i])) for i, name in enumerate(names)}


def macro_f1(hits: Ints, support: Ints, answers: Ints) -> float:
    """Mean F1 of the categories that occur among the labels; a category never hit counts as 0."""
    present = support > 0
    return float((2 * hits[present] / (support[present] + answers[present])).mean())
