"""``shelfwise benchmark``: how fast this machine classifies photos, and what would be possible."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from shelfwise.cli.config_file import takes_config_file
from shelfwise.cli.tables import console, table
from shelfwise.text import printable

if TYPE_CHECKING:
    from shelfwise.workflows.benchmark import BenchmarkRun, Row

__all__ = ["EXAMPLES", "benchmark"]

EXAMPLES = (
    "shelfwise benchmark",
    "shelfwise benchmark --bundle runs/shop --bundle runs/shop-int8 --photos new/",
    "shelfwise benchmark --engine openvino --batch 1 --batch 32 --threads 4 --format json",
)

BundleOption = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="BUNDLE",
        help="A model; repeatable. By default $SHELFWISE_MODEL, else the one that comes with Shelfwise.",
    ),
]
PhotosOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PATH",
        help="Photos, folders or patterns; repeatable. By default drawn JPEGs of the sizes that phones give.",
    ),
]
EngineOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ENGINE", help="auto, onnxruntime, openvino or cuda; repeatable. By default all here."
    ),
]
PrecisionOption = Annotated[
    list[str] | None,
    typer.Option(metavar="P", help="fp32 or bf16; repeatable. By default what the processor has."),
]
BatchOption = Annotated[
    list[int] | None,
    typer.Option(metavar="N", min=1, help="Photos a call; repeatable. By default 1 and 16."),
]
ThreadsOption = Annotated[
    list[int] | None,
    typer.Option(metavar="N", min=1, help="Threads; repeatable. By default 1 and one a core."),
]
SecondsOption = Annotated[float, typer.Option(metavar="S", min=0.05, help="Time for each single rate.")]
FormatOption = Annotated[
    Literal["table", "json"],
    typer.Option("--format", metavar="table|json", help="A table for people, JSON for programs."),
]


@takes_config_file
def benchmark(
    bundle: BundleOption = None,
    photos: PhotosOption = None,
    engine: EngineOption = None,
    precision: PrecisionOption = None,
    batch: BatchOption = None,
    threads: ThreadsOption = None,
    seconds: SecondsOption = 1.5,
    output_format: FormatOption = "table",
) -> None:
    """Measure how fast photos are classified here, by engine, precision, batch size and thread count.

    Beside each rate stand what decoding alone and the network alone reach, and how much of the CPU's measured
    float32 peak the network uses. Takes about a minute; other work on the machine shows in the figures.
    """
    from shelfwise.bundle import read_bundle
    from shelfwise.cli.progress import Progress
    from shelfwise.settings import Settings
    from shelfwise.workflows.benchmark import benchmark as measure
    from shelfwise.workflows.benchmark import ways
    from shelfwise.workflows.benchmark_photos import drawn_photos, found_photos
    from shelfwise.workflows.classify import find_bundle

    given = bundle or [find_bundle(Settings().model)]
    plan = ways(_engines(engine), _precisions(precision), batch or (), threads or ())
    bundles = [read_bundle(find_bundle(each)) for each in given]
    chosen = found_photos(photos) if photos else drawn_photos()
    with Progress() as progress:
        run = measure(bundles, chosen, plan, seconds=seconds, progress=progress.stage("Measuring"))
    if output_format == "json":
        typer.echo(json.dumps(run.to_dict(), indent=2))
    else:
        _print(run, drawn=not photos)


def _engines(names: list[str] | None) -> list[Literal["auto", "onnxruntime", "openvino", "cuda"]]:
    from shelfwise.inference.engines import engine_named

    return [engine_named(name) for name in names or ()]


def _precisions(names: list[str] | None) -> list[Literal["auto", "fp32", "bf16"]]:
    from shelfwise.inference.engines import precision_named

    return [precision_named(name) for name in names or ()]


def _print(run: BenchmarkRun, *, drawn: bool) -> None:
    printer = console()
    kind = "drawn JPEGs" if drawn else "photos"
    printer.print(
        f"{run.photos} {kind} of {run.mean_pixels / 1e6:.1f} megapixels in the mean; {os.cpu_count()} cores"
    )
    printer.print(
        f"peak of the CPU, all cores: {run.peak / 1e9:,.0f} GFLOP/s (float32, product of two matrices)"
    )
    printer.print(f"auto is here: {run.chosen}")
    for name, flops in run.flops.items():
        printer.print(printable(f"{name}: {flops / 1e9:.2f} GFLOP a photo"), soft_wrap=True)
    stages = table("Milliseconds a photo, one thread", ">Decode", ">Preprocess", ">Inference", ">Decide")
    for name, each in run.stages.items():
        times = (each.decode, each.preprocess, each.inference, each.decide)
        stages.add_row(printable(name), *(f"{time:.2f}" for time in times))
    printer.print()
    printer.print(stages)
    rates = table(
        *("Model", "Kept in", "Engine", "Reckons in", ">Batch", ">Threads", ">Photos/s", ">Network alone"),
        *(">Decoding alone", ">fp32 peak allows", ">Of the slower", ">Of fp32 peak"),
    )
    for row in sorted(run.rows, key=lambda row: -row.rate):
        rates.add_row(*_cells(row))
    printer.print(rates)
    for note in run.notes:
        printer.print(printable(note), soft_wrap=True)


def _cells(row: Row) -> list[str]:
    way = row.way
    return [
        *(printable(row.bundle), row.stored, way.engine, way.precision, str(way.batch), str(way.threads)),
        *(f"{row.rate:,.1f}", f"{row.network:,.1f}", f"{row.decode:,.1f}"),
        "–" if row.possible is None else f"{row.possible:,.1f}",
        f"{row.reached:.0%}",
        "–" if row.of_fp32_peak is None else f"{row.of_fp32_peak:.0%}",
    ]
