"""``shelfwise data scenes``: compose pictures of many products, to train a detector on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from shelfwise.cli.config_file import takes_config_file
from shelfwise.cli.progress import Progress
from shelfwise.errors import ConfigError
from shelfwise.extras import require_found

if TYPE_CHECKING:
    from shelfwise.datasets.scenes.truth import Kind

__all__ = ["EXAMPLES", "scenes"]

EXAMPLES: Final = (
    "shelfwise data scenes boxes.json --out scenes/ --count 1000",
    "shelfwise data scenes boxes.json icons/ --out held-out/ --part held-out --kinds shelf --seed 7",
    "shelfwise data scenes --out painted/ --count 50 --kinds shelf=3,table=1",
)


@takes_config_file
def scenes(
    cuts: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="CUTS...",
            help="Datasets with boxes, folders of pictures of one product before white, or folders of cut-outs. "
            "None: only painted packages.",
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder to make.")] = Path("scenes"),
    count: Annotated[int, typer.Option("--count", metavar="N", help="How many scenes.")] = 1000,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Another one, other scenes.")] = 42,
    kinds: Annotated[
        str | None,
        typer.Option(
            "--kinds",
            metavar="KINDS",
            help="Of shelf, table, collage and empty, with shares: shelf=3,table=1.",
        ),
    ] = None,
    part: Annotated[
        Literal["train", "held-out", "all"],
        typer.Option("--part", help="Cut-outs to use: one photo in ten is held out, and drawn otherwise."),
    ] = "all",
    smallest: Annotated[
        int, typer.Option("--min-side", metavar="N", help="Least longer side in pixels.")
    ] = 640,
    largest: Annotated[
        int, typer.Option("--max-side", metavar="N", help="Greatest longer side in pixels.")
    ] = 1600,
    processes: Annotated[
        int, typer.Option("--processes", metavar="N", help="How many compose side by side.")
    ] = 1,
) -> None:
    """Compose pictures of shelves, tables and mosaics with every product's box, to train a detector on.

    Cut-outs are made once, into DIR-cuts beside DIR. The folder is a COCO set with one category, product; rows,
    runs and gaps are in it too. Broken off, the same command goes on where it stopped.
    """
    require_found("cv2", "matplotlib", what="Composing scenes", extra="train")
    from shelfwise.datasets.scenes.prepare import prepare_cuts
    from shelfwise.datasets.scenes.writer import DEFAULT_KINDS, Recipe, compose

    recipe = Recipe(seed, _shares(kinds) if kinds else DEFAULT_KINDS, (smallest, largest), part=part)
    recipe.check()
    cache = out.with_name(f"{out.name}-cuts")
    with Progress() as progress:
        folders = [
            prepare_cuts(each, cache, progress=progress.stage(f"Cutting out of {each.name}"))
            for each in cuts or ()
        ]
        stage = progress.stage("Composing", count)
        compose(out, count, folders, recipe, processes=processes, progress=stage)
    typer.echo(f"{count} composed scenes (not photographs) are in {out}")
    typer.echo(f"Next: shelfwise train --task detect {out}")


def _shares(text: str) -> dict[Kind, float]:
    """Shares by kind: of ``shelf=3,table`` 3 and 1. Raises ConfigError."""
    shares: dict[Kind, float] = {}
    for each in text.split(","):
        name, _, share = each.strip().partition("=")
        try:
            shares[name] = float(share or 1)  # type: ignore[index]  # an unknown kind is told by the recipe
        except ValueError as error:
            raise ConfigError(f"--kinds {text}: {share!r} is no number") from error
    return shares
