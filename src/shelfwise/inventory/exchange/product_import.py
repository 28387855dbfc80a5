"""Products from a file: new ones are added, those that are there are changed where the file says otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, select

from shelfwise.errors import ConflictError, EntryError
from shelfwise.gtin import gtin_key
from shelfwise.inventory.exchange.changes import NEW, PRODUCT_FIELDS, Changes, product_change
from shelfwise.inventory.exchange.finding import Finder
from shelfwise.inventory.exchange.records import ImportReport, NewRow, RowProblem
from shelfwise.inventory.exchange.rows import GivenRow
from shelfwise.inventory.names import name_key
from shelfwise.inventory.product_fields import check_target, checked, given_fields
from shelfwise.inventory.product_writing import (
    Columns,
    add_products_in,
    change_products_in,
    check_levels,
    lock_products,
)
from shelfwise.inventory.records import NewProduct, Product
from shelfwise.inventory.tables import categories

__all__ = ["take_products"]

_T = TypeVar("_T")

_AT_ONCE: Final = 500
"""Products written by one statement."""
_NEVER_EMPTY: Final = ("name", "unit", "pack_size")
_LEVELS: Final = ("minimum", "target")
_DEFAULTS: Final = {name: value for name, value in given_fields(NewProduct("")).items() if name != "name"}
"""What a new product has of the columns that a file does not give."""


def take_products(connection: Connection, rows: Sequence[GivenRow]) -> ImportReport:
    """Add and change products; a row is matched by its GTIN, else by its name.

    A column that the file does not have is left as it is; an empty cell empties a field that may be empty. Where
    the report names problems, nothing was written.

    Raises:
        ConflictError: somebody else has just given a product one of the names or GTINs, or another minimum or
            target.
    """
    asked = _asked(Finder(connection, [row.values for row in rows], name="name"), rows)
    if asked.problems:
        return ImportReport("products", len(rows), problems=tuple(asked.problems))
    missing = _missing_categories(connection, asked)
    for new in _chunks([columns for _, columns in asked.new]):
        add_products_in(connection, new)
    changes = Changes()
    for differing in _chunks(asked.differing):
        _change(connection, differing, changes)
    return ImportReport(
        "products",
        len(rows),
        added=len(asked.new),
        changed=changes.total,
        unchanged=asked.unchanged + len(asked.differing) - changes.total,
        changes=changes.first,
        changes_total=changes.total,
        emptied=dict(changes.emptied),
        new=tuple(NewRow(line, each["name"], each["category"]) for line, each in asked.new[:NEW]),
        new_categories=tuple(missing[:NEW]),
        new_categories_total=len(missing),
    )


@dataclass(slots=True)
class _Asked:
    """What rows ask for, with their lines: new products, and of products what they want changed."""

    problems: list[RowProblem] = field(default_factory=list)
    new: list[tuple[int, Columns]] = field(default_factory=list)
    differing: list[tuple[int, Product, Columns]] = field(default_factory=list)
    unchanged: int = 0


def _asked(finder: Finder, rows: Sequence[GivenRow]) -> _Asked:
    asked = _Asked()
    repeated = _repeated(rows)
    lines: dict[int, int] = {}
    for row in rows:
        asked.problems += row.problems
        if (again := repeated.get(row.line)) is not None:
            asked.problems.append(again)
            continue
        try:
            there = _product_meant(finder, row, lines)
        except ConflictError as error:
            asked.problems.append(RowProblem(row.line, None, str(error)))
            continue
        _ask(asked, row, there)
    return asked


def _ask(asked: _Asked, row: GivenRow, there: Product | None) -> None:
    """Add what a row wants of a product, None for a new one, or what is wrong with it beside its cells."""
    given = _given(row.values)
    if there is None:
        wanted = _DEFAULTS | given
    else:
        wanted = {name: value for name, value in given.items() if getattr(there, name) != value}
    columns, problems = _checked(row, there, wanted)
    asked.problems += problems
    if problems or row.problems:
        return
    if there is None:
        asked.new.append((row.line, columns))
    elif columns:
        asked.differing.append((row.line, there, columns))
    else:
        asked.unchanged += 1


def _checked(
    row: GivenRow, there: Product | None, wanted: Mapping[str, Any]
) -> tuple[Columns, list[RowProblem]]:
    columns: Columns = {}
    errors: list[EntryError] = []
    for name, value in wanted.items():
        try:
            columns |= checked({name: value})
        except EntryError as error:
            errors.append(error)
    if not row.is_wrong(*_LEVELS) and not any(each.field in _LEVELS for each in errors):
        try:
            if there is None:
                check_target(columns["minimum"], columns["target"])
            else:
                check_levels(there, columns)
        except EntryError as error:
            errors.append(error)
    return columns, [RowProblem(row.line, error.field, error.message) for error in errors]


def _missing_categories(connection: Connection, asked: _Asked) -> list[str]:
    """The categories that the file's products have and the book has not yet, in the order of the file."""
    given = [(line, columns) for line, columns in asked.new]
    given += [(line, columns) for line, _, columns in asked.differing]
    given.sort(key=lambda each: each[0])
    names: dict[str, str] = {}  # by key: two spellings are one category
    for _, columns in given:
        if name := columns.get("category"):
            names.setdefault(name_key(name), name)
    for keys in _chunks(list(names)):
        found = select(categories.c.name_key).where(categories.c.name_key.in_(keys))
        for key in connection.scalars(found):
            del names[key]
    return list(names.values())


def _change(
    connection: Connection, differing: Sequence[tuple[int, Product, Columns]], changes: Changes
) -> None:
    locked = lock_products(connection, [there.id for _, there, _ in differing])
    try:
        after = change_products_in(
            connection, [(locked[there.id], columns) for _, there, columns in differing]
        )
    except EntryError as error:  # each row was right by what the book had a moment ago
        raise ConflictError(
            "the minimum or target of a product was changed just now: import the file again"
        ) from error
    for (line, there, _), now in zip(differing, after, strict=True):
        # What the book has then tells what changed: a category that is only spelt in another way stays as it is.
        if (change := product_change(line, there, now)) is not None:
            changes.add(change)


def _chunks(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: values[name]
        for name in PRODUCT_FIELDS
        if name in values and not (values[name] is None and name in _NEVER_EMPTY)
    }


def _product_meant(finder: Finder, row: GivenRow, lines: dict[int, int]) -> Product | None:
    """The book's product that a row is about, if it is in the book.

    Args:
        finder: of the file.
        row: the row.
        lines: the lines of the rows above by the number of the product that each is about; this row's is added.

    Raises:
        ConflictError: it may not be changed by this row.
    """
    by_gtin, by_name = finder.of_gtin(row.values.get("gtin")), finder.of_name(row.values.get("name"))
    if by_gtin and by_name and by_gtin.id != by_name.id:
        raise ConflictError(
            f"the GTIN is that of {by_gtin.name}, the name that of another product: change one of them first"
        )
    there = by_gtin or by_name
    if there is None:
        return None
    if there.archived:
        raise ConflictError(f"{there.name} is archived: restore it first")
    if (before := lines.setdefault(there.id, row.line)) != row.line:
        raise ConflictError(f"means {there.name}, as line {before} does: leave one of them out")
    return there


def _repeated(rows: Sequence[GivenRow]) -> dict[int, RowProblem]:
    """Rows that mean the product of a row above, by their lines."""
    problems: dict[int, RowProblem] = {}
    first: dict[tuple[str, str], int] = {}
    for row in rows:
        name, gtin = row.values.get("name"), row.values.get("gtin")
        keys = [("name", name_key(name))] if name else []
        keys += [("gtin", gtin_key(gtin))] if gtin else []
        for key in keys:
            if (before := first.setdefault(key, row.line)) != row.line:
                problems[row.line] = RowProblem(row.line, key[0], f"is that of line {before} already")
                break
    return problems
