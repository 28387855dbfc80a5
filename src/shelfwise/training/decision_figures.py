"""How good decisions are: what is accepted, how often that is right, and what is asked or unknown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shelfwise.hierarchy import Hierarchy
from shelfwise.training.calibration import retempered
from shelfwise.training.measures import (
    RiskCoverage,
    calibration_bins,
    expected_calibration_error,
    risk_coverage,
)
from shelfwise.training.verdicts import answers_right, judge
from shelfwise.types import Decision

__all__ = [
    "CategoryDecisions",
    "DecisionFigures",
    "UnknownFigures",
    "auroc",
    "measure_decisions",
    "measure_unknown",
]


@dataclass(frozen=True, slots=True)
class CategoryDecisions:
    """What became of one category's photos; ``right`` counts among the ``accepted``."""

    category: str
    photos: int
    accepted: int
    right: int
    asked: int
    unknown: int

    @property
    def precision(self) -> float | None:
        """Share of right answers among the accepted; None where there are none."""
        return self.right / self.accepted if self.accepted else None

    @property
    def coverage(self) -> float:
        """Share of the photos that are accepted."""
        return self.accepted / self.photos


@dataclass(frozen=True, slots=True, eq=False)
class DecisionFigures:
    """Decisions on labelled photos of known categories.

    Which accepted answers are right says :func:`~shelfwise.training.verdicts.answers_right`.

    Attributes:
        target: share of right answers that the thresholds were fitted for.
        total: of all photos.
        per_category: of each true category that occurs, in label order, wider ones last.
        by_level: accepted photos by the level of their answer.
        ece_before, ece_after: calibration error without and with the fitted temperature.
        curve: what answering at the level of categories above one threshold for all would cost and give.
    """

    target: float
    total: CategoryDecisions
    per_category: tuple[CategoryDecisions, ...]
    by_level: dict[str, int]
    ece_before: float
    ece_after: float
    curve: RiskCoverage

    def headline(self) -> dict[str, float]:
        """The single figures by name; without a precision where nothing is accepted."""
        total = self.total
        precision = {} if total.precision is None else {"accepted_precision": total.precision}
        return precision | {
            "accepted_coverage": total.coverage,
            "asked": total.asked / total.photos,
            "unknown": total.unknown / total.photos,
            "ece_before": self.ece_before,
        }

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that ``json`` can write."""
        curve = self.curve.thinned()
        return {
            "target": self.target,
            **{"accepted_precision": None, **self.headline()},
            "ece_after": self.ece_after,
            "accepted_by_level": dict(self.by_level),
            "per_category": [
                asdict(each) | {"precision": each.precision, "coverage": each.coverage}
                for each in self.per_category
            ],
            "curve": {
                "threshold": curve.threshold.tolist(),
                "coverage": curve.coverage.tolist(),
                "precision": (1 - curve.risk).tolist(),
            },
        }


@dataclass(frozen=True, slots=True)
class UnknownFigures:
    """Decisions on photos of things that the model never learned.

    Attributes:
        photos, unknown, asked, accepted: how many, and what became of them.
        auroc: probability that the novelty of such a photo is above that of a known one (ties count half).
        failed: photos that cannot be read.
    """

    photos: int
    unknown: int
    asked: int
    accepted: int
    auroc: float
    failed: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values."""
        return asdict(self)


def measure_decisions(
    decisions: Sequence[Decision],
    truth: NDArray[np.integer[Any]],
    probabilities: NDArray[np.floating[Any]],
    hierarchy: Hierarchy,
    *,
    coarse: NDArray[np.bool_] | None = None,
    target: float,
    temperature: float,
) -> DecisionFigures:
    """Compare decisions with the truth.

    Args:
        decisions: of N photos, N at least 1.
        truth: indices of the true nodes, (N,).
        probabilities: calibrated, (N, L).
        hierarchy: of the model's categories.
        coarse: bool array (N,), photos that are labelled by a set which tells nothing under their true node, so that
            an answer under it is right; by default none.
        target: share of right answers that the thresholds were fitted for.
        temperature: that the logits were divided by.
    """
    loose = np.zeros(len(truth), bool) if coarse is None else coarse
    answers = np.array([each.answer for each in decisions])
    answered = np.array([-1 if each.node is None else hierarchy.index[each.node] for each in decisions])
    right = answers_right(hierarchy, answered, truth, loose) & (answers == "accept")
    return DecisionFigures(
        target=target,
        total=_counts("all", answers, right, np.ones(len(answers), bool)),
        per_category=tuple(
            _counts(hierarchy.nodes[node], answers, right, truth == node)
            for node in hierarchy.labels_first
            if (truth == node).any()
        ),
        by_level={
            name: sum(1 for each in decisions if each.answer == "accept" and each.level == name)
            for name in hierarchy.levels
        },
        ece_before=_ece(truth, retempered(probabilities, 1 / temperature), hierarchy),
        ece_after=_ece(truth, probabilities, hierarchy),
        curve=_curve(hierarchy, probabilities, truth, loose),
    )


def measure_unknown(
    decisions: Sequence[Decision], known: Sequence[Decision], failed: int = 0
) -> UnknownFigures:
    """Compare decisions on photos of unlearned things with those on known ones; both need at least one."""
    answers = [each.answer for each in decisions]
    return UnknownFigures(
        photos=len(decisions),
        unknown=answers.count("unknown"),
        asked=answers.count("ask"),
        accepted=answers.count("accept"),
        auroc=auroc([each.novelty for each in decisions], [each.novelty for each in known]),
        failed=failed,
    )


def auroc(high: Sequence[float], low: Sequence[float]) -> float:
    """Probability that one of ``high`` is above one of ``low``, ties counting half.

    That is the area under the ROC curve, by the rank sum (Hanley and McNeil 1982, Radiology 143).
    """
    ordered = np.sort(np.asarray(low, dtype=np.float64))
    values = np.asarray(high, dtype=np.float64)
    below = np.searchsorted(ordered, values, side="left")
    not_above = np.searchsorted(ordered, values, side="right")
    return float((below + not_above).mean() / (2 * len(ordered)))


def _counts(
    name: str, answers: NDArray[np.str_], right: NDArray[np.bool_], chosen: NDArray[np.bool_]
) -> CategoryDecisions:
    mine = answers[chosen]
    counts = {kind: int((mine == kind).sum()) for kind in ("accept", "ask", "unknown")}
    return CategoryDecisions(
        name,
        len(mine),
        counts["accept"],
        int(right[chosen].sum()),
        counts["ask"],
        counts["unknown"],
    )


def _ece(
    truth: NDArray[np.integer[Any]], probabilities: NDArray[np.floating[Any]], hierarchy: Hierarchy
) -> float:
    verdicts = judge(truth, probabilities, hierarchy)
    return expected_calibration_error(calibration_bins(verdicts.confidence, verdicts.right))


def _curve(
    hierarchy: Hierarchy,
    probabilities: NDArray[np.floating[Any]],
    truth: NDArray[np.integer[Any]],
    coarse: NDArray[np.bool_],
) -> RiskCoverage:
    best, sure = hierarchy.likeliest(probabilities)
    return risk_coverage(sure, answers_right(hierarchy, best, truth, coarse))
