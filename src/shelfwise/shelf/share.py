"""How many facings each product and category has, and which share of the shelf that is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from shelfwise.shelf.facings import Facing, Run

__all__ = ["Share", "Tally", "board_length", "count_facings", "share_by_category"]


@dataclass(frozen=True, slots=True)
class Tally:
    """Facings of a shelf, counted.

    Attributes:
        products: facings of each product, most first.
        categories: facings of each category, most first; those of products too.
        asked: facings that somebody has to tell.
        unknown: facings like nothing that is known.
        total: all facings.
    """

    products: Mapping[str, int]
    categories: Mapping[str, int]
    asked: int
    unknown: int
    total: int

    @property
    def accepted(self) -> int:
        """Facings whose product or category is sure."""
        return self.total - self.asked - self.unknown


@dataclass(frozen=True, slots=True)
class Share:
    """What a category has of the shelf.

    Attributes:
        category: its name; None: all that is asked about, unknown, or a product without category.
        facings: how many it has.
        by_count: their share of all facings, 0 to 1.
        linear: their share of the length of the boards that is in use (linear share of shelf): widths of what stands
            on the board, without what stands on that, and without gaps; 0 to 1.
    """

    category: str | None
    facings: int
    by_count: float
    linear: float


def count_facings(facings: Sequence[Facing], runs: Sequence[Run]) -> Tally:
    """Count facings by what their run is, which is what each of them is: doubtful ones count as nothing.

    Args:
        facings: of a shelf.
        runs: their runs.
    """
    products: Counter[str] = Counter()
    categories: Counter[str] = Counter()
    answers: Counter[str] = Counter()
    for run in runs:
        answers[run.named.answer] += len(run)
        if run.named.answer != "accept":
            continue
        if run.named.product is not None:
            products[run.named.product] += len(run)
        if run.named.category is not None:
            categories[run.named.category] += len(run)
    return Tally(
        _most_first(products), _most_first(categories), answers["ask"], answers["unknown"], len(facings)
    )


def _most_first(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def share_by_category(facings: Sequence[Facing], runs: Sequence[Run]) -> tuple[Share, ...]:
    """The share of each category, the longest first, what has none last. Both kinds of shares sum to 1.

    Args:
        facings: of a shelf.
        runs: their runs.
    """
    counts: Counter[str | None] = Counter()
    lengths: dict[str | None, float] = {}
    for run in runs:
        category = run.named.category if run.named.answer == "accept" else None
        counts[category] += len(run)
        lengths[category] = lengths.get(category, 0.0) + board_length(facings[i] for i in run.members)
    whole = sum(lengths.values())
    shares = [
        Share(name, counts[name], counts[name] / len(facings), lengths[name] / whole) for name in counts
    ]
    return tuple(
        sorted(shares, key=lambda share: (share.category is None, -share.linear, share.category or ""))
    )


def board_length(facings: Iterable[Facing]) -> float:
    """How much of the boards facings stand on, in pixels: what stands on other products takes none.

    Lengths are compared in pixels: one photo shows all of its boards about equally large.

    Args:
        facings: some or all of a shelf.
    """
    return sum(facing.width for facing in facings if facing.level == 1)
