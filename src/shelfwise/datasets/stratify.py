"""Dividing samples into parts so that each category keeps its share and groups stay whole."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from shelfwise.datasets.dataset import Dataset
from shelfwise.errors import SplitError

__all__ = ["divide", "targets"]


def divide(
    dataset: Dataset,
    indices: Sequence[int],
    groups: Sequence[int],
    fractions: Sequence[float],
    seed: int,
    *,
    elsewhere: Collection[int] = (),
) -> list[list[int]]:
    """Divide samples into parts: each category by ``fractions``, each group into one part.

    Where every group is one sample, each category gets exactly :func:`targets`. Larger groups are placed
    where they are most lacked (iterative stratification: Sechidis et al. 2011, "On the stratification of
    multi-label data", with groups as examples), so counts are then as near as the groups allow.

    The order of chance comes from a hash of seed and sample key, so that it is the same on every machine and
    a photo added later does not reshuffle the others.

    Args:
        dataset: where the samples are from.
        indices: which of its samples to divide.
        groups: a group number for each sample of the dataset.
        fractions: share of each part, summing to 1; a part with share 0 stays empty.
        seed: of the order of chance.
        elsewhere: labels of categories that need not be in every part.

    Returns:
        The parts' sample indices, ascending.

    Raises:
        SplitError: a category has too few photos, or too few different ones, to be in every part.
    """
    members: dict[int, list[int]] = defaultdict(list)
    for index in indices:
        members[groups[index]].append(index)
    state = _State(
        labels={group: Counter(dataset.samples[i].label for i in its) for group, its in members.items()},
        order={
            group: min(_chance(seed, dataset.samples[i].key) for i in its) for group, its in members.items()
        },
        parts=[part for part, fraction in enumerate(fractions) if fraction > 0],
    )
    _refuse_small(dataset, state, elsewhere)
    counts = Counter(dataset.samples[index].label for index in indices)
    for label, count in counts.items():
        for part, target in enumerate(targets(count, fractions)):
            state.lacking[label, part] = target
    _place(state)
    _fill_gaps(state)
    result: list[list[int]] = [[] for _ in fractions]
    for group, part in state.placed.items():
        result[part] += members[group]
    return [sorted(part) for part in result]


def targets(count: int, fractions: Sequence[float]) -> list[int]:
    """How many of ``count`` samples each part gets: largest remainders, and one at least where it can be.

    Each number is within one of ``count * fraction``, unless a part's only sample must come from another's.
    """
    ideal = [count * fraction for fraction in fractions]
    # The small term keeps 0.7 * 10 = 6.999… from being taken for 6.
    result = [int(share + 1e-9) for share in ideal]
    by_remainder = sorted(range(len(ideal)), key=lambda part: (result[part] - ideal[part], result[part]))
    for part in by_remainder[: count - sum(result)]:
        result[part] += 1
    wanted = [part for part, fraction in enumerate(fractions) if fraction > 0]
    for part in wanted if count >= len(wanted) else ():
        if result[part] == 0:
            donors = (other for other in wanted if result[other] > 1)
            result[max(donors, key=lambda other: result[other] - ideal[other])] -= 1
            result[part] = 1
    return result


@dataclass
class _State:
    """Groups, where they lie so far, and what each part still lacks of each category."""

    labels: Mapping[int, Counter[int]]
    order: Mapping[int, bytes]
    parts: Sequence[int]
    lacking: dict[tuple[int, int], int] = field(default_factory=dict)
    placed: dict[int, int] = field(default_factory=dict)

    def groups_of(self) -> dict[int, list[int]]:
        """Each category's groups, larger ones first, equals in the order of chance."""
        result: dict[int, list[int]] = defaultdict(list)
        for group in sorted(self.labels, key=lambda group: (-self.labels[group].total(), self.order[group])):
            for label in self.labels[group]:
                result[label].append(group)
        return result

    def put(self, group: int, part: int) -> None:
        """Place a group, or move it from where it lies."""
        before = self.placed.get(group)
        self.placed[group] = part
        for label, count in self.labels[group].items():
            self.lacking[label, part] -= count
            if before is not None:
                self.lacking[label, before] += count


def _chance(seed: int, key: str) -> bytes:
    return hashlib.sha256(f"{seed}\n{key}".encode(errors="surrogateescape")).digest()


def _refuse_small(dataset: Dataset, state: _State, elsewhere: Collection[int]) -> None:
    different = Counter(label for labels in state.labels.values() for label in labels)
    samples: Counter[int] = Counter()
    for labels in state.labels.values():
        samples += labels
    need = len(state.parts)
    small = [
        f"{name!r} ({samples[label]} photos, {different[label]} different)"
        for label, name in enumerate(dataset.categories)
        if different[label] < need and label not in elsewhere
    ]
    if small:
        raise SplitError(
            f"{dataset.root}: too few photos to be in each of {need} parts: {', '.join(small)}; "
            f"{need} different ones a category are needed: add some, or leave the category out"
        )


def _place(state: _State) -> None:
    """Rarest category first, each of its groups goes to the part that lacks most of that category."""
    groups_of = state.groups_of()
    left = {label: len(groups) for label, groups in groups_of.items()}
    while left:
        rarest = min(left, key=lambda label: (left[label], label))
        for group in groups_of[rarest]:
            if group in state.placed:
                continue
            state.put(group, max(state.parts, key=lambda part: _lack(state, group, rarest, part)))
            for label in state.labels[group]:
                left[label] -= 1
        del left[rarest]


def _lack(state: _State, group: int, label: int, part: int) -> tuple[int, int, int]:
    """How much a part lacks a group: of the category in hand, then of all its categories; or the first."""
    return state.lacking[label, part], sum(state.lacking[other, part] for other in state.labels[group]), -part


def _fill_gaps(state: _State) -> None:
    """Move a group into each part that has none of a category, where no other gap is torn by that."""
    groups_of = state.groups_of()
    held = Counter((label, state.placed[group]) for group, labels in state.labels.items() for label in labels)
    for label, groups in sorted(groups_of.items()):
        for part in state.parts:
            if held[label, part]:
                continue
            movable = [
                group
                for group in groups
                if all(held[one, state.placed[group]] > 1 for one in state.labels[group])
            ]
            if not movable:
                continue
            group = min(movable, key=lambda group: (state.labels[group].total(), state.order[group]))
            for one in state.labels[group]:
                held[one, state.placed[group]] -= 1
                held[one, part] += 1
            state.put(group, part)
