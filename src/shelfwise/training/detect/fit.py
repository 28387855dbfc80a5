"""One detector's training: network, loop with its callbacks, and the best weights at the end."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from shelfwise.errors import ConfigError
from shelfwise.images.preprocess import Preprocessing
from shelfwise.models import build_network, get_spec
from shelfwise.models.efficientnet_lite import EfficientNetLite
from shelfwise.models.product_detector import ProductDetector
from shelfwise.training.callbacks import Stopper
from shelfwise.training.checkpoint import BEST
from shelfwise.training.course import Fitted, run_course
from shelfwise.training.detect.batches import CropBatches
from shelfwise.training.detect.callbacks import Reporter
from shelfwise.training.detect.config import DetectConfig
from shelfwise.training.detect.loop import DetectorEpoch, DetectorTrainer, Rates
from shelfwise.training.detect.photos import DetectionData
from shelfwise.training.detect.reading import photos_of
from shelfwise.training.detect.validation import Validation
from shelfwise.training.fit import Stages
from shelfwise.training.hardware import autocast, choose_device, reproducible

__all__ = ["DetectorFit", "fit_detector", "normalisation", "weights_file"]


DetectorFit = Fitted[ProductDetector, DetectorEpoch]
"""A trained detector."""


def normalisation(config: DetectConfig) -> Preprocessing:
    """The side of the crops, and the normalisation that the body was trained with."""
    spec = get_spec(config.backbone)
    return Preprocessing(config.size, resize="pad", mean=spec.mean, std=spec.std)


def fit_detector(
    config: DetectConfig, data: DetectionData, folder: Path, fingerprint: str, stages: Stages
) -> DetectorFit:
    """Train, from the last checkpoint in ``folder/checkpoints`` where there is one.

    Args:
        config: the settings.
        data: the photos.
        folder: the run's.
        fingerprint: what the result depends on; a checkpoint with another one is refused.
        stages: shows how far each stage of the work is.

    Raises:
        TrainingError: training cannot start.
        DivergedError: the loss became NaN or infinite before an epoch was over.
        KeyboardInterrupt: Ctrl-C before an epoch was over.
        StorageError: a checkpoint could not be written.
        ImageError: a photo cannot be read any more.
    """
    device, stopper = choose_device(config.device), Stopper()
    with reproducible(config.threads), stopper.listening():
        trainer = _trainer(config, data, device)
        failure = run_course(
            trainer,
            folder,
            fingerprint,
            patience=config.patience,
            reporter=Reporter(stages("Training")),
            stopper=stopper,
        )
    return Fitted(trainer.network, trainer.history, stopper.interrupted, str(device), failure)


def _trainer(config: DetectConfig, data: DetectionData, device: torch.device) -> DetectorTrainer:
    torch.manual_seed(config.seed)  # the initial weights
    network = _network(config).to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    batches = CropBatches(
        photos_of(data.parts["train"]),
        side=config.size,
        batch_size=config.batch_size,
        seed=config.seed,
        steps=config.steps,
        mosaics=config.mosaics,
    )
    form, cast = normalisation(config), partial(autocast, device, config.precision)
    validation = Validation(data.parts["val"], config.rule(0.5), form, device=device, autocast=cast)
    rates = Rates(
        lr=config.lr,
        body_lr=config.body_lr,
        weight_decay=config.weight_decay,
        warmup=round(config.warmup_epochs * len(batches)),
        ema=config.ema,
        epochs=config.epochs,
    )
    return DetectorTrainer(
        network,
        rates,
        batches,
        validation,
        mean=form.mean,
        std=form.std,
        seed=config.seed,
        device=device,
        autocast=cast,
    )


def _network(config: DetectConfig) -> ProductDetector:
    network = ProductDetector(config.backbone, width=config.width, depth=config.depth)
    if config.weights is not None:
        _take_weights(network, weights_file(config.weights))
    elif config.pretrained:
        body = build_network(config.backbone, 1, dropout=0.0)
        assert isinstance(body, EfficientNetLite)
        network.take_body(body)
    network.freeze(config.frozen_stages)
    return network


def weights_file(place: Path) -> Path:
    """The file of weights that a run's folder, its bundle or the file itself stands for.

    Raises:
        ConfigError: there is none.
    """
    run = place.parent if (place / "bundle.json").is_file() else place
    for found in (place, run / "checkpoints" / BEST):
        if found.is_file():
            return found
    raise ConfigError(
        f"--weights {place}: no weights there; name the run folder of a detector that was trained here, or a"
        f" {BEST} of one. A bundle alone keeps its weights in a form that cannot be trained on"
    )


def _take_weights(network: ProductDetector, file: Path) -> None:
    try:
        network.load_state_dict(load_file(file))
    except (SafetensorError, RuntimeError) as error:
        reason = str(error).partition("\n")[0].rstrip(":")
        raise ConfigError(
            f"{file}: not the weights of a detector-{network.variant} with --width {network.width} and --depth"
            f" {network.depth} ({reason})"
        ) from error
