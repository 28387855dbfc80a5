"""What the answering pool counts, and the pace from which it says when to try again."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from shelfwise.errors import ImageError
from shelfwise.types import Prediction

__all__ = ["SECONDS", "PoolFigures", "Tally"]

SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper ends of the histogram of seconds from asking to the answer; one more part holds what took longer."""

_WEIGHT: Final = 0.2
_FIRST_GUESS: Final = 0.25


@dataclass(frozen=True, slots=True)
class PoolFigures:
    """The pool at one moment; all but the first two count up from its start.

    Attributes:
        waiting: photos that no worker has taken yet.
        running: photos that workers have in hand.
        answered: photos that a model answered.
        unreadable: photos that could not be read.
        failed: photos on which the model itself failed.
        refused: photos that were turned away because the pool was full.
        cancelled: photos that nobody waited for any more when their turn came.
        batch_sizes: how many batches there were of each size.
        seconds: photos by how long they took from asking to the answer, for each end in :data:`SECONDS` those that
            took no longer than this but longer than the end before, and at last those that took longer than all.
        seconds_sum: of all these times.
    """

    waiting: int
    running: int
    answered: int
    unreadable: int
    failed: int
    refused: int
    cancelled: int
    batch_sizes: Mapping[int, int]
    seconds: tuple[int, ...]
    seconds_sum: float


@dataclass(slots=True)
class Tally:
    """Counts for :class:`PoolFigures`; who uses it sees to it that one thread does so at a time."""

    answered: int = 0
    unreadable: int = 0
    failed: int = 0
    refused: int = 0
    cancelled: int = 0
    batch_sizes: Counter[int] = field(default_factory=Counter)
    seconds: list[int] = field(default_factory=lambda: [0] * (len(SECONDS) + 1))
    seconds_sum: float = 0.0
    photo_seconds: float = _FIRST_GUESS
    """What a photo costs one worker; a moving average, so that it follows the model and the machine's load."""

    def batch(self, size: int, seconds: float) -> None:
        """Count a batch that took a worker so long."""
        cost = seconds / size
        self.photo_seconds = (
            cost if not self.batch_sizes else self.photo_seconds + _WEIGHT * (cost - self.photo_seconds)
        )
        self.batch_sizes[size] += 1

    def done(self, result: Prediction | Exception, seconds: float) -> None:
        """Count one photo: what came of it, and its time from asking to the answer."""
        self.answered += isinstance(result, Prediction)
        self.unreadable += isinstance(result, ImageError)
        self.failed += not isinstance(result, Prediction | ImageError)
        self.seconds[bisect_left(SECONDS, seconds)] += 1
        self.seconds_sum += seconds

    def figures(self, waiting: int, running: int) -> PoolFigures:
        """All counts as they are now."""
        return PoolFigures(
            waiting=waiting,
            running=running,
            answered=self.answered,
            unreadable=self.unreadable,
            failed=self.failed,
            refused=self.refused,
            cancelled=self.cancelled,
            batch_sizes=dict(self.batch_sizes),
            seconds=tuple(self.seconds),
            seconds_sum=self.seconds_sum,
        )
