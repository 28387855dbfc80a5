"""Any image model that ``transformers`` knows, as a backbone: ``hf:REPO_OR_PATH``.

Only safetensors are loaded, and no code of a repository is run.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from shelfwise.errors import ModelError
from shelfwise.extras import require
from shelfwise.models.hf_files import image_settings, locate, public_name, weights_digest, weights_keys
from shelfwise.models.network import Network, fresh_head
from shelfwise.models.spec import HF_PREFIX, ModelSpec, WeightsInfo

__all__ = ["HFNetwork", "hf_spec"]


def hf_spec(reference: str) -> ModelSpec:
    """Describe a model of the Hugging Face hub (``facebook/dinov2-small``) or a folder that holds one.

    Raises:
        ModelError: it cannot be found or fetched, or does not say how it wants its pictures.
        MissingExtraError: ``transformers`` is not installed.
    """
    require("transformers", what="A model of transformers", extra="hf")
    folder = locate(reference)
    settings = image_settings(folder)
    name, label = f"{HF_PREFIX}{reference}", public_name(reference)

    def build(num_classes: int, dropout: float) -> Network:
        body = _body(name, folder)
        with _explained(name):
            return HFNetwork(body, settings.size, num_classes, dropout)

    return ModelSpec(
        name=name,
        title=label,
        input_size=settings.size,
        mean=settings.mean,
        std=settings.std,
        dropout=0.0,
        parameters_note="",
        licence="see the model's own card",
        source=f"{HF_PREFIX}{label}",
        build=build,
        pretrained=lambda network: _load_weights(network, name, folder),
        weights=lambda: WeightsInfo(f"{HF_PREFIX}{label}", weights_digest(folder)),
    )


class HFNetwork(Network):
    """A body from ``transformers`` under a linear head.

    The feature vector is the model's pooled output where it has one that was trained, or else the mean over
    its tokens or places.

    Args:
        body: the image model.
        input_size: side of the picture that tells the length of the feature vector.
        num_classes: number of categories.
        dropout: rate before the head.
    """

    def __init__(self, body: nn.Module, input_size: int, num_classes: int, dropout: float) -> None:
        options = _options(body)
        with torch.inference_mode():
            size = _features(body.eval(), torch.zeros(1, 3, input_size, input_size), options).shape[1]
        super().__init__(feature_size=size, num_classes=num_classes)
        self.body = body.train()
        self.options = options
        self.head = fresh_head(size, num_classes, dropout)

    def features(self, x: Tensor) -> Tensor:
        """Embed normalised pictures: float (N, 3, H, W) to (N, D)."""
        return _features(self.body, x, self.options)

    def stages(self) -> list[nn.Module]:
        """What comes before the encoder's layers, each layer, and what comes after."""
        return _stages(self.body)


def _options(body: nn.Module) -> dict[str, bool]:
    """What the body has to be told to take pictures of other sizes than it was trained with."""
    known = inspect.signature(body.forward).parameters
    return {"interpolate_pos_encoding": True} if "interpolate_pos_encoding" in known else {}


def _features(body: nn.Module, x: Tensor, options: dict[str, bool]) -> Tensor:
    output = body(pixel_values=x, **options)
    pooled: Tensor | None = getattr(output, "pooler_output", None)
    if pooled is not None:
        return pooled.flatten(1)
    hidden: Tensor = output.last_hidden_state
    return hidden.mean(1) if hidden.ndim == 3 else hidden.mean((2, 3))


def _stages(body: nn.Module) -> list[nn.Module]:
    """Divide the body around its outermost list of layers; a body without one is a single stage."""
    lists = (
        name for name, module in body.named_modules() if isinstance(module, nn.ModuleList) and len(module) > 1
    )
    path = next(lists, None)
    if path is None:
        return [body]
    before: list[nn.Module] = []
    after: list[nn.Module] = []
    parent = body
    for step in path.split("."):
        if next(parent.parameters(recurse=False), None) is not None:
            return [body]  # a parameter of its own would be in no stage
        children = dict(parent.named_children())
        place = list(children).index(step)
        siblings = list(children.values())
        before += siblings[:place]
        after[:0] = siblings[place + 1 :]
        parent = children[step]
    edges = [nn.ModuleList(before), *parent.children(), nn.ModuleList(after)]
    return [stage for stage in edges if next(stage.parameters(), None) is not None]


def _body(name: str, folder: Path) -> nn.Module:
    """The image model with random weights, as its ``config.json`` describes it."""
    transformers = require("transformers", what="A model of transformers", extra="hf")
    with _quiet(transformers), _explained(name):
        config = transformers.AutoConfig.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
        model = transformers.AutoModel.from_config(config, trust_remote_code=False)
    return _image_part(model, folder)


def _load_weights(network: Network, name: str, folder: Path) -> None:
    transformers = require("transformers", what="A model of transformers", extra="hf")
    with _quiet(transformers), _explained(name):
        model, report = transformers.AutoModel.from_pretrained(
            folder,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    missing = sorted(key for key in report["missing_keys"] if "pooler." not in key)
    if missing:
        raise ModelError(f"{name}: the weights' file lacks {len(missing)} tensors, {missing[0]} for one")
    assert isinstance(network, HFNetwork)
    network.body.load_state_dict(_image_part(model, folder).state_dict())


def _image_part(model: Any, folder: Path) -> nn.Module:
    """The model's image tower, in float32, without a pooler that was never trained."""
    body: Any = getattr(model, "vision_model", model).float()
    pooler = getattr(body, "pooler", None)
    has_weights = isinstance(pooler, nn.Module) and next(pooler.parameters(), None) is not None
    if has_weights and not any("pooler." in key for key in weights_keys(folder)):
        body.pooler = None
    module: nn.Module = body
    return module


@contextlib.contextmanager
def _explained(name: str) -> Iterator[None]:
    """Turn what ``transformers`` raises for a model that it cannot load into a ModelError."""
    try:
        yield
    except (OSError, ValueError, TypeError, AttributeError, KeyError, ImportError, RuntimeError) as error:
        raise ModelError(f"{name} cannot be loaded: {error}") from error


@contextlib.contextmanager
def _quiet(transformers: Any) -> Iterator[None]:
    """No progress bars and no remarks while a model loads; afterwards everything is as it was."""
    logging = transformers.utils.logging
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
