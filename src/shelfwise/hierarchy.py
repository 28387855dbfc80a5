"""The tree that category names such as ``fruit/apple/granny-smith`` span, and probabilities of its nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ANSWER_LEVEL", "DEFAULT_LEVELS", "SEPARATOR", "Hierarchy", "counts_words"]

SEPARATOR = "/"
"""Between the levels of a category's name."""
DEFAULT_LEVELS = ("department", "category", "variety")
"""Names of the levels, the widest first."""
ANSWER_LEVEL = "category"
"""The level from which on a name says what a product is."""


@dataclass(frozen=True)
class Hierarchy:
    """All levels of a model's categories as one tree.

    Nodes are all beginnings of the categories' paths, parents before their children, equals by name, so that their
    order does not depend on that of the categories. A category may itself have others under it: ``drinks/juice`` is
    then a juice of no known variety, and its node stands for that and for all varieties.

    Attributes:
        categories: the names in label order (L of them).
        levels: names of the levels, the widest first.
        nodes: paths of the nodes (M of them).
        depth: int64 array (M,); 0 is the widest level.
        parent: int64 array (M,), index of the node above, -1 where there is none.
    """

    categories: tuple[str, ...]
    levels: tuple[str, ...]
    nodes: tuple[str, ...] = field(init=False)
    depth: NDArray[np.int64] = field(init=False, compare=False)
    parent: NDArray[np.int64] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        paths = [tuple(name.split(SEPARATOR)) for name in self.categories]
        if not paths or len(set(paths)) != len(paths):
            raise ValueError("a hierarchy needs categories, each named once")
        ordered = sorted({path[: i + 1] for path in paths for i in range(len(path))})
        ordered.sort(key=len)
        position = {path: i for i, path in enumerate(ordered)}
        if len(ordered[-1]) > len(self.levels) or len(set(self.levels)) != len(self.levels):
            raise ValueError(f"{len(ordered[-1])} levels of categories need as many names, each given once")
        object.__setattr__(self, "nodes", tuple(SEPARATOR.join(path) for path in ordered))
        object.__setattr__(self, "depth", np.array([len(path) - 1 for path in ordered], np.int64))
        object.__setattr__(self, "parent", np.array([position.get(p[:-1], -1) for p in ordered], np.int64))

    @classmethod
    def from_categories(cls, categories: Sequence[str], levels: Sequence[str] = DEFAULT_LEVELS) -> Hierarchy:
        """The tree of category names whose levels are joined by ``/``.

        Args:
            categories: names in label order, each once.
            levels: names of the levels, the widest first; those that no category reaches are left out, and
                deeper ones are called ``level 4`` and so on. Names without levels have one, ``category``.

        Raises:
            ValueError: there is no category, one is named twice, or two levels have one name.
        """
        deepest = max((name.count(SEPARATOR) + 1 for name in categories), default=0)
        names = (ANSWER_LEVEL,) if deepest == 1 else tuple(levels[:deepest])
        names += tuple(f"level {number}" for number in range(len(names) + 1, deepest + 1))
        return cls(tuple(categories), names)

    def __len__(self) -> int:
        return len(self.nodes)

    @property
    def flat(self) -> bool:
        """Whether no name has levels, so that nodes and categories are the same."""
        return len(self.levels) == 1

    @cached_property
    def index(self) -> dict[str, int]:
        """Position of each node by its path."""
        return {path: i for i, path in enumerate(self.nodes)}

    @cached_property
    def node_of_category(self) -> NDArray[np.int64]:
        """int64 array (L,): the node of each category, in label order."""
        return np.array([self.index[name] for name in self.categories], np.int64)

    @cached_property
    def labels_first(self) -> NDArray[np.int64]:
        """int64 array (M,): all nodes, those of the categories first, in label order, then the others."""
        own = self.node_of_category
        return np.concatenate([own, np.setdiff1d(np.arange(len(self)), own)])

    @cached_property
    def under(self) -> NDArray[np.bool_]:
        """bool array (M, L): whether a category is at a node or under it."""
        under = np.zeros((len(self.nodes), len(self.categories)), bool)
        at, labels = self.node_of_category.copy(), np.arange(len(self.categories))
        while len(labels):
            under[at, labels] = True
            above = self.parent[at]
            at, labels = above[above >= 0], labels[above >= 0]
        return under

    @property
    def answer_depth(self) -> int:
        """Depth of the level ``category``, or of the deepest level where none is called that."""
        return self.levels.index(ANSWER_LEVEL) if ANSWER_LEVEL in self.levels else len(self.levels) - 1

    @cached_property
    def is_answer(self) -> NDArray[np.bool_]:
        """bool array (M,): nodes that answer what a product is: at the level ``category`` or deeper, or an end."""
        inner = np.zeros(len(self.nodes), bool)
        inner[self.parent[self.parent >= 0]] = True
        answers: NDArray[np.bool_] = (self.depth >= self.answer_depth) | ~inner
        return answers

    @cached_property
    def is_question(self) -> NDArray[np.bool_]:
        """bool array (M,): the widest nodes that answer; together they hold every category but a wider one itself."""
        answers = self.is_answer
        wide: NDArray[np.bool_] = answers & ((self.parent < 0) | ~answers[self.parent])
        return wide

    @property
    def counts(self) -> tuple[int, int]:
        """How many categories there are, as :attr:`is_question` tells them, and how many varieties under them."""
        categories = int(self.is_question.sum())
        return categories, int(self.is_answer.sum()) - categories

    def level_of(self, node: str) -> str:
        """Name of a node's level. Raises KeyError where there is no such node."""
        return self.levels[int(self.depth[self.index[node]])]

    def children(self, node: str) -> tuple[str, ...]:
        """Paths of the nodes right under a node. Raises KeyError where there is no such node."""
        own = self.index[node]
        return tuple(path for path, above in zip(self.nodes, self.parent, strict=True) if above == own)

    def categories_under(self, node: str) -> tuple[str, ...]:
        """Categories at a node or under it, in label order. Raises KeyError where there is no such node."""
        return tuple(self.categories[i] for i in np.flatnonzero(self.under[self.index[node]]))

    def likeliest(
        self, probabilities: NDArray[np.floating[Any]]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The likeliest of the nodes that :attr:`is_question` names, usually the categories.

        Args:
            probabilities: shape (N, L), in label order.

        Returns:
            Index of the node and its probability for each photo, (N,); the first of equals.
        """
        asked = np.flatnonzero(self.is_question)
        nodes = self.node_probabilities(probabilities)[:, asked]
        best = nodes.argmax(axis=1)
        return asked[best], nodes[np.arange(len(nodes)), best]

    def node_probabilities(self, probabilities: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Sum the categories' probabilities over each node.

        Args:
            probabilities: shape (N, L), in label order.

        Returns:
            float64 array of shape (N, M).
        """
        if probabilities.ndim != 2 or probabilities.shape[1] != len(self.categories):
            raise ValueError(f"{len(self.categories)} categories, but shape {probabilities.shape}")
        return probabilities.astype(np.float64) @ self._sums

    def cut(self, nodes: NDArray[np.integer[Any]], depth: int) -> NDArray[np.int64]:
        """The nodes themselves, or where they lie deeper than ``depth`` the nodes above them that do not."""
        at = np.asarray(nodes, dtype=np.int64).copy()
        while (deep := self.depth[at] > depth).any():
            at[deep] = self.parent[at[deep]]
        return at

    def at_depth(
        self, probabilities: NDArray[np.floating[Any]], depth: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """What there is to choose from where names end at a level, and how likely each of it is.

        Categories that end above the level stand for themselves alone: below ``drinks/juice`` that is the juice of no
        known variety, beside its varieties.

        Args:
            probabilities: shape (N, L), in label order.
            depth: 0 for the widest level.

        Returns:
            Indices of the K nodes, in the order of their first category, and their probabilities, (N, K), which sum
            to 1 in each row.
        """
        ends = self.cut(self.node_of_category, depth)
        chosen = np.array(list(dict.fromkeys(ends.tolist())), np.int64)
        member = (ends[:, None] == chosen[None, :]).astype(np.float64)
        return chosen, probabilities.astype(np.float64) @ member

    def holds(self, nodes: NDArray[np.integer[Any]], truth: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
        """Whether each true node is at or under the answered one of the same place: whether the answer is right.

        An answer deeper than the truth is not right: who only knows that it is a juice knows no variety.

        Args:
            nodes: indices of the answered nodes, -1 for none (which is never right).
            truth: indices of the true nodes.
        """
        right = np.zeros(len(nodes), bool)
        at = np.asarray(truth, dtype=np.int64).copy()
        while (at >= 0).any():
            right |= (at == nodes) & (at >= 0)
            at = np.where(at >= 0, self.parent[at], -1)
        return right

    @cached_property
    def _sums(self) -> NDArray[np.float64]:
        return np.ascontiguousarray(self.under.T.astype(np.float64))


def counts_words(categories: int, varieties: int) -> str:
    """What a model knows, in words: ``66 categories and 55 varieties``."""
    words = f"{categories:,} categor{'y' if categories == 1 else 'ies'}"
    return f"{words} and {varieties:,} variet{'y' if varieties == 1 else 'ies'}" if varieties else words
