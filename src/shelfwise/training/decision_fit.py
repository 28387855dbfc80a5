"""Thresholds for accept, ask and unknown, from photos that the network was not trained on."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shelfwise.hierarchy import Hierarchy
from shelfwise.inference.decision import deepest_sure
from shelfwise.inference.novelty import novelty_score
from shelfwise.rules import DecisionRule
from shelfwise.training.novelty_fit import Observed, fit_reference

__all__ = ["CONFIDENCE", "FittedDecision", "Observed", "fit_decision", "fit_thresholds", "wilson_upper"]

CONFIDENCE = 0.95
"""With which the share of errors of a level is bounded, one-sided."""
Z = round(NormalDist().inv_cdf(CONFIDENCE), 4)
"""Its quantile of the normal distribution."""
PRIOR_PHOTOS = 40
"""A category's own errors count as much as its level's when it has so many accepted validation photos."""
_LEAST = 0.5

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class FittedDecision:
    """A decision rule and the arrays that its novelty score compares with."""

    rule: DecisionRule
    reference: dict[str, NDArray[np.floating[Any]]]


def fit_decision(
    tree: Hierarchy,
    training: Observed,
    validation: Observed,
    probabilities: Floats,
    *,
    precision: float = 0.98,
    keep_known: float = 0.95,
    novelty: str = "combined",
    seed: int = 0,
) -> FittedDecision:
    """Fit everything that decides, on validation photos.

    The novelty score compares with training photos, of which the network has seen too much to fit a threshold to:
    that is the quantile ``keep_known`` over the validation photos. The thresholds of the nodes are then fitted to
    those validation photos that are not unknown, as :func:`fit_thresholds` says.

    Args:
        tree: of the model's categories.
        training: what the novelty score compares with.
        validation: photos that the network was not trained on.
        probabilities: of the validation photos, calibrated, (N, L).
        precision: share of the accepted answers that is to be right.
        keep_known: share of the validation photos that are not to be unknown.
        novelty: name of the novelty score.
        seed: of the choice of training photos where there are too many to keep.

    Raises:
        ValueError: there are no photos of a part.
    """
    if len(validation.labels) == 0:
        raise ValueError("no validation photo to fit to")
    reference = fit_reference(novelty, training, validation, seed=seed)
    scores = novelty_score(novelty, reference)(validation.logits, validation.embeddings)
    limit = float(np.quantile(scores, keep_known, method="higher"))
    nodes = tree.node_probabilities(probabilities)
    truth = tree.node_of_category[validation.labels]
    thresholds = fit_thresholds(tree, nodes, truth, scores <= limit, precision)
    rule = DecisionRule(
        precision=precision,
        keep_known=keep_known,
        levels=list(tree.levels),
        thresholds={
            path: None if np.isinf(value) else float(value)
            for path, value in zip(tree.nodes, thresholds, strict=True)
        },
        novelty=novelty,
        novelty_threshold=limit,
    )
    return FittedDecision(rule, reference)


def fit_thresholds(
    tree: Hierarchy,
    nodes: NDArray[np.float64],
    truth: Ints,
    known: NDArray[np.bool_],
    precision: float,
) -> NDArray[np.float64]:
    """The smallest probability of each node above which enough of its answers are right.

    Levels are fitted from the deepest up, each on the photos that no deeper node answers, since only these get an
    answer of that level. An answer is right if the truth is at the node or under it.

    Within a level, the share of errors of all nodes together above a threshold is bounded from above by Wilson's
    interval (1927). A node's own share is drawn towards that bound, as if it had been seen on
    :data:`PRIOR_PHOTOS` photos more: categories with few validation photos so get the threshold of their level,
    those with many their own. The node's threshold is the smallest at which that share is at most
    ``1 - precision``, never below one half, and infinite where there is none.

    Args:
        tree: M nodes.
        nodes: their calibrated probabilities, (N, M).
        truth: index of the true node, (N,).
        known: photos that are not taken for unknown, (N,).
        precision: share of right answers to reach.

    Returns:
        float64 array (M,).
    """
    thresholds = np.full(len(tree), np.inf)
    left = known.copy()
    for depth in range(len(tree.levels) - 1, -1, -1):
        members = np.flatnonzero(tree.depth == depth)
        best = members[nodes[:, members].argmax(axis=1)]
        sure = nodes[np.arange(len(nodes)), best]
        wrong = ~tree.holds(best, truth)
        seen = left & (sure >= _LEAST)
        level = _Curve.of(sure[seen], wrong[seen])
        for node in members:
            own = _Curve.of(sure[seen & (best == node)], wrong[seen & (best == node)])
            thresholds[node] = _threshold(own, level, 1 - precision)
        answered = deepest_sure(tree, nodes, np.where(tree.depth == depth, thresholds, np.inf))
        left &= answered < 0
    return thresholds


@dataclass(frozen=True, slots=True, eq=False)
class _Curve:
    """Photos by falling probability: how many errors there are among the first."""

    sure: NDArray[np.float64]
    errors: NDArray[np.int64]

    @classmethod
    def of(cls, sure: NDArray[np.float64], wrong: NDArray[np.bool_]) -> _Curve:
        order = np.argsort(-sure, kind="stable")
        return cls(sure[order], np.concatenate([[0], np.cumsum(wrong[order])]))

    def above(self, thresholds: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Photos and errors at or above each threshold."""
        count = np.searchsorted(-self.sure, -thresholds, side="right")
        return count, self.errors[count]


def _threshold(own: _Curve, level: _Curve, allowed: float) -> float:
    # Where the level has no photo of this node, its threshold still is one that the level's photos show.
    tried = np.unique(np.concatenate([level.sure, own.sure]))
    if not len(tried):
        return float("inf")
    count, errors = own.above(tried)
    all_count, all_errors = level.above(tried)
    prior = wilson_upper(all_errors, all_count)
    share = (errors + PRIOR_PHOTOS * prior) / (count + PRIOR_PHOTOS)
    fits = np.flatnonzero(share <= allowed)
    if not len(fits):
        return float("inf")
    # Downwards to the next half of a ten-thousandth: what is finer is noise, and differs with the order of a sum.
    return max(_LEAST, float(np.floor(tried[fits[0]] * 2e4) / 2e4))


def wilson_upper(errors: Ints, count: Ints, z: float = Z) -> NDArray[np.float64]:
    """Upper end of Wilson's score interval for a share of errors; 1 where there are no photos.

    Wilson 1927, Probable inference, the law of succession, and statistical inference, J. Am. Stat. Assoc. 22.

    Args:
        errors: how many of the photos are wrong.
        count: how many photos there are.
        z: quantile of the normal distribution for the one-sided confidence.
    """
    n = np.maximum(np.asarray(count, dtype=np.float64), 1e-12)
    share = np.asarray(errors, dtype=np.float64) / n
    middle = share + z * z / (2 * n)
    spread = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    upper = (middle + spread) / (1 + z * z / n)
    result: NDArray[np.float64] = np.where(np.asarray(count) > 0, np.minimum(upper, 1.0), 1.0)
    return result
