"""``shelfwise crossval``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import typer

from shelfwise.cli.options import ConfigFile
from shelfwise.cli.progress import Progress
from shelfwise.cli.training_options import training_options
from shelfwise.config import load_config
from shelfwise.errors import ConfigError
from shelfwise.extras import require
from shelfwise.settings import Settings
from shelfwise.training.config import TrainConfig, with_recipe

__all__ = ["crossval"]

EXAMPLES = (
    "shelfwise crossval freiburg/ --recipe lite0 --out runs/freiburg-cv",
    "shelfwise crossval freiburg/ --folds fold0,fold1 --format json",
)


@training_options(skip={"data", "fold", "split"})
def crossval(
    flags: Mapping[str, object],
    data: Annotated[Path | None, typer.Argument(help="Set of photos with official folds.")] = None,
    config: ConfigFile = None,
    folds: Annotated[
        list[str] | None, typer.Option(metavar="A,B", help="Only these official folds; all if not given.")
    ] = None,
    output_format: Annotated[
        Literal["table", "json"], typer.Option("--format", help="How to print the result.")
    ] = "table",
) -> None:
    """Train once for each official fold, test on it, and report mean ± standard deviation.

    Each fold is a run of its own under the run folder. Called again with the same --out, finished folds are kept
    and a broken one goes on.
    """
    require("torch", what="Training", extra="train")
    from shelfwise.workflows.crossval import cross_validate

    if data is None and config is None:
        raise ConfigError("name the folder of labelled photos: shelfwise crossval PHOTOS")
    given = {"data": None if data is None else str(data), **flags}
    settings = load_config(TrainConfig, defaults=with_recipe, file=config, flags=given)
    chosen = [name for part in folds for name in part.split(",")] if folds else None
    cache = Settings().cache_dir / "images"
    with Progress() as progress:
        result = cross_validate(settings, chosen, cache_dir=cache, stages=progress.stage, note=progress.note)
    if output_format == "json":
        typer.echo(json.dumps(result.to_dict(), indent=2))
        return
    for fold, figures in result.folds.items():
        typer.echo(f"{fold}  accuracy {figures['accuracy']:.1%}  macro F1 {figures['macro_f1']:.1%}")
    for name, (mean, deviation) in result.summary().items():
        typer.echo(f"{name}  {mean:.1%} ± {deviation:.1%}  (mean ± sd of {len(result.folds)} folds)")
