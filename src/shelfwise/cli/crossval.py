"""``shelfwise crossval``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import typer
from pydantic import Field

from shelfwise.cli.options import ConfigFile
from shelfwise.cli.progress import Progress
from shelfwise.cli.training_options import model_hub, training_config, training_options
from shelfwise.extras import require
from shelfwise.settings import Settings
from shelfwise.training.config import TrainConfig

__all__ = ["crossval"]

EXAMPLES = (
    "shelfwise crossval freiburg/ --recipe lite0 --out runs/freiburg-cv",
    "shelfwise crossval freiburg/ --folds fold0,fold1 --format json",
)


class CrossvalConfig(TrainConfig):
    """The settings of all runs, and what is asked of the whole."""

    folds: list[str] | None = Field(None, description="Only these official folds; all if not given.")
    format: Literal["table", "json"] = Field("table", description="How to print the result.")


_OF_EACH_RUN = frozenset({"fold", "split", "teacher", "teacher_share"})
_OF_THE_WHOLE = set(CrossvalConfig.model_fields) - set(TrainConfig.model_fields)


@training_options(CrossvalConfig, skip={"task", "data", *_OF_EACH_RUN})
def crossval(
    flags: Mapping[str, object],
    data: Annotated[Path | None, typer.Argument(help="Set of photos with official folds.")] = None,
    config: ConfigFile = None,
) -> None:
    """Train once for each official fold, test on it, and report mean ± standard deviation.

    Each fold is a run of its own under the run folder. Called again with the same --out, finished folds are kept
    and a broken one goes on.
    """
    require("torch", what="Training", extra="train")
    from shelfwise.workflows.crossval import cross_validate

    asked = training_config(CrossvalConfig, "crossval", data, config, flags)
    settings = TrainConfig(**asked.model_dump(exclude=_OF_THE_WHOLE))
    cache, hub = Settings().cache_dir / "images", model_hub(Settings())
    with Progress() as progress:
        result = cross_validate(
            settings, asked.folds, cache_dir=cache, stages=progress.stage, note=progress.note, hub=hub
        )
    if asked.format == "json":
        typer.echo(json.dumps(result.to_dict(), indent=2))
        return
    for fold, figures in result.folds.items():
        typer.echo(f"{fold}  accuracy {figures['accuracy']:.1%}  macro F1 {figures['macro_f1']:.1%}")
    for name, (mean, deviation) in result.summary().items():
        typer.echo(f"{name}  {mean:.1%} ± {deviation:.1%}  (mean ± sd of {len(result.folds)} folds)")
