"""Static quantisation to int8: each number a step of a scale (Jacob et al. 2018, arXiv 1712.05877). No torch.

Two quantisers do it: NNCF with SmoothQuant (:mod:`shelfwise.models.smooth_quantise`) for transformers, ONNX Runtime's
own for the rest.
"""

from __future__ import annotations

import contextlib
import io
import logging
import tempfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from shelfwise.errors import ConfigError, ModelError
from shelfwise.models.graph import read_graph
from shelfwise.models.smooth_quantise import smooth_quantise

if TYPE_CHECKING:
    import onnx

__all__ = ["Calibration", "is_transformer", "quantise", "settle"]

Calibration = Literal["auto", "smooth", "minmax", "percentile", "entropy"]
"""How the range of an activation is chosen from the values that the calibration photos give it.

``smooth`` evens out its channels first. ``auto`` is ``smooth`` for a transformer, ``minmax`` for another network.
"""

_IMAGES: Final = "images"
_TRANSFORMER: Final = ("Gemm", "MatMul")
"""Without Conv: the few of a plain transformer take little time, and those of TinyViT do not bear it (most of its
answers change)."""
_CONVOLUTIONAL: Final = (
    "Conv",
    *_TRANSFORMER,
    "Add",
    "AveragePool",
    "Clip",
    "GlobalAveragePool",
    "MaxPool",
    "Relu",
)
_PERCENTILE: Final = 99.99
_CHUNK = 4
Progress = Callable[[int, int], None]


def settle(model_onnx: bytes, calibration: Calibration) -> Calibration:
    """Say what a calibration is for a network: what ``auto`` comes to, any other itself.

    Raises:
        ConfigError: there is no such calibration, or it is not for such a network.
        ModelError: the network is no ONNX file.
        MissingExtraError: onnx is not installed.
    """
    return _settled(read_graph(model_onnx, what="Quantising"), calibration)


def quantise(
    model_onnx: bytes,
    pictures: NDArray[np.uint8],
    *,
    calibration: Calibration = "auto",
    exclude: Collection[str] = (),
    progress: Progress | None = None,
) -> bytes:
    """Turn weights into int8 (symmetric, a scale for each output channel) and activations into uint8.

    In a transformer the matrix products with weights are quantised; convolutions, attention, softmax, norms and
    activation functions stay in float32, and with ``smooth`` the last products before the logits. In a convolutional
    network what lies between convolutions is quantised too.

    Args:
        model_onnx: the network in float32; takes uint8 N×H×W×3 ``images``.
        pictures: what to measure the activations' ranges on: uint8 array of shape (N, size, size, 3), N at least 1.
        calibration: ``smooth``, for transformers, evens out an activation's channels and takes the whole range;
            ``minmax`` takes the whole range, ``percentile`` leaves out 0.01 % of the values, ``entropy`` takes the
            range that loses least information (Migacz 2017, the TensorRT calibration); ``auto`` takes ``smooth`` for
            a transformer and ``minmax`` for another network.
        exclude: what stays in float32: operators (``Conv``), names or beginnings of names of nodes.
        progress: called as ``progress(done, total)`` with the number of pictures measured.

    Raises:
        ConfigError: no picture is given, ``exclude`` names no node or all that could be quantised, or the calibration
            is not for such a network.
        ModelError: the quantiser cannot quantise the network.
        MissingExtraError: onnx is not installed, or for ``smooth`` nncf.
    """
    graph = read_graph(model_onnx, what="Quantising")
    import onnx

    if not len(pictures):
        raise ConfigError("quantising needs at least one photo to calibrate on")
    settled = _settled(graph, calibration)
    with tempfile.TemporaryDirectory(prefix="shelfwise-") as folder:
        prepared, result = Path(folder) / "prepared.onnx", Path(folder) / "int8.onnx"
        model = _prepared(graph, prepared)
        kept = _excluded(model, exclude)
        if settled == "smooth":
            return _portable(smooth_quantise(model, pictures, exclude=kept, progress=progress))
        with _quiet():
            _by_onnxruntime(prepared, result, _Reader(pictures, progress), settled, model, kept)
        made = onnx.load(result)
        if not any(node.op_type == "QuantizeLinear" for node in made.graph.node):
            raise ConfigError("nothing is left to quantise: exclude less")
        return _portable(made)


def _settled(graph: onnx.ModelProto, calibration: Calibration) -> Calibration:
    if calibration not in get_args(Calibration):
        raise ConfigError(
            f"no calibration is called {calibration!r}: one of {', '.join(get_args(Calibration))}"
        )
    transformer = is_transformer(graph)
    if calibration == "smooth" and not transformer:
        raise ConfigError(
            "the calibration smooth is for transformers, and the network is none (no softmax in it): take auto, "
            "minmax, percentile or entropy"
        )
    if calibration == "auto":
        return "smooth" if transformer else "minmax"
    return calibration


def _by_onnxruntime(
    prepared: Path,
    result: Path,
    reader: _Reader,
    calibration: Calibration,
    model: onnx.ModelProto,
    kept: list[str],
) -> None:
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    methods = {"minmax": "MinMax", "percentile": "Percentile", "entropy": "Entropy"}
    try:
        quantize_static(
            prepared,
            result,
            reader,
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(_TRANSFORMER if is_transformer(model) else _CONVOLUTIONAL),
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=kept,
            calibrate_method=getattr(CalibrationMethod, methods[calibration]),
            extra_options={
                # Products of two activations are attention's: they stay as they are.
                "MatMulConstBOnly": True,
                # What a product gives is summed in 32 bits anyway; rounding it to 8 would only lose.
                "OpTypesToExcludeOutputQuantization": ["MatMul", "Gemm"],
                # A few pictures at a time, since every activation of theirs is held in memory.
                "CalibStridedMinMax": 1,
                "CalibPercentile": _PERCENTILE,
            },
        )
    except (RuntimeError, TypeError, ValueError, KeyError, IndexError) as error:
        raise ModelError(f"ONNX Runtime's quantiser cannot quantise the network: {error}") from error


def is_transformer(model: onnx.ModelProto) -> bool:
    """Whether a graph attends: whether there is a softmax in it."""
    return any(node.op_type == "Softmax" for node in model.graph.node)


def _prepared(graph: onnx.ModelProto, path: Path) -> onnx.ModelProto:
    """Save the graph as the quantiser wants it: shapes inferred, nodes named."""
    import onnx
    from onnxruntime.quantization.shape_inference import quant_pre_process

    # Folding constants would write out what is small as a rule, such as the biases of attention's windows.
    with _quiet():
        quant_pre_process(graph, str(path), skip_symbolic_shape=True, skip_optimization=True)
    model = onnx.load(path)
    for index, node in enumerate(model.graph.node):
        node.name = node.name or f"{node.op_type}_{index}"
    onnx.save(model, path)
    return model


def _excluded(model: onnx.ModelProto, exclude: Collection[str]) -> list[str]:
    found: list[str] = []
    for each in exclude:
        named = [node.name for node in model.graph.node if node.op_type == each or node.name.startswith(each)]
        if not named:
            raise ConfigError(
                f"nothing in the network is called {each!r}: no operator, and no node's name begins so"
            )
        found += named
    return found


class _Reader:
    """Gives the calibration pictures in chunks; what ONNX Runtime calls a CalibrationDataReader."""

    def __init__(self, pictures: NDArray[np.uint8], progress: Progress | None) -> None:
        self._chunks = [pictures[i : i + _CHUNK] for i in range(0, len(pictures), _CHUNK)]
        self._total, self._progress = len(pictures), progress
        self._next = iter(range(0))

    def __len__(self) -> int:
        return len(self._chunks)

    def set_range(self, start_index: int, end_index: int) -> None:
        self._next = iter(range(start_index, end_index))

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        index = next(self._next, None)
        if index is None:
            return None
        if self._progress is not None:
            self._progress(min((index + 1) * _CHUNK, self._total), self._total)
        return {_IMAGES: self._chunks[index]}

    def __iter__(self) -> Any:
        return iter(self.get_next, None)


def _portable(model: onnx.ModelProto) -> bytes:
    """Serialise without what names the library's version."""
    import onnx

    model.producer_name = "shelfwise"
    for field in ("producer_version", "doc_string", "metadata_props"):
        model.ClearField(field)
    del model.graph.value_info[:]
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence what ONNX Runtime's quantiser says of itself, on the root logger and on standard output."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        root.setLevel(level)
