"""Which of a model's categories, or wider nodes of its hierarchy, the categories of a set of photos are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shelfwise.datasets.dataset import LEVEL_SEPARATOR, Dataset
from shelfwise.errors import DataError
from shelfwise.hierarchy import Hierarchy
from shelfwise.text import some

__all__ = ["Matched", "match_categories", "match_dataset"]


@dataclass(frozen=True, slots=True)
class Matched:
    """A dataset's categories in a model's hierarchy.

    Attributes:
        nodes: index of the node that each of the dataset's labels is, of those labels that occur and are known.
        coarse: nodes under which the dataset tells nothing apart, though the model may: photos labelled ``JUICE``
            by a set without kinds of juice.
    """

    nodes: dict[int, int]
    coarse: frozenset[int]

    def is_coarse(self, truth: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
        """Whether each of these true nodes is coarse, (N,)."""
        return np.isin(truth, sorted(self.coarse))


def match_dataset(
    dataset: Dataset, indices: Sequence[int], tree: Hierarchy, *, ignore_unknown: bool = False
) -> Matched:
    """Find the categories of some of a dataset's photos in a hierarchy, by :func:`match_categories`.

    Args:
        dataset: the photos.
        indices: which of them.
        tree: the hierarchy.
        ignore_unknown: leave out categories that are not in it.

    Raises:
        DataError: a category is not in it.
    """
    present = sorted({dataset.samples[i].label for i in indices})
    known = [tree.nodes[node] for node in tree.labels_first]
    matched = match_categories(dataset.categories, known)
    unknown = [dataset.categories[label] for label in present if dataset.categories[label] not in matched]
    if unknown and not ignore_unknown:
        raise DataError(
            f"{dataset.root}: the model does not know {some(map(repr, unknown), 8)}; "
            f"it knows {some(map(repr, known), 8)}. "
            "Leave these photos out with --ignore-unknown, or choose another --level"
        )
    names = {label: matched.get(dataset.categories[label]) for label in present}
    nodes = {label: tree.index[name] for label, name in names.items() if name is not None}
    told = set(matched.values())
    coarse = (node for node in nodes.values() if not _tells_more(tree.nodes[node], told))
    return Matched(nodes, frozenset(coarse))


def _tells_more(node: str, told: set[str]) -> bool:
    return any(name.startswith(node + LEVEL_SEPARATOR) for name in told)


def match_categories(names: Sequence[str], known: Sequence[str]) -> dict[str, str]:
    """Which of ``known`` each of ``names`` is; names that are none of them are missing from the result.

    A name is compared as it is, then without regard to case, then with ``_``, ``-`` and space as the same, then by
    its last level (``Fruit/Apple`` is ``apple``). A comparison that does not tell two names of a side apart counts
    for neither.
    """
    matched: dict[str, str] = {}
    for key in (str, str.casefold, _plain, _last_level):
        ours, theirs = _unique(known, key), _unique(names, key)
        for name in names:
            if name not in matched and key(name) in ours and key(name) in theirs:
                matched[name] = ours[key(name)]
    return matched


def _plain(name: str) -> str:
    return name.casefold().replace("_", "-").replace(" ", "-")


def _last_level(name: str) -> str:
    return _plain(name).rpartition(LEVEL_SEPARATOR)[2]


def _unique(names: Sequence[str], key: Callable[[str], str]) -> dict[str, str]:
    counts = Counter(key(name) for name in names)
    return {key(name): name for name in names if counts[key(name)] == 1}
