"""The options of the commands that train, made from the settings of a classifier's and of a detector's training."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar, get_args

from shelfwise.cli.options import Look, config_options
from shelfwise.config import flag_name, load_config, read_config_file, read_task
from shelfwise.errors import ConfigError
from shelfwise.models.hub_weights import HUB, Hub
from shelfwise.rules import Task
from shelfwise.settings import Settings
from shelfwise.training.config import RECIPES, TrainConfig, recipe_defaults, with_recipe
from shelfwise.training.detect.config import DetectConfig

__all__ = [
    "DETECTOR",
    "PANELS",
    "any_config",
    "model_hub",
    "recipe_fields",
    "training_config",
    "training_options",
]

Result = TypeVar("Result")
Config = TypeVar("Config", bound=TrainConfig)

PANELS: Final[Mapping[str, tuple[str, ...]]] = {
    "Data": (
        "layout",
        "level",
        "classes",
        "fold",
        "split",
        "use_official",
        "train_fraction",
        "val_fraction",
        "test_fraction",
        "balance",
    ),
    "Network": (
        "recipe",
        "backbone",
        "pretrained",
        "weights",
        "teacher",
        "teacher_share",
        "size",
        "train_size",
        "resize",
        "dropout",
        "fixed_norms",
        "token_keep",
        "frozen_stages",
    ),
    "Optimisation": (
        "epochs",
        "patience",
        "batch_size",
        "optimizer",
        "lr",
        "body_lr",
        "layer_decay",
        "weight_decay",
        "schedule",
        "warmup_epochs",
        "loss",
        "label_smoothing",
        "ema",
        "head_first",
    ),
    "Augmentation": ("crop", "flip", "operations", "magnitude", "erase", "mixup", "cutmix", "augment"),
    "Answers": ("accept_precision", "keep_known", "novelty"),
    "Run": ("out", "seed", "device", "precision", "threads"),
}
"""Headings of the help page, and the settings under each."""

DETECTOR: Final = "Detector (--task detect)"
"""Heading of the settings that the training of a detector alone has."""

_HELP: Final = {
    "classes": "Learn only these categories. One with a comma in its name can be given in the TOML file alone."
}


_TO_DETECT: Final = {
    "backbone": "lite0, lite1 or lite2",
    "weights": "another detector, its run folder or a safetensors file",
    "size": "of the crops that are learned from",
}
"""What a setting means to a detector, where that is more than its description says."""


def training_options(
    model: type[TrainConfig], skip: Collection[str], *, detect: bool = False
) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Give a command the settings of a training run; see :func:`~shelfwise.cli.options.config_options`.

    Args:
        model: the settings of a classifier's training.
        skip: those that get no option.
        detect: add the settings of a detector's training.
    """
    by_recipe = dict.fromkeys(recipe_fields(), "set by the recipe")
    others = _other_defaults() if detect else {}
    looks = {
        name: Look(
            panel, _default(name, by_recipe.get(name), others.get(name)), _help(model, name, detect=detect)
        )
        for panel, names in PANELS.items()
        for name in names
    }
    if detect:
        looks |= {name: Look(DETECTOR) for name in DetectConfig.model_fields if name not in looks}
    return config_options(model, skip=skip, looks=looks, also=DetectConfig if detect else None)


def _help(model: type[TrainConfig], name: str, *, detect: bool) -> str | None:
    if not detect or name not in _TO_DETECT:
        return _HELP.get(name)
    return f"{model.model_fields[name].description} To detect: {_TO_DETECT[name]}."


def _other_defaults() -> dict[str, Any]:
    """The defaults of a detector's training where a classifier's has another one, or its recipe sets it."""
    own, by_recipe = TrainConfig.model_fields, recipe_fields()
    return {
        name: field.default
        for name, field in DetectConfig.model_fields.items()
        if name in own and field.default is not None
        if field.default != own[name].default or name in by_recipe
    }


def _default(name: str, by_recipe: str | None, other: Any) -> str | None:
    """What is said of a default, where it is not the model's own that is to be told."""
    if other is None or name in ("data", "task"):
        return by_recipe
    own = TrainConfig.model_fields[name].default
    said = by_recipe or (None if own is None else f"default {_shown(own)}")
    return f"{said + '; ' if said else ''}to detect: {_shown(other)}"


def _shown(value: Any) -> Any:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value


def any_config(
    task: Task | None, data: Path | None, file: Path | None, flags: Mapping[str, object]
) -> TrainConfig | DetectConfig:
    """The settings of a run, of whatever ``task``; without one it is the file's, or else to classify.

    Raises:
        ConfigError: a setting is wrong or one of the other task, or nothing names the photos.
    """
    chosen = task or (None if file is None else read_task(file)) or "classify"
    if chosen not in get_args(Task):
        raise ConfigError(f"{file}: task is {chosen!r}: expected {' or '.join(get_args(Task))}")
    model: type[TrainConfig] | type[DetectConfig] = DetectConfig if chosen == "detect" else TrainConfig
    for name in flags:
        if name not in model.model_fields:
            raise ConfigError(
                f"{flag_name(name)} is no setting of --task {chosen}; it has: {', '.join(model.model_fields)}"
            )
    if model is TrainConfig:
        return training_config(TrainConfig, "train", data, file, {"task": chosen, **flags})
    if data is None and (file is None or "data" not in read_config_file(DetectConfig, file)):
        raise ConfigError("name the photos with boxes: shelfwise train --task detect PHOTOS")
    given = {"task": chosen, "data": None if data is None else str(data), **flags}
    return load_config(DetectConfig, file=file, flags=given)


def training_config(
    model: type[Config], command: str, data: Path | None, file: Path | None, flags: Mapping[str, object]
) -> Config:
    """The settings of a run: defaults, recipe, file, flags, with the photos from argument or file.

    Raises:
        ConfigError: a setting is wrong, or nothing names the photos.
    """
    if data is None and (file is None or "data" not in read_config_file(model, file)):
        raise ConfigError(f"name the folder of labelled photos: shelfwise {command} PHOTOS")
    given = {"data": None if data is None else str(data), **flags}
    return load_config(model, defaults=with_recipe, file=file, flags=given)


def model_hub(settings: Settings) -> Hub:
    """The hub that pretrained weights are fetched from, and the folder that keeps them."""
    return Hub(settings.cache_dir / "weights", settings.hub or HUB)


def recipe_fields() -> frozenset[str]:
    """The settings whose default depends on the recipe: those that at least one of the recipes sets."""
    return frozenset().union(*map(recipe_defaults, RECIPES)) - {"recipe"}
