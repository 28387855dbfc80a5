"""What each photo was taken for, and how that compares with what it is, at the level that its label tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shelfwise.hierarchy import Hierarchy

__all__ = ["Verdicts", "answers_right", "judge"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts:
    """N photos, compared with the truth.

    Attributes:
        categories: the model's categories in label order, then the wider nodes that a photo is of or was taken for
            (C in all).
        truth, predicted: int64 arrays (N,), indices into ``categories``.
        confidence: probability of what it was taken for, (N,).
        true_probability: that of the truth, (N,).
        rank: place of the truth among the answers, 0 for the first, (N,); equals in label order.
        brier: squared distance between probabilities and the one-hot truth, (N,).
    """

    categories: tuple[str, ...]
    truth: Ints
    predicted: Ints
    confidence: Floats
    true_probability: Floats
    rank: Ints
    brier: Floats

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether each photo was taken for what it is, (N,)."""
        right: NDArray[np.bool_] = self.predicted == self.truth
        return right


def judge(
    truth: NDArray[np.integer[Any]],
    probabilities: NDArray[np.floating[Any]],
    tree: Hierarchy,
    depths: NDArray[np.integer[Any]] | None = None,
) -> Verdicts:
    """Take each photo for the likeliest node of one level, and compare that with what it is.

    Args:
        truth: index of each photo's true node, (N,).
        probabilities: of the model's L categories, (N, L).
        tree: their hierarchy.
        depths: the level at which each photo's answer is looked for, (N,), whose nodes
            (:meth:`~shelfwise.hierarchy.Hierarchy.at_depth`) hold the truth; by default the level of the truth.
    """
    count = len(truth)
    levels = tree.depth[truth] if depths is None else np.asarray(depths)
    predicted, rank = np.empty(count, np.int64), np.empty(count, np.int64)
    confidence, own, brier = (np.empty(count) for _ in range(3))
    for depth in np.unique(levels):
        photos = np.flatnonzero(levels == depth)
        nodes, scores = tree.at_depth(probabilities[photos], int(depth))
        place = (truth[photos][:, None] == nodes[None, :]).argmax(axis=1)
        rows, best = np.arange(len(photos)), scores.argmax(axis=1)
        predicted[photos], confidence[photos] = nodes[best], scores[rows, best]
        own[photos], rank[photos] = scores[rows, place], _rank(scores, place)
        brier[photos] = ((scores - np.eye(len(nodes))[place]) ** 2).sum(axis=1)
    names, position = _listed(tree, np.concatenate([truth, predicted]))
    return Verdicts(names, position[truth], position[predicted], confidence, own, rank, brier)


def answers_right(
    tree: Hierarchy,
    answered: NDArray[np.integer[Any]],
    truth: NDArray[np.integer[Any]],
    coarse: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Whether each answer is right, as far as the photo's label tells.

    It is right if the true node is the answered one or lies under it. An answer more exact than the truth is wrong
    where the set tells what is more exact: a joined set's photo of ``drinks/juice`` is of no variety that it knows.
    Where the set tells nothing under the true node (coarse), nobody can say that such an answer is wrong, and it is
    right.

    Args:
        tree: of the model's categories.
        answered: indices of the answered nodes, (N,); -1 for none, which is never right.
        truth: indices of the true nodes, (N,).
        coarse: bool array (N,), photos that are labelled by a set which tells nothing under their true node
            (:class:`~shelfwise.workflows.matching.Matched`).
    """
    return tree.holds(answered, truth) | (coarse & tree.holds(truth, answered))


def _listed(tree: Hierarchy, occurring: NDArray[np.integer[Any]]) -> tuple[tuple[str, ...], Ints]:
    """The categories of :class:`Verdicts`, and the place of each node among them."""
    labels = len(tree.categories)
    wider = np.intersect1d(tree.labels_first[labels:], occurring)
    listed = np.concatenate([tree.node_of_category, wider])
    position = np.full(len(tree), -1)
    position[listed] = np.arange(len(listed))
    return tuple(tree.nodes[node] for node in listed), position


def _rank(scores: Floats, truth: Ints) -> Ints:
    """Place of the true answer, 0 for first; equals in the order of the columns, as in ``Prediction.top``."""
    own = scores[np.arange(len(truth)), truth][:, None]
    earlier = np.arange(scores.shape[1])[None, :] < truth[:, None]
    ahead: Ints = ((scores > own) | ((scores == own) & earlier)).sum(axis=1)
    return ahead
