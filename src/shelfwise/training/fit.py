"""One run's training: network, fitted head, loop with its callbacks, and the best weights at the end."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from shelfwise.errors import TrainingError
from shelfwise.images.preprocess import Preprocessing
from shelfwise.models import ModelSpec, build_network
from shelfwise.models.network import Network
from shelfwise.training.balance import Plan
from shelfwise.training.batches import Batches, Part
from shelfwise.training.callbacks import Reporter, Stopper
from shelfwise.training.config import TrainConfig
from shelfwise.training.course import Fitted, run_course
from shelfwise.training.hardware import choose_device, reproducible
from shelfwise.training.head import fit_head
from shelfwise.training.loop import EpochRecord, Trainer
from shelfwise.training.optim import MovingAverage
from shelfwise.training.teacher import Teacher

__all__ = ["FitResult", "Report", "Stages", "TrainingData", "fit"]


class Report(Protocol):
    """Takes how far one stage of the work is."""

    def __call__(self, done: int, total: int | None = None, text: str = "") -> None:
        """``done`` of ``total`` steps are done; ``text`` is what else there is to say."""


Stages = Callable[[str], Report]
"""Begins a stage of the work with a name for people, and gives what reports on it."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainingData:
    """The photos of a run, decoded.

    Attributes:
        train: training photos, larger than the input where crops are taken from them.
        validation: validation photos, exactly as served; may be empty.
        plan: what an epoch shows.
        categories: category names.
    """

    train: Part
    validation: Part
    plan: Plan
    categories: tuple[str, ...]


FitResult = Fitted[Network, EpochRecord]
"""A trained classifier."""


def fit(
    config: TrainConfig,
    spec: ModelSpec,
    preprocessing: Preprocessing,
    data: TrainingData,
    folder: Path,
    fingerprint: str,
    stages: Stages,
    teacher: Teacher | None = None,
) -> FitResult:
    """Train, from the last checkpoint in ``folder/checkpoints`` where there is one.

    Args:
        config: the settings.
        spec: the network.
        preprocessing: how photos become its input.
        data: the photos.
        folder: the run's.
        fingerprint: what the result depends on; a checkpoint with another one is refused.
        stages: shows how far each stage of the work is.
        teacher: a model whose answers to learn from, beside the labels.

    Raises:
        TrainingError: training cannot start.
        DivergedError: the loss became NaN or infinite before an epoch was over.
        KeyboardInterrupt: Ctrl-C before an epoch was over.
        StorageError: a checkpoint could not be written.
        ModelError: the teacher failed.
    """
    device = choose_device(config.device)
    stopper = Stopper()
    with reproducible(config.threads), stopper.listening():
        trainer = _trainer(config, spec, preprocessing, data, device, teacher)
        failure = run_course(
            trainer,
            folder,
            fingerprint,
            patience=config.patience,
            reporter=Reporter(stages("Training")),
            stopper=stopper,
            begin=partial(_begin, trainer, data, preprocessing, stages),
        )
    return Fitted(trainer.network, trainer.history, stopper.interrupted, str(device), failure)


def _trainer(
    config: TrainConfig,
    spec: ModelSpec,
    preprocessing: Preprocessing,
    data: TrainingData,
    device: torch.device,
    teacher: Teacher | None,
) -> Trainer:
    torch.manual_seed(config.seed)  # the initial weights
    network = build_network(spec, len(data.categories), dropout=config.dropout, pretrained=config.pretrained)
    if config.fixed_norms:
        network.fix_norms()
    network.keep_tokens(config.token_keep)
    network.freeze_stages(config.frozen_stages)
    network = network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    _try_sizes(network, {preprocessing.size, config.train_size or preprocessing.size}, device)
    batches = Batches(
        data.train,
        data.plan,
        config,
        categories=len(data.categories),
        size=config.train_size or preprocessing.size,
        device=device,
        teacher=teacher,
    )
    return Trainer(network, config, batches, data.validation, mean=spec.mean, std=spec.std, device=device)


def _try_sizes(network: Network, sizes: set[int], device: torch.device) -> None:
    """Run one empty picture of each size through the network, to find one that it cannot take at once."""
    network.eval()
    for size in sizes:
        try:
            with torch.no_grad():
                network(torch.zeros(1, 3, size, size, device=device))
        except (RuntimeError, ValueError) as error:
            raise TrainingError(f"the network cannot take pictures of {size}×{size}: {error}") from error


def _begin(trainer: Trainer, data: TrainingData, preprocessing: Preprocessing, stages: Stages) -> None:
    """Fit the last layer on the frozen body's features if asked to; it becomes epoch 0 of the history."""
    if not trainer.config.head_first:
        return
    report = stages("Fitting the head")
    layer = _last_linear(trainer.network)
    features = trainer.predict(_Resized(data.train.images, preprocessing), embedding=True, progress=report)
    val_features = trainer.predict(data.validation.images, embedding=True)
    head = fit_head(
        features,
        torch.from_numpy(data.train.labels),
        val_features,
        torch.from_numpy(data.validation.labels),
        len(data.categories),
    )
    head.copy_to(layer)
    if trainer.average is not None:
        trainer.average = MovingAverage(trainer.network, trainer.config.ema)
    trainer.finish_epoch(0, math.nan, math.nan)


class _Resized:
    """Training photos as they would be served, made batch by batch."""

    def __init__(self, images: NDArray[np.uint8], preprocessing: Preprocessing) -> None:
        self._images, self._preprocessing = images, preprocessing

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, part: slice) -> NDArray[np.uint8]:
        return np.stack([self._preprocessing.apply(image) for image in self._images[part]])


def _last_linear(network: Network) -> nn.Linear:
    layers = [module for module in network.head.modules() if isinstance(module, nn.Linear)]
    if len(layers) != 1:
        raise TrainingError(
            "head_first needs a network with one linear layer as its head: use --no-head-first"
        )
    return layers[0]
