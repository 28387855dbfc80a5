"""``shelfwise evaluate``: measure a trained model on labelled photos."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from shelfwise.text import printable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

    from shelfwise.training.metrics import Evaluation
    from shelfwise.workflows.evaluate import EvaluationRun

__all__ = ["EXAMPLES", "evaluate"]

EXAMPLES = (
    "shelfwise evaluate runs/shop/bundle other-photos/",
    "shelfwise evaluate runs/shop/bundle photos/ --split runs/shop/split.json --report report/",
    "shelfwise evaluate runs/freiburg/bundle freiburg/ --part fold0 --format json --output figures.json",
)

PLAIN_WIDTH = 120
SHOWN = 10
"""Most confused pairs, and unreadable photos, in the table."""
SOME_FAILED = 1


def evaluate(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="The 'bundle' folder of a training run.")],
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="Folder (or list or annotation file) of labelled photos.")
    ],
    layout: Annotated[
        str | None, typer.Option(metavar="NAME", help="The set's layout; recognised by itself.")
    ] = None,
    level: Annotated[
        str | None, typer.Option(metavar="LEVEL", help="Level of its hierarchy: fine, coarse or a number.")
    ] = None,
    part: Annotated[
        str | None,
        typer.Option(
            metavar="PART",
            help="Which photos: train, val, test, a fold, or all. By default test where there is one, else all.",
        ),
    ] = None,
    split: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Parts as a training run saved them: its split.json.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the report page, its plots and metrics.json.")
    ] = None,
    ignore_unknown: Annotated[
        bool, typer.Option("--ignore-unknown", help="Leave out photos of categories the model does not know.")
    ] = False,
    output_format: Annotated[
        Literal["table", "json"], typer.Option("--format", help="A table for people, JSON for programs.")
    ] = "table",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the figures to this file.")
    ] = None,
) -> None:
    """Measure a trained model on labelled photos, with 95 % bootstrap intervals.

    The set's categories are matched with the model's by name, upper or lower case, or by the last level of the
    name. A photo that cannot be read is named with its reason, is in no figure, and the exit code is 1.
    """
    from shelfwise.cli.progress import Progress
    from shelfwise.files import atomic_write_text
    from shelfwise.workflows.evaluate import evaluate as measure

    with Progress() as progress:
        run = measure(
            bundle,
            data,
            layout=layout,
            level=level,
            part=part,
            split=split,
            report=report,
            ignore_unknown=ignore_unknown,
            progress=progress.stage("Measuring"),
            note=progress.note,
        )
    if output is not None:
        atomic_write_text(output, run.to_json() if output_format == "json" else _as_text(run))
    elif output_format == "json":
        typer.echo(run.to_json(), nl=False)
    else:
        _print(_console(), run)
    if run.report is not None:
        typer.echo(f"report  {run.report}", err=True)
    if run.result.errors:
        typer.echo(f"{len(run.result.errors):,} photos could not be read", err=True)
        raise typer.Exit(SOME_FAILED)


def _console(file: io.StringIO | None = None) -> Console:
    from rich.console import Console

    terminal = file is None and sys.stdout.isatty()
    # Off a terminal there is no width to keep to: lines stay whole for grep and for logs.
    return Console(
        file=file, width=None if terminal else PLAIN_WIDTH, highlight=False, markup=False, emoji=False
    )


def _as_text(run: EvaluationRun) -> str:
    text = io.StringIO()
    _print(_console(text), run)
    return text.getvalue()


def _print(console: Console, run: EvaluationRun) -> None:
    evaluation = run.result.evaluation
    where = f"{evaluation.samples:,} photos of {run.dataset.root}, part {run.part}"
    console.print(printable(f"{run.bundle.name} ({run.bundle.id}) on {where}"), style="bold", soft_wrap=True)
    if run.dataset.rendered or run.bundle.rendered:
        console.print("Rendered pictures: these figures say nothing about a real shop.", style="yellow")
    sections: list[RenderableType] = [_headline(evaluation), _categories(evaluation)]
    if evaluation.confused:
        sections.append(_pairs(evaluation))
    for section in sections:
        console.print()
        console.print(section)
    if run.result.ignored:
        console.print(f"{run.result.ignored:,} photos of unknown categories were left out")
    for error in run.result.errors[:SHOWN]:
        console.print(printable(f"error: {error}"), style="red", soft_wrap=True)
    if len(run.result.errors) > SHOWN:
        console.print(f"… and {len(run.result.errors) - SHOWN:,} more: see --format json")


def _headline(evaluation: Evaluation) -> Table:
    table = _table("Figure", ">Value", "95 % interval")
    names = {
        "accuracy": "Accuracy",
        "top3_accuracy": "Top 3",
        "top5_accuracy": "Top 5",
        "macro_f1": "Macro F1",
        "balanced_accuracy": "Balanced accuracy",
        "ece": "ECE (calibration error)",
        "coverage_at_95_precision": "Coverage, 95 % of answers right",
    }
    figures = evaluation.headline()
    for key, name in names.items():
        interval = evaluation.intervals.get(key)
        shown = f"{_percent(interval.low)} to {_percent(interval.high)}" if interval else ""
        table.add_row(name, _percent(figures[key]), shown)
    for level in evaluation.levels[:-1]:
        name = f"Accuracy at level {level.level} ({level.categories} categories)"
        table.add_row(name, _percent(level.accuracy), "")
    for key, name in (("negative_log_likelihood", "Log loss"), ("brier", "Brier"), ("aurc", "AURC")):
        table.add_row(name, f"{figures[key]:.4f}", "")
    return table


def _categories(evaluation: Evaluation) -> Table:
    table = _table("Category, weakest first", ">F1", ">Precision", ">Recall", ">Photos", ">Predicted")
    seen = [f for f in evaluation.per_category if f.support]
    for f in sorted(seen, key=lambda f: (f.f1 or 0.0, f.category)):
        shares = (_percent(value) for value in (f.f1, f.precision, f.recall))
        table.add_row(printable(f.category), *shares, f"{f.support:,}", f"{f.predicted:,}")
    return table


def _pairs(evaluation: Evaluation) -> Table:
    table = _table("Most confused: true", "Taken for", ">Photos", ">Of the category")
    for pair in evaluation.confused[:SHOWN]:
        table.add_row(
            printable(pair.true), printable(pair.predicted), f"{pair.count:,}", _percent(pair.share)
        )
    return table


def _table(*headings: str) -> Table:
    """A table with these columns; ``>`` before a heading aligns its column to the right."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        right = heading.startswith(">")
        table.add_column(heading.lstrip(">"), justify="right" if right else "left", overflow="fold")
    return table


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"
