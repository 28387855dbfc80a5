"""What every network offers to training and export."""

from __future__ import annotations

from abc import abstractmethod
from collections import OrderedDict
from typing import Self

from torch import Tensor, nn

from shelfwise.errors import ModelError
from shelfwise.models.dropout import Dropout

__all__ = ["Network", "fresh_head"]


class Network(nn.Module):
    """A body that turns pictures into features, and a head that turns features into scores.

    A subclass sets :attr:`head`, a module from features to logits, and defines :meth:`features` and
    :meth:`stages`. Everything but the head is the body.

    Args:
        feature_size: length D of a picture's feature vector.
        num_classes: number C of categories.
    """

    head: nn.Module

    shapes_hold_count = True
    """Whether a shape inside may be reckoned from the number of pictures. Without, an export takes half as long."""

    def __init__(self, feature_size: int, num_classes: int) -> None:
        super().__init__()
        self.feature_size = feature_size
        self.num_classes = num_classes
        self._fixed_norms = False
        self._frozen_stages = 0

    def fix_norms(self) -> None:
        """Train on with the batch norms' statistics as they are; their scales and shifts are still trained.

        A pretrained body's statistics then stay those that its features were learnt with, also where the
        photos at hand differ much from those of the pretraining and batches are small.
        """
        self._fixed_norms = True
        self.train(self.training)

    def freeze_stages(self, count: int) -> None:
        """Leave the first ``count`` of :meth:`stages` as they are: weights, statistics and dropout."""
        self._frozen_stages = count
        for stage in self.stages()[:count]:
            stage.requires_grad_(False)
        self.train(self.training)

    def keep_tokens(self, share: float) -> None:
        """While training, look at a random ``share`` of each picture's patches only, above 0 up to 1.

        Raises:
            ModelError: the network does not look at patches.
        """
        if share != 1:
            raise ModelError(f"{type(self).__name__} has no patches of which it could keep {share:g}")

    def settle(self, size: int) -> None:
        """Before the export: compute once what depends on the weights and on the size of the pictures only.

        The network answers as before, for pictures of ``size`` pixels a side, and is trained no more.
        """

    def train(self, mode: bool = True) -> Self:
        """Set training or evaluation mode; fixed norms and frozen stages stay in evaluation mode."""
        super().train(mode)
        if self._fixed_norms:
            for module in self.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
        for stage in self.stages()[: self._frozen_stages]:
            stage.eval()
        return self

    @abstractmethod
    def features(self, x: Tensor) -> Tensor:
        """Embed normalised pictures: float (N, 3, H, W) to (N, D)."""

    @abstractmethod
    def stages(self) -> list[nn.Module]:
        """Parts of the body from input to output, for layer-wise rates and for freezing."""

    def forward(self, x: Tensor) -> Tensor:
        """Score normalised pictures: float (N, 3, H, W) to logits (N, C)."""
        logits: Tensor = self.head(self.features(x))
        return logits


def fresh_head(feature_size: int, num_classes: int, dropout: float) -> nn.Sequential:
    """A linear head behind dropout, near zero at first so that training starts from even scores."""
    linear = nn.Linear(feature_size, num_classes)
    nn.init.normal_(linear.weight, std=0.01)
    nn.init.zeros_(linear.bias)
    return nn.Sequential(OrderedDict(dropout=Dropout(dropout), dense=linear))
