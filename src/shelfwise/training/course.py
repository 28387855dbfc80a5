"""The course of a run, whatever it trains: from the last checkpoint to the end, and the best weights then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from torch import nn

from shelfwise.errors import DivergedError
from shelfwise.training.callbacks import EarlyStopping, HistoryFile, NanGuard, Stopper
from shelfwise.training.checkpoint import CheckpointWriter, read_best, restore
from shelfwise.training.learner import Callback, Epoch, Learner

__all__ = ["Fitted", "run_course"]

Trained = TypeVar("Trained", bound=nn.Module)
Record = TypeVar("Record", bound=Epoch)


@dataclass(frozen=True, slots=True, eq=False)
class Fitted(Generic[Trained, Record]):
    """A trained network with its best weights.

    Attributes:
        network: the network, in evaluation mode.
        history: all whole epochs.
        interrupted: whether Ctrl-C ended it.
        device: where it was trained.
        failure: why it could not go on, or None; the network is then the best before.
    """

    network: Trained
    history: list[Record]
    interrupted: bool
    device: str
    failure: DivergedError | None


def run_course(
    trainer: Learner[Any],
    folder: Path,
    fingerprint: str,
    *,
    patience: int,
    reporter: Callback[Any],
    stopper: Stopper,
    begin: Callable[[], None] = lambda: None,
) -> DivergedError | None:
    """Train, from the last checkpoint in ``folder/checkpoints`` where there is one; leave the best weights.

    Args:
        trainer: what is trained.
        folder: the run's.
        fingerprint: what the result depends on; a checkpoint with another one is refused.
        patience: epochs to wait for a better one; 0 waits for ever.
        reporter: tells how far it is.
        stopper: listens for Ctrl-C.
        begin: called before the first epoch, where there is no checkpoint.

    Returns:
        Why it could not go on, or None. The best epoch before a divergence is still worth a bundle.

    Raises:
        TrainingError: the checkpoint is damaged or of another run.
        DivergedError: the loss became NaN or infinite before an epoch was over.
        KeyboardInterrupt: Ctrl-C before an epoch was over.
        StorageError: a checkpoint could not be written.
    """
    checkpoints, failure = folder / "checkpoints", None
    patient = EarlyStopping(patience)
    trainer.callbacks = [
        NanGuard(),
        patient,
        # The history first: a run killed between the two repeats the epoch and writes both again.
        HistoryFile(folder / "history.csv"),
        CheckpointWriter(checkpoints, fingerprint),
        reporter,
        stopper,
    ]
    if restore(trainer, checkpoints, fingerprint):
        # It may have been the epoch to stop at.
        patient.on_epoch_end(trainer, trainer.history[-1])
    else:
        begin()
    try:
        trainer.fit()
    except DivergedError as error:
        failure = error
    if not trainer.history:
        raise failure or KeyboardInterrupt
    trainer.network.load_state_dict(read_best(checkpoints))
    trainer.network.eval()
    return failure
