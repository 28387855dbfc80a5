"""The settings of one training of a detector: strict, the same in Python, in TOML files and as command-line flags."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from shelfwise.rules import SIDE_STEP, DetectionRule
from shelfwise.training.run_config import DataConfig, Fraction, MachineConfig, PartsConfig, Positive

__all__ = ["DetectConfig"]

Side = Annotated[int, Field(ge=SIDE_STEP, le=4096, multiple_of=SIDE_STEP)]
_LOOK: Final = DetectionRule.model_fields


class _BoxesConfig(DataConfig):
    """Photos with boxes."""

    task: Literal["detect"] = Field("detect", description="To find products, not to name them.")
    data: Path = Field(description="Folder or annotation file of photos with boxes around the products.")
    also: list[Path] = Field(
        [],
        description="Another set with boxes to train on; of one with parts, its train part. Named twice, its photos"
        " are shown twice as often.",
    )
    validate_on: list[Path] = Field(
        [],
        description="Another set with boxes whose photos validate as well; of one with parts, its val part.",
    )


class _LearningConfig(PartsConfig, _BoxesConfig):
    """What a detector learns, and how."""

    # The network
    backbone: Literal["lite0", "lite1", "lite2"] = Field("lite0", description="Body of the detector.")
    width: Annotated[int, Field(ge=16, le=512, multiple_of=8)] = Field(
        96, description="Channels of the detector's pyramid and head."
    )
    depth: Annotated[int, Field(ge=1, le=8)] = Field(2, description="Layers of the detector's head.")
    pretrained: bool = Field(True, description="Start from the body's ImageNet weights.")
    weights: Path | None = Field(
        None, description="Start from another detector: its run folder, or a safetensors file."
    )
    size: Side = Field(640, description="Side of the crops that are learned from, in pixels.")
    frozen_stages: Annotated[int, Field(ge=0, le=8)] = Field(
        1, description="First parts of the body left as they are."
    )

    # The optimisation
    epochs: Positive = Field(30, description="Number of epochs.")
    steps: Positive | None = Field(
        None, description="Steps in an epoch; as many as show each photo once if not given."
    )
    patience: Annotated[int, Field(ge=0)] = Field(
        0, description="Stop after so many epochs without gain; 0: never."
    )
    batch_size: Positive = Field(8, description="Crops in a step; of larger ones there are fewer.")
    lr: Annotated[float, Field(gt=0)] = Field(2e-3, description="Highest learning rate, that of the head.")
    body_lr: Annotated[float, Field(ge=0)] = Field(0.25, description="Rate of the body over the head's.")
    weight_decay: Annotated[float, Field(ge=0)] = Field(
        0.05, description="Weight decay, not on norms and biases."
    )
    warmup_epochs: Annotated[float, Field(ge=0)] = Field(0.5, description="Epochs of rising learning rate.")
    ema: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.998, description="Decay of the weights' moving average; 0: off."
    )
    mosaics: Fraction = Field(
        0.35, description="Share of photos with few products that are shown four at once."
    )

    # How it will look at photos
    overlap: Annotated[float, Field(gt=0, lt=1)] = Field(
        _LOOK["overlap"].default,
        description="Largest overlap of two products' boxes, intersection over union.",
    )
    suppression: Literal["hard", "soft"] = Field(
        _LOOK["suppression"].default,
        description="Leave out boxes that overlap a surer one, or make them less sure.",
    )
    overview: Side = Field(
        _LOOK["overview"].default, description="Longer side of a photo at the first look at all of it."
    )
    side: Side = Field(
        _LOOK["side"].default, description="Longer side of a photo at the closer look at small products."
    )
    tile: Side = Field(_LOOK["tile"].default, description="Largest side of a part that is looked at at once.")
    tile_overlap: Annotated[int, Field(ge=0)] = Field(
        _LOOK["tile_overlap"].default, description="Pixels that neighbouring parts share."
    )


class DetectConfig(MachineConfig, _LearningConfig):
    """Everything that decides what the training of a detector does.

    Fields of a later base come first: data, parts, what is learned and how, and the run.
    """

    out: Path | None = Field(None, description="Run folder; runs/detector-BACKBONE-N if not given.")

    @model_validator(mode="after")
    def _consistent(self) -> DetectConfig:
        self.rule(0.5)
        return self

    def rule(self, min_score: float) -> DetectionRule:
        """How the detector will look at photos, with this smallest score of a product."""
        return DetectionRule(min_score=min_score, **self.model_dump(include=_LOOK.keys() - {"min_score"}))

    @property
    def model_name(self) -> str:
        """What the model is called."""
        return f"detector-{self.backbone}"
