"""``shelfwise classify``: name the products on photos."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from shelfwise.cli.config_file import takes_config_file
from shelfwise.cli.result_file import on_one_terminal, result_file, style_for

if TYPE_CHECKING:
    from shelfwise.bundle import Bundle
    from shelfwise.cli.progress import Progress
    from shelfwise.workflows.classify import Tally

__all__ = ["EXAMPLES", "classify"]

EXAMPLES = (
    "shelfwise classify photo.jpg",
    "shelfwise classify new/ --model runs/shop/bundle --format csv --output new.csv",
    "shelfwise classify 'new/**/*.heic' --min-confidence 0.8 --sort-into sorted",
    "find . -newer last -name '*.jpg' | shelfwise classify - --format jsonl",
)

_FORMAT_OF_SUFFIX = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}

PathsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="PATH",
        help="Photos, folders, patterns in quotes; - is standard input: a picture or a list of paths.",
        show_default=False,
    ),
]
ModelOption = Annotated[
    Path | None,
    typer.Option(
        metavar="BUNDLE",
        help="The trained model. By default $SHELFWISE_MODEL, else the one that comes with Shelfwise.",
    ),
]
TopOption = Annotated[int, typer.Option(metavar="K", min=1, help="Tell the K likeliest categories.")]
FormatOption = Annotated[
    Literal["table", "csv", "jsonl"] | None,
    typer.Option(
        "--format",
        metavar="table|csv|jsonl",
        help="How to write the answers. By default a table, or as --output ends.",
    ),
]
OutputOption = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the answers to this file.")
]
ConfidenceOption = Annotated[
    float,
    typer.Option(metavar="X", min=0.0, max=1.0, help="Below it (0 to 1) a photo's category is 'unknown'."),
]
SortOption = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Copy photos into a folder per category; nothing is overwritten."),
]
IndexOption = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="The index of products. By default $SHELFWISE_PRODUCTS or else the model's own.",
    ),
]
RecursiveOption = Annotated[
    bool, typer.Option("--recursive/--no-recursive", help="Also look in the folders of a folder.")
]
EngineOption = Annotated[
    Literal["auto", "onnxruntime", "openvino", "cuda"],
    typer.Option(metavar="ENGINE", help="What runs the network: auto, onnxruntime, openvino or cuda."),
]


@takes_config_file
def classify(
    paths: PathsArgument,
    model: ModelOption = None,
    top: TopOption = 1,
    output_format: FormatOption = None,
    output: OutputOption = None,
    min_confidence: ConfidenceOption = 0.0,
    sort_into: SortOption = None,
    recursive: RecursiveOption = True,
    index: IndexOption = None,
    engine: EngineOption = "auto",
) -> None:
    """Name the products on photos.

    A model that was trained with validation photos says for each photo whether its answer can be relied on: it
    accepts it, asks a person, or says that the photo is of something unknown.

    Answers go to standard output in the order of the photos. A photo that cannot be read is named with its
    reason on standard error, the rest is done, and the exit code is 1. Where the model has an index of products
    (shelfwise products), the product is told as well.
    """
    from shelfwise.cli.classify_output import FORMATS
    from shelfwise.cli.progress import Progress
    from shelfwise.errors import ConfigError
    from shelfwise.inference.classifier import load
    from shelfwise.settings import Settings
    from shelfwise.text import printable
    from shelfwise.workflows.classify import ASK, UNKNOWN, Tally, classify_photos, find_bundle
    from shelfwise.workflows.photos import PhotoFinder
    from shelfwise.workflows.product_finding import product_finder
    from shelfwise.workflows.sorting import Sorter

    chosen = output_format or _format_of(output)
    finder = PhotoFinder(paths, recursive=recursive, leave_out=sort_into)
    count = finder.count()
    classifier = load(find_bundle(model or Settings().model), engine=engine, photos=count)
    deciding = classifier.bundle.decision
    names = deciding.hierarchy(classifier.categories).nodes if deciding else classifier.categories
    sorter = Sorter(sort_into, [*names, UNKNOWN, *([ASK] if deciding else [])]) if sort_into else None
    writer = FORMATS[chosen](
        classifier.categories, top, sorter is not None, style_for(output is None), deciding is not None
    )
    # Where the table and the errors go to the same terminal, the table's row says it already.
    row_is_enough = chosen == "table" and output is None and on_one_terminal()
    tally = Tally()
    started = time.monotonic()
    with (
        result_file(output) as write,
        Progress() as progress,
        product_finder(classifier, index, progress.note) as products,
    ):
        writer.products = products is not None
        _tell_model(progress, classifier.bundle, named=model is not None)
        stage = progress.stage("Classifying", count)
        for answer in classify_photos(
            classifier, finder, min_confidence=min_confidence, sorter=sorter, finder=products
        ):
            if answer.reason is not None and not row_is_enough:
                progress.note(f"error: {printable(answer.photo)}: {answer.reason}")
            write((writer.header() if tally.total == 0 else "") + writer.row(answer))
            tally.add(answer)
            stage.advance()
        if tally.total == 0:
            raise ConfigError(f"no photo found in {' '.join(map(printable, paths))}")
    typer.echo(_summary(tally, time.monotonic() - started, min_confidence, sort_into), err=True)
    if tally.failed:
        raise typer.Exit(1)


def _format_of(output: Path | None) -> str:
    """The format that a file's name asks for; a table where it asks for none."""
    from shelfwise.errors import ConfigError
    from shelfwise.text import printable

    suffix = output.suffix.lower() if output else ""
    if suffix == ".json":
        raise ConfigError(
            f"{printable(str(output))}: there is no format json: name a file .jsonl for one JSON object a line,"
            " .csv for a table, or say the format with --format"
        )
    return _FORMAT_OF_SUFFIX.get(suffix, "table")


def _tell_model(progress: Progress, bundle: Bundle, *, named: bool) -> None:
    if not named:
        where = str(bundle.path).encode(errors="replace").decode()
        progress.note(f"model: {where} ({bundle.name}, {bundle.knows})")
    if bundle.rendered:
        progress.note("note: this model learned from rendered pictures, not from photos")


def _summary(tally: Tally, seconds: float, min_confidence: float, sort_into: Path | None) -> str:
    plural = "" if tally.total == 1 else "s"
    parts = [f"{tally.named:,} of {tally.total:,} photo{plural} named in {seconds:,.1f} s"]
    if tally.asked:
        parts.append(f"{tally.asked:,} to ask about")
    if min_confidence > 0:
        parts.append(f"{tally.unknown:,} unknown (below {min_confidence:g})")
    elif tally.unknown:
        parts.append(f"{tally.unknown:,} unknown")
    parts.append(f"{tally.failed:,} failed" if tally.failed else "none failed")
    if sort_into is not None:
        parts.append(f"copies are in {sort_into}")
    return "; ".join(parts)
