"""How a training begins and ends, whatever it trains: its folder, and what it leaves there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shelfwise.bundle import Bundle
from shelfwise.errors import DivergedError, ShelfwiseError
from shelfwise.files import atomic_write_text
from shelfwise.training.config import TrainConfig
from shelfwise.training.detect.config import DetectConfig
from shelfwise.training.folder import RunFolder

if TYPE_CHECKING:
    from shelfwise.training.course import Fitted

__all__ = ["RunResult", "end_run", "new_run", "tell_finished"]


@dataclass(frozen=True, slots=True, eq=False)
class RunResult:
    """What a training run gave.

    Attributes:
        folder: the run's folder.
        bundle: the trained model.
        report: the report's page.
        metrics: headline figures by part (``test``, ``val``).
        interrupted: whether Ctrl-C ended it; the bundle is then of the best epoch so far.
    """

    folder: Path
    bundle: Bundle
    report: Path
    metrics: Mapping[str, Mapping[str, float]]
    interrupted: bool


@contextmanager
def new_run(config: TrainConfig | DetectConfig, note: Callable[[str], None]) -> Iterator[RunFolder]:
    """A block with a new run folder, which is removed again where the block fails before anything was begun.

    Args:
        config: the settings, saved there.
        note: shows a line for people.

    Raises:
        TrainingError: the folder holds something already.
        StorageError: it cannot be written.
    """
    run = RunFolder.create(config)
    note(f"run folder: {run.path}")
    try:
        yield run
    except ShelfwiseError:
        if not run.split.exists():
            run.discard()  # nothing was begun: the same name may be used again
        raise


def tell_finished(run: RunFolder, note: Callable[[str], None]) -> None:
    """Say so where a run that is gone on with went to its end before."""
    if run.finished.exists():
        note(f"{run.path} is finished: writing its bundle and report anew")


def end_run(
    run: RunFolder,
    fitted: Fitted[Any, Any],
    bundle: Bundle,
    report: Path,
    metrics: Mapping[str, Mapping[str, float]],
) -> RunResult:
    """Mark a run as finished that went to its end.

    Raises:
        DivergedError: it did not, since the loss became NaN or infinite.
        StorageError: it cannot be written.
    """
    if fitted.failure is not None:
        raise DivergedError(
            f"{fitted.failure}; the best epoch before is in {bundle.path}"
        ) from fitted.failure
    if not fitted.interrupted:
        atomic_write_text(run.finished, json.dumps(metrics, indent=2) + "\n")
    return RunResult(run.path, bundle, report, metrics, fitted.interrupted)
