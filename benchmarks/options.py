"""What the command line of the benchmarks says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Options"]


@dataclass(frozen=True, slots=True)
class Options:
    """How to measure.

    Attributes:
        results: folder of the results.
        page: the page that is written from them.
        runs: finished training runs to measure; each benchmark takes the one that fits.
        bundle: the model to measure, where a benchmark would take the left-out twin or the one that ships.
        photos: size of a trial in place of the full number of photos.
        products, movements: size of a trial's stock book in place of the full one.
        repeats: how often each side is measured, in place of the usual number.
        tell: shows a line for people.
    """

    results: Path
    page: Path
    runs: tuple[Path, ...] = ()
    bundle: Path | None = None
    photos: int | None = None
    products: int | None = None
    movements: int | None = None
    repeats: int | None = None
    tell: Callable[[str], None] = print
