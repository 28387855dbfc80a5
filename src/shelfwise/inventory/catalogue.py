"""What the stock book knows of: stores and their locations, categories, products."""

from __future__ import annotations

from shelfwise.inventory.categories import Categories
from shelfwise.inventory.locations import Locations
from shelfwise.inventory.products import Products
from shelfwise.inventory.stores import Stores

__all__ = ["Catalogue"]


class Catalogue(Stores, Locations, Categories, Products):
    """Stores, locations, categories and products in one; nothing of them is ever deleted, only archived.

    Args:
        database: where they are kept.
    """
