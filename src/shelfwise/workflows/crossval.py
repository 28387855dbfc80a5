"""The use case of cross-validation over a set's official folds."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shelfwise.datasets.layouts import read_dataset
from shelfwise.datasets.split import crossval_folds
from shelfwise.errors import ConfigError, SplitError, TrainingError
from shelfwise.files import atomic_write_text
from shelfwise.models.hub_weights import Hub
from shelfwise.training.config import TrainConfig
from shelfwise.training.fit import Stages
from shelfwise.training.folder import RunFolder, absolute_places
from shelfwise.workflows.train import resume, train

__all__ = ["CrossValidation", "cross_validate"]

_HEADLINES = ("accuracy", "macro_f1", "balanced_accuracy", "ece")


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """Test figures of each fold.

    Attributes:
        folds: headline figures by fold.
        seed: the seed that all runs had.
    """

    folds: Mapping[str, Mapping[str, float]]
    seed: int

    def summary(self) -> dict[str, tuple[float, float]]:
        """Mean and standard deviation (of a sample; 0 for one fold) of the main figures."""
        summary = {}
        for name in _HEADLINES:
            values = [figures[name] for figures in self.folds.values()]
            deviation = statistics.stdev(values) if len(values) > 1 else 0.0
            summary[name] = (statistics.fmean(values), deviation)
        return summary

    def to_dict(self) -> dict[str, object]:
        """Everything as plain values that ``json`` can write."""
        summary = {name: {"mean": mean, "sd": sd} for name, (mean, sd) in self.summary().items()}
        return {"seed": self.seed, "folds": {k: dict(v) for k, v in self.folds.items()}, "summary": summary}


def cross_validate(
    config: TrainConfig,
    folds: Sequence[str] | None,
    *,
    cache_dir: Path,
    stages: Stages,
    note: Callable[[str], None] = print,
    hub: Hub | None = None,
) -> CrossValidation:
    """Train and test once for each fold, in ``config.out/FOLD``; finished folds are not trained again.

    Args:
        config: the settings, without ``fold`` and ``split``.
        folds: which official folds; all if None.
        cache_dir: where decoded photos are kept.
        stages: shows how far each stage of the work is.
        note: shows a line for people.
        hub: where weights come from that ``config`` names no file of; None to fetch none.

    Raises:
        ConfigError: ``config`` names a fold or a split, which are each run's own here, or a teacher.
        SplitError: the set has no such folds.
        TrainingError: the run folder holds runs on other photos or with other settings.
        KeyboardInterrupt: a run was interrupted; what it has learnt so far is kept.
    """
    for name in ("fold", "split"):
        if getattr(config, name) is not None:
            raise ConfigError(
                f"{name} is {getattr(config, name)}: cross-validation sets it for each run itself"
            )
    if config.teacher is not None:
        raise ConfigError(
            f"{config.teacher}: a teacher may have learned photos that a fold is tested on, and would tell of them;"
            " give each fold a teacher of its own, trained with the same --fold: shelfwise train --fold FOLD"
            " --teacher RUN --split RUN/split.json"
        )
    dataset = read_dataset(config.data, config.layout, level=config.level, classes=config.classes)
    official = crossval_folds(dataset)
    chosen = list(folds) if folds is not None else official
    if unknown := [name for name in chosen if name not in official]:
        known = f"it has {', '.join(official)}" if official else "it has none"
        raise SplitError(f"{config.data}: no official fold {', '.join(unknown)}; {known}")
    if not chosen:
        raise SplitError(
            f"{config.data}: the set has no official folds; divide it with shelfwise train instead"
        )
    parent = config.out or Path("runs") / f"{config.recipe}-crossval"
    results = {}
    for fold in chosen:
        note(f"{fold}:")
        single = config.model_copy(update={"fold": fold, "out": parent / fold})
        results[fold] = _run_fold(single, cache_dir, stages, note, hub)
    result = CrossValidation(results, config.seed)
    atomic_write_text(parent / "crossval.json", json.dumps(result.to_dict(), indent=2) + "\n")
    return result


def _run_fold(
    config: TrainConfig, cache_dir: Path, stages: Stages, note: Callable[[str], None], hub: Hub | None
) -> Mapping[str, float]:
    assert config.out is not None
    run = RunFolder(config.out)
    if run.config.exists():
        _, saved = RunFolder.open(config.out)
        _refuse_other(config, saved)
        done = _finished(run)
        if done is not None:
            note(f"{config.out}: finished already, kept")
            return done
        result = resume(config.out, cache_dir=cache_dir, stages=stages, note=note, hub=hub)
    else:
        result = train(config, cache_dir=cache_dir, stages=stages, note=note, hub=hub)
    if result.interrupted:
        note(f"interrupted in {config.out}: call it again to go on from there")
        raise KeyboardInterrupt
    return result.metrics["test"]


def _refuse_other(config: TrainConfig, saved: TrainConfig) -> None:
    asked = absolute_places(config).model_copy(update={"data": config.data.absolute()})
    ignored = {"out", "backbone"}
    if asked.model_dump(exclude=ignored) != saved.model_dump(exclude=ignored):
        raise TrainingError(
            f"{config.out} was begun with other photos or settings: choose another --out, or the same settings again"
        )


def _finished(run: RunFolder) -> Mapping[str, float] | None:
    """Test figures of a run that went to its end, else None."""
    if not run.finished.exists():
        return None
    metrics: Mapping[str, float] = json.loads(run.finished.read_text("utf-8"))["test"]
    return metrics
