"""``shelfwise export``: a smaller or faster form of a model, held to the original's answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from shelfwise.cli.config_file import takes_config_file

if TYPE_CHECKING:
    from shelfwise.workflows.export import ExportRun
    from shelfwise.workflows.export_photos import ExportPhotos

__all__ = ["EXAMPLES", "export"]

EXAMPLES = (
    "shelfwise export runs/shop --precision int8 --out runs/shop-int8",
    "shelfwise export runs/shop --precision fp16 --out runs/shop-fp16 --photos new/",
    "shelfwise export runs/shop --precision int8 --out int8 --calibration percentile --exclude Gemm",
)

SOME_FAILED = 1

SourceArgument = Annotated[
    Path,
    typer.Argument(
        metavar="RUN_OR_BUNDLE",
        help="A training run's folder, a model bundle, or default: the one in the package.",
    ),
]
PrecisionOption = Annotated[
    Literal["fp32", "fp16", "int8-weights", "int8"],
    typer.Option(
        metavar="fp32|fp16|int8-weights|int8",
        help="How to keep the network's numbers; int8 also reckons in them, the others in float32.",
    ),
]
OutOption = Annotated[Path, typer.Option(metavar="FOLDER", help="The new bundle's folder.")]
DataOption = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="Labelled photos to calibrate and compare on. By default the run's own."
    ),
]
PhotosOption = Annotated[
    list[str] | None,
    typer.Option(metavar="PATH", help="Photos without labels instead: files, folders, patterns; repeatable."),
]
LayoutOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="The layout of --data; recognised by itself.")
]
CalibrationOption = Annotated[
    Literal["auto", "smooth", "minmax", "percentile", "entropy"],
    typer.Option(
        metavar="auto|smooth|minmax|percentile|entropy",
        help="int8: how the range of an activation follows from its values on the calibration photos. smooth, for "
        "transformers, evens out its channels first; auto takes it for these, and minmax for other networks.",
    ),
]
CountOption = Annotated[
    int, typer.Option(metavar="N", min=1, help="int8: number of photos to calibrate on, at most.")
]
ExcludeOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        help="int8: an operator (Conv), or the beginning of nodes' names, to leave in float32; repeatable.",
    ),
]
ForceOption = Annotated[
    bool,
    typer.Option(
        "--force", help="Write it although it changes more answers than it may, or on too few photos to tell."
    ),
]


@takes_config_file
def export(
    source: SourceArgument,
    out: OutOption,
    precision: PrecisionOption = "fp16",
    data: DataOption = None,
    photos: PhotosOption = None,
    layout: LayoutOption = None,
    calibration: CalibrationOption = "auto",
    calibration_photos: CountOption = 128,
    exclude: ExcludeOption = None,
    force: ForceOption = False,
) -> None:
    """Make a smaller or faster form of a model, and compare its answers with the original's.

    fp16 halves the file of a float32 network and int8-weights quarters it; both run in float32 at the original's
    speed. int8 is about a quarter of float32 too, and faster on processors with VNNI or AMX. Where the first answer
    changes on more than 0.5 % of the photos, or there are fewer than 200 photos to compare on, nothing is written,
    unless forced.
    """
    from shelfwise.bundle import read_bundle
    from shelfwise.cli.progress import Progress
    from shelfwise.text import printable
    from shelfwise.workflows.classify import find_bundle
    from shelfwise.workflows.export import export as make

    bundle = read_bundle(find_bundle(source))
    count = calibration_photos if precision == "int8" else 0
    with Progress() as progress:
        run = make(
            bundle,
            out,
            precision,
            None if precision == "fp32" else _photos(source, data, photos, layout, count),
            calibration=calibration,
            exclude=exclude or (),
            force=force,
            stages=progress.stage,
        )
    for error in run.unreadable:
        typer.echo(printable(f"error: {error}"), err=True)
    typer.echo(_summary(run))
    if run.unreadable:
        raise typer.Exit(SOME_FAILED)


def _photos(
    source: Path, data: Path | None, photos: list[str] | None, layout: str | None, count: int
) -> ExportPhotos | None:
    from shelfwise.errors import ConfigError
    from shelfwise.workflows.export_photos import of_data, of_photos, of_run

    if data is not None and photos:
        raise ConfigError("--data and --photos both name photos: give one of them")
    if data is not None:
        return of_data(data, layout=layout, calibration=count)
    return of_photos(photos, count) if photos else of_run(source, count)


def _summary(run: ExportRun) -> str:
    from shelfwise.text import printable
    from shelfwise.workflows.export import LEAST_COMPARED, MOST_CHANGED

    lines = [
        f"{printable(str(run.bundle.path))}: {run.stored}, {run.size / 1e6:.1f} MB "
        f"(before: {run.original_size / 1e6:.1f} MB)"
    ]
    if run.parity is not None:
        within = "within" if run.parity.good else "MORE than"
        lines.append(
            f"first answer changed on {run.parity.changed:,} of {run.parity.photos:,} photos "
            f"({run.parity.share:.2%}, {within} the {MOST_CHANGED:.1%} that may); "
            f"largest difference of a probability {run.parity.largest_difference:.3f}"
        )
        if run.parity.decisions is not None:
            lines.append(
                f"decision (accept, ask or unknown, and where) changed on {run.parity.decisions:,} of "
                f"{run.parity.photos:,} photos"
            )
        few = run.parity.photos < LEAST_COMPARED
        lines.append(
            f"these figures rest on {run.parity.photos:,} photos that were not calibrated on"
            + (f": too few to rely on, {LEAST_COMPARED} are needed" if few else "")
        )
    return "\n".join(lines)
