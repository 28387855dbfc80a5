"""What the processor can do, as far as the choice of an engine depends on it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

__all__ = ["BF16", "VNNI", "cpu_flags"]

VNNI: Final = frozenset({"avx512_vnni", "avx_vnni"})
"""Instructions that add products of 8-bit numbers up in 32 bits; any one of them makes int8 fast and exact."""

BF16: Final = frozenset({"amx_bf16", "avx512_bf16"})
"""Instructions that multiply bfloat16; any one of them makes that faster than float32."""

_CPUINFO: Final = Path("/proc/cpuinfo")


@cache
def cpu_flags(cpuinfo: Path = _CPUINFO) -> frozenset[str]:
    """Names of the instruction sets that all cores have, as Linux tells them (``avx2``, ``avx512_vnni`` …).

    Empty where there is no ``/proc/cpuinfo`` or it does not say: nothing is then taken for granted.
    """
    try:
        lines = cpuinfo.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return frozenset()
    cores = [
        frozenset(value.split()) for name, _, value in (line.partition(":") for line in lines)
        if name.strip() == "flags"
    ]  # fmt: skip
    return frozenset.intersection(*cores) if cores else frozenset()
