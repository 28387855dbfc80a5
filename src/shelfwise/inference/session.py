"""What runs a network: one small protocol, and ONNX Runtime behind it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from shelfwise.errors import ModelError
from shelfwise.inference.cpu import VNNI, cpu_flags

__all__ = ["OnnxRuntimeSession", "Outputs", "Session"]

_OUTPUTS = ("logits", "embedding")
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


class Session(Protocol):
    """Runs a network. Several threads may call :meth:`run` at the same time."""

    def run(self, images: NDArray[np.uint8]) -> Outputs:
        """Run the network on uint8 pictures of shape (N, size, size, 3)."""


class OnnxRuntimeSession:
    """A network in ONNX Runtime, on the CPU or on a GPU of NVIDIA's.

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
        self._name = "the model in memory" if isinstance(model, bytes) else str(model)
        source = model if isinstance(model, bytes) else os.fspath(model)
        if cuda and _CUDA not in onnxruntime.get_available_providers():
            raise ModelError(_no_cuda(self._name))
        try:
            # Its own fallback would print to standard output and go on without the GPU, when loading or in any run.
            self._session = onnxruntime.InferenceSession(source, options, providers, enable_fallback=0)
        except Exception as error:  # ONNX Runtime's exceptions share no base of their own
            raise ModelError(f"{self._name}: ONNX Runtime cannot load it ({_first_line(error)})") from error
        # A provider whose libraries cannot be loaded is left out without an error.
        if cuda and _CUDA not in self._session.get_providers():
            raise ModelError(_no_cuda(self._name))
        self.size, self.categories = _checked(self._session, self._name)

    def run(self, images: NDArray[np.uint8]) -> Outputs:
        """Run the network on uint8 pictures of shape (N, size, size, 3).

        Raises:
            ModelError: the shape does not fit the network, or the run fails.
        """
        try:
            logits, embedding = self._session.run(_OUTPUTS, {"images": images})
        except Exception as error:  # ONNX Runtime's exceptions share no base of their own
            shape = " × ".join(map(str, images.shape))
            raise ModelError(
                f"{self._name}: ONNX Runtime failed on pictures of shape {shape} ({_first_line(error)})"
            ) from error
        return Outputs(logits, embedding)


def _no_cuda(name: str) -> str:
    return (
        f"{name}: ONNX Runtime cannot use CUDA here. Install onnxruntime-gpu in place of onnxruntime, with the CUDA "
        "and cuDNN that it needs, or take another engine"
    )


def _checked(session: Any, name: str) -> tuple[int | None, int | None]:
    """Side of the input and number of categories, after a look at names and types."""
    inputs = {node.name: node for node in session.get_inputs()}
    outputs = {node.name: node for node in session.get_outputs()}
    if set(inputs) != {"images"} or not outputs.keys() >= set(_OUTPUTS):
        raise ModelError(
            f"{name}: must take 'images' and give 'logits' and 'embedding', "
            f"but takes {_names(inputs)} and gives {_names(outputs)}"
        )
    images = inputs["images"]
    if images.type != "tensor(uint8)" or len(images.shape) != 4 or images.shape[3] not in (3, None):
        raise ModelError(f"{name}: 'images' must be uint8 N×H×W×3, not {images.type} {images.shape}")
    size, categories = images.shape[1], outputs["logits"].shape[-1]
    return (size if isinstance(size, int) else None, categories if isinstance(categories, int) else None)


def _names(nodes: dict[str, Any]) -> str:
    return ", ".join(repr(name) for name in nodes) or "nothing"


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
