"""The small CNN: five 3×3 convolutions for 104×104 pictures, 40,453 parameters with five categories."""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn

from shelfwise.errors import ModelError
from shelfwise.models.dropout import Dropout
from shelfwise.models.network import Network

__all__ = ["SmallCNN"]

INPUT_SIZE = 104
BLOCKS = 5
FILTERS = 32
UNITS = 64


class SmallCNN(Network):
    """Zero padding, five convolutions with pooling between, a dense layer of 64, a dense head.

    It follows Keras in what Keras leaves to its defaults: Glorot-uniform weights and zero biases, batch norm
    with epsilon 1e-3 and momentum 0.99 (0.01 as torch counts it). The feature vector is the dense layer's
    output of 64. Pictures of another size than 104×104 are refused with a ModelError.

    Args:
        num_classes: number of categories.
        dropout: rate behind each pooling and before the head.
    """

    def __init__(self, num_classes: int, dropout: float) -> None:
        super().__init__(feature_size=UNITS, num_classes=num_classes)
        norm = nn.BatchNorm2d(FILTERS, eps=1e-3, momentum=0.01)
        first = {"pad": nn.ZeroPad2d(1), **_convolution(3), "norm": norm, **_pooling(dropout)}
        self.body = nn.Sequential()
        self.body.add_module("block1", _sequence(first))
        for index in range(2, BLOCKS + 1):
            block = {**_convolution(FILTERS), **_pooling(dropout)}
            self.body.add_module(f"block{index}", _sequence(block))
        dense = nn.Linear(FILTERS, UNITS)
        self.body.add_module(
            "embedding", _sequence({"flatten": nn.Flatten(), "dense": dense, "relu": nn.ReLU(inplace=True)})
        )
        scores = nn.Linear(UNITS, num_classes)
        self.head = _sequence({"dropout": Dropout(dropout), "dense": scores})
        self.apply(_initialise)

    def features(self, x: Tensor) -> Tensor:
        """Embed normalised pictures: float (N, 3, 104, 104) to (N, 64)."""
        if x.shape[2:] != (INPUT_SIZE, INPUT_SIZE):
            sides = "×".join(map(str, x.shape[2:]))
            raise ModelError(f"small-cnn takes pictures of {INPUT_SIZE}×{INPUT_SIZE}, not {sides}")
        embedding: Tensor = self.body(x)
        return embedding

    def stages(self) -> list[nn.Module]:
        """The five convolution stages and the dense layer."""
        return list(self.body)


def _convolution(channels: int) -> dict[str, nn.Module]:
    return {"conv": nn.Conv2d(channels, FILTERS, 3), "relu": nn.ReLU(inplace=True)}


def _pooling(dropout: float) -> dict[str, nn.Module]:
    return {"pool": nn.MaxPool2d(2), "dropout": Dropout(dropout)}


def _sequence(layers: dict[str, nn.Module]) -> nn.Sequential:
    return nn.Sequential(OrderedDict(layers))


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
