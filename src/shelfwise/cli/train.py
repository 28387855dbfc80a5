"""``shelfwise train``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from shelfwise.cli.options import ConfigFile
from shelfwise.cli.progress import Progress
from shelfwise.cli.training_options import model_hub, training_config, training_options
from shelfwise.errors import ConfigError
from shelfwise.extras import require
from shelfwise.settings import Settings
from shelfwise.training.config import TrainConfig

__all__ = ["train"]

EXAMPLES = (
    "shelfwise train photos/",
    "shelfwise train photos/ --recipe small-cnn --classes Milk,Juice,Tea --out runs/drinks",
    "shelfwise train photos/ --config shop.toml --epochs 30",
    "shelfwise train photos/ --recipe lite0 --teacher runs/best --split runs/best/split.json",
    "shelfwise train --resume runs/drinks",
)

INTERRUPTED = 130


@training_options(TrainConfig, skip={"data"})
def train(
    flags: Mapping[str, object],
    data: Annotated[
        Path | None, typer.Argument(help="Folder (or list or annotation file) of labelled photos.")
    ] = None,
    config: ConfigFile = None,
    resume: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="Go on with the run in this folder; takes no other setting."),
    ] = None,
) -> None:
    """Train a model on labelled photos; writes a run folder with the bundle and a report.

    Settings come from the recipe, then from --config, then from the options. Ctrl-C stops after the present step
    and keeps the best epoch so far.
    """
    require("torch", what="Training", extra="train")
    from shelfwise.workflows import train as workflow

    cache, hub = Settings().cache_dir / "images", model_hub(Settings())
    with Progress() as progress:
        if resume is not None:
            if flags or config is not None or data is not None:
                raise ConfigError(
                    "--resume takes its settings from the run's folder: give nothing else beside it"
                )
            result = workflow.resume(
                resume, cache_dir=cache, stages=progress.stage, note=progress.note, hub=hub
            )
        else:
            settings = training_config(TrainConfig, "train", data, config, flags)
            result = workflow.train(
                settings, cache_dir=cache, stages=progress.stage, note=progress.note, hub=hub
            )
    for part, figures in result.metrics.items():
        typer.echo(f"{part} accuracy  {figures['accuracy']:.1%}")
    typer.echo(f"bundle  {result.bundle.path}")
    typer.echo(f"report  {result.report}")
    if result.interrupted:
        typer.echo(
            f"interrupted: the best epoch so far is kept; go on with --resume {result.folder}", err=True
        )
        raise typer.Exit(INTERRUPTED)
