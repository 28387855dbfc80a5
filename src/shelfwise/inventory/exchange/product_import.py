"""Products from a file: new ones are added, those that are there are changed where the file says otherwise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection

from shelfwise.errors import ConflictError, EntryError
from shelfwise.gtin import gtin_key
from shelfwise.inventory.exchange.changes import PRODUCT_FIELDS, Changes, product_change
from shelfwise.inventory.exchange.finding import Finder
from shelfwise.inventory.exchange.records import ImportReport, RowProblem
from shelfwise.inventory.exchange.rows import GivenRow
from shelfwise.inventory.names import name_key
from shelfwise.inventory.products import add_product_in, change_product_in
from shelfwise.inventory.records import NewProduct, Product

__all__ = ["take_products"]

_NEVER_EMPTY: Final = ("name", "unit", "pack_size")


def take_products(connection: Connection, rows: Sequence[GivenRow]) -> ImportReport:
    """Add and change products; a row is matched by its GTIN, else by its name.

    A column that the file does not have is left as it is; an empty cell empties a field that may be empty.
    Whoever calls takes it all back where the report names problems.
    """
    finder = Finder(connection, [row.values for row in rows], name="name")
    problems = _repeated(rows)
    taken: Counter[str] = Counter()
    changes = Changes()
    bad = {problem.line for problem in problems}
    for row in rows:
        if row.line in bad:
            continue
        try:
            taken[_take(connection, finder, row, changes)] += 1
        except EntryError as error:
            problems.append(RowProblem(row.line, error.field, error.message))
        except ConflictError as error:
            problems.append(RowProblem(row.line, None, str(error)))
    ordered = tuple(sorted(problems, key=lambda problem: problem.line))
    return ImportReport(
        "products",
        len(rows),
        taken["added"],
        taken["changed"],
        taken["unchanged"],
        problems=ordered,
        changes=changes.first,
        changes_total=changes.total,
        emptied=dict(changes.emptied),
    )


def _take(connection: Connection, finder: Finder, row: GivenRow, changes: Changes) -> str:
    values = row.values
    given = {
        field: values[field]
        for field in PRODUCT_FIELDS
        if field in values and not (values[field] is None and field in _NEVER_EMPTY)
    }
    there = _product_meant(finder, values)
    if there is None:
        add_product_in(connection, NewProduct(**given))
        return "added"
    differing = {field: value for field, value in given.items() if getattr(there, field) != value}
    if not differing:
        return "unchanged"
    # What the book has then tells what changed: a category that is only spelt in another way stays as it is.
    after = change_product_in(connection, there.id, differing)
    if (change := product_change(row.line, there, after)) is None:
        return "unchanged"
    changes.add(change)
    return "changed"


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
