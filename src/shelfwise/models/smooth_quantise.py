"""Static quantisation of transformers to int8 by NNCF, with SmoothQuant. No torch.

A few channels of a transformer's activations are many times larger than the others. One scale for a whole activation
then leaves the others a few steps of 255. SmoothQuant (Xiao et al. 2022, arXiv 2211.10438) divides each channel ``j``
of what enters a product by

    s_j = max |X_j|^alpha / max |W_j|^(1 - alpha)

and multiplies the channel's weights by it: the product is the same, and both of its sides are even. NNCF
(https://github.com/openvinotoolkit/nncf, Apache-2.0) does this, quantises, and then corrects the biases by the mean
error (Nagel et al. 2019, arXiv 1906.04721, section 4.2).
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Collection, Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from shelfwise.errors import ConfigError, ModelError
from shelfwise.extras import require

if TYPE_CHECKING:
    import onnx

__all__ = ["smooth_quantise"]

_ALPHA: Final = 0.75
"""How much of the unevenness goes into the weights.

Root mean square of what changed in the logits of the model that comes with Shelfwise, its heads in int8: 0.160 with
0.5, 0.096 with 0.7, 0.116 with NNCF's own 0.95; with 0.75 and the heads in float32 0.077.
"""
_PASSES: Final = 2
"""How often NNCF reads the pictures: for SmoothQuant, then for the ranges and the biases."""
_IMAGES: Final = "images"
_LOGITS: Final = "logits"
_PRODUCTS: Final = ("Gemm", "MatMul")
Progress = Callable[[int, int], None]


def smooth_quantise(
    model: onnx.ModelProto,
    pictures: NDArray[np.uint8],
    *,
    exclude: Collection[str] = (),
    progress: Progress | None = None,
) -> onnx.ModelProto:
    """Turn the weights of matrix products into int8 and what they are multiplied with into uint8.

    The rest stays in float32: convolutions, the products of two activations (attention's), and the last products
    before the logits, which cost nothing and whose errors would go straight into the answers.

    Args:
        model: the network in float32: uint8 N×H×W×3 ``images`` to ``logits``; each node has a name of its own.
        pictures: what to measure the activations on: uint8 array of shape (N, size, size, 3), N at least 1.
        exclude: names of more nodes that are to stay in float32.
        progress: called as ``progress(done, total)``; ``done`` never falls, and ends at ``total``, the number of
            pictures.

    Raises:
        ConfigError: nothing is left to quantise.
        ModelError: NNCF cannot quantise the network.
        MissingExtraError: nncf is not installed.
    """
    nncf = _nncf()
    settings = _settings(nncf, _in_float32(model, exclude))
    reader = _Reader(pictures, progress)
    with _quiet(), _no_telemetry():
        try:
            made: onnx.ModelProto = nncf.quantize(
                model,
                nncf.Dataset(reader, lambda picture: {_IMAGES: picture}),
                subset_size=len(pictures),
                **settings,
            )
        except Exception as error:  # NNCF's and ONNX Runtime's exceptions share no base of their own
            raise ModelError(f"NNCF cannot quantise the network: {error}") from error
    reader.finish()
    return made


def _settings(nncf: ModuleType, in_float32: list[str]) -> dict[str, Any]:
    from nncf.quantization.advanced_parameters import (
        AdvancedQuantizationParameters,
        AdvancedSmoothQuantParameters,
    )

    alphas = AdvancedSmoothQuantParameters(matmul=_ALPHA, convolution=-1)
    return {
        "model_type": nncf.ModelType.TRANSFORMER,
        # Weights are symmetric; activations are not.
        "preset": nncf.QuantizationPreset.MIXED,
        "ignored_scope": nncf.IgnoredScope(names=in_float32, validate=False),
        "fast_bias_correction": True,
        "advanced_parameters": AdvancedQuantizationParameters(smooth_quant_alphas=alphas),
    }


class _Reader:
    """Gives the pictures one at a time, as often as they are wanted, and tells how far that is."""

    def __init__(self, pictures: NDArray[np.uint8], progress: Progress | None) -> None:
        self._pictures, self._progress = pictures, progress
        self._given = 0

    def __len__(self) -> int:
        return len(self._pictures)

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        for index in range(len(self)):
            yield self._pictures[index : index + 1]
            self._given += 1
            self._tell(min(self._given // _PASSES, len(self) - 1))

    def finish(self) -> None:
        self._tell(len(self))

    def _tell(self, done: int) -> None:
        if self._progress is not None:
            self._progress(done, len(self))


def _in_float32(model: onnx.ModelProto, exclude: Collection[str]) -> list[str]:
    """Names of the nodes to leave alone: all but the products with weights that lead to other layers."""
    constant = _constants(model)
    quantised = {
        node.name
        for node in model.graph.node
        if node.op_type in _PRODUCTS and any(name in constant for name in node.input[:2])
    }
    quantised -= _heads(model, quantised)
    quantised.difference_update(exclude)
    if not quantised:
        raise ConfigError("nothing is left to quantise: no matrix product with weights before the last one")
    return [node.name for node in model.graph.node if node.name not in quantised]


def _constants(model: onnx.ModelProto) -> set[str]:
    """Names of the values that are the same for every picture."""
    found = {each.name for each in model.graph.initializer}
    for node in model.graph.node:  # in the order of computation, as ONNX wants it
        if node.op_type == "Constant" or (node.input and all(name in found for name in node.input if name)):
            found.update(node.output)
    return found


def _heads(model: onnx.ModelProto, products: Collection[str]) -> set[str]:
    """The products from which the logits follow without another one."""
    made_by = {name: node for node in model.graph.node for name in node.output}
    heads: set[str] = set()
    seen: set[str] = set()
    open_names = [_LOGITS]
    while open_names:
        name = open_names.pop()
        if name in seen or name not in made_by:
            continue
        seen.add(name)
        if made_by[name].name in products:
            heads.add(made_by[name].name)
        else:
            open_names += made_by[name].input
    return heads


def _nncf() -> ModuleType:
    """NNCF, imported in such a way that it sends no telemetry and changes no logger."""
    logger_class = logging.getLoggerClass()
    try:
        return require("nncf", what="Quantising a transformer to int8", extra="export")
    finally:
        logging.setLoggerClass(logger_class)


@contextlib.contextmanager
def _no_telemetry() -> Iterator[None]:
    """Let NNCF's functions send nothing, should it have been imported by others before."""
    from nncf.telemetry import decorator
    from nncf.telemetry.wrapper import NNCFTelemetryStub

    sender = decorator.telemetry
    decorator.telemetry = NNCFTelemetryStub()
    try:
        yield
    finally:
        decorator.telemetry = sender


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence NNCF's logger, and its bars, which are on rich's own console; ours are on another."""
    import rich

    logger, console = logging.getLogger("nncf"), rich.get_console()
    level: int = logger.level
    settings: dict[str, Any] = console.__dict__
    logger.setLevel(logging.CRITICAL + 1)
    rich.reconfigure(quiet=True, force_terminal=False, force_jupyter=False)
    try:
        yield
    finally:
        console.__dict__ = settings
        logger.setLevel(level)
