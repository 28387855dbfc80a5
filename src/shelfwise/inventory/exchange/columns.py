"""The columns of each table that goes in and out, and how a cell is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

from shelfwise.inventory.exchange import cells
from shelfwise.text import nearest

__all__ = ["COLUMNS", "TABLES", "Column", "Table", "header_names"]

Table = Literal["products", "counts", "movements"]
TABLES: Final[tuple[Table, ...]] = get_args(Table)


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        name: its heading.
        read: from the cell's text, which is not empty, to the value; raises ``ValueError`` with a sentence about
            what is wrong.
        about: what it holds, for the documentation and the template.
        required: the file must have it, with a value in each row.
        others: further headings that are understood.
        out_only: written by exports; imports pass over it.
    """

    name: str
    read: Callable[[str], Any]
    about: str
    required: bool = False
    others: tuple[str, ...] = ()
    out_only: bool = False


def _words(limit: int) -> Callable[[str], str]:
    return lambda text: cells.words(text, limit)


def _note(text: str) -> str:
    return cells.note(text, 1000)


_PRODUCT: Final = (
    Column(
        "product", _words(200), "the product's name, unless gtin tells which", others=("name", "product name")
    ),
    Column("gtin", cells.gtin, "its GTIN; spaces and hyphens do not count", others=("ean", "upc", "barcode")),
)
_PLACE: Final = Column(
    "location",
    _words(2000),
    "where in the store: names from the top with / between, such as Aisle 3 / Shelf 2; empty: the store itself",
    others=("place",),
)

COLUMNS: Final[Mapping[Table, tuple[Column, ...]]] = MappingProxyType(
    {
        "products": (
            Column(
                "name", _words(200), "what it is called; once in the file", True, ("product", "product name")
            ),
            Column("category", _words(200), "its category, made if it is new; / between levels"),
            Column(
                "gtin",
                cells.gtin,
                "the number under its barcode, check digit included",
                others=_PRODUCT[1].others,
            ),
            Column("unit", _words(20), "what is counted: piece, kg, l; piece if new and empty"),
            Column(
                "pack_size",
                cells.positive,
                "units in a pack, 1 if new and empty",
                others=("pack size", "pack"),
            ),
            Column("minimum", cells.not_negative, "below this it is low in a store", others=("min",)),
            Column(
                "target",
                cells.not_negative,
                "what a store should have after an order; no less than minimum",
                others=("max",),
            ),
            Column("quantity", cells.quantity, "the level in the store that is exported", out_only=True),
            Column("archived", cells.yes_or_no, "yes where it is no longer kept", out_only=True),
        ),
        "counts": (
            *_PRODUCT,
            _PLACE,
            Column("quantity", cells.not_negative, "what is there", True, ("count", "counted", "level")),
            Column(
                "time",
                cells.time,
                "when it was counted, ISO 8601; UTC without a zone; empty: now",
                others=("at",),
            ),
            Column("reason", _note, "a note", others=("note",)),
        ),
        "movements": (
            Column("id", cells.whole, "its number, for undoes below; the book gives it a new one"),
            Column(
                "kind", cells.kind, "received, sold, counted, wasted, moved or corrected", True, ("type",)
            ),
            *_PRODUCT,
            _PLACE,
            Column("to_location", _words(2000), "for moved: where it went", others=("to location", "to")),
            Column("quantity", cells.quantity, "how much; only corrected may be below 0", True),
            Column(
                "time",
                cells.time,
                "when it happened, ISO 8601; UTC without a zone; empty: now",
                others=("at",),
            ),
            Column("reason", _note, "a note", others=("note",)),
            Column("user", _words(200), "who booked it", out_only=True),
            Column("booked_at", cells.time, "when it was booked", out_only=True),
            Column("change", cells.quantity, "what it added to the level; empty for counts", out_only=True),
            Column("undoes", cells.whole, "the id of the row above that it undoes"),
            Column("photo", cells.photo, "SHA-256 of the photo behind it"),
            Column("model", _words(200), "the model that named the photo"),
            Column("confidence", cells.share, "how sure the model was of this product, 0 to 1"),
        ),
    }
)
"""By table, in the order that exports write them."""


def header_names(table: Table, headings: Sequence[str]) -> tuple[list[Column | None], list[str]]:
    """The column of each heading, None for those that are not of this table, and what is wrong with the header."""
    known = {_plain(name): column for column in COLUMNS[table] for name in (column.name, *column.others)}
    found = [known.get(_plain(heading)) for heading in headings]
    problems = [
        f"the column {column.name} is there twice"
        for position, column in enumerate(found)
        if column is not None and column in found[:position]
    ]
    problems += [
        f"the column {column.name} is missing"
        for column in COLUMNS[table]
        if column.required and column not in found
    ]
    if table != "products" and not any(column in found for column in _PRODUCT):
        problems.append("there is neither a column product nor a column gtin")
    unknown = [
        heading for heading, column in zip(headings, found, strict=True) if column is None and heading.strip()
    ]
    problems += [f"the column {heading!r} is not known{_hint(heading, table)}" for heading in unknown]
    return found, problems


def _hint(heading: str, table: Table) -> str:
    names = [column.name for column in COLUMNS[table]]
    meant = nearest(heading.strip(), names)
    return f". Did you mean {meant}?" if meant else f"; there are: {', '.join(names)}"


def _plain(heading: str) -> str:
    return " ".join(heading.replace("_", " ").split()).casefold()
