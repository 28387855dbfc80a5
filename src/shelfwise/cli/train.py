"""``shelfwise train``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shelfwise.cli.options import ConfigFile
from shelfwise.cli.progress import Progress
from shelfwise.cli.training_options import any_config, model_hub, training_options
from shelfwise.errors import ConfigError
from shelfwise.extras import require
from shelfwise.rules import Task
from shelfwise.settings import Settings
from shelfwise.training.config import TrainConfig
from shelfwise.training.detect.config import DetectConfig

if TYPE_CHECKING:
    from shelfwise.workflows.training_run import RunResult

__all__ = ["train"]

EXAMPLES = (
    "shelfwise train photos/",
    "shelfwise train photos/ --recipe small-cnn --classes Milk,Juice,Tea --out runs/drinks",
    "shelfwise train photos/ --config shop.toml --epochs 30",
    "shelfwise train photos/ --recipe lite0 --teacher runs/best --split runs/best/split.json",
    "shelfwise train --resume runs/drinks",
    "shelfwise train --task detect shelves/ --also scenes/ --out runs/detector",
)

INTERRUPTED = 130


@training_options(TrainConfig, skip={"data", "task"}, detect=True)
def train(
    flags: Mapping[str, object],
    data: Annotated[
        Path | None, typer.Argument(help="Folder (or list or annotation file) of labelled photos.")
    ] = None,
    task: Annotated[
        Task | None,
        typer.Option(
            metavar="classify|detect",
            help="To name what is on a photo, or to find the products on it, from photos with boxes. (default "
            "classify)",
        ),
    ] = None,
    config: ConfigFile = None,
    resume: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="Go on with the run in this folder; takes no other setting."),
    ] = None,
) -> None:
    """Train a model on labelled photos; writes a run folder with the bundle and a report.

    Settings come from the recipe, then from --config, then from the options. Ctrl-C stops after the present step
    and keeps the best epoch so far. A detector (--task detect) has no recipe, and of the options those that its
    configuration knows: the data's, the run's, some of the network's and the optimisation's, and its own.
    """
    require("torch", what="Training", extra="train")
    with Progress() as progress:
        if resume is not None:
            if flags or config is not None or data is not None or task is not None:
                raise ConfigError(
                    "--resume takes its settings from the run's folder: give nothing else beside it"
                )
            result = _resume(resume, progress)
        else:
            result = _train(any_config(task, data, config, flags), progress)
    name, words = ("ap50", "AP50") if "ap50" in next(iter(result.metrics.values()), {}) else ("accuracy",) * 2
    for part, figures in result.metrics.items():
        typer.echo(f"{part} {words}  {figures[name]:.1%}")
    typer.echo(f"bundle  {result.bundle.path}")
    typer.echo(f"report  {result.report}")
    if result.interrupted:
        typer.echo(
            f"interrupted: the best epoch so far is kept; go on with --resume {result.folder}", err=True
        )
        raise typer.Exit(INTERRUPTED)


def _train(settings: TrainConfig | DetectConfig, progress: Progress) -> RunResult:
    if isinstance(settings, DetectConfig):
        from shelfwise.workflows.train_detector import train_detector

        return train_detector(settings, stages=progress.stage, note=progress.note)
    from shelfwise.workflows.train import train as train_classifier

    cache, hub = Settings().cache_dir / "images", model_hub(Settings())
    return train_classifier(settings, cache_dir=cache, stages=progress.stage, note=progress.note, hub=hub)


def _resume(folder: Path, progress: Progress) -> RunResult:
    from shelfwise.training.folder import RunFolder

    if RunFolder(folder).task == "detect":
        from shelfwise.workflows.train_detector import resume_detector

        return resume_detector(folder, stages=progress.stage, note=progress.note)
    from shelfwise.workflows.train import resume as resume_classifier

    cache, hub = Settings().cache_dir / "images", model_hub(Settings())
    return resume_classifier(folder, cache_dir=cache, stages=progress.stage, note=progress.note, hub=hub)
