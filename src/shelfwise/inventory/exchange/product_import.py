"""Products from a file: new ones are added, those that are there are changed where the file says otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from sqlalchemy import Connection

from shelfwise.errors import ConflictError, EntryError
from shelfwise.gtin import gtin_key
from shelfwise.inventory.exchange.changes import PRODUCT_FIELDS, Changes, product_change
from shelfwise.inventory.exchange.finding import Finder
from shelfwise.inventory.exchange.records import ImportReport, RowProblem
from shelfwise.inventory.exchange.rows import GivenRow
from shelfwise.inventory.names import name_key
from shelfwise.inventory.product_fields import checked, given_fields
from shelfwise.inventory.product_writing import (
    Columns,
    add_products_in,
    change_products_in,
    lock_products,
)
from shelfwise.inventory.records import NewProduct, Product

__all__ = ["take_products"]

_T = TypeVar("_T")

_AT_ONCE: Final = 500
"""Products written by one statement."""
_NEVER_EMPTY: Final = ("name", "unit", "pack_size")


def take_products(connection: Connection, rows: Sequence[GivenRow]) -> ImportReport:
    """Add and change products; a row is matched by its GTIN, else by its name.

    A column that the file does not have is left as it is; an empty cell empties a field that may be empty.
    Whoever calls takes it all back where the report names problems.

    Raises:
        ConflictError: somebody else has just given a product one of the names or GTINs.
    """
    asked = _asked(Finder(connection, [row.values for row in rows], name="name"), rows)
    for new in _chunks(asked.new):
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
        problems=tuple(sorted(asked.problems, key=lambda problem: problem.line)),
        changes=changes.first,
        changes_total=changes.total,
        emptied=dict(changes.emptied),
    )


@dataclass(slots=True)
class _Asked:
    """What rows ask for: new products, and of products the line and what they want changed."""

    problems: list[RowProblem]
    new: list[Columns] = field(default_factory=list)
    differing: list[tuple[int, Product, Columns]] = field(default_factory=list)
    unchanged: int = 0


def _asked(finder: Finder, rows: Sequence[GivenRow]) -> _Asked:
    asked = _Asked(_repeated(rows))
    bad = {problem.line for problem in asked.problems}
    lines: dict[int, int] = {}
    for row in rows:
        if row.line in bad:
            continue
        try:
            given = _given(row.values)
            there = _product_meant(finder, row.values)
            if there is None:
                asked.new.append(checked(given_fields(NewProduct(**given))))
                continue
            if (before := lines.setdefault(there.id, row.line)) != row.line:
                raise ConflictError(f"means {there.name}, as line {before} does: leave one of them out")
            if differs := {name: value for name, value in given.items() if getattr(there, name) != value}:
                asked.differing.append((row.line, there, checked(differs)))
            else:
                asked.unchanged += 1
        except EntryError as error:
            asked.problems.append(RowProblem(row.line, error.field, error.message))
        except ConflictError as error:
            asked.problems.append(RowProblem(row.line, None, str(error)))
    return asked


def _change(
    connection: Connection, differing: Sequence[tuple[int, Product, Columns]], changes: Changes
) -> None:
    locked = lock_products(connection, [there.id for _, there, _ in differing])
    after = change_products_in(connection, [(locked[there.id], columns) for _, there, columns in differing])
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


def _product_meant(finder: Finder, values: Mapping[str, Any]) -> Product | None:
    by_gtin, by_name = finder.of_gtin(values.get("gtin")), finder.of_name(values.get("name"))
    if by_gtin and by_name and by_gtin.id != by_name.id:
        raise ConflictError(
            f"the GTIN is that of {by_gtin.name}, the name that of another product: change one of them first"
        )
    there = by_gtin or by_name
    if there is not None and there.archived:
        raise ConflictError(f"{there.name} is archived: restore it first")
    return there


def _repeated(rows: Sequence[GivenRow]) -> list[RowProblem]:
    """Rows that mean the product of a row above."""
    problems: list[RowProblem] = []
    first: dict[tuple[str, str], int] = {}
    for row in rows:
        name, gtin = row.values.get("name"), row.values.get("gtin")
        keys = [("name", name_key(name))] if name else []
        keys += [("gtin", gtin_key(gtin))] if gtin else []
        for key in keys:
            if (before := first.setdefault(key, row.line)) != row.line:
                problems.append(RowProblem(row.line, key[0], f"is that of line {before} already"))
                break
    return problems
