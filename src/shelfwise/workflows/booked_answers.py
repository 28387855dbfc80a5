"""What a model's answer says of the product that was booked with its photo."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Final, Literal

from sqlalchemy import select

from shelfwise.database.lists import among
from shelfwise.inventory.tables import products
from shelfwise.workflows.stock_categories import StockCategories

if TYPE_CHECKING:
    from shelfwise.answers.records import Answer
    from shelfwise.database import Database

__all__ = ["Match", "confidence_of", "match_of", "matches_of"]

Match = Literal["product", "category", "other", "nothing"]
"""What the answer named: the product that was booked, only its category, something else, or nothing at all.

A product without a category may be of any: an answer that named a category alone is not wrong of it.
"""

_CATEGORIES: Final = select(products.c.id, products.c.category_id).where(among(products.c.id, "numbers"))


def matches_of(database: Database, booked: Collection[tuple[Answer, int]]) -> Mapping[tuple[int, int], Match]:
    """What answers say of the products booked with their photos, by the numbers of both.

    Args:
        database: the stock book.
        booked: answers, each with the number of a product.
    """
    stock = StockCategories(database)
    with database.read() as connection:
        rows = connection.execute(_CATEGORIES, {"numbers": sorted({product for _, product in booked})}).all()
    category = {row.id: row.category_id for row in rows}
    return {
        (answer.id, product): match_of(answer, product, category.get(product), stock)
        for answer, product in booked
    }


def match_of(answer: Answer, product_id: int, category_id: int | None, stock: StockCategories) -> Match:
    """What an answer says of a product.

    Args:
        answer: the answer; what people said of it afterwards does not count.
        product_id: the product that was booked.
        category_id: its category, if any.
        stock: the stock book's categories.
    """
    if answer.product_id is not None:
        return "product" if answer.product_id == product_id else "other"
    if answer.category is None:
        return "nothing"
    # Scan offers the products of the same categories.
    of_it = category_id is None or category_id in stock.meant_by(answer.category)
    return "category" if of_it else "other"


def confidence_of(answer: Answer, product_id: int) -> float | None:
    """How sure the model was of a product, 0 to 1; None where it did not name this one.

    How sure it was of a category says nothing of which product of it is there.
    """
    return answer.confidence if answer.product_id == product_id else None
