"""The options of the commands that train, made from :class:`~shelfwise.training.config.TrainConfig`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Final, TypeVar

from shelfwise.cli.options import Look, config_options
from shelfwise.config import load_config, read_config_file
from shelfwise.errors import ConfigError
from shelfwise.models.hub_weights import HUB, Hub
from shelfwise.settings import Settings
from shelfwise.training.config import RECIPES, TrainConfig, recipe_defaults, with_recipe

__all__ = ["PANELS", "model_hub", "recipe_fields", "training_config", "training_options"]

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

_HELP: Final = {
    "classes": "Learn only these categories. One with a comma in its name can be given in the TOML file alone."
}


def training_options(
    model: type[TrainConfig], skip: Collection[str]
) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Give a command the settings of a training run; see :func:`~shelfwise.cli.options.config_options`."""
    by_recipe = dict.fromkeys(recipe_fields(), "set by the recipe")
    looks = {
        name: Look(panel, by_recipe.get(name), _HELP.get(name))
        for panel, names in PANELS.items()
        for name in names
    }
    return config_options(model, skip=skip, looks=looks)


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
