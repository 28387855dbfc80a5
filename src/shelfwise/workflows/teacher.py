"""A bundle as the teacher of a training run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shelfwise.bundle import Bundle, read_bundle
from shelfwise.errors import ConfigError
from shelfwise.inference.classifier import softmax
from shelfwise.inference.engines import Engine, available, open_session
from shelfwise.training.config import TrainConfig
from shelfwise.training.hardware import choose_device
from shelfwise.training.teacher import Teacher

__all__ = ["read_teacher", "taught_by"]


def read_teacher(path: Path, config: TrainConfig, categories: Sequence[str]) -> Bundle:
    """A run's teacher; it is not opened in an engine yet.

    Args:
        path: its bundle.
        config: the settings of the run.
        categories: what the run is to learn.

    Raises:
        BundleError: the folder is missing, damaged or of another version.
        ConfigError: the teacher does not know all of the categories, or makes photos square in another way.
    """
    bundle = read_bundle(path)
    if missing := [name for name in categories if name not in bundle.categories]:
        raise ConfigError(
            f"{path}: the teacher does not know {', '.join(missing[:5])}"
            f"{f' and {len(missing) - 5} others' if len(missing) > 5 else ''}; it knows: "
            f"{', '.join(bundle.categories[:10])}{', …' if len(bundle.categories) > 10 else ''}"
        )
    if (theirs := bundle.preprocessing.resize) != config.resize:
        raise ConfigError(
            f"{path}: the teacher has learned photos that were made square by '{theirs}': use --resize {theirs}"
        )
    return bundle


def taught_by(bundle: Bundle, config: TrainConfig, categories: Sequence[str]) -> Teacher:
    """A teacher from its bundle: its calibrated probabilities, of the run's categories alone.

    It runs on the GPU if the training does and ONNX Runtime can, else on the CPU: never in the engine that is fastest
    here, since equal trainings are to give equal bundles on all machines.

    Args:
        bundle: the teacher's; it knows all of the categories.
        config: the settings.
        categories: what the run learns, in its order.

    Raises:
        ModelError: it cannot be loaded.
    """
    gpu = choose_device(config.device).type == "cuda" and "cuda" in available()
    engine: Engine = "cuda" if gpu else "onnxruntime"
    session = open_session(bundle.model_source(), engine=engine, threads=config.threads)
    columns = [bundle.categories.index(name) for name in categories]

    def answer(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        return softmax(session.run(images).logits[:, columns], bundle.temperature)

    return Teacher(bundle.preprocessing.size, answer, config.teacher_share)
