"""Which engine runs a network: what is installed, what the processor has, and what follows from it."""

from __future__ import annotations

import importlib.util
import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal, Protocol, get_args

import numpy as np

from shelfwise.errors import ConfigError, ModelError
from shelfwise.inference.cpu import BF16, cpu_flags
from shelfwise.inference.session import OnnxRuntimeSession, Session

__all__ = [
    "FEW",
    "Choice",
    "Engine",
    "Precision",
    "available",
    "choose",
    "engine_named",
    "open_session",
    "precision_named",
]

Engine = Literal["auto", "onnxruntime", "openvino", "cuda"]
"""``onnxruntime`` and ``openvino`` run on the CPU, ``cuda`` is ONNX Runtime on a GPU; ``auto`` is one of them."""

Precision = Literal["auto", "fp32", "bf16"]
"""What a network's float32 is reckoned in. A network that was quantised to int8 has its own precision."""

FEW: Final = 12
"""Photos for which a quick start is worth more than a quick run: OpenVINO compiles the packaged model for about 0.7
seconds longer than ONNX Runtime takes to load it, and then saves about a twentieth of a second a photo."""

_GPU: Final = Path("/proc/driver/nvidia/version")
_log: Final = logging.getLogger(__name__)
_told = threading.Event()
"""Set when it was said that the GPU cannot be used."""


class SizedSession(Session, Protocol):
    """A session that knows what it takes and gives.

    Attributes:
        categories: number of logits, or None where the graph does not say.
        size: side of the pictures it takes, or None where it takes any.
    """

    categories: int | None
    size: int | None


@dataclass(frozen=True, slots=True)
class Choice:
    """An engine that was chosen.

    Attributes:
        engine: its name.
        precision: what float32 is reckoned in.
        reason: why this one, in a clause.
    """

    engine: Engine
    precision: Precision
    reason: str

    def __str__(self) -> str:
        return f"{self.engine} {self.precision} ({self.reason})"


def open_session(
    model: Path | bytes,
    *,
    engine: Engine = "auto",
    precision: Precision = "auto",
    threads: int | None = 1,
    streams: int | None = None,
    photos: int | None = None,
) -> SizedSession:
    """Open a network in an engine. Several threads may call the session's ``run`` at the same time.

    ``auto`` takes, and :func:`choose` says which and why:

    1. ONNX Runtime in float32 for at most :data:`FEW` photos: it starts first;
    2. ONNX Runtime on the GPU, where its build has CUDA and there is a driver;
    3. OpenVINO in bfloat16, where it is installed and the processor multiplies that (AMX, AVX-512 BF16);
    4. ONNX Runtime in float32: as fast as OpenVINO on other processors.

    Where CUDA then cannot run the network (a library of it is missing, the driver does not fit, the memory is full),
    ``auto`` says so in a log message, once a process, and goes on with what comes next.

    Args:
        model: path or content of an ONNX file that takes uint8 N×H×W×3 ``images`` and gives ``logits`` and
            ``embedding``.
        engine: what runs it.
        precision: what float32 is reckoned in; ``auto`` is what is fastest on this processor without int8.
        threads: threads that one call of ``run`` uses; None for one a core.
        streams: calls at a time (OpenVINO only; the others take any number); None for as many as leave no core
            idle.
        photos: how many photos there will be, where that is known; ``auto`` goes by it.

    Raises:
        ConfigError: there is no such engine or precision, or the engine does not have the precision.
        MissingExtraError: the engine is not installed.
        ModelError: the engine cannot load the network.
    """
    chosen = choose(engine, precision, photos)
    if engine != "auto" or chosen.engine != "cuda":
        return _opened(model, chosen, threads, streams)
    try:
        session = _opened(model, chosen, threads, streams)
        _try(session)
    except ModelError as error:
        instead = _automatic(precision, photos, gpu=False)
        # First, so that a file that is no network at all is not blamed on the GPU.
        session = _opened(model, instead, threads, streams)
        if not _told.is_set():
            _told.set()
            _log.warning("the GPU is not used, %s %s is: %s", instead.engine, instead.precision, error)
    return session


def _opened(model: Path | bytes, chosen: Choice, threads: int | None, streams: int | None) -> SizedSession:
    cores = os.cpu_count() or 1
    if chosen.engine == "openvino":
        from shelfwise.inference.openvino_session import OpenVinoSession

        each = threads or cores
        exact: Literal["fp32", "bf16"] = "bf16" if chosen.precision == "bf16" else "fp32"
        return OpenVinoSession(model, precision=exact, threads=each, streams=streams or max(1, cores // each))
    return OnnxRuntimeSession(model, threads=threads, cuda=chosen.engine == "cuda")


def _try(session: SizedSession) -> None:
    """Run one picture: some of CUDA's libraries and its memory are asked for only then. Raises ModelError."""
    if session.size is not None:
        session.run(np.zeros((1, session.size, session.size, 3), np.uint8))


def choose(engine: Engine = "auto", precision: Precision = "auto", photos: int | None = None) -> Choice:
    """Say which engine and precision is meant on this machine, and why.

    Args:
        engine, precision, photos: as for :func:`open_session`.

    Raises:
        ConfigError: there is no such engine or precision, or the engine does not have the precision.
    """
    engine, precision = engine_named(engine), precision_named(precision)
    if engine == "auto":
        return _automatic(precision, photos)
    if precision == "bf16" and engine != "openvino":
        raise ConfigError(f"the engine {engine} has no bf16: take fp32, or the engine openvino")
    return Choice(engine, _exact(engine, precision), "as asked for")


def engine_named(name: str) -> Engine:
    """The engine of that name. Raises ConfigError where there is none."""
    for known in get_args(Engine):
        if name == known:
            found: Engine = known
            return found
    raise ConfigError(f"no engine is called {name!r}: there are {', '.join(get_args(Engine))}")


def precision_named(name: str) -> Precision:
    """The precision of that name. Raises ConfigError where there is none."""
    for known in get_args(Precision):
        if name == known:
            found: Precision = known
            return found
    raise ConfigError(f"no precision is called {name!r}: there are {', '.join(get_args(Precision))}")


def _automatic(precision: Precision, photos: int | None, *, gpu: bool = True) -> Choice:
    bf16 = sorted(cpu_flags() & BF16)
    if precision == "bf16":
        return Choice("openvino", "bf16", "the engine that has bf16")
    if photos is not None and photos <= FEW:
        return Choice("onnxruntime", "fp32", "for a few photos it is the first to start")
    if gpu and "cuda" in available():
        return Choice("cuda", "fp32", "ONNX Runtime has CUDA and there is a GPU")
    if bf16 and "openvino" in available():
        return Choice(
            "openvino", _exact("openvino", precision), f"it is installed and the processor has {bf16[0]}"
        )
    missing = "OpenVINO is not installed" if bf16 else "the processor multiplies no bfloat16"
    return Choice("onnxruntime", "fp32", missing)


def _exact(engine: Engine, precision: Precision) -> Precision:
    if precision != "auto":
        return precision
    return "bf16" if engine == "openvino" and cpu_flags() & BF16 else "fp32"


@cache
def available() -> tuple[Engine, ...]:
    """The engines that are installed and have what they need here, ``onnxruntime`` always first."""
    tests: dict[Engine, Callable[[], bool]] = {
        "openvino": lambda: importlib.util.find_spec("openvino") is not None,
        "cuda": lambda: _GPU.exists() and _has_cuda(),
    }
    return ("onnxruntime", *(engine for engine, there in tests.items() if there()))


def _has_cuda() -> bool:
    import onnxruntime

    return "CUDAExecutionProvider" in onnxruntime.get_available_providers()
