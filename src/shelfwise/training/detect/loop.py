"""The loop that trains a detector. What is not the loop itself is a callback beside it."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from shelfwise.models.product_detector import ProductDetector, places
from shelfwise.training.detect.batches import Batch, CropBatches
from shelfwise.training.detect.losses import detection_losses
from shelfwise.training.learner import Callback, Learner
from shelfwise.training.normalise import scale_and_shift
from shelfwise.training.optim import half_cosine

__all__ = ["DetectorEpoch", "DetectorTrainer", "Rates", "best_epoch"]

_CLIP = 10.0


@dataclass(frozen=True, slots=True)
class Rates:
    """How fast the detector learns.

    Attributes:
        lr: highest rate of pyramid and head.
        body_lr: that of the body, as a share of ``lr``.
        weight_decay: of the matrices.
        warmup: steps in which the rate rises.
        ema: decay of the moving average of the weights; 0 for none.
        epochs: over which the rate falls to zero, along half a cosine.
    """

    lr: float
    body_lr: float
    weight_decay: float
    warmup: int
    ema: float
    epochs: int

    def factor(self, step: int, steps_per_epoch: int) -> float:
        """Share of the highest rate at ``step``, from 0."""
        return half_cosine(step, self.warmup, self.epochs * steps_per_epoch)


@dataclass(frozen=True, slots=True)
class DetectorEpoch:
    """What one epoch gave.

    Attributes:
        epoch: number, from 1.
        lr: at its end.
        train_loss, score_loss, box_loss: means over its steps.
        ap50: average precision on the validation photos at an overlap of one half; NaN without any.
    """

    epoch: int
    lr: float
    train_loss: float
    score_loss: float
    box_loss: float
    ap50: float

    def to_dict(self) -> dict[str, float]:
        """The record as a row of the history."""
        return asdict(self)


def best_epoch(history: Sequence[DetectorEpoch]) -> DetectorEpoch:
    """The epoch to keep: of the highest AP50, the earliest of equals; the last one without validation photos."""
    if math.isnan(history[-1].ap50):
        return history[-1]
    return max(history, key=lambda record: (record.ap50, -record.epoch))


class DetectorTrainer(Learner[DetectorEpoch]):
    """Trains one detector.

    Args:
        network: the detector, on ``device``.
        rates: how fast it learns.
        batches: the crops.
        validate: AP50 of a network, or NaN.
        mean, std: normalisation of the input, of values in 0…1.
        seed: of what is random in the network.
        device: where to train.
        autocast: the context of the forward pass.
        callbacks: called in this order.

    Attributes:
        history: all whole epochs.
        should_stop: set by a callback to end training after the present step.
    """

    network: ProductDetector
    batches: CropBatches

    def __init__(
        self,
        network: ProductDetector,
        rates: Rates,
        batches: CropBatches,
        validate: Callable[[ProductDetector], float],
        *,
        mean: Sequence[float],
        std: Sequence[float],
        seed: int,
        device: torch.device,
        autocast: Callable[[], contextlib.AbstractContextManager[Any]] = contextlib.nullcontext,
        callbacks: Sequence[Callback[Any]] = (),
    ) -> None:
        super().__init__(
            network,
            _optimizer(network, rates),
            batches,
            DetectorEpoch,
            lr=rates.lr,
            ema=rates.ema,
            epochs=rates.epochs,
            callbacks=callbacks,
        )
        self.rates, self.validate, self.seed, self.device, self.autocast = (
            rates,
            validate,
            seed,
            device,
            autocast,
        )
        self._scale, self._shift = scale_and_shift(mean, std, device)

    def fit(self) -> list[DetectorEpoch]:
        """Train from where ``history`` ends to the last epoch, or until a callback sets ``should_stop``."""
        for epoch in range(self.next_epoch, self.epochs + 1):
            if self.should_stop:
                break
            losses = self._train_epoch(epoch)
            if self.should_stop:  # stopped in the middle of the epoch: it is not a whole one
                break
            with self.kept_weights():
                ap50 = self.validate(self.network)
            rate = max(group["lr"] for group in self.optimizer.param_groups)
            self.tell(DetectorEpoch(epoch, rate, *losses, ap50))
        return self.history

    def best(self) -> DetectorEpoch:
        """See :func:`best_epoch`."""
        return best_epoch(self.history)

    def _train_epoch(self, epoch: int) -> tuple[float, float, float]:
        torch.manual_seed(self.seed + epoch)
        self.network.train()
        sums, steps = np.zeros(3), 0
        for step, batch in enumerate(self.batches.epoch(epoch), start=1):
            sums += self._step(batch, (epoch - 1) * len(self.batches) + step - 1)
            steps += 1
            for callback in self.callbacks:
                callback.on_step(self, step, float(sums[0] / steps))
            if self.should_stop:
                break
        total, score, box = sums / max(steps, 1)
        return float(total), float(score), float(box)

    def _step(self, batch: Batch, step: int) -> tuple[float, float, float]:
        factor = self.rates.factor(step, len(self.batches))
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak_lr"] * factor
        images = torch.from_numpy(batch.pixels).to(self.device).permute(0, 3, 1, 2).float()
        images = (images * self._scale - self._shift).contiguous(memory_format=torch.channels_last)
        middles, _ = places(images.shape[2], images.shape[3], self.device)
        products, ignored = (
            [torch.from_numpy(each).to(self.device) for each in boxes]
            for boxes in (batch.products, batch.ignored)
        )
        with self.autocast():
            found = self.network(images)
        found = type(found)(found.logits.float(), found.boxes.float())
        losses = detection_losses(found, middles, products, ignored)
        self.optimizer.zero_grad(set_to_none=True)
        losses.total.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), _CLIP)
        self.optimizer.step()
        if self.average is not None:
            self.average.update(self.network)
        return float(losses.total.detach()), float(losses.score), float(losses.box)


def _optimizer(network: ProductDetector, rates: Rates) -> torch.optim.Optimizer:
    """AdamW with a lower rate for the body, and weight decay for matrices alone."""
    body = {id(p) for stage in network.stages for p in stage.parameters()}
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for parameter in network.parameters():
        if parameter.requires_grad:
            groups.setdefault((id(parameter) in body, parameter.ndim > 1), []).append(parameter)
    listed = []
    for (in_body, matrices), members in groups.items():
        rate = rates.lr * (rates.body_lr if in_body else 1.0)
        decay = rates.weight_decay if matrices else 0.0
        listed.append({"params": members, "lr": rate, "peak_lr": rate, "weight_decay": decay})
    return torch.optim.AdamW(listed, lr=rates.lr)
