"""What a benchmark gives: a strict, dateless record that is kept as JSON and rendered into the page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from shelfwise.files import atomic_write_text

__all__ = ["BenchmarkError", "Figure", "Result", "Unit", "percent", "read_results"]

Unit = Literal["share", "times", "seconds", "milliseconds", "a second", "count"]


class BenchmarkError(Exception):
    """A benchmark cannot run, or its result cannot be read; the message says what to do."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Figure(_Strict):
    """One figure beside its line.

    Attributes:
        what: what is measured.
        line: what is to be reached.
        unit: ``share`` (0 to 1, shown as per cent), ``times`` (a ratio), ``seconds``, ``milliseconds``,
            ``a second`` (how many), or ``count``.
        at_most: the figure must not be above the line; otherwise not below it.
        value: what was measured.
        low, high: 95 % interval of a share, smallest and largest of the others' samples.
        ours, peer: the two sides in words.
    """

    what: str
    line: float
    unit: Unit
    at_most: bool = False
    value: float
    low: float
    high: float
    ours: str
    peer: str

    @property
    def reached(self) -> bool:
        """Whether the figure is on the right side of its line."""
        return self.value <= self.line if self.at_most else self.value >= self.line


class Result(_Strict):
    """All that one benchmark measured.

    Attributes:
        name: the benchmark.
        figures: in the order of its goals.
        command: lines to type to get the same.
        method: how it was measured, a paragraph each.
        limit: what bounds the figure.
        remarks: what else there is to know.
        table: rows of text, the first of which is the heading.
        picture: a plot, relative to the page.
        machine: facts of the machine by name.
        versions: of the libraries on both sides.
        samples: every single measurement.
    """

    format: Literal["shelfwise-benchmark"] = "shelfwise-benchmark"
    version: Literal[1] = 1
    name: str
    figures: tuple[Figure, ...]
    command: tuple[str, ...]
    method: tuple[str, ...]
    limit: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()
    picture: str | None = None
    machine: dict[str, str]
    versions: dict[str, str]
    samples: dict[str, Any]

    def save(self, folder: Path) -> Path:
        """Write ``NAME.json`` into a folder, atomically, and return its path."""
        path = folder / f"{self.name}.json"
        text = json.dumps(self.model_dump(mode="json"), indent=1, ensure_ascii=False, allow_nan=False)
        atomic_write_text(path, text + "\n")
        return path


def percent(share: float, digits: int = 1) -> str:
    """A share as per cent: ``84.1 %``."""
    return f"{100 * share:.{digits}f} %"


def read_results(folder: Path) -> dict[str, Result]:
    """All results in a folder by name; empty where there is no such folder.

    Raises:
        BenchmarkError: a file is not a result.
    """
    results = {}
    for path in sorted(folder.glob("*.json")):
        try:
            result = Result.model_validate_json(path.read_text("utf-8"))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "content"
            raise BenchmarkError(
                f"{path}: not a benchmark's result ({where}: {first['msg']}); measure it anew with"
                f" python -m benchmarks {path.stem}"
            ) from error
        if result.name != path.stem:
            raise BenchmarkError(f"{path}: holds the result of {result.name}; name the file after it")
        results[result.name] = result
    return results
