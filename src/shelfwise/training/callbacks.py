"""What happens beside the training loop: stopping early, logs, the guard against divergence, Ctrl-C."""

from __future__ import annotations

import contextlib
import csv
import io
import math
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from shelfwise.errors import DivergedError
from shelfwise.files import atomic_write_text
from shelfwise.training.learner import Callback, Epoch, Learner
from shelfwise.training.loop import Trainer

__all__ = ["EarlyStopping", "HistoryFile", "NanGuard", "Reporter", "Stopper", "write_history"]


class NanGuard(Callback[Learner[Any]]):
    """Stops a run whose loss is no longer a number."""

    def on_step(self, trainer: Learner[Any], step: int, loss: float) -> None:
        """Raise DivergedError for a loss that is NaN or infinite."""
        if not math.isfinite(loss):
            raise DivergedError(
                f"the loss became {loss} in epoch {trainer.next_epoch}, step {step}: try a lower learning rate (--lr"
                f" {trainer.lr / 3:.1g}) or --precision fp32; the best epoch so far is kept"
            )


class EarlyStopping(Callback[Learner[Any]]):
    """Stops after ``patience`` epochs without a better one; 0 never stops."""

    def __init__(self, patience: int) -> None:
        self._patience = patience

    def on_epoch_end(self, trainer: Learner[Any], record: Epoch) -> None:
        """Compare with the best epoch."""
        waited = record.epoch - trainer.best().epoch
        if self._patience and waited >= self._patience:
            trainer.should_stop = True


class HistoryFile(Callback[Learner[Any]]):
    """Keeps ``history.csv``: one row an epoch, no clock times, so that equal runs give equal files."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def on_epoch_end(self, trainer: Learner[Any], record: Epoch) -> None:
        """Write the whole file anew, atomically."""
        write_history(self._path, [each.to_dict() for each in trainer.history])


def write_history(path: Path, rows: Sequence[Mapping[str, float]]) -> None:
    """Write the rows of a run's epochs, at least one, as CSV, atomically. Raises StorageError."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    atomic_write_text(path, text.getvalue())


class Reporter(Callback[Trainer]):
    """Tells how far the run is: ``progress(done, total, text)`` in steps over all epochs."""

    def __init__(self, progress: Callable[[int, int, str], None]) -> None:
        self._progress = progress
        self._loss = math.nan

    def on_step(self, trainer: Trainer, step: int, loss: float) -> None:
        """Report the step, with a smoothed loss and the epoch's accuracy so far."""
        self._loss = loss if math.isnan(self._loss) else 0.95 * self._loss + 0.05 * loss
        epoch = trainer.next_epoch
        text = f"epoch {epoch} loss {self._loss:.3f} acc {trainer.train_accuracy:.1%}"
        self._report(trainer, (epoch - 1) * len(trainer.batches) + step, text)

    def on_epoch_end(self, trainer: Trainer, record: Epoch) -> None:
        """Report the epoch's validation."""
        self._report(trainer, record.epoch * len(trainer.batches), f"epoch {record.epoch}")

    def _report(self, trainer: Trainer, done: int, text: str) -> None:
        if trainer.history and not math.isnan(trainer.history[-1].val_accuracy):
            best = trainer.best()
            text += f" val {trainer.history[-1].val_accuracy:.1%} best {best.val_accuracy:.1%}"
        self._progress(done, trainer.epochs * len(trainer.batches), text)


class Stopper(Callback[Learner[Any]]):
    """Ctrl-C: the first one ends training after the present step, the second one at once."""

    def __init__(self) -> None:
        self.interrupted = False

    def on_step(self, trainer: Learner[Any], step: int, loss: float) -> None:
        """Stop if asked to."""
        trainer.should_stop = trainer.should_stop or self.interrupted

    def on_epoch_end(self, trainer: Learner[Any], record: Epoch) -> None:
        """Stop if asked to."""
        trainer.should_stop = trainer.should_stop or self.interrupted

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Listen for Ctrl-C for the length of a block; only the main thread can."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, self._interrupt)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self.interrupted:
            raise KeyboardInterrupt
        self.interrupted = True
