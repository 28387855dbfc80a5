"""What a figure was measured on: facts that do not change from one day to the next."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from shelfwise.inference.engines import choose

__all__ = ["cores", "facts", "versions"]


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def facts() -> dict[str, str]:
    """CPU model, cores, memory, the instruction sets that matter here, the engine taken by itself, and the system."""
    cpuinfo = Path("/proc/cpuinfo").read_text("utf-8")
    model = re.search(r"^model name\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    flags = {name for name in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if name in cpuinfo}
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "CPU": model[1].strip() if model else platform.machine(),
        "cores": str(cores()),
        "instruction sets": ", ".join(sorted(flags)) or "none of AVX2, AVX-512, AMX",
        "engine where none is named": str(choose()),
        "memory": f"{memory:.0f} GiB",
        "system": f"{platform.system()} {platform.machine()}",
    }


def versions(names: Iterable[str]) -> dict[str, str]:
    """Versions of Python and of installed packages."""
    found = {"python": platform.python_version()}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
