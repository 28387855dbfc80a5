"""The training loop. What is not the loop itself (checkpoints, logs, stopping) is a callback beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from shelfwise.errors import DivergedError
from shelfwise.models.network import Network
from shelfwise.training.batches import Batch, Batches, Part, epoch_seed
from shelfwise.training.config import TrainConfig
from shelfwise.training.hardware import autocast
from shelfwise.training.learner import Callback, Learner
from shelfwise.training.normalise import scale_and_shift
from shelfwise.training.optim import (
    binary_cross_entropy,
    build_optimizer,
    learning_rate_factor,
)

__all__ = ["EpochRecord", "PhotoArray", "Trainer", "best_record"]

_EVALUATION_BATCH = 64


@dataclass(frozen=True, slots=True)
class EpochRecord:
    """What one epoch gave. Epoch 0 is the state before the first: the fitted head on the frozen body."""

    epoch: int
    lr: float
    train_loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: float

    def to_dict(self) -> dict[str, float]:
        """The record as a row of the history."""
        return asdict(self)


def best_record(history: Sequence[EpochRecord]) -> EpochRecord:
    """The epoch to keep: highest validation accuracy, then lowest loss, then the earliest.

    Without validation photos it is the last one.
    """
    if math.isnan(history[-1].val_loss):
        return history[-1]
    return min(history, key=lambda r: (-r.val_accuracy, r.val_loss, r.epoch))


class PhotoArray(Protocol):
    """Photos that can be counted and sliced: an array, a memory map, or a view that makes them when asked."""

    def __len__(self) -> int:
        """Number of photos."""

    def __getitem__(self, part: slice, /) -> NDArray[np.uint8]:
        """Some of them, uint8 n×S×S×3."""


class Trainer(Learner[EpochRecord]):
    """Trains one network.

    Args:
        network: the network, on ``device``.
        config: the settings.
        batches: the training photos.
        validation: the photos that the best epoch is chosen by; may be empty.
        mean, std: normalisation of the input, of values in 0…1.
        device: where to train.
        callbacks: called in this order.

    Attributes:
        history: all whole epochs.
        should_stop: set by a callback to end training after the present step.
        train_accuracy: of the photos of the present epoch so far, as they were varied and mixed.
    """

    network: Network
    batches: Batches

    def __init__(
        self,
        network: Network,
        config: TrainConfig,
        batches: Batches,
        validation: Part,
        *,
        mean: Sequence[float],
        std: Sequence[float],
        device: torch.device,
        callbacks: Sequence[Callback[Any]] = (),
    ) -> None:
        super().__init__(
            network,
            build_optimizer(network, config),
            batches,
            EpochRecord,
            lr=config.lr,
            ema=config.ema,
            epochs=config.epochs,
            callbacks=callbacks,
        )
        self.config, self.validation, self.device = config, validation, device
        self.train_accuracy = math.nan
        self._scale, self._shift = scale_and_shift(mean, std, device)

    def fit(self) -> list[EpochRecord]:
        """Train from where ``history`` ends to the last epoch, or until a callback sets ``should_stop``."""
        for epoch in range(self.next_epoch, self.epochs + 1):
            if self.should_stop:
                break
            train_loss, train_accuracy = self._train_epoch(epoch)
            if self.should_stop:  # stopped in the middle of the epoch: it is not a whole one
                break
            self.finish_epoch(epoch, train_loss, train_accuracy)
        return self.history

    def finish_epoch(self, epoch: int, train_loss: float, train_accuracy: float) -> None:
        """Validate, add to the history and tell the callbacks."""
        rate = max(group["lr"] for group in self.optimizer.param_groups) if epoch else 0.0
        record = EpochRecord(epoch, rate, train_loss, train_accuracy, *self._validate())
        self.tell(record)

    def best(self) -> EpochRecord:
        """See :func:`best_record`."""
        return best_record(self.history)

    def _train_epoch(self, epoch: int) -> tuple[float, float]:
        torch.manual_seed(epoch_seed(self.config.seed, epoch))  # dropout
        self.network.train()
        done, loss_sum, hits = 0, 0.0, 0
        for step, batch in enumerate(self.batches.epoch(epoch), start=1):
            loss, logits = self._step(batch, (epoch - 1) * len(self.batches) + step - 1)
            done += len(batch.labels)
            loss_sum += loss * len(batch.labels)
            hits += int((logits.argmax(1) == batch.answers).sum())
            self.train_accuracy = hits / done
            for callback in self.callbacks:
                callback.on_step(self, step, loss)
            if self.should_stop:
                break
        return loss_sum / done, hits / done

    def _step(self, batch: Batch, step: int) -> tuple[float, Tensor]:
        factor = learning_rate_factor(self.config, step, len(self.batches))
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak_lr"] * factor
        with autocast(self.device, self.config.precision):
            logits = self.network(batch.images * self._scale - self._shift)
        loss = self._loss(logits.float(), batch.targets)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        if self.average is not None:
            self.average.update(self.network)
        return float(loss.detach()), logits.detach()

    def _loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        if self.config.loss == "binary-cross-entropy":
            return binary_cross_entropy(logits, targets)
        return functional.cross_entropy(logits, targets)

    def _validate(self) -> tuple[float, float]:
        if len(self.validation) == 0:
            return math.nan, math.nan
        with self.kept_weights():
            logits = self.predict(self.validation.images)
        labels = torch.from_numpy(self.validation.labels)
        targets = functional.one_hot(labels, logits.shape[1]).float()
        accuracy = float((logits.argmax(1) == labels).float().mean())
        loss = float(self._loss(logits, targets))
        if not math.isfinite(loss):
            raise DivergedError(f"the validation loss became {loss}: try a lower learning rate (--lr)")
        return loss, accuracy

    @torch.no_grad()
    def predict(
        self,
        images: PhotoArray,
        *,
        embedding: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> Tensor:
        """Logits (or embeddings) of uint8 photos N×S×S×3 by the present weights, as float32 on the CPU."""
        self.network.eval()
        run = self.network.features if embedding else self.network
        answers = [torch.empty(0, self.network.feature_size if embedding else self.network.num_classes)]
        for start in range(0, len(images), _EVALUATION_BATCH):
            batch = torch.from_numpy(np.array(images[start : start + _EVALUATION_BATCH])).to(self.device)
            batch = batch.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
            with autocast(self.device, self.config.precision):
                answers.append(run(batch.float() * self._scale - self._shift).float().cpu())
            if progress is not None:
                progress(start + len(batch), len(images))
        return torch.cat(answers)
