"""A dataset seen photo by photo: what every finder starts from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from shelfwise.datasets.checks.kinds import KINDS
from shelfwise.datasets.checks.photos import PhotoFacts, inspect_all
from shelfwise.datasets.checks.report import Finding, FoundPhoto
from shelfwise.datasets.dataset import Dataset

__all__ = ["Survey", "survey"]


@dataclass(frozen=True)
class Survey:
    """A dataset with the facts of each of its photo files.

    Attributes:
        dataset: the dataset.
        parts: the parts of the split in use, by name: indices of samples.
        facts: one entry for each distinct photo, in the order of the samples.
        photo_of: for each sample the index of its photo in ``facts``.
        apart: for photos without samples the parts that they are in, by path; they come last in ``facts``.
    """

    dataset: Dataset
    parts: Mapping[str, Sequence[int]]
    facts: tuple[PhotoFacts, ...]
    photo_of: tuple[int, ...]
    apart: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @cached_property
    def categories(self) -> list[frozenset[str]]:
        """For each photo the categories of its samples."""
        names: list[set[str]] = [set() for _ in self.facts]
        for sample, photo in zip(self.dataset.samples, self.photo_of, strict=True):
            names[photo].add(self.dataset.categories[sample.label])
        return [frozenset(each) for each in names]

    @cached_property
    def in_parts(self) -> list[frozenset[str]]:
        """For each photo the parts of the split that its samples are in, or itself where it has none."""
        names: list[set[str]] = [set(self.apart.get(facts.path, ())) for facts in self.facts]
        for part, members in self.parts.items():
            for sample in members:
                names[self.photo_of[sample]].add(part)
        return [frozenset(each) for each in names]

    @cached_property
    def boxed(self) -> frozenset[int]:
        """Photos of which a sample is only a part: several categories on one of them are no conflict."""
        pairs = zip(self.dataset.samples, self.photo_of, strict=True)
        return frozenset(photo for sample, photo in pairs if sample.box is not None)

    @cached_property
    def identical(self) -> list[list[int]]:
        """Photos by content: groups of indices, each photo in one; photos without content stand alone."""
        groups: defaultdict[str, list[int]] = defaultdict(list)
        for index, facts in enumerate(self.facts):
            groups[facts.sha256 or f"no content {index}"].append(index)
        return list(groups.values())

    def photo(self, index: int) -> FoundPhoto:
        """A photo as findings show it."""
        return FoundPhoto(
            self.facts[index].path,
            tuple(sorted(self.categories[index])),
            tuple(sorted(self.in_parts[index])),
        )

    def finding(
        self, kind: str, message: str, photos: Iterable[int] = (), value: float | None = None
    ) -> Finding:
        """A finding about photos, of its kind's usual severity."""
        found = tuple(self.photo(index) for index in photos)
        names = dict.fromkeys(name for photo in found for name in photo.categories)
        return Finding(kind, KINDS[kind].severity, message, found, tuple(names), value)


def survey(
    dataset: Dataset,
    parts: Mapping[str, Sequence[int]],
    progress: Callable[[int, int], None] | None = None,
    apart: Mapping[str, frozenset[str]] | None = None,
) -> Survey:
    """Inspect every photo of a dataset once; ``apart`` names photos without samples, with their parts."""
    apart = apart or {}
    paths = list(dict.fromkeys([*(sample.path for sample in dataset.samples), *apart]))
    index_of = {path: index for index, path in enumerate(paths)}
    facts = tuple(inspect_all(dataset.root, paths, progress))
    return Survey(dataset, parts, facts, tuple(index_of[sample.path] for sample in dataset.samples), apart)
