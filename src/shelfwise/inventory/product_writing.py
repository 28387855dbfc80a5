"""Writing products within a transaction: one is a list of one, so that the rules stand here alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection, bindparam, insert, or_, select, update

from shelfwise.database import utc_now
from shelfwise.database.lists import among
from shelfwise.errors import ChangedError, ConflictError, NotFoundError
from shelfwise.inventory.categories import categories_named
from shelfwise.inventory.part import checked_id
from shelfwise.inventory.product_fields import check_target, checked, given_fields
from shelfwise.inventory.product_rows import product_by_id, product_from, products_by_id, select_products
from shelfwise.inventory.records import Category, NewProduct, Product
from shelfwise.inventory.store_upkeep import add_store_levels, keep_store_levels
from shelfwise.inventory.tables import products
from shelfwise.inventory.words import add_words, keep_words

__all__ = [
    "Columns",
    "add_product_in",
    "add_products_in",
    "change_product_in",
    "change_products_in",
    "check_levels",
    "lock_product",
    "lock_products",
    "write_products",
]

Columns = dict[str, Any]
"""What a product is given, from :func:`shelfwise.inventory.product_fields.checked`: its category is a name."""

_LOCKED: Final = (
    select_products()
    .where(among(products.c.id, "ids"))
    .order_by(products.c.id)
    .with_for_update(of=products, key_share=True)
)


def add_product_in(connection: Connection, new: NewProduct) -> Product:
    """:meth:`shelfwise.inventory.products.Products.add_product` within a transaction that others began."""
    (product_id,) = add_products_in(connection, [checked(given_fields(new))])
    return product_by_id(connection, product_id)


def add_products_in(connection: Connection, new: Sequence[Columns]) -> list[int]:
    """Add products; categories that are missing are made, and every store has each with nothing in stock.

    Args:
        connection: a transaction that others began.
        new: all fields of each; no two have one name or GTIN.

    Returns:
        Their numbers in the same order.

    Raises:
        ConflictError: there is one of a name or GTIN already.
        EntryError: a target is below its minimum.
    """
    for columns in new:
        check_target(columns.get("minimum"), columns.get("target"))
    _refuse_taken(connection, [(None, columns) for columns in new])
    named = _categories(connection, new)
    now = utc_now()
    rows = [{**_row(columns, named), "version": 1, "created_at": now, "changed_at": now} for columns in new]
    added = connection.execute(insert(products).returning(products.c.id, products.c.name_key), rows)
    numbers: dict[str, int] = {row.name_key: row.id for row in added}
    ids = [numbers[columns["name_key"]] for columns in new]
    texts = [(columns["name"], columns["category"] and named[columns["category"]].name) for columns in new]
    add_words(connection, [(product_id, *text) for product_id, text in zip(ids, texts, strict=True)])
    add_store_levels(connection, ids)
    return ids


def change_product_in(
    connection: Connection, product_id: int, changes: Mapping[str, object], version: int | None = None
) -> Product:
    """:meth:`shelfwise.inventory.products.Products.change_product` within a transaction that others began."""
    columns = checked(changes)
    before = lock_product(connection, product_id)
    if version is not None and version != before.version:
        raise ChangedError(f"{before.name} was changed meanwhile: look at it again before you change it")
    (after,) = change_products_in(connection, [(before, columns)])
    return after


def change_products_in(connection: Connection, changes: Sequence[tuple[Product, Columns]]) -> list[Product]:
    """Change products; one that has all of its new values already stays in its version.

    Args:
        connection: a transaction that others began.
        changes: different products as they are, locked, with what becomes different.

    Returns:
        The products as they are then, in the same order.

    Raises:
        ConflictError: another product has a name or GTIN.
        EntryError: a target becomes less than its minimum.
    """
    for before, columns in changes:
        check_levels(before, columns)
    _refuse_taken(connection, [(before.id, columns) for before, columns in changes])
    named = _categories(connection, [columns for _, columns in changes])
    rows = [(before, _row(columns, named)) for before, columns in changes]
    differing = {before.id: row for before, row in rows if _differs(before, row)}
    if not differing:
        return [before for before, _ in changes]
    write_products(connection, differing)
    keep_store_levels(connection, differing)
    written = products_by_id(connection, differing)
    after = [written.get(before.id, before) for before, _ in changes]
    keep_words(
        connection,
        [
            (now.id, now.name, now.category)
            for (before, _), now in zip(changes, after, strict=True)
            if (now.name, now.category) != (before.name, before.category)
        ],
    )
    return after


def check_levels(before: Product, columns: Columns) -> None:
    """Refuse a change after which a product's target is below its minimum.

    A product that had it so, from before this was refused, may be changed in everything else.

    Raises:
        EntryError: of the field ``target``.
    """
    minimum, target = columns.get("minimum", before.minimum), columns.get("target", before.target)
    if (minimum, target) != (before.minimum, before.target):
        check_target(minimum, target)


def lock_products(connection: Connection, ids: Collection[int]) -> dict[int, Product]:
    """Products by their numbers, which nobody else changes until the transaction ends.

    Raises:
        NotFoundError: there is none of a number.
    """
    found = {row.id: product_from(row) for row in connection.execute(_LOCKED, {"ids": ids})}
    for product_id in ids:
        if product_id not in found:
            raise NotFoundError(f"there is no product {product_id}")
    return found


def lock_product(connection: Connection, product_id: int) -> Product:
    """:func:`lock_products` for one."""
    return lock_products(connection, [checked_id("product", product_id)])[product_id]


def write_products(connection: Connection, changes: Mapping[int, Mapping[str, Any]]) -> None:
    """Write columns of the table ``products`` by the products' numbers; each gets its next version."""
    statement = (
        update(products)
        .where(products.c.id == bindparam("product"))
        .values(version=products.c.version + 1, changed_at=utc_now())
    )
    rows = [{"product": product_id, **columns} for product_id, columns in changes.items()]
    # Those of which the same columns are written share a statement.
    for _, alike in groupby(sorted(rows, key=list), key=list):
        connection.execute(statement, list(alike))


def _categories(connection: Connection, given: Iterable[Columns]) -> dict[str, Category]:
    return categories_named(connection, [columns["category"] for columns in given if columns.get("category")])


def _row(columns: Columns, named: Mapping[str, Category]) -> dict[str, Any]:
    """The columns of the table: the category's number where its name stood."""
    row = dict(columns)
    if "category" in row:
        category = named.get(row.pop("category"))
        row["category_id"] = category.id if category else None
    return row


def _differs(product: Product, row: Mapping[str, Any]) -> bool:
    return any(getattr(product, name, value) != value for name, value in row.items())


def _refuse_taken(connection: Connection, given: Iterable[tuple[int | None, Columns]]) -> None:
    """Refuse names and GTINs of other products than the numbered one that they are given to."""
    owners: dict[str, dict[str, int | None]] = {"name_key": {}, "gtin_key": {}}
    for product_id, columns in given:
        for key, values in owners.items():
            if columns.get(key) is not None:
                values[columns[key]] = product_id
    taken = [products.c[key].in_(values) for key, values in owners.items() if values]
    if not taken:
        return
    names, gtins = owners.values()
    query = select(*(products.c[name] for name in ("id", "name", "archived_at", *owners))).where(or_(*taken))
    for row in connection.execute(query):
        of_name = names.get(row.name_key, row.id) != row.id
        if of_name or gtins.get(row.gtin_key, row.id) != row.id:
            field, what = ("name", "this name") if of_name else ("gtin", "this barcode number")
            hint = ", archived: restore it instead" if row.archived_at is not None else ""
            raise ConflictError(f"there is a product with {what} already: {row.name} ({row.id}){hint}", field)
