"""The commands that classify a folder of photos, ours and the others', and the limits of ours."""

from __future__ import annotations

import csv
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import Run, measure

__all__ = ["TORCH_WAYS", "agreement", "keras", "limits", "ours", "torch_plain"]

_SIDES = Path(__file__).parent / "sides"

TORCH_WAYS: Mapping[str, tuple[str, ...]] = {
    "plain loop": (),
    "DataLoader, 2 workers": ("--workers", "2"),
    "plain loop, channels_last": ("--channels-last",),
    "DataLoader, 2 workers, channels_last": ("--workers", "2", "--channels-last"),
}
"""Ways to run the PyTorch side. The ones with channels_last are tuned, not plain."""


def ours(run: Path, photos: Path, engine: str = "auto") -> Run:
    """``shelfwise classify`` with the bundle of a run, or with a bundle."""
    bundle = run if (run / "bundle.json").is_file() else run / "bundle"
    command = [sys.executable, "-m", "shelfwise", "classify", photos, "--model", bundle, "--engine", engine]
    return measure([*command, "--format", "csv"])


def torch_plain(runs: Sequence[Path], photos: Path, way: str, joined: Path | None = None) -> Run:
    """The plain pipeline with the weights of the same run, or of those that the bundle ``joined`` was joined from."""
    command: list[object] = [sys.executable, "-m", "benchmarks.sides.torch_classify", "--run", *runs]
    command += ["--photos", photos, *(["--joined", joined] if joined else [])]
    return measure([*command, *TORCH_WAYS[way]])


def keras(run: Path, photos: Path, python: Path, *, jit: bool) -> Run:
    """Keras ``predict`` with the weights of the same run (``small-cnn`` only)."""
    from safetensors.numpy import load_file

    categories = json.loads((run / "bundle" / "bundle.json").read_text("utf-8"))["categories"]
    with tempfile.NamedTemporaryFile(suffix=".npz") as file:
        arrays: dict[str, Any] = dict(load_file(run / "checkpoints" / "best.safetensors"))
        np.savez(file, **arrays)
        file.flush()
        command: list[object] = [python, _SIDES / "keras_classify.py", "--weights", file.name]
        command += ["--categories", json.dumps(categories), "--photos", photos, *(["--jit"] if jit else [])]
        return measure(command)


def limits(run: Path, photos: Path, engine: str = "auto") -> dict[str, float]:
    """Photos a second of decoding alone and of the network alone, on all cores."""
    bundle = run if (run / "bundle.json").is_file() else run / "bundle"
    command = [sys.executable, "-m", "benchmarks.sides.classify_limits", "--model", bundle]
    return measure([*command, "--photos", photos, "--engine", engine]).answer()


def agreement(one: Sequence[str], other: Sequence[str]) -> float:
    """Share of the photos for which the likeliest category of two CSV outputs (with a header each) is the same.

    Where an output says what it accepts and what it holds for likeliest, the latter counts.

    Raises:
        ValueError: they are not of the same photos.
    """
    first, second = _categories(one), _categories(other)
    if first.keys() != second.keys() or not first:
        raise ValueError(f"{len(first)} and {len(second)} photos that are not the same")
    same = sum(first[name] == second[name] for name in first)
    return same / len(first)


def _categories(lines: Sequence[str]) -> dict[str, str]:
    return {Path(row["path"]).name: row.get("best_guess") or row["category"] for row in csv.DictReader(lines)}
