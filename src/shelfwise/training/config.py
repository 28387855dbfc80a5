"""The settings of one training run: strict, the same in Python, in TOML files and as command-line flags."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from shelfwise.errors import ConfigError
from shelfwise.training.run_config import DataConfig, Fraction, MachineConfig, PartsConfig, Positive

__all__ = ["RECIPES", "TrainConfig", "recipe_defaults", "with_recipe"]

RECIPES: tuple[str, ...] = ("small-cnn", "lite0", "lite1", "lite2", "tiny-vit-5m", "dinov2-small", "hf")
"""Names of the recipes: files of default settings in ``training/recipes``."""


class _LabelledConfig(DataConfig):
    """Labelled photos."""

    task: Literal["classify"] = Field("classify", description="To name what is on a photo.")
    data: Path = Field(description="Folder (or list or annotation file) of labelled photos.")
    level: str | None = Field(None, description="Level of the hierarchy to learn, such as fine or coarse.")
    classes: list[str] | None = Field(None, description="Learn only these categories.")


class _LearningConfig(PartsConfig, _LabelledConfig):
    """What a classifier learns, and how."""

    balance: bool = Field(False, description="Give minority categories augmented copies until all are equal.")

    # The network
    recipe: str = Field(
        "lite0", description="Recipe: small-cnn, lite0, lite1, lite2, tiny-vit-5m, dinov2-small or hf."
    )
    backbone: str | None = Field(None, description="Another network, such as hf:REPO_OR_PATH.")
    pretrained: bool = Field(True, description="Start from pretrained weights where there are some.")
    weights: Path | None = Field(
        None, description="Pretrained weights, a safetensors file, instead of the model hub's."
    )
    teacher: Path | None = Field(
        None, description="Bundle or run whose answers to learn from, beside the labels; or default."
    )
    teacher_share: Fraction = Field(0.7, description="Share of the teacher's answer in what is learned.")
    size: Positive | None = Field(None, description="Side of the input in pixels, training and serving.")
    train_size: Positive | None = Field(
        None, description="Side during training, if smaller than when serving."
    )
    resize: Literal["squash", "crop", "pad"] = Field("squash", description="How photos become square.")
    dropout: Annotated[float, Field(ge=0, lt=1)] = Field(0.2, description="Dropout before the last layer.")
    fixed_norms: bool = Field(False, description="Keep the statistics of the pretrained batch norms.")
    token_keep: Annotated[float, Field(gt=0, le=1)] = Field(
        1.0, description="Share of a photo's patches to look at while training; dinov2-small only."
    )
    frozen_stages: Annotated[int, Field(ge=0)] = Field(
        0, description="First parts of the body left as they are."
    )

    # The optimisation
    epochs: Annotated[int, Field(ge=0)] = Field(
        20, description="Largest number of epochs; 0: fit the head and leave the body as it is."
    )
    patience: Annotated[int, Field(ge=0)] = Field(
        0, description="Stop after so many epochs without gain; 0: never."
    )
    batch_size: Positive = Field(32, description="Photos in a step.")
    optimizer: Literal["adam", "adamw", "sgd"] = Field(
        "adamw", description="Adam, AdamW or SGD with momentum."
    )
    lr: Annotated[float, Field(gt=0)] = Field(1e-3, description="Highest learning rate, that of the head.")
    body_lr: Annotated[float, Field(ge=0)] = Field(
        0.5, description="Rate of the body's last part over the head's."
    )
    layer_decay: Annotated[float, Field(gt=0, le=1)] = Field(
        0.8, description="Rate of each part over the next one's."
    )
    weight_decay: Annotated[float, Field(ge=0)] = Field(
        0.02, description="Weight decay, not on norms and biases."
    )
    schedule: Literal["constant", "cosine"] = Field("cosine", description="Course of the learning rate.")
    warmup_epochs: Annotated[float, Field(ge=0)] = Field(1.0, description="Epochs of rising learning rate.")
    loss: Literal["cross-entropy", "binary-cross-entropy"] = Field("cross-entropy", description="Loss.")
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.1, description="Share of the target spread out."
    )
    ema: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.0, description="Decay of the weights' moving average; 0: off."
    )
    head_first: bool = Field(True, description="Fit the head on frozen features before training the whole.")

    # The augmentation
    crop: Annotated[float, Field(gt=0, le=1)] = Field(
        0.5, description="Smallest area of a random crop; 1: off."
    )
    flip: bool = Field(True, description="Mirror half of the photos.")
    operations: Annotated[int, Field(ge=0, le=11)] = Field(2, description="Random operations a photo.")
    magnitude: Fraction = Field(0.5, description="Strength of the random operations.")
    erase: Fraction = Field(0.0, description="Probability of a painted-over rectangle.")
    mixup: Annotated[float, Field(ge=0)] = Field(0.0, description="Beta parameter of mixup; 0: off.")
    cutmix: Annotated[float, Field(ge=0)] = Field(0.0, description="Beta parameter of CutMix; 0: off.")
    augment: Literal["all", "copies", "none"] = Field(
        "all", description="Vary all photos, only the copies, or none."
    )

    # The answers
    accept_precision: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.98, description="Share of the accepted answers that is to be right."
    )
    keep_known: Annotated[float, Field(gt=0, le=1)] = Field(
        0.95, description="Share of known photos that are not to be called unknown."
    )
    novelty: Literal[
        "combined", "relative-mahalanobis", "mahalanobis", "knn", "vim", "energy", "max-softmax"
    ] = Field("combined", description="Score that tells unknown photos from known ones.")


class TrainConfig(MachineConfig, _LearningConfig):
    """Everything that decides what a training run does.

    Fields of a later base come first: data, parts, what is learned and how, and the run.
    """

    out: Path | None = Field(None, description="Run folder; runs/RECIPE-N if not given.")

    @model_validator(mode="after")
    def _consistent(self) -> TrainConfig:
        if self.teacher is None and self.teacher_share != type(self).model_fields["teacher_share"].default:
            raise ValueError(
                f"teacher_share is {self.teacher_share:g}, but there is no teacher: name one, or leave it out"
            )
        if self.teacher is not None and not self.teacher_share:
            raise ValueError(
                "teacher_share is 0: the teacher would be asked for nothing; leave the teacher out"
            )
        if self.weights is not None and not self.pretrained:
            raise ValueError(f"weights names {self.weights}, but pretrained is off: leave one of the two out")
        if not self.epochs and not self.head_first:
            raise ValueError(
                "epochs is 0, so only the head would be fitted, but head_first is off (recipe small-cnn has it off):"
                " train for an epoch or more, or turn head_first on"
            )
        if not self.epochs and self.teacher is not None:
            raise ValueError("epochs is 0: the head is fitted to labels alone; leave the teacher out")
        return self

    @property
    def model_name(self) -> str:
        """Name of the network for :func:`shelfwise.models.get_spec`."""
        if self.backbone is not None:
            return self.backbone
        if self.recipe == "hf":
            raise ConfigError("recipe 'hf' needs a network: add --backbone hf:REPO_OR_PATH")
        return self.recipe


def recipe_defaults(name: str) -> dict[str, Any]:
    """The settings that a recipe stands for.

    Raises:
        ConfigError: there is no such recipe.
    """
    if name not in RECIPES:
        raise ConfigError(f"no recipe is named '{name}'; there are: {', '.join(RECIPES)}")
    text = resources.files("shelfwise.training").joinpath("recipes", f"{name}.toml").read_text("utf-8")
    return {"recipe": name, **tomllib.loads(text)}


def with_recipe(given: Mapping[str, object]) -> dict[str, Any]:
    """The defaults that the recipe named in ``given`` (or else the default one) stands for.

    Raises:
        ConfigError: there is no such recipe.
    """
    default = TrainConfig.model_fields["recipe"].default
    return recipe_defaults(str(given.get("recipe", "hf" if "backbone" in given else default)))
