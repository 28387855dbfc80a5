"""Photos that are there more than once: plainly, under several labels, or in several parts of a split."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from shelfwise.datasets.checks import limits
from shelfwise.datasets.checks.hashing import Pair, connected, near_pairs, similarities
from shelfwise.datasets.checks.report import Finding
from shelfwise.datasets.checks.survey import Survey

__all__ = ["find_box_conflicts", "find_identical", "find_near", "near_duplicates", "sample_groups"]


def find_identical(survey: Survey) -> Iterator[Finding]:
    """Byte-identical photos, and what of them is in conflict; a single file listed twice counts too."""
    for group in survey.identical:
        categories = sorted(_categories(survey, group))
        parts = sorted(frozenset[str]().union(*(survey.in_parts[index] for index in group)))
        if len(categories) > 1:
            yield survey.finding("label-conflict", " and ".join(categories), group)
        if len(parts) > 1:
            yield survey.finding("leakage", f"in {' and '.join(parts)}", group)
        if len(group) > 1:
            yield survey.finding("duplicates", f"{len(group)} identical files", group)


def find_box_conflicts(survey: Survey) -> Iterator[Finding]:
    """One and the same box under several labels."""
    labels: defaultdict[str, set[str]] = defaultdict(set)
    photos: dict[str, int] = {}
    for sample, photo in zip(survey.dataset.samples, survey.photo_of, strict=True):
        if sample.box is not None:
            labels[sample.key].add(survey.dataset.categories[sample.label])
            photos[sample.key] = photo
    for key, names in labels.items():
        if len(names) > 1:
            message = f"one box is {' and '.join(sorted(names))}"
            yield survey.finding("label-conflict", message, [photos[key]])


def _categories(survey: Survey, group: Sequence[int]) -> frozenset[str]:
    """The categories that whole photos of a group are filed under."""
    return frozenset[str]().union(*(survey.categories[i] for i in group if i not in survey.boxed))


def near_duplicates(survey: Survey) -> list[Pair]:
    """Pairs of photos that are nearly but not byte for byte the same; one photo stands for its copies."""
    indices = [group[0] for group in survey.identical if survey.facts[group[0]].phash is not None]
    hashes = np.array([survey.facts[index].phash for index in indices], dtype=np.uint64)
    pairs = near_pairs(hashes, limits.NEAR_DISTANCE)
    if not len(pairs):
        return []
    thumbnails = np.stack(
        [facts.thumbnail for index in indices if (facts := survey.facts[index]).thumbnail is not None]
    )
    alike = similarities(thumbnails, pairs)
    return [
        Pair(indices[first], indices[second], float(similarity))
        for (first, second), similarity in zip(pairs.tolist(), alike, strict=True)
        if similarity >= limits.NEAR_SIMILARITY
    ]


def find_near(survey: Survey, pairs: Sequence[Pair]) -> Iterator[Finding]:
    """Groups of nearly identical photos, and what of them is in conflict."""
    yield from _groups(survey, "near-duplicates", pairs)
    conflicts = [pair for pair in pairs if _labels_differ(survey, pair)]
    yield from _groups(survey, "near-label-conflict", conflicts)
    leaks = [pair for pair in pairs if len(survey.in_parts[pair.first] | survey.in_parts[pair.second]) > 1]
    yield from _groups(survey, "near-leakage", leaks)


def _labels_differ(survey: Survey, pair: Pair) -> bool:
    if pair.similarity < limits.LABEL_SIMILARITY or {pair.first, pair.second} & survey.boxed:
        return False
    return not survey.categories[pair.first] & survey.categories[pair.second]


def _groups(survey: Survey, kind: str, pairs: Sequence[Pair]) -> Iterator[Finding]:
    """One finding for each group of photos that pairs connect, the most alike first."""
    component = connected(len(survey.facts), ((pair.first, pair.second) for pair in pairs))
    members: defaultdict[int, set[int]] = defaultdict(set)
    least: dict[int, float] = {}
    for pair in pairs:
        name = component[pair.first]
        members[name] |= {pair.first, pair.second}
        least[name] = min(pair.similarity, least.get(name, 1.0))
    for name in sorted(members, key=lambda name: -least[name]):
        photos = sorted(members[name])
        message = f"{len(photos)} photos, similarity {least[name]:.2f}"
        yield survey.finding(kind, message, photos, least[name])


def sample_groups(survey: Survey, pairs: Sequence[Pair] = ()) -> tuple[int, ...]:
    """For each sample the number of its photo's group: identical photos, and those that pairs connect."""
    links = [(group[0], other) for group in survey.identical for other in group[1:]]
    links += [(pair.first, pair.second) for pair in pairs]
    component = connected(len(survey.facts), links)
    return tuple(component[photo] for photo in survey.photo_of)
