"""Checkpoints: the whole state of a run after each epoch, written atomically, read without unpickling code."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import load_file, save
from torch import Tensor

from shelfwise.errors import TrainingError
from shelfwise.files import atomic_write_bytes
from shelfwise.training.learner import Callback, Epoch, Learner

__all__ = ["BEST", "CheckpointWriter", "read_best", "read_state", "restore", "write_state"]

BEST: Final = "best.safetensors"
"""The file of the best weights so far."""
_LAST: Final = "last.pt"
_FORMAT = 1


class CheckpointWriter(Callback[Learner[Any]]):
    """Writes ``best.safetensors`` and ``last.pt`` into a folder after each epoch.

    The best weights are written first: a run that is killed between the two repeats the epoch, which is the same
    again, and writes them once more.

    Args:
        folder: where to write.
        fingerprint: what the run depends on; a run with another one is not resumed from here.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self._folder, self._fingerprint = folder, fingerprint

    def on_epoch_end(self, trainer: Learner[Any], record: Epoch) -> None:
        """Write the state, and the weights if they are the best so far."""
        if trainer.best() is record:
            weights = {name: value.contiguous() for name, value in trainer.weights().items()}
            atomic_write_bytes(self._folder / BEST, save(weights))
        write_state(self._folder, self._fingerprint, trainer.state())


def write_state(folder: Path, fingerprint: str, state: Mapping[str, Any]) -> None:
    """Write the whole state of a run, with what it depends on and a checksum, atomically. Raises StorageError."""
    buffer = io.BytesIO()
    torch.save({"format": _FORMAT, "fingerprint": fingerprint, **state}, buffer)
    data = buffer.getvalue()
    atomic_write_bytes(folder / _LAST, hashlib.sha256(data).digest() + data)


def read_state(folder: Path, fingerprint: str) -> dict[str, Any] | None:
    """The state that :func:`write_state` wrote, or None where there is none.

    Raises:
        TrainingError: it is damaged or of a run with other settings, data or version.
    """
    path = folder / _LAST
    if not path.exists():
        return None
    state = _read(path)
    if state.get("format") != _FORMAT or state["fingerprint"] != fingerprint:
        raise TrainingError(
            f"{path} is of a run with other settings, photos, teacher, library versions or hardware (CPU or"
            " GPU, threads), so going on would mix the two: train into a new folder with --out"
        )
    return state


def restore(trainer: Learner[Any], folder: Path, fingerprint: str) -> bool:
    """Put a trainer into the state of the last checkpoint in ``folder``; False where there is none.

    Raises:
        TrainingError: the checkpoint is damaged or of a run with other settings, data or version.
    """
    state = read_state(folder, fingerprint)
    if state is None:
        return False
    trainer.load_state(state)
    return True


def read_best(folder: Path) -> dict[str, Tensor]:
    """The best weights so far.

    Raises:
        TrainingError: there are none.
    """
    path = folder / BEST
    if not path.exists():
        raise TrainingError(f"{folder} holds no finished epoch yet: there are no weights to keep")
    return load_file(path)


def _read(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    digest, data = content[:32], content[32:]
    if hashlib.sha256(data).digest() != digest:
        raise TrainingError(f"{path} is damaged: delete the run folder and train again")
    state: dict[str, Any] = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    return state
