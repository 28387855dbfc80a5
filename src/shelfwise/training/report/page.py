"""The page: plots and values into the template."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import jinja2

import shelfwise
from shelfwise.files import atomic_write_bytes, atomic_write_text
from shelfwise.training.report.data import ReportData
from shelfwise.training.report.names import percent
from shelfwise.training.report.pictures import Picture, Plot, draw, plots_of
from shelfwise.training.report.view import View, view_of

__all__ = ["TEMPLATES", "environment_of", "render", "whole_text", "write", "write_page"]

TEMPLATES = Path(__file__).parent / "templates"


def write(folder: Path, data: ReportData) -> Path:
    """Draw the plots, write them and the page; see :func:`shelfwise.training.report.write_report`."""
    view = view_of(data)
    return write_page(folder, plots_of(data), lambda pictures, files: render(data, view, pictures, files))


def write_page(
    folder: Path, plots: Iterable[Plot], rendered: Callable[[dict[str, Picture], list[str]], str]
) -> Path:
    """Draw plots, write them and ``index.html``.

    Args:
        folder: where to.
        plots: what to draw.
        rendered: gives the page from the pictures by plot and the names of the files.

    Returns:
        Path of the page.
    """
    pictures: dict[str, Picture] = {}
    files: list[str] = []
    for plot in plots:
        light, picture = draw(plot)
        files.append(f"{plot.name}.png")
        atomic_write_bytes(folder / files[-1], light)
        if picture is not None:
            pictures[plot.name] = picture
    page = folder / "index.html"
    atomic_write_text(page, rendered(pictures, files))
    return page


def render(data: ReportData, view: View, pictures: dict[str, Picture], files: list[str]) -> str:
    """The page as HTML. What is no character, as in names that are not UTF-8, is replaced."""
    html = (
        environment_of([TEMPLATES])
        .get_template("index.html.j2")
        .render(
            data=data,
            evaluation=data.main.evaluation,
            view=view,
            pictures=pictures,
            files=files,
            sections=_sections(data, view),
            version=shelfwise.__version__,
        )
    )
    return whole_text(html)


def environment_of(folders: Sequence[Path]) -> jinja2.Environment:
    """What renders the templates of reports in these folders."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = percent
    return environment


def whole_text(html: str) -> str:
    """A page in which what is no character, as in names that are not UTF-8, is replaced."""
    return html.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def _sections(data: ReportData, view: View) -> list[tuple[str, str]]:
    """Anchor and heading of each section that has something to show, in order."""
    return [
        (anchor, heading)
        for anchor, heading, there in (
            ("figures", "Figures", True),
            ("training", "Training", bool(data.history)),
            ("categories", "Categories", True),
            ("confusion", "Confusion", True),
            ("pairs", "Confused pairs", bool(view.pairs)),
            ("calibration", "Confidence", True),
            ("answers", "Answers", data.main.decisions is not None),
            ("photos", "Photos", bool(view.random)),
            ("counts", "Training photos", bool(data.counts_before)),
            ("check", "Data check", data.check_rows is not None or bool(view.errors)),
            ("facts", "Facts", bool(data.facts)),
        )
        if there
    ]
