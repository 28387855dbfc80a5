"""Choosing categories and levels of a hierarchy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from shelfwise.datasets.dataset import LEVEL_SEPARATOR, Dataset
from shelfwise.errors import LayoutError
from shelfwise.text import nearest, some

__all__ = ["at_depth", "match_category", "with_chosen"]


def at_depth(dataset: Dataset, depth: int) -> Dataset:
    """The same photos, with category names cut to their first ``depth`` levels."""
    cut = [LEVEL_SEPARATOR.join(name.split(LEVEL_SEPARATOR)[:depth]) for name in dataset.categories]
    names = list(dict.fromkeys(cut))
    label = {name: index for index, name in enumerate(names)}
    samples = tuple(replace(sample, label=label[cut[sample.label]]) for sample in dataset.samples)
    return replace(dataset, categories=tuple(names), samples=samples)


def with_chosen(dataset: Dataset, names: Sequence[str]) -> Dataset:
    """Only the samples of the named categories, labelled in the order of ``names``.

    Raises:
        LayoutError: a name is unknown, matches several categories, or is given twice.
    """
    chosen = [match_category(name, dataset.categories) for name in names]
    if not chosen:
        raise LayoutError("no category is chosen; name at least one, or leave the choice out")
    twice = [name for name in chosen if chosen.count(name) > 1]
    if twice:
        raise LayoutError(f"the category {twice[0]!r} is chosen twice")
    return dataset.with_classes(chosen)


def match_category(name: str, categories: Sequence[str]) -> str:
    """The category that ``name`` means: its full name, or its last levels where only one ends so.

    Upper and lower case count only where they are all that tells two categories apart.

    Raises:
        LayoutError: no category is meant, or several are.
    """
    for fold in (str, str.casefold):
        wanted = fold(name)
        full = [category for category in categories if fold(category) == wanted]
        ends = [category for category in categories if fold(category).endswith(LEVEL_SEPARATOR + wanted)]
        for found in (full, ends):
            if len(found) == 1:
                return found[0]
            if found:
                raise LayoutError(f"{name!r} means several categories: {some(found)}; give the full name")
    raise LayoutError(f"no category {name!r}; {_hint(name, categories)}")


def _hint(name: str, categories: Sequence[str]) -> str:
    last_levels = {category.rpartition(LEVEL_SEPARATOR)[2]: category for category in categories}
    known = last_levels | {category: category for category in categories}
    near = nearest(name, known)
    if near:
        return f"did you mean {known[near]!r}?"
    return f"there are {len(categories)}: {some(categories, 10)}"
