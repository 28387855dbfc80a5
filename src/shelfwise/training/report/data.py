"""What a report is made from: plain values, measured elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shelfwise.datasets.dataset import Box
from shelfwise.errors import ImageError
from shelfwise.training.decision_figures import DecisionFigures
from shelfwise.training.metrics import Evaluation
from shelfwise.types import Decision

if TYPE_CHECKING:
    from shelfwise.datasets.checks import SummaryRow

__all__ = ["PartResult", "ReportData", "SampleResult", "Thumbnailer"]


@dataclass(frozen=True, slots=True, eq=False)
class SampleResult:
    """One labelled photo and what the model says of it.

    Attributes:
        path: where the photo is.
        key: its name within the dataset.
        label: true category, index into the evaluation's categories, the first of which are the model's in label
            order.
        probabilities: float32 array, one for each of the model's categories.
        box: the part of the photo that was looked at, or None for all of it.
        embedding: what the network's last layer saw, float32 (D,), where it was kept.
        decision: whether to rely on the answer, where the model has thresholds for that.
        taken_for: what the photo was taken for, likewise an index, and its probability; None for the likeliest label.
    """

    path: Path
    key: str
    label: int
    probabilities: NDArray[np.float32]
    box: Box | None = None
    embedding: NDArray[np.float32] | None = None
    decision: Decision | None = None
    taken_for: tuple[int, float] | None = None

    @property
    def predicted(self) -> int:
        """What the photo was taken for."""
        return int(self.probabilities.argmax()) if self.taken_for is None else self.taken_for[0]

    @property
    def confidence(self) -> float:
        """Its probability."""
        return float(self.probabilities.max()) if self.taken_for is None else self.taken_for[1]

    @property
    def right(self) -> bool:
        """Whether it was taken for what it is."""
        return self.predicted == self.label


@dataclass(frozen=True, slots=True, eq=False)
class PartResult:
    """A part of a dataset, measured.

    Attributes:
        evaluation: the figures.
        results: the photos behind them, in the dataset's order.
        errors: photos that could not be read; they are in no figure.
        ignored: number of photos left out because the model does not know their category.
        decisions: figures of accept, ask and unknown; None where the model does not decide.
    """

    evaluation: Evaluation
    results: Sequence[SampleResult]
    errors: Sequence[ImageError] = ()
    ignored: int = 0
    decisions: DecisionFigures | None = None

    def headline(self) -> dict[str, float]:
        """The single figures by name, those of the decisions among them."""
        return self.evaluation.headline() | (self.decisions.headline() if self.decisions else {})


Thumbnailer = Callable[[SampleResult], NDArray[np.uint8]]
"""Gives a photo (its box only) as uint8 height×width×3, about as large as it is shown; raises ImageError."""


@dataclass(frozen=True, slots=True, eq=False)
class ReportData:
    """All that a report shows. What is None or empty has no section.

    Attributes:
        title: heading of the page ("lite0 on Freiburg").
        parts: measured parts by name (``test``, ``val``); the first is shown in full, the others in the summary.
        subtitle: a line under the heading.
        history: a row an epoch: epoch, train_loss, train_accuracy, val_loss, val_accuracy, lr.
        best_epoch: the epoch whose weights were kept; by default the one of the highest validation accuracy.
        counts_before, counts_after: training photos by category, as they are and with augmented copies.
        check_rows: findings of the data check; None where it was not made.
        facts: what the run was, by name: parameters, time, seed, versions, hashes.
        rendered: True where the pictures are drawn by a program.
        warning: why the figures must not be trusted, in a sentence, or "".
        thumbnail: how to get the photos of the galleries; by default they are decoded from their paths.
        seed: of the random choice of photos in the gallery.
    """

    title: str
    parts: Mapping[str, PartResult]
    subtitle: str = ""
    history: Sequence[Mapping[str, float]] | None = None
    best_epoch: int | None = None
    counts_before: Mapping[str, int] | None = None
    counts_after: Mapping[str, int] | None = None
    check_rows: Sequence[SummaryRow] | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    rendered: bool = False
    warning: str = ""
    thumbnail: Thumbnailer | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.parts:
            raise ValueError("a report needs at least one measured part")

    @property
    def main(self) -> PartResult:
        """The part that is shown in full."""
        return next(iter(self.parts.values()))

    @property
    def main_name(self) -> str:
        """Its name."""
        return next(iter(self.parts))
