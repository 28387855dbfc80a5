"""``shelfwise evaluate``: measure a trained model on labelled photos."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from shelfwise.cli.config_file import takes_config_file
from shelfwise.cli.tables import console, table
from shelfwise.text import printable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

    from shelfwise.training.decision_figures import DecisionFigures, UnknownFigures
    from shelfwise.training.metrics import Evaluation
    from shelfwise.workflows.evaluate import EvaluationRun
    from shelfwise.workflows.evaluate_detector import DetectorEvaluation

__all__ = ["EXAMPLES", "evaluate"]

EXAMPLES = (
    "shelfwise evaluate runs/shop/bundle other-photos/",
    "shelfwise evaluate runs/shop/bundle photos/ --split runs/shop/split.json --report report/",
    "shelfwise evaluate runs/shop/bundle other-photos/ --unknown not-our-goods/",
    "shelfwise evaluate runs/freiburg/bundle freiburg/ --part fold0 --format json --output figures.json",
    "shelfwise evaluate default grocery-store/ --level coarse",
    "shelfwise evaluate runs/detector/bundle other-shelves/ --report report/",
    "shelfwise evaluate default-detector other-shelves/",
)

SHOWN = 10
"""Most confused pairs, and unreadable photos, in the table."""
SOME_FAILED = 1

BundleArgument = Annotated[
    Path,
    typer.Argument(
        metavar="BUNDLE",
        help="The 'bundle' folder of a training run; or default or default-detector: those in the package.",
    ),
]
DataArgument = Annotated[
    Path, typer.Argument(metavar="DATA", help="Folder (or list or annotation file) of labelled photos.")
]
LayoutOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="The set's layout; recognised by itself.")
]
LevelOption = Annotated[
    str | None, typer.Option(metavar="LEVEL", help="Level of its hierarchy: fine, coarse or a number.")
]
PartOption = Annotated[
    str | None,
    typer.Option(
        metavar="PART",
        help="Which photos: train, val, test, a fold, or all. By default test where there is one, else all.",
    ),
]
SplitOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Parts as a training run saved them: its split.json.")
]
ReportOption = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Write the report page, its plots and metrics.json.")
]
IgnoreOption = Annotated[
    bool, typer.Option("--ignore-unknown", help="Leave out photos of categories the model does not know.")
]
UnknownOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER", help="Photos of things the model never learned: does it tell them from known ones?"
    ),
]
FormatOption = Annotated[
    Literal["table", "json"] | None,
    typer.Option(
        "--format",
        metavar="table|json",
        help="A table for people, JSON for programs. By default a table, or as --output ends.",
    ),
]
OutputOption = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the figures to this file.")
]


@takes_config_file
def evaluate(
    bundle: BundleArgument,
    data: DataArgument,
    layout: LayoutOption = None,
    level: LevelOption = None,
    part: PartOption = None,
    split: SplitOption = None,
    report: ReportOption = None,
    ignore_unknown: IgnoreOption = False,
    unknown: UnknownOption = None,
    output_format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Measure a trained model on labelled photos, with 95 % bootstrap intervals.

    The set's categories are matched with the model's by name, whatever the case and with _, - and space as the same,
    or by the last level of the name. Where the model's names have levels, photos labelled at any of them can be
    measured: an answer is right if the likeliest name at the label's own level is the label. Accuracy of the category
    and of the exact label are told beside that where they differ. A photo that cannot be read is named with its
    reason, is in no figure, and the exit code is 1.

    A detector is measured on photos with boxes: average precision, and how well it counts. It takes no --level, no
    --ignore-unknown and no --unknown, since it names nothing.
    """
    from shelfwise.cli.progress import Progress
    from shelfwise.files import atomic_write_text
    from shelfwise.workflows.evaluate import evaluate as measure

    as_json = output_format == "json"
    if output_format is None and output is not None:
        as_json = output.suffix.lower() == ".json"
    run: EvaluationRun | DetectorEvaluation
    with Progress() as progress:
        if _is_detector(bundle):
            from shelfwise.workflows.evaluate_detector import evaluate_detector

            _refuse_naming(level=level, ignore_unknown=ignore_unknown, unknown=unknown)
            run = evaluate_detector(
                bundle,
                data,
                layout=layout,
                part=part,
                split=split,
                report=report,
                progress=progress.stage("Measuring"),
                note=progress.note,
            )
        else:
            run = measure(
                bundle,
                data,
                layout=layout,
                level=level,
                part=part,
                split=split,
                report=report,
                ignore_unknown=ignore_unknown,
                unknown=unknown,
                progress=progress.stage("Measuring"),
                unknown_progress=progress.stage("Measuring unknown photos") if unknown else None,
                note=progress.note,
            )
    if output is not None:
        atomic_write_text(output, run.to_json() if as_json else _as_text(run))
    elif as_json:
        typer.echo(run.to_json(), nl=False)
    else:
        _print(console(), run)
    if run.report is not None:
        typer.echo(f"report  {run.report}", err=True)
    if run.result.errors:
        if output is not None or as_json:
            for error in run.result.errors:
                typer.echo(printable(f"error: {error}"), err=True)
        typer.echo(f"{len(run.result.errors):,} photos could not be read", err=True)
        raise typer.Exit(SOME_FAILED)


def _is_detector(bundle: Path) -> bool:
    from shelfwise.bundle import read_bundle
    from shelfwise.workflows.classify import find_bundle

    return read_bundle(find_bundle(bundle)).task == "detect"


def _refuse_naming(**given: object) -> None:
    """Refuse options that are about names. Raises ConfigError."""
    from shelfwise.config import flag_name
    from shelfwise.errors import ConfigError

    for name, value in given.items():
        if value:
            raise ConfigError(
                f"{flag_name(name)} is about names, but the model is a detector, which names nothing: leave it out"
            )


def _as_text(run: EvaluationRun | DetectorEvaluation) -> str:
    text = io.StringIO()
    _print(console(text), run)
    return text.getvalue()


def _print(printer: Console, run: EvaluationRun | DetectorEvaluation) -> None:
    from shelfwise.workflows.evaluate import EvaluationRun

    if not isinstance(run, EvaluationRun):
        from shelfwise.cli.evaluate_detector import print_detector

        print_detector(printer, run)
        return
    evaluation = run.result.evaluation
    where = f"{evaluation.samples:,} photos of {run.dataset.root}, part {run.part}"
    printer.print(printable(f"{run.bundle.name} ({run.bundle.id}) on {where}"), style="bold", soft_wrap=True)
    if run.dataset.rendered or run.bundle.rendered:
        printer.print("Rendered pictures: these figures say nothing about a real shop.", style="yellow")
    sections: list[RenderableType] = [_headline(evaluation)]
    if run.result.decisions is not None:
        sections.append(_answers(run.result.decisions, run.unknown))
    sections.append(_categories(evaluation, run.result.decisions))
    if evaluation.confused:
        sections.append(_pairs(evaluation))
    for section in sections:
        printer.print()
        printer.print(section)
    if run.result.ignored:
        printer.print(f"{run.result.ignored:,} photos of unknown categories were left out")
    for error in run.result.errors[:SHOWN]:
        printer.print(printable(f"error: {error}"), style="red", soft_wrap=True)
    if len(run.result.errors) > SHOWN:
        printer.print(f"… and {len(run.result.errors) - SHOWN:,} more: see --format json")


def _headline(evaluation: Evaluation) -> Table:
    rows = table("Figure", ">Value", "95 % interval")
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
        rows.add_row(name, _percent(figures[key]), shown)
    for name, accuracy in evaluation.other_accuracies.items():
        rows.add_row(f"{name.capitalize()} accuracy", _percent(accuracy), "")
    for level in evaluation.wider_levels:
        name = f"Accuracy at level {level.level} ({level.categories} categories)"
        rows.add_row(name, _percent(level.accuracy), "")
    for key, name in (("negative_log_likelihood", "Log loss"), ("brier", "Brier"), ("aurc", "AURC")):
        rows.add_row(name, f"{figures[key]:.4f}", "")
    return rows


def _answers(decisions: DecisionFigures, unknown: UnknownFigures | None) -> Table:
    rows = table("Answers", ">Value", "")
    total = decisions.total
    aim = f"of these are right; {_percent(decisions.target)} are aimed at"
    rows.add_row("Accepted", _percent(total.coverage), "of the photos")
    rows.add_row("", _percent(total.precision), aim)
    if len(decisions.by_level) > 1:
        levels = ", ".join(f"{name} {count:,}" for name, count in decisions.by_level.items() if count)
        rows.add_row("", f"{total.accepted:,}", f"photos, by level: {levels or 'none'}")
    rows.add_row("Asked about", _percent(total.asked / total.photos), "of the photos")
    rows.add_row(
        "Unknown", _percent(total.unknown / total.photos), "of the photos, though their category is known"
    )
    rows.add_row(
        "ECE before calibration", _percent(decisions.ece_before), f"after: {_percent(decisions.ece_after)}"
    )
    if unknown is not None:
        others = f"{unknown.asked:,} asked about, {unknown.accepted:,} accepted"
        found = f"of {unknown.photos:,} unlearned photos; {others}"
        rows.add_row("Unlearned found unknown", _percent(unknown.unknown / unknown.photos), found)
        rows.add_row("AUROC, unknown against known", f"{unknown.auroc:.3f}", "of the novelty score")
        if unknown.failed:
            rows.add_row("", f"{unknown.failed:,}", "unlearned photos cannot be read")
    return rows


def _categories(evaluation: Evaluation, decisions: DecisionFigures | None) -> Table:
    headings = ["Category, weakest first", ">F1", ">Precision", ">Recall", ">Photos", ">Predicted"]
    decided = {each.category: each for each in decisions.per_category} if decisions else {}
    if decided:
        headings += [">Accepted", ">Right of these", ">Asked", ">Unknown"]
    rows = table(*headings)
    seen = [f for f in evaluation.per_category if f.support]
    for f in sorted(seen, key=lambda f: (f.f1 or 0.0, f.category)):
        shares = [_percent(value) for value in (f.f1, f.precision, f.recall)]
        cells = [printable(f.category), *shares, f"{f.support:,}", f"{f.predicted:,}"]
        if each := decided.get(f.category):
            cells += [
                _percent(each.coverage),
                _percent(each.precision),
                f"{each.asked:,}",
                f"{each.unknown:,}",
            ]
        rows.add_row(*cells)
    return rows


def _pairs(evaluation: Evaluation) -> Table:
    rows = table("Most confused: true", "Taken for", ">Photos", ">Of the category")
    for pair in evaluation.confused[:SHOWN]:
        rows.add_row(printable(pair.true), printable(pair.predicted), f"{pair.count:,}", _percent(pair.share))
    return rows


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"
