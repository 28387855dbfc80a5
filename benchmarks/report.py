"""Writes docs/benchmarks.md from the results: what is on the page is what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.goals import GOALS, TITLES
from benchmarks.result import Figure, Result, Unit, percent, read_results
from shelfwise.files import atomic_write_text

__all__ = ["render", "write_page"]

_INTRO = """\
# Benchmarks

<!-- Written by `python -m benchmarks report` from benchmarks/results. Change the scripts, not this page. -->

The figures that Shelfwise sets itself to reach, and what it reaches. The scripts in `benchmarks/` measure them and
write this page; the single measurements lie beside them in `benchmarks/results`. A figure below its line is shown as
it is.
"""
_HOW = """\
## Measure again

```console
$ make bench                                       # all of them, one after the other
$ python -m benchmarks speed-classify              # one of them
$ python -m benchmarks --run runs/a --run runs/b   # measure these finished runs; each figure takes the one that fits
$ python -m benchmarks report                      # only write this page anew
```

Real photos are read from the folder that `SHELFWISE_DATA` names (`../shared/data` if unset). Accuracy needs them;
where they are absent, speed and memory are measured on rendered pictures, and say so. Without `--run`, accuracy
trains its run first, into `runs/bench-NAME`, and goes on with it after an interruption. Figures of what a model has
never learned (new products from a few photos, categories left out) need the left-out twin of the model that ships:
`make default-model ARGS="--left-out"`. The speed of the engine needs the runs that the model was joined from, in
`runs/default-model`. Keras gets an environment of its own, `.venv-keras`, on first use.
"""


_DIGITS: dict[Unit, int] = {
    "share": 3,
    "times": 2,
    "seconds": 2,
    "milliseconds": 1,
    "a second": 0,
    "count": 0,
}
_SIGNS: dict[Unit, str] = {
    "times": "×",
    "seconds": " s",
    "milliseconds": " ms",
    "a second": " a second",
    "count": "",
}


def write_page(results: Path, page: Path) -> None:
    """Render the results of a folder into the page, atomically.

    Raises:
        BenchmarkError: a file there is not a result.
    """
    atomic_write_text(page, render(read_results(results)))


def render(results: Mapping[str, Result]) -> str:
    """The page as Markdown; what is not measured yet is named as such."""
    parts = [_INTRO, _summary(results), _HOW]
    parts += [_section(results[name]) for name in GOALS if name in results]
    return "\n".join(parts)


def _summary(results: Mapping[str, Result]) -> str:
    lines = ["| what | line | measured | |", "|---|---|---|---|"]
    for name, goals in GOALS.items():
        result = results.get(name)
        for index, goal in enumerate(goals):
            line = _line(goal.line, goal.unit, goal.at_most)
            if result is None:
                lines.append(f"| {goal.what} | {line} | not yet | |")
            else:
                figure = result.figures[index]
                what = f"[{figure.what}](#{_anchor(TITLES[name])})"
                lines.append(f"| {what} | {line} | **{_headline(figure)}** | {_mark(figure)} |")
    return "\n".join(lines) + "\n"


def _section(result: Result) -> str:
    lines = [f"## {TITLES[result.name]}"]
    if result.figures:
        lines += ["", "| | ours | beside | figure | line |", "|---|---|---|---|---|"]
        lines += [_row(figure) for figure in result.figures]
    if result.picture:
        lines += ["", f"![{TITLES[result.name]}]({result.picture})"]
    if result.table:
        heading, *rows = result.table
        lines += ["", _cells(heading), "|---" * len(heading) + "|", *map(_cells, rows)]
    lines += ["", "```console", *(f"$ {command}" for command in result.command), "```", ""]
    lines += [f"{paragraph}\n" for paragraph in result.method]
    for heading, texts in (("Limit", result.limit), ("Remarks", result.remarks)):
        if texts:
            lines += [f"**{heading}**", "", *(f"- {text}" for text in texts), ""]
    facts = [f"{name}: {value}" for name, value in result.machine.items()]
    facts += [f"{name} {number}" for name, number in result.versions.items()]
    lines += [f"Measured on: {'; '.join(facts)}. Samples: `benchmarks/results/{result.name}.json`.", ""]
    return "\n".join(lines)


def _cells(row: Sequence[str]) -> str:
    return f"| {' | '.join(row)} |"


def _row(figure: Figure) -> str:
    low, high = (_value(end, figure.unit) for end in (figure.low, figure.high))
    value = f"**{_headline(figure)}** ({low} to {high})"
    line = f"{_line(figure.line, figure.unit, figure.at_most)}: {_mark(figure)}"
    return f"| {figure.what} | {figure.ours} | {figure.peer} | {value} | {line} |"


def _line(line: float, unit: Unit, at_most: bool) -> str:
    shown = percent(line, 0) if unit == "share" else f"{line:g}{_SIGNS[unit]}"
    return f"{'at most' if at_most else 'at least'} {shown}"


def _value(value: float, unit: Unit) -> str:
    if unit == "share":
        return percent(value)
    return f"{value:.{_DIGITS[unit]}f}{_SIGNS[unit]}"


def _headline(figure: Figure) -> str:
    """The figure, not rounded over its line: 1.999 does not become 2.00."""
    digits = _DIGITS[figure.unit]
    value = round(figure.value, digits)
    if figure.model_copy(update={"value": value}).reached and not figure.reached:
        value += 10**-digits if figure.at_most else -(10**-digits)
    return _value(value, figure.unit)


def _mark(figure: Figure) -> str:
    return "reached" if figure.reached else "not reached"


def _anchor(title: str) -> str:
    return "".join(c for c in title.lower().replace(" ", "-") if c.isalnum() or c in "-_")
