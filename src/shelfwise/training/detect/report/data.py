"""What a detector's report is made from: plain values, measured elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shelfwise.errors import ImageError
from shelfwise.training.detect.measures import DetectionFigures

__all__ = ["DetectorReport"]


@dataclass(frozen=True, slots=True, eq=False)
class DetectorReport:
    """All that a report shows. What is None or empty has no section.

    Attributes:
        title: heading of the page.
        parts: measured parts by name (``test``, ``val``); the first is shown in full, the others in the summary.
        subtitle: a line under the heading.
        history: a row an epoch: epoch, lr, train_loss, score_loss, box_loss, ap50.
        best_epoch: the epoch whose weights were kept.
        errors: photos that could not be read.
        facts: what the run was, by name.
        rendered: True where the pictures that are measured on are drawn by a program.
        warning: why the figures must not be trusted, in a sentence, or "".
        seed: of the random choice of photos.
    """

    title: str
    parts: Mapping[str, DetectionFigures]
    subtitle: str = ""
    history: Sequence[Mapping[str, float]] | None = None
    best_epoch: int | None = None
    errors: Sequence[ImageError] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    rendered: bool = False
    warning: str = ""
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.parts:
            raise ValueError("a report needs at least one measured part")

    @property
    def main(self) -> DetectionFigures:
        """The part that is shown in full."""
        return next(iter(self.parts.values()))

    @property
    def main_name(self) -> str:
        """Its name."""
        return next(iter(self.parts))
