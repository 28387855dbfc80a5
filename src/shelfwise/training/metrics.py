"""How good predictions are: probabilities compared with the truth.

:func:`evaluate_predictions` is for labels that are compared as they are, :func:`evaluate_nodes` for names with
levels: a photo of ``drinks/juice`` is then right where the likeliest category is juice, whatever its variety.

Every figure is a share between 0 and 1, but for the negative log-likelihood and the Brier score. A category
that does not occur among the labels has no recall and takes no part in means over categories.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shelfwise.hierarchy import ANSWER_LEVEL, Hierarchy
from shelfwise.training.measures import (
    CalibrationBin,
    Interval,
    RiskCoverage,
    bootstrap_intervals,
    calibration_bins,
    expected_calibration_error,
    macro_f1,
    risk_coverage,
)
from shelfwise.training.verdicts import Verdicts, judge

__all__ = [
    "CategoryFigures",
    "ConfusedPair",
    "Evaluation",
    "LevelAccuracy",
    "evaluate_nodes",
    "evaluate_predictions",
]

PRECISION_TARGET = 0.95
"""The coverage in the headline is that of answers which are right this often."""


@dataclass(frozen=True, slots=True)
class CategoryFigures:
    """One category: None where a figure is a division by nothing (no such photos, or never predicted)."""

    category: str
    precision: float | None
    recall: float | None
    f1: float | None
    support: int
    predicted: int


@dataclass(frozen=True, slots=True)
class ConfusedPair:
    """``count`` photos of ``true``, a ``share`` of all of them, were taken for ``predicted``."""

    true: str
    predicted: str
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class LevelAccuracy:
    """Accuracy at one level of the hierarchy; level 1 is the widest."""

    level: int
    categories: int
    accuracy: float
    name: str


@dataclass(frozen=True, eq=False)
class Evaluation:
    """All figures of one set of predictions.

    Attributes:
        categories: category names in label order, then wider ones that a photo is of or was taken for (C in all).
        samples: number of photos (N).
        accuracy, top3_accuracy, top5_accuracy: the true category is the first, among the first three, five.
        macro_f1: mean F1 of the categories that occur.
        balanced_accuracy: mean recall of the categories that occur.
        negative_log_likelihood: mean of -ln p(true), in nats; p is held above 1e-12.
        brier: mean squared distance between probabilities and the one-hot truth (0 to 2; Brier 1950).
        ece: expected calibration error over 15 bins of equal width.
        calibration: the bins behind ``ece``.
        per_category: precision, recall, F1 and support in label order.
        confusion: int64 array (C, C); row true, column predicted.
        confused: pairs of categories by falling number of mistakes.
        risk_coverage: what answering only the surer photos costs and gives.
        intervals: 95 % bootstrap intervals of ``accuracy``, ``macro_f1`` and ``ece``; empty if not asked for.
        verdicts: what each photo is and was taken for.
        levels: accuracy by level where category names have levels, else empty; without levels that lie deeper than
            what is known of a photo.
        category_accuracy: the likeliest node at the level of categories holds the truth; None where names have no
            levels, or what is known of a photo is wider than a category.
        exact_accuracy: the likeliest label is the true one; None where names have no levels, or a true category is
            wider than all labels.
    """

    categories: tuple[str, ...]
    samples: int
    accuracy: float
    top3_accuracy: float
    top5_accuracy: float
    macro_f1: float
    balanced_accuracy: float
    negative_log_likelihood: float
    brier: float
    ece: float
    calibration: tuple[CalibrationBin, ...]
    per_category: tuple[CategoryFigures, ...]
    confusion: NDArray[np.int64]
    confused: tuple[ConfusedPair, ...]
    risk_coverage: RiskCoverage
    intervals: Mapping[str, Interval]
    verdicts: Verdicts
    levels: tuple[LevelAccuracy, ...] = ()
    category_accuracy: float | None = None
    exact_accuracy: float | None = None

    def headline(self) -> dict[str, float]:
        """The single figures by name, for a bundle's ``metrics`` and for tables."""
        covered = self.risk_coverage.at_precision(PRECISION_TARGET)
        return {
            "accuracy": self.accuracy,
            "top3_accuracy": self.top3_accuracy,
            "top5_accuracy": self.top5_accuracy,
            "macro_f1": self.macro_f1,
            "balanced_accuracy": self.balanced_accuracy,
            "negative_log_likelihood": self.negative_log_likelihood,
            "brier": self.brier,
            "ece": self.ece,
            "aurc": self.risk_coverage.aurc,
            "coverage_at_95_precision": covered[0] if covered else 0.0,
            **{name: value for name, value in self._beside().items() if value is not None},
        }

    @property
    def wider_levels(self) -> tuple[LevelAccuracy, ...]:
        """The levels above that of the categories; without such a level, all but the deepest."""
        names = [level.name for level in self.levels]
        return self.levels[: names.index(ANSWER_LEVEL)] if ANSWER_LEVEL in names else self.levels[:-1]

    @property
    def other_accuracies(self) -> dict[str, float]:
        """``category`` and ``exact`` accuracy, where they were measured and are not ``accuracy`` itself."""
        others = {"category": self.category_accuracy, "exact": self.exact_accuracy}
        return {k: value for k, value in others.items() if value is not None and value != self.accuracy}

    def _beside(self) -> dict[str, float | None]:
        if not self.levels:
            return {}
        return {"category_accuracy": self.category_accuracy, "exact_accuracy": self.exact_accuracy}

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that ``json`` can write."""
        curve = self.risk_coverage.thinned()
        return {
            "samples": self.samples,
            **self.headline(),
            **self._beside(),
            "intervals": {name: [i.low, i.high] for name, i in self.intervals.items()},
            "levels": [asdict(level) for level in self.levels],
            "per_category": [asdict(figures) for figures in self.per_category],
            "confused": [asdict(pair) for pair in self.confused],
            "calibration": [asdict(b) for b in self.calibration],
            "risk_coverage": {
                "threshold": curve.threshold.tolist(),
                "coverage": curve.coverage.tolist(),
                "risk": curve.risk.tolist(),
            },
            "categories": list(self.categories),
            "confusion": self.confusion.tolist(),
        }


def evaluate_predictions(
    labels: NDArray[np.integer[Any]],
    probabilities: NDArray[np.floating[Any]],
    categories: Sequence[str],
    *,
    seed: int = 0,
    bootstrap: int = 1000,
) -> Evaluation:
    """Compare the likeliest label with the true one, for each photo.

    Args:
        labels: true category of each photo, shape (N,), N at least 1.
        probabilities: shape (N, C), each row summing to 1.
        categories: C names in label order; levels of a hierarchy joined by ``/``.
        seed: of the bootstrap.
        bootstrap: number of resamples behind the intervals; 0 for none.

    Raises:
        ValueError: the shapes do not fit, a label is outside the categories, or a row is no distribution.
    """
    tree = Hierarchy.from_categories(categories)
    own = np.asarray(labels, dtype=np.int64)
    _validate(own, probabilities, len(categories), len(categories))
    truth = tree.node_of_category[own]
    exactly = np.full(len(truth), len(tree.levels) - 1)
    verdicts = judge(truth, probabilities, tree, exactly)
    return _evaluation(verdicts, truth, probabilities, tree, seed, bootstrap)


def evaluate_nodes(
    truth: NDArray[np.integer[Any]],
    probabilities: NDArray[np.floating[Any]],
    tree: Hierarchy,
    *,
    seed: int = 0,
    bootstrap: int = 1000,
) -> Evaluation:
    """Compare, for each photo, the likeliest node at the level of its true node with that.

    So a photo is judged by as much as is known of it. The accuracies of the category and of the exact label stand
    beside that. Without levels it is :func:`evaluate_predictions`.

    Args:
        truth: index of each photo's true node, shape (N,), N at least 1.
        probabilities: shape (N, L), each row summing to 1, in label order.
        tree: the hierarchy of the L categories.
        seed: of the bootstrap.
        bootstrap: number of resamples behind the intervals; 0 for none.

    Raises:
        ValueError: the shapes do not fit, a node is outside the hierarchy, or a row is no distribution.
    """
    nodes = np.asarray(truth, dtype=np.int64)
    _validate(nodes, probabilities, len(tree), len(tree.categories))
    verdicts = judge(nodes, probabilities, tree)
    return _evaluation(verdicts, nodes, probabilities, tree, seed, bootstrap)


def _evaluation(
    verdicts: Verdicts,
    nodes: NDArray[np.int64],
    probabilities: NDArray[np.floating[Any]],
    tree: Hierarchy,
    seed: int,
    bootstrap: int,
) -> Evaluation:
    categories, truth, predicted = verdicts.categories, verdicts.truth, verdicts.predicted
    confidence, correct, rank = verdicts.confidence, verdicts.right, verdicts.rank
    confusion = _confusion(truth, predicted, len(categories))
    support, answers, hits = confusion.sum(axis=1), confusion.sum(axis=0), confusion.diagonal()
    bins = calibration_bins(confidence, correct)
    intervals = (
        bootstrap_intervals(truth, predicted, confidence, len(categories), seed=seed, rounds=bootstrap)
        if bootstrap
        else {}
    )
    return Evaluation(
        categories=categories,
        samples=len(truth),
        accuracy=float(correct.mean()),
        top3_accuracy=float((rank < 3).mean()),
        top5_accuracy=float((rank < 5).mean()),
        macro_f1=macro_f1(hits, support, answers),
        balanced_accuracy=float((hits[support > 0] / support[support > 0]).mean()),
        negative_log_likelihood=float(-np.log(np.maximum(verdicts.true_probability, 1e-12)).mean()),
        brier=float(verdicts.brier.mean()),
        ece=expected_calibration_error(bins),
        calibration=bins,
        per_category=_per_category(categories, hits, support, answers),
        confusion=confusion,
        confused=_confused_pairs(categories, confusion),
        risk_coverage=risk_coverage(confidence, correct),
        intervals=intervals,
        verdicts=verdicts,
        levels=_levels(nodes, probabilities, tree),
        category_accuracy=_category_accuracy(nodes, probabilities, tree),
        exact_accuracy=_exact_accuracy(nodes, probabilities, tree),
    )


def _validate(
    truth: NDArray[np.int64], probabilities: NDArray[np.floating[Any]], known: int, count: int
) -> None:
    scores = np.asarray(probabilities, dtype=np.float64)
    if truth.ndim != 1 or not len(truth) or scores.shape != (len(truth), count):
        raise ValueError(
            f"labels {truth.shape} and probabilities {scores.shape} do not fit {count} categories"
        )
    if truth.min() < 0 or truth.max() >= known:
        raise ValueError(f"a label is outside the {known} categories")
    if not np.isfinite(scores).all() or (scores < 0).any() or (abs(scores.sum(axis=1) - 1) > 1e-3).any():
        raise ValueError("each row of probabilities must be finite, not negative, and sum to 1")


def _confusion(truth: NDArray[np.int64], predicted: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    flat = np.bincount(truth * count + predicted, minlength=count * count)
    return flat.reshape(count, count).astype(np.int64)


def _per_category(
    categories: Sequence[str],
    hits: NDArray[np.int64],
    support: NDArray[np.int64],
    answers: NDArray[np.int64],
) -> tuple[CategoryFigures, ...]:
    return tuple(
        CategoryFigures(
            category=name,
            precision=float(hits[i] / answers[i]) if answers[i] else None,
            recall=float(hits[i] / support[i]) if support[i] else None,
            f1=float(2 * hits[i] / (support[i] + answers[i])) if support[i] + answers[i] else None,
            support=int(support[i]),
            predicted=int(answers[i]),
        )
        for i, name in enumerate(categories)
    )


def _confused_pairs(
    categories: Sequence[str], confusion: NDArray[np.int64], limit: int = 50
) -> tuple[ConfusedPair, ...]:
    mistakes = confusion.copy()
    np.fill_diagonal(mistakes, 0)
    support = confusion.sum(axis=1)
    true, predicted = np.nonzero(mistakes)
    counts = mistakes[true, predicted]
    order = np.lexsort((predicted, true, -counts / support[true], -counts))[:limit]
    return tuple(
        ConfusedPair(categories[t], categories[p], int(mistakes[t, p]), float(mistakes[t, p] / support[t]))
        for t, p in zip(true[order], predicted[order], strict=True)
    )


def _levels(
    truth: NDArray[np.int64], probabilities: NDArray[np.floating[Any]], tree: Hierarchy
) -> tuple[LevelAccuracy, ...]:
    """Accuracy after summing, at each level, the probabilities of all categories under the same name."""
    if tree.flat:
        return ()
    known = np.where(np.isin(truth, tree.node_of_category), len(tree.levels), tree.depth[truth])
    levels = []
    for depth, name in enumerate(tree.levels[: int(known.min()) + 1]):
        nodes, sums = tree.at_depth(probabilities, depth)
        right = nodes[sums.argmax(axis=1)] == tree.cut(truth, depth)
        levels.append(LevelAccuracy(depth + 1, len(nodes), float(right.mean()), name))
    return tuple(levels)


def _category_accuracy(
    truth: NDArray[np.int64], probabilities: NDArray[np.floating[Any]], tree: Hierarchy
) -> float | None:
    if tree.flat or not tree.is_answer[truth].all():
        return None
    best, _ = tree.likeliest(probabilities)
    return float(tree.holds(best, truth).mean())


def _exact_accuracy(
    truth: NDArray[np.int64], probabilities: NDArray[np.floating[Any]], tree: Hierarchy
) -> float | None:
    if tree.flat or not np.isin(truth, tree.node_of_category).all():
        return None
    return float((tree.node_of_category[probabilities.argmax(axis=1)] == truth).mean())
