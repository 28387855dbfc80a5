"""What happens beside a detector's training: checkpoints, history, stopping early, the guard against divergence."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from safetensors.torch import save

from shelfwise.errors import DivergedError
from shelfwise.files import atomic_write_bytes
from shelfwise.training.callbacks import Stopper, write_history
from shelfwise.training.checkpoint import BEST, write_state
from shelfwise.training.detect.loop import DetectorEpoch, DetectorTrainer, best_epoch

__all__ = ["AskedToStop", "CheckpointWriter", "EarlyStopping", "HistoryFile", "NanGuard", "Reporter"]


class _Callback:
    """Does nothing; subclasses override what they need."""

    def on_step(self, trainer: DetectorTrainer, step: int, loss: float) -> None:
        """After each optimiser step."""

    def on_epoch_end(self, trainer: DetectorTrainer, record: DetectorEpoch) -> None:
        """After each epoch."""


class NanGuard(_Callback):
    """Stops a run whose loss is no longer a number."""

    def on_step(self, trainer: DetectorTrainer, step: int, loss: float) -> None:
        """Raise DivergedError for a loss that is NaN or infinite."""
        if not math.isfinite(loss):
            raise DivergedError(
                f"the loss became {loss} in epoch {_present(trainer)}, step {step}: try a lower learning rate (--lr"
                f" {trainer.rates.lr / 3:.1g}) or --precision fp32; the best epoch so far is kept"
            )


class EarlyStopping(_Callback):
    """Stops after ``patience`` epochs without a better one; 0 never stops."""

    def __init__(self, patience: int) -> None:
        self._patience = patience

    def on_epoch_end(self, trainer: DetectorTrainer, record: DetectorEpoch) -> None:
        """Compare with the best epoch."""
        waited = record.epoch - best_epoch(trainer.history).epoch
        if self._patience and waited >= self._patience:
            trainer.should_stop = True


class HistoryFile(_Callback):
    """Keeps ``history.csv``: one row an epoch."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def on_epoch_end(self, trainer: DetectorTrainer, record: DetectorEpoch) -> None:
        """Write the whole file anew, atomically."""
        write_history(self._path, [each.to_dict() for each in trainer.history])


class CheckpointWriter(_Callback):
    """Writes the best weights and the whole state into a folder after each epoch, the weights first.

    Args:
        folder: where to write.
        fingerprint: what the run depends on; a run with another one is not resumed from here.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self._folder, self._fingerprint = folder, fingerprint

    def on_epoch_end(self, trainer: DetectorTrainer, record: DetectorEpoch) -> None:
        """Write the state, and the weights if they are the best so far."""
        if best_epoch(trainer.history) is record:
            weights = {name: value.contiguous() for name, value in trainer.weights().items()}
            atomic_write_bytes(self._folder / BEST, save(weights))
        write_state(self._folder, self._fingerprint, trainer.state())


class Reporter(_Callback):
    """Tells how far the run is: ``progress(done, total, text)`` in steps over all epochs."""

    def __init__(self, progress: Callable[[int, int, str], None]) -> None:
        self._progress = progress

    def on_step(self, trainer: DetectorTrainer, step: int, loss: float) -> None:
        """Report the step, with the epoch's mean loss so far."""
        epoch = _present(trainer)
        self._report(trainer, (epoch - 1) * len(trainer.batches) + step, f"epoch {epoch} loss {loss:.3f}")

    def on_epoch_end(self, trainer: DetectorTrainer, record: DetectorEpoch) -> None:
        """Report the epoch's validation."""
        self._report(trainer, record.epoch * len(trainer.batches), f"epoch {record.epoch}")

    def _report(self, trainer: DetectorTrainer, done: int, text: str) -> None:
        if trainer.history and not math.isnan(trainer.history[-1].ap50):
            best = best_epoch(trainer.history)
            text += f" AP50 {trainer.history[-1].ap50:.1%} best {best.ap50:.1%}"
        self._progress(done, trainer.rates.epochs * len(trainer.batches), text)


class AskedToStop(_Callback):
    """Ends training after the present step once Ctrl-C was pressed."""

    def __init__(self, stopper: Stopper) -> None:
        self._stopper = stopper

    def on_step(self, trainer: DetectorTrainer, step: int, loss: float) -> None:
        """Stop if asked to."""
        trainer.should_stop = trainer.should_stop or self._stopper.interrupted

    def on_epoch_end(self, trainer: DetectorTrainer, record: DetectorEpoch) -> None:
        """Stop if asked to."""
        trainer.should_stop = trainer.should_stop or self._stopper.interrupted


def _present(trainer: DetectorTrainer) -> int:
    return trainer.history[-1].epoch + 1 if trainer.history else 1
