"""What happens beside a detector's training alone."""

from __future__ import annotations

import math
from collections.abc import Callable

from shelfwise.training.detect.loop import DetectorTrainer
from shelfwise.training.learner import Callback, Epoch

__all__ = ["Reporter"]


class Reporter(Callback[DetectorTrainer]):
    """Tells how far the run is: ``progress(done, total, text)`` in steps over all epochs."""

    def __init__(self, progress: Callable[[int, int, str], None]) -> None:
        self._progress = progress

    def on_step(self, trainer: DetectorTrainer, step: int, loss: float) -> None:
        """Report the step, with the epoch's mean loss so far."""
        epoch = trainer.next_epoch
        self._report(trainer, (epoch - 1) * len(trainer.batches) + step, f"epoch {epoch} loss {loss:.3f}")

    def on_epoch_end(self, trainer: DetectorTrainer, record: Epoch) -> None:
        """Report the epoch's validation."""
        self._report(trainer, record.epoch * len(trainer.batches), f"epoch {record.epoch}")

    def _report(self, trainer: DetectorTrainer, done: int, text: str) -> None:
        if trainer.history and not math.isnan(trainer.history[-1].ap50):
            best = trainer.best()
            text += f" AP50 {trainer.history[-1].ap50:.1%} best {best.ap50:.1%}"
        self._progress(done, trainer.epochs * len(trainer.batches), text)
