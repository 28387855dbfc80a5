"""What the machine can do: device, precision, threads, and the settings that make a run reproducible."""

from __future__ import annotations

import contextlib
import ctypes
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import torch

from shelfwise.errors import ConfigError
from shelfwise.training.config import TrainConfig
from shelfwise.training.detect.config import DetectConfig

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""Numbers of malloc.h."""

__all__ = ["autocast", "choose_device", "has_fast_bf16", "numerics", "reproducible"]


def choose_device(name: Literal["auto", "cpu", "cuda"]) -> torch.device:
    """The device to train on.

    Raises:
        ConfigError: CUDA is asked for and not there.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise ConfigError("device is 'cuda', but PyTorch sees no CUDA GPU here: use --device cpu")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


@functools.cache
def has_fast_bf16(device: torch.device) -> bool:
    """Whether bf16 arithmetic is in the hardware: AMX or AVX512-BF16 on a CPU, tensor cores on a GPU."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    try:
        flags = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def autocast(device: torch.device, precision: Literal["auto", "fp32", "bf16"]) -> torch.autocast:
    """The context in which the forward pass runs."""
    enabled = precision == "bf16" or (precision == "auto" and has_fast_bf16(device))
    return torch.autocast(device.type, torch.bfloat16, enabled=enabled)


def numerics(config: TrainConfig | DetectConfig) -> dict[str, object]:
    """What of this machine decides how the last bits of a run come out."""
    device = choose_device(config.device)
    return {
        "device": device.type,
        "name": torch.cuda.get_device_name(device)
        if device.type == "cuda"
        else torch.backends.cpu.get_cpu_capability(),
        "bf16": config.precision == "bf16" or (config.precision == "auto" and has_fast_bf16(device)),
        "threads": config.threads or torch.get_num_threads(),
    }


@contextlib.contextmanager
def reproducible(threads: int | None) -> Iterator[None]:
    """Deterministic algorithms and a fixed number of threads, for the length of a block."""
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    filled = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    _keep_freed_memory()
    if threads is not None:
        torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True, warn_only=torch.cuda.is_available())
    # On by default beside deterministic algorithms: it guards against reads of what nobody wrote, for a pass over
    # all new memory. None of the operations here reads such memory.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.allow_tf32 = False  # fp32 on a GPU is then what it is on a CPU, within rounding
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        torch.use_deterministic_algorithms(before[1])
        torch.utils.deterministic.fill_uninitialized_memory = filled  # type: ignore[attr-defined]


def _keep_freed_memory() -> None:
    """Tell glibc to keep freed memory for the next step instead of giving it back to the system.

    A step allocates and frees the same large arrays as the one before. Given back and taken anew, each of their
    pages is a fault: 15,000 a step of the small CNN, a quarter of its time. Other C libraries are left as they are.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, 1 << 30)
        mallopt(_M_TRIM_THRESHOLD, (1 << 31) - 1)
