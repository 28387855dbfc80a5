"""Finding products by the beginnings of words in their name and category, or by their GTIN."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, delete, false, insert, or_, select

from shelfwise.errors import ProductError
from shelfwise.gtin import gtin_key, parse_gtin
from shelfwise.inventory.names import words_in
from shelfwise.inventory.tables import categories, product_words, products

__all__ = ["LAST", "MOST_WORDS", "begins_with", "keep_words", "keep_words_of_category", "matching"]

MOST_WORDS: Final = 12
"""Words of a query that are looked at."""
LAST: Final = "\U0010ffff"
"""Behind whatever goes on from a beginning."""
_CHUNK: Final = 500


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


def keep_words(connection: Connection, product_id: int, name: str, category: str | None) -> None:
    """Write a product's words anew."""
    connection.execute(delete(product_words).where(product_words.c.product_id == product_id))
    _add(connection, [(product_id, name, category)])


def keep_words_of_category(connection: Connection, category_id: int) -> None:
    """Write the words of all products of a category anew, after it got another name."""
    query = (
        select(products.c.id, products.c.name, categories.c.name)
        .join_from(products, categories, products.c.category_id == categories.c.id)
        .where(categories.c.id == category_id)
        .order_by(products.c.id)
        .with_for_update(of=products, key_share=True)  # nobody else writes their words meanwhile
    )
    rows = [(row[0], row[1], row[2]) for row in connection.execute(query)]
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        connection.execute(
            delete(product_words).where(product_words.c.product_id.in_([row[0] for row in chunk]))
        )
        _add(connection, chunk)


def _add(connection: Connection, rows: Iterable[tuple[int, str, str | None]]) -> None:
    entries = [
        {"word": word, "product_id": product_id}
        for product_id, name, category in rows
        for word in sorted(words_in(name, category))
    ]
    if entries:
        connection.execute(insert(product_words), entries)
