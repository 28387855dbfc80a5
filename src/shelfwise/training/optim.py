"""Optimiser, learning-rate schedule, losses and the moving average of weights."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from shelfwise.models.network import Network
from shelfwise.training.config import TrainConfig

__all__ = [
    "MovingAverage",
    "binary_cross_entropy",
    "build_optimizer",
    "half_cosine",
    "learning_rate_factor",
    "soft_targets",
]


def build_optimizer(network: Network, config: TrainConfig) -> torch.optim.Optimizer:
    """An optimiser with a learning rate for each part of the network.

    The head gets ``lr``, the body's last stage ``lr * body_lr``, and each stage before it ``layer_decay`` times
    the next one's (layer-wise decay, Clark et al. 2020, arXiv 2003.10555). Only the matrices of linear layers and
    convolutions have weight decay: norms, biases, layer scales, class tokens, places and attention biases have none.
    Frozen parameters are left out. Each group keeps its highest rate as ``peak_lr``.
    """
    groups: list[dict[str, object]] = []
    matrices = {id(p) for name, p in network.named_parameters() if name.endswith("weight") and p.ndim > 1}
    listed: set[int] = set()
    for depth, stage in enumerate(reversed(network.stages())):
        listed.update(id(p) for p in stage.parameters())
        rate = config.lr * config.body_lr * config.layer_decay**depth
        groups += _decayed(list(stage.parameters()), matrices, rate, config.weight_decay)
    rest = [p for p in network.parameters() if id(p) not in listed]
    groups += _decayed(rest, matrices, config.lr, config.weight_decay)
    match config.optimizer:
        case "adam":
            return torch.optim.Adam(groups, lr=config.lr, eps=1e-7)
        case "adamw":
            return torch.optim.AdamW(groups, lr=config.lr)
        case "sgd":
            return torch.optim.SGD(groups, lr=config.lr, momentum=0.9, nesterov=True)


def _decayed(
    parameters: list[nn.Parameter], matrices: set[int], rate: float, decay: float
) -> list[dict[str, object]]:
    trained = [p for p in parameters if p.requires_grad]
    decayed = [p for p in trained if id(p) in matrices]
    others = [p for p in trained if id(p) not in matrices]
    groups: list[dict[str, object]] = []
    for members, weight_decay in ((decayed, decay), (others, 0.0)):
        if members:
            groups.append({"params": members, "lr": rate, "peak_lr": rate, "weight_decay": weight_decay})
    return groups


def learning_rate_factor(config: TrainConfig, step: int, steps_per_epoch: int) -> float:
    """Share of the highest rate at ``step`` (from 0): linear warm-up, then constant or half a cosine to zero."""
    warmup = config.warmup_epochs * steps_per_epoch
    if config.schedule == "constant" and step >= warmup:
        return 1.0
    return half_cosine(step, warmup, config.epochs * steps_per_epoch)


def half_cosine(step: int, warmup: float, total: int) -> float:
    """Share of the highest rate at ``step`` (from 0) of ``total``: linear warm-up, then half a cosine to zero."""
    if step < warmup:
        return (step + 1) / (warmup + 1)
    progress = (step - warmup) / max(1.0, total - warmup)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


def soft_targets(labels: Tensor, categories: int, smoothing: float) -> Tensor:
    """One-hot rows, N×C, with ``smoothing`` of each spread over all categories (Szegedy et al. 2015)."""
    return functional.one_hot(labels, categories).float() * (1 - smoothing) + smoothing / categories


def binary_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Binary cross-entropy of each softmax output, averaged over categories and batch, as Keras computes it.

    Probabilities are kept 1e-7 away from 0 and 1, as there.
    """
    p = logits.softmax(dim=1).clamp(1e-7, 1 - 1e-7)
    return -(targets * p.log() + (1 - targets) * torch.log1p(-p)).mean()


class MovingAverage:
    """Exponential moving average of a network's weights and buffers (Polyak averaging).

    The decay rises from 0.1 with the number of updates, so that a short run is not held at its start.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.updates = 0
        self.state = {name: value.detach().clone() for name, value in network.state_dict().items()}

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Take in the network's present weights."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        for name, value in network.state_dict().items():
            kept = self.state[name]
            if kept.dtype.is_floating_point:
                kept.lerp_(value, 1 - decay)
            else:
                kept.copy_(value)
