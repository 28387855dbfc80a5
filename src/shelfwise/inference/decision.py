"""Whether to rely on a prediction: accept, ask or unknown, and how deep in the hierarchy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shelfwise.errors import ModelError
from shelfwise.hierarchy import Hierarchy
from shelfwise.inference.novelty import NoveltyScore, novelty_score
from shelfwise.rules import DecisionRule
from shelfwise.types import AnswerKind, Candidate, Decision

__all__ = ["CANDIDATES", "DecisionMaker", "deepest_sure"]

CANDIDATES = 3
"""How many categories a question names."""

Floats = NDArray[np.floating[Any]]


class DecisionMaker:
    """Decides for batches of photos.

    A photo whose novelty is above its threshold is ``unknown``. Otherwise the answer is the deepest node whose
    calibrated probability reaches the node's threshold. That is accepted where it says what the product is: at the
    level of categories or deeper, or a category with none under it. Where only a wider node or none is sure, the
    answer is to ask, with the likeliest categories.

    Args:
        hierarchy: the tree of the model's categories.
        thresholds: of each node, float array (M,), in the order of the nodes; infinite: never.
        novelty: the novelty score.
        novelty_threshold: above it a photo is unknown.
    """

    def __init__(
        self,
        hierarchy: Hierarchy,
        thresholds: NDArray[np.float64],
        novelty: NoveltyScore,
        novelty_threshold: float,
    ) -> None:
        if thresholds.shape != (len(hierarchy),) or (thresholds < 0.5).any():
            raise ValueError("each node needs a threshold of at least one half")
        self.hierarchy = hierarchy
        self.thresholds = thresholds
        self.novelty = novelty
        self.novelty_threshold = novelty_threshold
        self._asked = np.flatnonzero(hierarchy.is_question)

    @classmethod
    def from_rule(
        cls, rule: DecisionRule, reference: Mapping[str, Floats], categories: Sequence[str]
    ) -> DecisionMaker:
        """As a bundle says.

        Raises:
            ModelError: the rule does not fit the categories, or the reference not the rule.
        """
        try:
            tree = rule.hierarchy(tuple(categories))
        except ValueError as error:
            raise ModelError(f"decision rule: {error}") from error
        values = [rule.thresholds[node] for node in tree.nodes]
        thresholds = np.array([np.inf if value is None else value for value in values])
        return cls(tree, thresholds, novelty_score(rule.novelty, reference), rule.novelty_threshold)

    def decide(self, logits: Floats, probabilities: Floats, embeddings: Floats) -> list[Decision]:
        """Decide for each of N photos.

        Args:
            logits: (N, L), as the network gives them.
            probabilities: (N, L), calibrated.
            embeddings: (N, D).

        Raises:
            ModelError: the network's embeddings are not such as the reference was made from.
        """
        try:
            novelty = self.novelty(logits, embeddings)
        except ValueError as error:
            raise ModelError(f"embeddings of shape {embeddings.shape} do not fit the reference") from error
        if not np.isfinite(novelty).all():
            raise ModelError("the novelty of a photo is NaN or infinite")
        nodes = self.hierarchy.node_probabilities(probabilities)
        sure = deepest_sure(self.hierarchy, nodes, self.thresholds)
        strange = novelty > self.novelty_threshold
        likeliest = np.argsort(-nodes[:, self._asked], axis=1, kind="stable")[:, :CANDIDATES]
        return [
            self._decision(nodes[i], int(sure[i]), bool(strange[i]), float(novelty[i]), likeliest[i])
            for i in range(len(nodes))
        ]

    def _decision(
        self,
        nodes: NDArray[np.float64],
        sure: int,
        strange: bool,
        novelty: float,
        likeliest: NDArray[np.int64],
    ) -> Decision:
        tree = self.hierarchy
        candidates = tuple(
            Candidate(tree.nodes[i], min(float(nodes[i]), 1.0)) for i in self._asked[likeliest]
        )
        if strange:
            return Decision("unknown", None, None, None, novelty, candidates)
        if sure < 0:
            return Decision("ask", None, None, None, novelty, candidates)
        answer: AnswerKind = "accept" if tree.is_answer[sure] else "ask"
        level = tree.levels[int(tree.depth[sure])]
        probability = min(float(nodes[sure]), 1.0)
        return Decision(
            answer,
            tree.nodes[sure],
            level,
            probability,
            novelty,
            candidates if answer == "ask" else (),
        )


def deepest_sure(
    hierarchy: Hierarchy, nodes: NDArray[np.float64], thresholds: NDArray[np.float64]
) -> NDArray[np.int64]:
    """The deepest node whose probability reaches its threshold.

    No two nodes of a level can be above one half, so that at most one of a level passes, and the deepest is on the
    likeliest way down; of two at exactly one half it is the first.

    Args:
        hierarchy: the tree, with M nodes.
        nodes: their probabilities, (N, M).
        thresholds: (M,), each at least one half.

    Returns:
        Index of the node for each photo, -1 where none passes.
    """
    passing = nodes >= thresholds
    depth = np.where(passing, hierarchy.depth, -1)
    deepest = depth.argmax(axis=1)
    return np.where(passing.any(axis=1), deepest, -1).astype(np.int64)
