"""Finding products by the beginnings of words in their name and category, or by their GTIN."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, delete, false, insert, or_, select

from shelfwise.database.lists import among
from shelfwise.errors import ProductError
from shelfwise.gtin import gtin_key, parse_gtin
from shelfwise.inventory.names import words_in
from shelfwise.inventory.tables import categories, product_words, products

__all__ = [
    "LAST",
    "MOST_WORDS",
    "add_words",
    "begins_with",
    "keep_words",
    "keep_words_of_category",
    "matching",
]

MOST_WORDS: Final = 12
"""Words of a query that are looked at."""
LAST: Final = "\U0010ffff"
"""Behind whatever goes on from a beginning."""
_OF_PRODUCTS: Final = delete(product_words).where(among(product_words.c.product_id, "products"))


def begins_with(column: ColumnElement[str], beginning: str) -> ColumnElement[bool]:
    """Whether a text of type ``KEY`` begins like this; unlike LIKE it is found by an index on both databases."""
    return and_(column >= beginning, column < beginning + LAST)


def matching(query: str, product_id: ColumnElement[Any]) -> ColumnElement[bool] | None:
    """The condition that a product is meant by what somebody typed; None if nothing was typed.

    Args:
        query: words, each the beginning of one in the product's name or category; or a GTIN.
        product_id: the column to hold against it.
    """
    if not query.strip():
        return None
    words = sorted(words_in(query), key=len, reverse=True)[:MOST_WORDS]
    if not words:
        return false()
    by_words = and_(
        *(
            product_id.in_(select(product_words.c.product_id).where(begins_with(product_words.c.word, word)))
            for word in words
        )
    )
    try:
        key = gtin_key(parse_gtin(query))
    except ProductError:
        return by_words
    return or_(by_words, product_id.in_(select(products.c.id).where(products.c.gtin_key == key)))


def keep_words(connection: Connection, rows: Sequence[tuple[int, str, str | None]]) -> None:
    """Write products' words anew, by their numbers, names and the names of their categories."""
    if rows:
        connection.execute(_OF_PRODUCTS, {"products": [row[0] for row in rows]})
        add_words(connection, rows)


def keep_words_of_category(connection: Connection, category_id: int) -> None:
    """Write the words of all products of a category anew, after it got another name."""
    query = (
        select(products.c.id, products.c.name, categories.c.name)
        .join_from(products, categories, products.c.category_id == categories.c.id)
        .where(categories.c.id == category_id)
        .order_by(products.c.id)
        .with_for_update(of=products, key_share=True)  # nobody else writes their words meanwhile
    )
    keep_words(connection, [(row[0], row[1], row[2]) for row in connection.execute(query)])


def add_words(connection: Connection, rows: Iterable[tuple[int, str, str | None]]) -> None:
    """Write the words of products that have none yet; like :func:`keep_words`."""
    entries = [
        {"word": word, "product_id": product_id}
        for product_id, name, category in rows
        for word in sorted(words_in(name, category))
    ]
    if entries:
        connection.execute(insert(product_words), entries)
