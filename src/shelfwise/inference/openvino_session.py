"""OpenVINO behind the :class:`~shelfwise.inference.session.Session` protocol."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from shelfwise.errors import ModelError
from shelfwise.extras import require
from shelfwise.inference.cpu import VNNI, cpu_flags
from shelfwise.inference.session import Outputs

__all__ = ["OpenVinoSession"]

_HINTS: Final = {"fp32": "f32", "bf16": "bf16"}
_IMAGES, _LOGITS, _EMBEDDING = "images", "logits", "embedding"
_first_steps = threading.Lock()
_ran = threading.Event()
"""Set when this process has been through a whole run."""


class OpenVinoSession:
    """A network in OpenVINO, on the CPU, in its throughput mode.

    Each call to :meth:`run` takes one of ``streams`` requests, so that so many calls run at a time and none waits
    for another's threads; a further one waits until a request is free.

    Args:
        model: path or content of an ONNX file that takes uint8 N×H×W×3 ``images`` and gives ``logits`` and
            ``embedding``.
        precision: what float32 is reckoned in: ``fp32`` or ``bf16`` (which needs a processor that has it to be
            faster; the result is then less exact).
        threads: threads that one call uses.
        streams: calls at a time.

    Attributes:
        categories: number of logits, or None where the graph does not say.
        size: side of the pictures it takes, or None where it takes any.

    Raises:
        MissingExtraError: OpenVINO is not installed.
        ModelError: the file is no such network.
    """

    def __init__(
        self,
        model: Path | bytes,
        *,
        precision: Literal["fp32", "bf16"] = "fp32",
        threads: int = 1,
        streams: int = 1,
    ) -> None:
        openvino = require("openvino", what="The engine openvino", extra="openvino")
        self._name = "the model in memory" if isinstance(model, bytes) else str(model)
        settings: dict[str, object] = {
            "PERFORMANCE_HINT": "THROUGHPUT",
            "NUM_STREAMS": streams,
            "INFERENCE_NUM_THREADS": threads * streams,
            "INFERENCE_PRECISION_HINT": _HINTS[precision],
            # Threads tied to a core would wait for it while decoding keeps it busy.
            "ENABLE_CPU_PINNING": False,
        }
        if not cpu_flags() & VNNI:
            # Its int8 products saturate without VNNI; a quantised network then runs in float32, and is right.
            settings["LP_TRANSFORMS_MODE"] = False
        try:
            with _alone_at_first():
                core = openvino.Core()
                network = core.read_model(model if isinstance(model, bytes) else os.fspath(model))
                _expand_weights(network, openvino)
                self.size, self.categories = _checked(network, self._name)
                self._compiled = core.compile_model(network, "CPU", settings)
        except RuntimeError as error:
            raise ModelError(f"{self._name}: OpenVINO cannot load it ({_reason(error)})") from error
        self._requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for _ in range(streams):
            self._requests.put(self._compiled.create_infer_request())

    def run(self, images: NDArray[np.uint8]) -> Outputs:
        """Run the network on uint8 pictures of shape (N, size, size, 3).

        Raises:
            ModelError: the shape does not fit the network, or the run fails.
        """
        with _alone_at_first():
            outputs = self._run(images)
        _ran.set()
        return outputs

    def _run(self, images: NDArray[np.uint8]) -> Outputs:
        with self._request() as request:
            try:
                # Without waiting in Python's lock: other threads decode meanwhile.
                request.infer({_IMAGES: np.ascontiguousarray(images)}, share_inputs=True)
                # The memory of a request is written again by the next call that takes it.
                found = [np.array(request.get_tensor(name).data) for name in (_LOGITS, _EMBEDDING)]
            except RuntimeError as error:
                shape = " × ".join(map(str, images.shape))
                raise ModelError(
                    f"{self._name}: OpenVINO failed on pictures of shape {shape} ({_reason(error)})"
                ) from error
        return Outputs(*found)

    @contextmanager
    def _request(self) -> Iterator[Any]:
        request = self._requests.get()
        try:
            yield request
        finally:
            self._requests.put(request)


@contextmanager
def _alone_at_first() -> Iterator[None]:
    """Let one thread in at a time until this process has been through a whole run.

    At its first calls the binding sets itself up, and two threads that are in there at once may wait for each other
    for ever: one holds Python's lock, the other that of what is being set up. That was seen where networks were
    loaded and run at once, not where they were only loaded; nothing says that loading is safe.
    """
    if _ran.is_set():
        yield
        return
    with _first_steps:
        yield


def _expand_weights(network: Any, openvino: Any) -> None:
    """Turn weights that are kept in fewer bits into float32, as ONNX Runtime does by itself.

    OpenVINO would keep them small and quantise what they are multiplied with while it runs, which changes answers.
    In bfloat16 with several streams (2026.4, a processor with AVX-512 BF16 and no AMX) logits then come out as
    thousands.
    """
    nodes = network.get_ordered_ops()
    if any(node.get_type_name() == "FakeQuantize" for node in nodes):
        return  # quantised to int8 on purpose: these weights are to stay as they are
    for node in nodes:
        kind, inputs = node.get_type_name(), [each.get_node() for each in node.input_values()]
        if not inputs or any(each.get_type_name() != "Constant" for each in inputs):
            continue
        if kind == "Convert" and inputs[0].data.dtype in (np.int8, np.float16):
            folded = inputs[0].data.astype(np.float32)
        elif kind == "Multiply":
            folded = inputs[0].data * inputs[1].data
        else:
            continue
        node.output(0).replace(openvino.opset13.constant(folded).output(0))


def _checked(network: Any, name: str) -> tuple[int | None, int | None]:
    """Side of the input and number of categories, after a look at names and types."""
    inputs = {each.get_any_name(): each for each in network.inputs}
    outputs = {each.get_any_name(): each for each in network.outputs}
    if set(inputs) != {_IMAGES} or not outputs.keys() >= {_LOGITS, _EMBEDDING}:
        raise ModelError(
            f"{name}: must take 'images' and give 'logits' and 'embedding', "
            f"but takes {_names(inputs)} and gives {_names(outputs)}"
        )
    images = inputs[_IMAGES]
    kind, shape = images.get_element_type().get_type_name(), images.get_partial_shape()
    if kind != "u8" or shape.rank.is_dynamic or len(shape) != 4:
        raise ModelError(f"{name}: 'images' must be uint8 N×H×W×3, not {kind} {shape}")
    logits = outputs[_LOGITS].get_partial_shape()
    return _length(shape[1]), None if logits.rank.is_dynamic else _length(logits[-1])


def _length(dimension: Any) -> int | None:
    return dimension.get_length() if dimension.is_static else None


def _names(ports: dict[str, Any]) -> str:
    return ", ".join(repr(name) for name in ports) or "nothing"


def _reason(error: Exception) -> str:
    """The line of OpenVINO's report that says what is wrong; the ones before name its own source files."""
    lines = [line for line in str(error).strip().splitlines() if line and "Exception from" not in line]
    return lines[0] if lines else type(error).__name__
