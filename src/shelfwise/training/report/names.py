"""How names and shares are written: short where there is no room, one way everywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from shelfwise.datasets.dataset import LEVEL_SEPARATOR

__all__ = ["percent", "shortened", "shortest_names"]


def shortest_names(categories: Sequence[str], limit: int = 28) -> list[str]:
    """As few last levels of each name as tell it apart from the others, no longer than ``limit``."""
    parts = [name.split(LEVEL_SEPARATOR) for name in categories]
    levels = [1] * len(parts)
    while True:
        names = [LEVEL_SEPARATOR.join(p[-n:]) for p, n in zip(parts, levels, strict=True)]
        counts = Counter(names)
        longer = [
            n + 1 if counts[name] > 1 and n < len(p) else n
            for name, p, n in zip(names, parts, levels, strict=True)
        ]
        if longer == levels:
            return [shortened(name, limit) for name in names]
        levels = longer


def percent(share: float | None, digits: int = 1) -> str:
    """A share as per cent (with a space that does not break, as ISO 80000-1 has it), or a dash for none."""
    return "–" if share is None else f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%"


def shortened(name: str, limit: int) -> str:
    """``name`` with its middle replaced by an ellipsis where it is longer than ``limit``."""
    if len(name) <= limit:
        return name
    tail = (limit - 1) // 2
    return f"{name[: limit - 1 - tail]}…{name[len(name) - tail :]}"
