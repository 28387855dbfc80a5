"""Batches for an epoch: drawn, varied and mixed from memory-mapped photos, reproducibly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from shelfwise.images.augment import Augmentation, augment, mix, resize, resize_batch
from shelfwise.training.balance import Plan
from shelfwise.training.config import TrainConfig
from shelfwise.training.optim import soft_targets
from shelfwise.training.teacher import Teacher

__all__ = ["Batch", "Batches", "Part", "epoch_seed"]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Photos and labels of one part of a split.

    Attributes:
        images: uint8 N×S×S×3, usually a read-only memory map.
        labels: int64 array of length N.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """One step's input.

    Attributes:
        images: float32 photos N×3×S×S in 0…255.
        targets: N×C, rows summing to 1.
        labels: the labels that they came from, N.
        answers: the categories that are right, N: of mixed photos, that of the larger part.
    """

    images: Tensor
    targets: Tensor
    labels: Tensor
    answers: Tensor


def epoch_seed(seed: int, epoch: int) -> int:
    """A seed for one epoch: it depends on nothing before it, so a resumed run draws the same numbers."""
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0] >> 1)


class Batches:
    """The batches of each epoch.

    Args:
        part: the training photos.
        plan: which of them an epoch shows, and which are varied.
        config: batch size, augmentation and seed.
        categories: number of categories.
        size: side of the network's input in pixels.
        device: where the batches are made.
        teacher: a model whose answers are targets too.
    """

    def __init__(
        self,
        part: Part,
        plan: Plan,
        config: TrainConfig,
        *,
        categories: int,
        size: int,
        device: torch.device,
        teacher: Teacher | None = None,
    ) -> None:
        self._part, self._plan, self._config = part, plan, config
        self._categories, self._size, self._device = categories, size, device
        self._teacher = teacher
        # What a teacher looks at loses nothing to a student who looks at less.
        self._seen = size if teacher is None else max(size, teacher.size)
        self._augmentation = Augmentation(
            config.crop, config.flip, config.operations, config.magnitude, config.erase
        )

    def __len__(self) -> int:
        count = len(self._plan.indices)
        full, rest = divmod(count, self._config.batch_size)
        # One photo alone has no variance: batch normalisation cannot train on it.
        return max(1, full + (rest > 1))

    def epoch(self, epoch: int) -> Iterator[Batch]:
        """The batches of epoch ``epoch``, in an order and with variations that depend on seed and epoch alone."""
        generator = torch.Generator().manual_seed(epoch_seed(self._config.seed, epoch))
        order = torch.randperm(len(self._plan.indices), generator=generator).numpy()
        size = self._config.batch_size
        for start in range(0, len(self) * size, size):
            yield self._batch(order[start : start + size], generator)

    def _batch(self, chosen: NDArray[np.int64], generator: torch.Generator) -> Batch:
        positions = self._plan.indices[chosen]
        images = torch.from_numpy(self._part.images[positions]).to(self._device)
        labels = torch.from_numpy(self._part.labels[positions]).to(self._device)
        batch = self._vary(images, self._plan.varied[chosen], generator)
        targets = soft_targets(labels, self._categories, self._config.label_smoothing)
        batch, targets = mix(batch, targets, generator, mixup=self._config.mixup, cutmix=self._config.cutmix)
        answers = targets.argmax(1)  # before a teacher has its say
        if self._teacher is not None:
            targets = self._teacher.teach(batch, targets)
            batch = resize(batch, self._size)
        return Batch(batch.contiguous(memory_format=torch.channels_last), targets, labels, answers)

    def _vary(self, images: Tensor, varied: NDArray[np.bool_], generator: torch.Generator) -> Tensor:
        if varied.all():
            return augment(images, self._seen, self._augmentation, generator)
        batch = resize_batch(images, self._seen)
        if varied.any():
            which = torch.from_numpy(np.flatnonzero(varied)).to(images.device)
            batch[which] = augment(images[which], self._seen, self._augmentation, generator)
        return batch
