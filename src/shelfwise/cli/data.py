"""``shelfwise data``: list and fetch public sets of photos, check a set, draw the sample set and scenes."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from shelfwise.cli.config_file import takes_config_file
from shelfwise.cli.data_check import EXAMPLES as CHECK_EXAMPLES
from shelfwise.cli.data_check import check
from shelfwise.cli.data_scenes import EXAMPLES as SCENES_EXAMPLES
from shelfwise.cli.data_scenes import scenes
from shelfwise.cli.progress import Progress, Stage, stage
from shelfwise.cli.tables import console, examples_text, table
from shelfwise.datasets.catalog import CATALOG, Source, get_source, state
from shelfwise.errors import ConfigError
from shelfwise.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from shelfwise.datasets.fetch import Fetched

__all__ = ["EXAMPLES", "app", "fetch", "list_sets", "sample"]

EXAMPLES: Final = (
    "shelfwise data list",
    "shelfwise data fetch freiburg",
    "shelfwise data check photos/",
    "shelfwise data sample sample/",
)

_STATES: Final = {
    "fetched": "there",
    "present": "there",
    "started": "download started",
    "absent": "not fetched",
}

app = typer.Typer(help="List, fetch, check and draw sets of photos.", pretty_exceptions_enable=False)


@app.command("list", epilog=examples_text(["shelfwise data list", "shelfwise data list --format json"]))
def list_sets(
    output: Annotated[Literal["table", "json"], typer.Option("--format", help="What to print.")] = "table",
) -> None:
    """List the public sets of photos that can be fetched, and whether they are there."""
    home = Settings().data_dir
    if output == "json":
        typer.echo(json.dumps([_facts(source, home) for source in CATALOG.values()], indent=2))
        return
    rows = table("Name", "Title", ">Photos", "Classes", ">Download", "Here", "Licence")
    for source in CATALOG.values():
        here = _STATES[state(source, home)]
        size, photos = _megabytes(source.download_bytes), f"{source.photos:,}"
        rows.add_row(source.name, source.title, photos, source.classes, size, here, source.licence)
    console().print(rows)
    typer.echo(f"They live in {home} (set SHELFWISE_DATA for another place).")


@app.command(
    epilog=examples_text(
        [
            "shelfwise data fetch freiburg",
            "shelfwise data fetch grocery-store --yes --to data/grocery-store",
            "shelfwise data fetch freiburg --archive freiburg_groceries_dataset.tar.gz",
        ]
    )
)
@takes_config_file
def fetch(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A set that `shelfwise data list` shows.")],
    to: Annotated[Path | None, typer.Option("--to", metavar="DIR", help="The set's folder.")] = None,
    archive: Annotated[
        Path | None, typer.Option("--archive", metavar="FILE", help="Take this archive; download nothing.")
    ] = None,
    url: Annotated[
        str | None, typer.Option("--url", metavar="URL", help="Another address of the archive.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Go on without asking.")] = False,
    keep_archive: Annotated[
        bool, typer.Option("--keep-archive", help="Leave the downloaded archive beside the folder.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Fetch it again although it is there.")] = False,
) -> None:
    """Download a public set of photos, check and unpack it. A broken download goes on where it stopped.

    Its source, licence and size are shown first. SHELFWISE_MIRROR may name a server that holds the files as
    NAME/ARCHIVE.
    """
    from shelfwise.datasets.fetch import fetch as fetch_set
    from shelfwise.datasets.fetch import mirror_url

    source = get_source(name)
    settings = Settings()
    folder = (to if to is not None else settings.data_dir / source.name).absolute()
    if force or _is_empty(folder):
        address = url or mirror_url(settings.mirror, source, source.filename) or source.urls[0]
        _introduce(source, folder, str(archive) if archive else address)
        if not yes:
            _ask()
    with Progress() as progress:
        fetched = fetch_set(
            source,
            folder,
            archive=archive,
            url=url,
            mirror=settings.mirror,
            keep_archive=keep_archive,
            force=force,
            on_download=_megabyte_steps(progress, "Downloading (MB)"),
            on_unpack=_megabyte_steps(progress, "Unpacking (MB)"),
        )
    _report(source, fetched)


@app.command(
    epilog=examples_text(
        ["shelfwise data sample sample/", "shelfwise data sample sample/ --count 20 --seed 7 --size 128"]
    )
)
@takes_config_file
def sample(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make.")],
    count: Annotated[int, typer.Option("--count", metavar="N", help="Pictures of each category.")] = 100,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Another one, other pictures.")] = 42,
    size: Annotated[int, typer.Option("--size", metavar="N", help="Width and height in pixels.")] = 256,
    force: Annotated[bool, typer.Option("--force", help="Replace all that the folder holds.")] = False,
) -> None:
    """Draw a sample set: rendered pictures of five packagings, a folder for each, for trying things out.

    The pictures are rendered, not photographed: a model trained on them is of no use on real photos. An older
    sample set in the folder is replaced.
    """
    from shelfwise.datasets.sample import CATEGORIES, render_sample

    with stage("Rendering", count * len(CATEGORIES)) as report:
        made = render_sample(folder, per_class=count, seed=seed, size=size, force=force, progress=report)
    typer.echo(f"{count * len(CATEGORIES)} rendered pictures (not photographs) are in {made}")
    typer.echo(f"Next: shelfwise train {folder} --recipe small-cnn")


app.command("check", epilog=examples_text(CHECK_EXAMPLES))(check)
app.command("scenes", epilog=examples_text(SCENES_EXAMPLES))(scenes)


def _facts(source: Source, home: Path) -> dict[str, object]:
    facts = asdict(source)
    return {**facts, "folder": str(home / source.name), "state": state(source, home)}


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"


def _introduce(source: Source, folder: Path, origin: str) -> None:
    """Say what is about to come, from where, under which licence, and how much of it."""
    checksum = source.sha256 or "none published; the digest is recorded on this first use"
    rows = {
        "Set": f"{source.title}: {source.photos:,} photos, {source.classes} classes",
        "From": origin,
        "About": source.homepage,
        "Licence": source.licence,
        "Cite": source.citation,
        "Size": f"about {_megabytes(source.download_bytes)}, {_megabytes(source.unpacked_bytes)} unpacked",
        "Checksum": checksum,
        "To": str(folder),
    }
    for heading, text in rows.items():
        typer.echo(f"{heading + ':':<10}{text}")


def _is_empty(folder: Path) -> bool:
    return not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))


def _ask() -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfigError("fetching asks before it begins and there is no terminal to answer at: add --yes")
    if not typer.confirm("Go on?", default=True):
        raise typer.Exit(1)


def _megabyte_steps(progress: Progress, description: str) -> Callable[[int, int], None]:
    """A progress callback for bytes that shows megabytes; the stage begins with the first report."""
    stages: list[Stage] = []

    def report(done: int, total: int) -> None:
        if not stages:
            stages.append(progress.stage(description))
        stages[0](round(done / 1e6), max(round(total / 1e6), round(done / 1e6)) if total else None)

    return report


def _report(source: Source, fetched: Fetched) -> None:
    for note in fetched.notes:
        typer.echo(f"Note: {note}", err=True)
    if fetched.already_there:
        typer.echo(f"{source.title} is already in {fetched.folder} (--force fetches it again)")
        return
    checked = "checksum verified" if fetched.verified else "checksum not verified: none is published"
    typer.echo(f"{source.title}: {fetched.files:,} files in {fetched.folder}, {checked}")
    typer.echo(f"Next: shelfwise data check {fetched.folder}")
