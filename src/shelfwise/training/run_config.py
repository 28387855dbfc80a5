"""The settings that every training has, whatever it learns: its photos, their parts, and the run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shelfwise.rules import Task

__all__ = ["DataConfig", "Fraction", "MachineConfig", "PartsConfig", "Positive"]

Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(gt=0)]


class DataConfig(BaseModel):
    """What is learned from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: Task
    data: Path
    layout: str | None = Field(None, description="Layout of the data; found by itself if not named.")


class PartsConfig(BaseModel):
    """How the photos are divided into training, validation and test part."""

    fold: str | None = Field(None, description="Official fold to hold out as the test part.")
    split: Path | None = Field(None, description="Use this saved split instead of making one.")
    use_official: bool = Field(True, description="Take the set's own training, validation and test lists.")
    train_fraction: Fraction = Field(0.7, description="Part of the photos to train on.")
    val_fraction: Fraction = Field(0.2, description="Part to choose the best epoch by.")
    test_fraction: Fraction = Field(0.1, description="Part that is only measured on, at the end.")

    @model_validator(mode="after")
    def _add_up(self) -> PartsConfig:
        total = self.train_fraction + self.val_fraction + self.test_fraction
        if abs(total - 1) > 1e-6:
            raise ValueError(f"train_fraction, val_fraction and test_fraction add up to {total:g}, not 1")
        if self.train_fraction == 0:
            raise ValueError("train_fraction is 0: there would be nothing to train on")
        return self


class MachineConfig(BaseModel):
    """Where a run is kept, and what it runs on."""

    out: Path | None
    seed: Annotated[int, Field(ge=0)] = Field(42, description="Seed of everything random.")
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="Where to train.")
    precision: Literal["auto", "fp32", "bf16"] = Field("auto", description="bf16 where the hardware has it.")
    threads: Positive | None = Field(None, description="CPU threads; all cores if not given.")
