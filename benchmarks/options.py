"""What the command line of the benchmarks says."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.result import BenchmarkError
from shelfwise.bundle import DEFAULT_BUNDLE

__all__ = ["Options"]


@dataclass(frozen=True, slots=True)
class Options:
    """How to measure.

    Attributes:
        results: folder of the results.
        page: the page that is written from them.
        runs: finished training runs to measure; each benchmark takes the one that fits.
        bundle: the model that learns products.
        photos: size of a trial in place of the full number of photos.
        repeats: how often each side is measured, in place of the usual number.
        tell: shows a line for people.
    """

    results: Path
    page: Path
    runs: tuple[Path, ...] = ()
    bundle: Path | None = None
    photos: int | None = None
    repeats: int | None = None
    tell: Callable[[str], None] = print

    def needed_bundle(self) -> Path:
        """The model to measure: ``--bundle``, else ``SHELFWISE_MODEL``, else the one in the package.

        Raises:
            BenchmarkError: there is none.
        """
        named = self.bundle or os.environ.get("SHELFWISE_MODEL")
        if named:
            return Path(named)
        if not DEFAULT_BUNDLE.is_dir():
            raise BenchmarkError("needs a trained model: name its bundle with --bundle")
        return DEFAULT_BUNDLE
