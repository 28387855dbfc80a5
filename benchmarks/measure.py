"""Measuring commands from outside: time, memory, when their output came; and medians of repeats."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.result import BenchmarkError

__all__ = ["ROOT", "Comparison", "Run", "alternate", "compare", "measure"]

ROOT = Path(__file__).resolve().parents[1]
_LAUNCH = Path(__file__).parent / "sides" / "launch.py"
_ERROR_LINES = 15
_TUNING = ("OMP_", "MKL_", "MALLOC_", "TF_NUM_")
"""Variables that are kept from the measured processes, so that each side runs as it does by itself."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of a command took.

    Attributes:
        seconds: from start to exit.
        cpu_seconds: of all its threads and processes, user and system.
        system_seconds: the system's part of it.
        peak_bytes: largest resident memory of one of its processes.
        lines: what it wrote to standard output.
        arrivals: when each line came, in seconds after the start.
    """

    seconds: float
    cpu_seconds: float
    system_seconds: float
    peak_bytes: int
    lines: list[str] = field(repr=False)
    arrivals: list[float] = field(repr=False)

    def answer(self) -> dict[str, Any]:
        """The JSON object in its last line."""
        answer: dict[str, Any] = json.loads(self.lines[-1])
        return answer

    def rate_after_start(self) -> float:
        """Lines a second from a tenth of the lines to the last, the header left out."""
        rows = self.arrivals[1:]
        first = len(rows) // 10
        return (len(rows) - 1 - first) / (rows[-1] - rows[first])


def measure(command: Sequence[object]) -> Run:
    """Run a command (its words are made text) in the project's folder and measure it.

    Raises:
        BenchmarkError: it fails; the message has the end of what it said.
    """
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as said:
        note = Path(folder) / "note.json"
        launch = [sys.executable, "-I", "-S", _LAUNCH, note]
        with subprocess.Popen(
            [*map(str, launch), *map(str, command)],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if not name.startswith(_TUNING)},
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        ) as process:
            assert process.stdout is not None
            stamped = [(time.monotonic(), line.rstrip("\n")) for line in process.stdout]
        if process.returncode != 0:
            said.seek(0)
            tail = "\n".join(said.read().splitlines()[-_ERROR_LINES:])
            raise BenchmarkError(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{tail}")
        taken = json.loads(note.read_text("utf-8"))
    return Run(
        seconds=taken["ended"] - taken["started"],
        cpu_seconds=taken["cpu_s"],
        system_seconds=taken["system_s"],
        peak_bytes=taken["peak_bytes"],
        lines=[line for _, line in stamped],
        arrivals=[moment - taken["started"] for moment, _ in stamped],
    )


def alternate(
    ours: Callable[[], Run], peer: Callable[[], Run], repeats: int, tell: Callable[[str], None]
) -> tuple[list[Run], list[Run]]:
    """Run both sides ``repeats`` times in turn, the one that begins changing each time."""
    runs: tuple[list[Run], list[Run]] = ([], [])
    for number in range(repeats):
        for side in (0, 1) if number % 2 == 0 else (1, 0):
            run = (ours, peer)[side]()
            runs[side].append(run)
            tell(f"  {number + 1}/{repeats} {('ours', 'peer')[side]}: {run.seconds:.1f} s")
    return runs


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two series of rates: their medians, the ratio of these, and the range of the ratios of the pairs."""

    ours: float
    peer: float
    ratio: float
    low: float
    high: float

    def spread(self) -> str:
        """The ratio and its range in words."""
        return f"{self.ratio:.2f}× ({self.low:.2f} to {self.high:.2f})"


def compare(ours: Sequence[float], peer: Sequence[float]) -> Comparison:
    """Compare two equally long series of rates, measured in turn."""
    mine, theirs = statistics.median(ours), statistics.median(peer)
    pairs = [a / b for a, b in zip(ours, peer, strict=True)]
    ratio = mine / theirs
    return Comparison(mine, theirs, ratio, min(ratio, *pairs), max(ratio, *pairs))
