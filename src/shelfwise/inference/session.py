"""What runs a network: one small protocol for classifiers and detectors alike, and ONNX Runtime behind it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from shelfwise.errors import ModelError
from shelfwise.inference.cpu import VNNI, cpu_flags

__all__ = [
    "BoxSession",
    "Boxes",
    "NetworkSession",
    "OnnxBoxSession",
    "OnnxRuntimeSession",
    "Outputs",
    "Session",
]

Answer = TypeVar("Answer", covariant=True)
_ONLY_FATAL = 4
_CPU, _CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


class Outputs(NamedTuple):
    """What a network gives for N pictures.

    Attributes:
        logits: float32 array of shape (N, categories), before the softmax.
        embedding: float32 array of shape (N, features), what the last layer sees.
    """

    logits: NDArray[np.float32]
    embedding: NDArray[np.float32]


class Boxes(NamedTuple):
    """What a detector gives for N pictures, at each of A places.

    Attributes:
        scores: float32 array of shape (N, A), how sure it is of a product there, 0 to 1.
        boxes: float32 array of shape (N, A, 4), left, top, right and bottom edge in pixels of the picture.
    """

    scores: NDArray[np.float32]
    boxes: NDArray[np.float32]


class NetworkSession(Protocol[Answer]):
    """Runs a network. Several threads may call :meth:`run` at the same time."""

    def run(self, images: NDArray[np.uint8]) -> Answer:
        """Run the network on uint8 pictures of shape (N, height, width, 3)."""


Session: TypeAlias = NetworkSession[Outputs]
"""Runs a classifier."""
BoxSession: TypeAlias = NetworkSession[Boxes]
"""Runs a detector."""


class _OnnxNetwork:
    """A network in ONNX Runtime, whatever it gives."""

    def __init__(self, model: Path | bytes, threads: int | None, cuda: bool) -> None:
        import onnxruntime

        providers = [_CUDA, _CPU] if cuda else [_CPU]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or os.cpu_count() or 1
        options.inter_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.log_severity_level = _ONLY_FATAL
        # Threads that wait for work by spinning would take the cores away from decoding.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        if not cpu_flags() & VNNI:
            # Without VNNI, products of uint8 and int8 are added up in 16 bits and saturate: slower, but right.
            options.add_session_config_entry("session.x64quantprecision", "1")
        self.name = "the model in memory" if isinstance(model, bytes) else str(model)
        source = model if isinstance(model, bytes) else os.fspath(model)
        if cuda and _CUDA not in onnxruntime.get_available_providers():
            raise ModelError(_no_cuda(self.name))
        try:
            # Its own fallback would print to standard output and go on without the GPU, when loading or in any run.
            self.session = onnxruntime.InferenceSession(source, options, providers, enable_fallback=0)
        except Exception as error:  # ONNX Runtime's exceptions share no base of their own
            raise ModelError(f"{self.name}: ONNX Runtime cannot load it ({_first_line(error)})") from error
        # A provider whose libraries cannot be loaded is left out without an error.
        if cuda and _CUDA not in self.session.get_providers():
            raise ModelError(_no_cuda(self.name))

    def run(self, outputs: tuple[str, ...], images: NDArray[np.uint8]) -> list[Any]:
        try:
            return list(self.session.run(outputs, {"images": images}))
        except Exception as error:  # ONNX Runtime's exceptions share no base of their own
            shape = " × ".join(map(str, images.shape))
            raise ModelError(
                f"{self.name}: ONNX Runtime failed on pictures of shape {shape} ({_first_line(error)})"
            ) from error


class OnnxRuntimeSession:
    """A classifier in ONNX Runtime, on the CPU or on a GPU of NVIDIA's.

    Args:
        model: path or content of an ONNX file that takes uint8 N×H×W×3 ``images`` and gives ``logits`` and
            ``embedding``.
        threads: threads that one call to :meth:`run` uses; one a core by default. Where several threads call
            at once, 1 gives the best throughput.
        cuda: run it on the GPU, by the CUDA execution provider.

    Attributes:
        categories: number of logits, or None where the graph does not say.
        size: side of the pictures it takes, or None where it takes any.

    Raises:
        ModelError: the file is no such network, or CUDA is asked for and cannot run it.
    """

    def __init__(self, model: Path | bytes, *, threads: int | None = None, cuda: bool = False) -> None:
        self._network = _OnnxNetwork(model, threads, cuda)
        images, outputs = _checked(self._network, Outputs._fields)
        size, categories = images[1], outputs["logits"][-1]
        self.size = size if isinstance(size, int) else None
        self.categories = categories if isinstance(categories, int) else None

    def run(self, images: NDArray[np.uint8]) -> Outputs:
        """Run the network on uint8 pictures of shape (N, size, size, 3).

        Raises:
            ModelError: the shape does not fit the network, or the run fails.
        """
        return Outputs(*self._network.run(Outputs._fields, images))


class OnnxBoxSession:
    """A detector in ONNX Runtime; the arguments are those of :class:`OnnxRuntimeSession`.

    It takes uint8 N×H×W×3 ``images`` and gives ``scores`` and ``boxes``.

    Raises:
        ModelError: the file is no such network, or CUDA is asked for and cannot run it.
    """

    def __init__(self, model: Path | bytes, *, threads: int | None = None, cuda: bool = False) -> None:
        self._network = _OnnxNetwork(model, threads, cuda)
        _checked(self._network, Boxes._fields)

    def run(self, images: NDArray[np.uint8]) -> Boxes:
        """Run the detector on uint8 pictures of shape (N, height, width, 3).

        Raises:
            ModelError: the shape does not fit the network, or the run fails.
        """
        return Boxes(*self._network.run(Boxes._fields, images))


def _no_cuda(name: str) -> str:
    return (
        f"{name}: ONNX Runtime cannot use CUDA here. Install onnxruntime-gpu in place of onnxruntime, with the CUDA "
        "and cuDNN that it needs, or take another engine"
    )


def _checked(network: _OnnxNetwork, wanted: tuple[str, ...]) -> tuple[list[Any], dict[str, list[Any]]]:
    """Shapes of the input and of each output, after a look at names and types."""
    inputs = {node.name: node for node in network.session.get_inputs()}
    outputs = {node.name: node for node in network.session.get_outputs()}
    if set(inputs) != {"images"} or not outputs.keys() >= set(wanted):
        raise ModelError(
            f"{network.name}: must take 'images' and give {' and '.join(map(repr, wanted))}, "
            f"but takes {_names(inputs)} and gives {_names(outputs)}"
        )
    images = inputs["images"]
    if images.type != "tensor(uint8)" or len(images.shape) != 4 or images.shape[3] not in (3, None):
        raise ModelError(f"{network.name}: 'images' must be uint8 N×H×W×3, not {images.type} {images.shape}")
    return list(images.shape), {name: list(node.shape) for name, node in outputs.items()}


def _names(nodes: dict[str, Any]) -> str:
    return ", ".join(repr(name) for name in nodes) or "nothing"


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
