"""A run's folder: where its files lie, and what a run depends on."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

from shelfwise.config import load_config, read_task
from shelfwise.errors import ConfigError, TrainingError
from shelfwise.extras import require
from shelfwise.files import atomic_write_text
from shelfwise.training.config import TrainConfig
from shelfwise.training.detect.config import DetectConfig

__all__ = ["RunFolder", "absolute_places", "library_versions"]

Config = TypeVar("Config", bound=TrainConfig | DetectConfig)

_LIBRARIES = (
    "shelfwise", "torch", "numpy", "pillow", "pillow-heif", "onnx", "onnxscript", "onnxruntime", "transformers"
)  # fmt: skip


def library_versions() -> dict[str, str]:
    """Versions of the installed libraries that a run's result depends on.

    OpenVINO is none of them: whatever goes into a bundle is measured with ONNX Runtime.
    """
    versions = {}
    for name in _LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one run."""

    path: Path

    @property
    def config(self) -> Path:
        """The settings, as TOML."""
        return self.path / "config.toml"

    @property
    def split(self) -> Path:
        """Which photos are in which part."""
        return self.path / "split.json"

    @property
    def checks(self) -> Path:
        """What the data check found, for the report."""
        return self.path / "checks.json"

    @property
    def finished(self) -> Path:
        """Headline figures by part; there only when the run went to its end."""
        return self.path / "finished.json"

    @property
    def bundle(self) -> Path:
        """The trained model."""
        return self.path / "bundle"

    @property
    def report(self) -> Path:
        """The report's folder."""
        return self.path / "report"

    @classmethod
    def create(cls, config: TrainConfig | DetectConfig) -> RunFolder:
        """Make the folder that ``config`` names, or the next free ``runs/RECIPE-N``, and save the settings there.

        Raises:
            TrainingError: the folder holds something already.
            StorageError: it cannot be written.
        """
        path = config.out or _next_free(Path("runs"), config.model_name)
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise TrainingError(
                f"{path} holds something already: name another folder with --out, or go on with --resume {path}"
            )
        run = cls(path)
        split = config.split.absolute() if config.split is not None else None
        places = {"data": config.data.absolute(), "out": path, "split": split}
        saved = absolute_places(config).model_copy(update=places)
        settings = {key: value for key, value in saved.model_dump(mode="json").items() if value is not None}
        toml = require("tomli_w", what="Training", extra="train")
        atomic_write_text(run.config, toml.dumps(settings))
        return run

    @classmethod
    def open(cls, path: Path) -> tuple[RunFolder, TrainConfig]:
        """An existing run of a classifier and its settings.

        Raises:
            TrainingError: there is no run in that folder, or one of a detector.
            ConfigError: its settings are damaged.
        """
        return cls._opened(path, TrainConfig)

    @classmethod
    def open_detector(cls, path: Path) -> tuple[RunFolder, DetectConfig]:
        """An existing run of a detector and its settings.

        Raises:
            TrainingError: there is no run in that folder, or one of a classifier.
            ConfigError: its settings are damaged.
        """
        return cls._opened(path, DetectConfig)

    @classmethod
    def _opened(cls, path: Path, model: type[Config]) -> tuple[RunFolder, Config]:
        run, wanted = cls(path), model.model_fields["task"].default
        if not run.config.is_file():
            raise TrainingError(f"{path} is not a run's folder: it has no config.toml")
        if run.task != wanted:
            raise TrainingError(
                f"{path} is a run with --task {run.task}, but one with --task {wanted} is needed"
            )
        return run, load_config(model, file=run.config)

    @property
    def task(self) -> str:
        """What the model of the run is for, ``classify`` or ``detect``; the first where its settings are damaged."""
        try:
            return "detect" if read_task(self.config) == "detect" else "classify"
        except ConfigError:
            return "classify"

    def discard(self) -> None:
        """Remove a run that has not begun: settings, check of the photos, and the folder if that is all."""
        for file in (self.config, self.checks):
            file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.path.rmdir()

    def fingerprint(
        self, config: TrainConfig | DetectConfig, data_hash: str, numerics: Mapping[str, object]
    ) -> str:
        """What the run's result depends on, as one hash; a checkpoint with another one is not gone on from."""
        ignored = {
            "data",
            "also",
            "validate_on",
            "out",
            "split",
            "weights",
            "teacher",
            "device",
            "precision",
            "threads",
        }
        content: Mapping[str, Any] = {
            "config": config.model_dump(mode="json", exclude=ignored, exclude_defaults=True),
            "data": data_hash,
            "split": hashlib.sha256(self.split.read_bytes()).hexdigest(),
            "versions": library_versions(),
            "numerics": dict(numerics),
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def absolute_places(config: Config) -> Config:
    """All places but data and split by their absolute paths, so that the run can be gone on with from anywhere."""
    if isinstance(config, DetectConfig):
        weights = None if config.weights is None else config.weights.absolute()
        sets = {name: [each.absolute() for each in getattr(config, name)] for name in ("also", "validate_on")}
        return config.model_copy(update={"weights": weights, **sets})
    prefix, _, place = (config.backbone or "").partition(":")
    backbone = f"{prefix}:{Path(place).absolute()}" if place and Path(place).is_dir() else config.backbone
    places = {
        name: None if place is None else place.absolute()
        for name, place in (("weights", config.weights), ("teacher", config.teacher))
    }
    return config.model_copy(update={"backbone": backbone, **places})


def _next_free(parent: Path, name: str) -> Path:
    safe = "".join(c if c.isalnum() or c in "-_." else "-" for c in name).strip("-.")
    number = 1
    while (parent / f"{safe}-{number}").exists():
        number += 1
    return parent / f"{safe}-{number}"
