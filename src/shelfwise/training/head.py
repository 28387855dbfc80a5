"""The first step of transfer: a linear head fitted on the frozen body's features."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["HeadFit", "fit_head"]

_PENALTIES = (3e-5, 3e-4, 3e-3, 3e-2)
"""Weights of the squared norm that are tried; the spread covers sets of some hundred to many thousand photos."""


class HeadFit:
    """A fitted linear layer.

    Attributes:
        weight: float32 C×D.
        bias: float32 C.
        penalty: the penalty it was fitted with.
    """

    def __init__(self, weight: Tensor, bias: Tensor, penalty: float) -> None:
        self.weight, self.bias, self.penalty = weight, bias, penalty

    def copy_to(self, layer: nn.Linear) -> None:
        """Make a layer of the network this one."""
        with torch.no_grad():
            layer.weight.copy_(self.weight)
            layer.bias.copy_(self.bias)


def fit_head(
    features: Tensor, labels: Tensor, val_features: Tensor, val_labels: Tensor, categories: int
) -> HeadFit:
    """Multinomial logistic regression by L-BFGS, its penalty chosen by validation accuracy.

    Args:
        features: float32 N×D of the training photos.
        labels: int64 N.
        val_features: float32 M×D; where M is 0 the second penalty is taken.
        val_labels: int64 M.
        categories: number of categories.

    Returns:
        The layer for unstandardised features.
    """
    mean, deviation = features.mean(0), features.std(0).clamp(min=1e-6)
    scaled = (features - mean) / deviation
    fits = []
    for penalty in _PENALTIES if len(val_labels) else _PENALTIES[1:2]:
        weight, bias = _fit(scaled, labels, categories, penalty)
        weight = weight / deviation
        fits.append(HeadFit(weight, bias - weight @ mean, penalty))

    def accuracy(fit: HeadFit) -> float:
        if not len(val_labels):
            return 0.0
        return float((((val_features @ fit.weight.T) + fit.bias).argmax(1) == val_labels).float().mean())

    return max(fits, key=accuracy)


def _fit(features: Tensor, labels: Tensor, categories: int, penalty: float) -> tuple[Tensor, Tensor]:
    weight = torch.zeros(categories, features.shape[1], requires_grad=True)
    bias = torch.zeros(categories, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [weight, bias], max_iter=150, history_size=10, line_search_fn="strong_wolfe"
    )

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = functional.cross_entropy(features @ weight.T + bias, labels) + penalty * weight.square().sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    return weight.detach(), bias.detach()
