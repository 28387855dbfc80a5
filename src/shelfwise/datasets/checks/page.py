"""The data check as one HTML page: no scripts, nothing loaded from elsewhere, a few megabytes at most."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shelfwise
from shelfwise.datasets.checks.kinds import Kind
from shelfwise.datasets.checks.limits import limits
from shelfwise.datasets.checks.report import CheckReport, Finding, FoundPhoto, SummaryRow
from shelfwise.datasets.checks.thumbnails import Thumbnails
from shelfwise.extras import require
from shelfwise.text import printable

__all__ = ["render_page"]

SINGLES = 24
"""Photos shown of a kind of finding that is about single photos."""
GROUPS = 12
"""Groups shown of a kind of finding that is about groups."""
GROUP_PHOTOS = 6
"""Photos shown of a group."""
LINES = 60
"""Findings shown of a kind that is about categories, without photos."""
THUMBNAIL_BUDGET = 4_000_000
"""Bytes that all thumbnails together may take in the page."""


@dataclass(frozen=True)
class _Tile:
    """One photo on the page."""

    path: str
    folder: str
    name: str
    categories: str
    parts: str
    address: str | None


@dataclass(frozen=True)
class _Shown:
    """One finding on the page."""

    message: str
    tiles: list[_Tile]
    hidden: int


@dataclass(frozen=True)
class _Section:
    """One kind of finding on the page."""

    kind: Kind
    row: SummaryRow
    form: str
    shown: list[_Shown]
    hidden: int


def render_page(report: CheckReport) -> str:
    """The report as a self-contained page; the photos are read again for their thumbnails.

    Raises:
        MissingExtraError: Jinja2 is not installed.
    """
    jinja2 = require("jinja2", what="The HTML page", extra="train")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["printable"] = printable
    page: str = environment.get_template("check.html").render(_values(report))
    return page


def _values(report: CheckReport) -> dict[str, Any]:
    thumbnails = Thumbnails(Path(report.root), THUMBNAIL_BUDGET)
    counts = sorted(report.counts.items(), key=lambda item: (-item[1], item[0]))
    return {
        "report": report,
        "name": Path(report.root).name or report.root,
        "sections": [_section(kind, row, found, thumbnails) for kind, row, found in report.grouped()],
        "totals": [
            ("error", "errors", report.number_of("error")),
            ("warning", "warnings", report.number_of("warning")),
            ("info", "notes", report.number_of("info")),
        ],
        "counts": counts,
        "largest": max((count for _, count in counts), default=0) or 1,
        "limits": limits(),
        "version": shelfwise.__version__,
    }


def _section(kind: Kind, row: SummaryRow, found: list[Finding], thumbnails: Thumbnails) -> _Section:
    form = _form(found)
    limit = {"lines": LINES, "singles": SINGLES, "groups": GROUPS}[form]
    shown = [_shown(finding, thumbnails) for finding in found[:limit]]
    return _Section(kind, row, form, shown, len(found) - len(shown))


def _form(found: list[Finding]) -> str:
    most = max(len(finding.photos) for finding in found)
    return "lines" if most == 0 else "singles" if most == 1 else "groups"


def _shown(finding: Finding, thumbnails: Thumbnails) -> _Shown:
    photos = finding.photos[:GROUP_PHOTOS]
    tiles = [_tile(photo, thumbnails) for photo in photos]
    return _Shown(finding.message, tiles, len(finding.photos) - len(photos))


def _tile(photo: FoundPhoto, thumbnails: Thumbnails) -> _Tile:
    folder, _, name = photo.path.rpartition("/")
    return _Tile(
        path=photo.path,
        folder=f"{folder}/" if folder else "",
        name=name,
        categories=", ".join(photo.categories),
        parts=", ".join(photo.parts),
        address=thumbnails.address(photo.path),
    )
