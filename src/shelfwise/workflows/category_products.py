"""The product that a category means, where the stock book has but one of it: what booking shelf photos goes by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shelfwise.workflows.stock_categories import StockCategories

if TYPE_CHECKING:
    from shelfwise.database import Database
    from shelfwise.inventory.catalogue import Catalogue
    from shelfwise.inventory.records import Product

__all__ = ["CategoryProducts"]


class CategoryProducts:
    """The stock book's products of a model's categories. Each is asked for once: make one for each request.

    Args:
        database: the stock book.
        catalogue: its catalogue.
    """

    def __init__(self, database: Database, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._categories = StockCategories(database)
        self._found: dict[str, tuple[Product, ...]] = {}

    def only(self, category: str) -> Product | None:
        """The product of a category that has but one; None where there is none, or several."""
        there = self.some(category)
        return there[0] if len(there) == 1 else None

    def some(self, category: str) -> tuple[Product, ...]:
        """Products of a category: none, the only one, or two or more where there are several.

        A category that the stock book has only the one above of means none: that holds other things as well.
        """
        if category not in self._found:
            wider = self._categories.are_wider(category)
            there: dict[int, Product] = {}
            for number in () if wider else self._categories.meant_by(category):
                products = self._catalogue.products(category_id=number, limit=2).items
                there |= {each.id: each for each in products}
            self._found[category] = tuple(there.values())
        return self._found[category]
