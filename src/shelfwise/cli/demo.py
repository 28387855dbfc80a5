"""``shelfwise demo``: the whole tool once, by its own commands, on a rendered sample set."""

from __future__ import annotations

import shlex
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import typer
from typer.main import get_command

from shelfwise.errors import ConfigError
from shelfwise.extras import require
from shelfwise.files import atomic_write_bytes, atomic_write_text, storage_errors

__all__ = ["EXAMPLES", "demo"]

EXAMPLES: Final = ("shelfwise demo", "shelfwise demo try/")

MARKER: Final = ".shelfwise-demo"
"""A folder with this file in it was made by the demo, which may replace what it made there."""
MADE: Final = ("photos", "check.html", "run", "evaluation", "new", "sorted")
PER_CATEGORY: Final = 80
NEW_PER_CATEGORY: Final = 3
SIZE: Final = 160
TRAINING: Final = (
    "--recipe small-cnn --epochs 60 --batch-size 16 --lr 2e-3 --dropout 0.1 --accept-precision 0.9"
)
"""The small network learns the sample set faster like this than by its recipe, which is made for photos. Its few
validation photos can promise that nine of ten accepted answers are right; the usual 98 % would need 133 of them."""
RENDERED: Final = "The pictures are rendered, not photographed: these figures say nothing about real photos."


def demo(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Where to put everything; what an earlier demo made is replaced."),
    ] = Path("runs/demo"),
) -> None:
    """Go through it all once: render photos, check them, train, evaluate, classify new ones, sort them.

    Takes a few minutes and needs no network. Each step is a command of its own, which is shown.
    """
    require("torch", what="Training", extra="train")
    _prepare(folder)
    started = time.monotonic()
    for number, (title, arguments) in enumerate(_steps(folder), start=1):
        _heading(f"{number}. {title}")
        typer.echo(f"$ {shlex.join(['shelfwise', *arguments])}")
        _run(arguments)
    _heading(f"Done in {time.monotonic() - started:.0f} s. Here it is:")
    for name, what in (
        ("run/report/index.html", "report of the training"),
        ("evaluation/index.html", "report of the evaluation"),
        ("check.html", "findings in the data"),
        ("run/bundle", "the model, for --model"),
        ("sorted", "new photos, a folder for each category"),
    ):
        typer.echo(f"  {folder / name!s:<40} {what}")
    typer.echo(RENDERED)


def _steps(folder: Path) -> Iterator[tuple[str, list[str]]]:
    photos, new, run = str(folder / "photos"), folder / "new", folder / "run"
    bundle = str(run / "bundle")
    yield (
        "Render labelled photos",
        ["data", "sample", photos, "--count", f"{PER_CATEGORY}", "--size", f"{SIZE}"],
    )
    yield "Check them", ["data", "check", photos, "--html", str(folder / "check.html")]
    yield "Train the small network", ["train", photos, *TRAINING.split(), "--out", str(run)]
    yield (
        "Measure it on photos that it has not seen",
        [
            "evaluate",
            bundle,
            photos,
            "--split",
            str(run / "split.json"),
            "--report",
            str(folder / "evaluation"),
        ],
    )
    _render_new(new)
    yield (
        "Classify new photos, and sort them",
        ["classify", str(new), "--model", bundle, "--top", "2", "--sort-into", str(folder / "sorted")],
    )


def _prepare(folder: Path) -> None:
    marker = folder / MARKER
    if folder.exists() and not marker.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder} holds something that no demo made: name another folder")
    with storage_errors(folder):
        for path in (folder / name for name in MADE):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    atomic_write_text(marker, f"Made by shelfwise demo. {RENDERED}\n")


def _render_new(folder: Path) -> None:
    """Pictures that are in no part of the sample set, the categories mixed and not told by the names."""
    from shelfwise.datasets.sample.writer import CATEGORIES, render_photo

    pictures = (
        render_photo(category, PER_CATEGORY + number, size=SIZE)
        for number in range(NEW_PER_CATEGORY)
        for category in CATEGORIES
    )
    for number, picture in enumerate(pictures, start=1):
        atomic_write_bytes(folder / f"rendered-{number:02}.jpg", picture)


def _run(arguments: list[str]) -> None:
    from shelfwise.cli.app import app

    # Results and progress go to two streams: keep them in order where both end in one file.
    sys.stdout.flush()
    code = get_command(app).main(arguments, prog_name="shelfwise", standalone_mode=False)
    if code:
        raise typer.Exit(code)


def _heading(text: str) -> None:
    typer.secho(f"\n{text}", bold=True)
