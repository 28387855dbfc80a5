"""What the API gives of levels, past levels, shrinkage and reordering."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field

from shelfwise.inventory.records import CategoryLevel, Level, LevelPoint, Reorder, Shrinkage, StockSummary
from shelfwise.web.api.catalogue_schemas import ProductOut
from shelfwise.web.api.fields import amount_text, moment_text
from shelfwise.web.api.schemas import Reply

__all__ = [
    "CategoryLevelOut",
    "LevelOut",
    "PointOut",
    "ProductStockOut",
    "ReorderOut",
    "SeriesOut",
    "ShrinkageOut",
    "SummaryOut",
]


class LevelOut(Reply):
    """How much of a product there is in a store, or at a location of it."""

    product: ProductOut
    store_id: int
    location_id: int | None
    quantity: str
    state: Literal["out", "low", "ok"] = Field(description="`ok` where there is enough.")
    counted_at: str | None

    @classmethod
    def of(cls, level: Level) -> Self:
        """Shape a level."""
        return cls(
            product=ProductOut.of(level.product),
            store_id=level.store_id,
            location_id=level.location_id,
            quantity=amount_text(level.quantity),
            state=level.state,
            counted_at=None if level.counted_at is None else moment_text(level.counted_at),
        )


class CategoryLevelOut(Reply):
    """A category's products and how many of them are out or low."""

    category_id: int | None
    category: str | None
    products: int
    out: int
    low: int
    quantity: str

    @classmethod
    def of(cls, level: CategoryLevel) -> Self:
        """Shape a category's level."""
        return cls(
            category=None if level.category is None else level.category.name,
            category_id=None if level.category is None else level.category.id,
            products=level.products,
            out=level.out,
            low=level.low,
            quantity=amount_text(level.quantity),
        )


class SummaryOut(Reply):
    """The stock in four numbers, and by category where one store is asked for."""

    products: int
    out: int
    low: int
    units: str
    categories: list[CategoryLevelOut]

    @classmethod
    def of(cls, summary: StockSummary, categories: list[CategoryLevel]) -> Self:
        """Shape a summary."""
        return cls(
            products=summary.products,
            out=summary.out,
            low=summary.low,
            units=amount_text(summary.units),
            categories=[CategoryLevelOut.of(each) for each in categories],
        )


class ProductStockOut(Reply):
    """A product's level in a store, and where in the store it is."""

    product: ProductOut
    store_id: int
    quantity: str
    locations: list[LevelOut]


class PointOut(Reply):
    """How much there was at a time."""

    at: str
    quantity: str

    @classmethod
    def of(cls, point: LevelPoint) -> Self:
        """Shape a point."""
        return cls(at=moment_text(point.at), quantity=amount_text(point.quantity))


class SeriesOut(Reply):
    """A product's level in a store over time, oldest first."""

    product_id: int
    store_id: int
    points: list[PointOut]


class ShrinkageOut(Reply):
    """A count beside what the book expected."""

    product: ProductOut
    location_id: int
    location: str
    counted_at: str
    expected: str
    counted: str
    difference: str
    previous_count_at: str | None

    @classmethod
    def of(cls, row: Shrinkage) -> Self:
        """Shape a row of the shrinkage report."""
        return cls(
            product=ProductOut.of(row.product),
            location_id=row.location.id,
            location=row.location.path,
            counted_at=moment_text(row.counted_at),
            expected=amount_text(row.expected),
            counted=amount_text(row.counted),
            difference=amount_text(row.difference),
            previous_count_at=None if row.previous_count_at is None else moment_text(row.previous_count_at),
        )


class ReorderOut(Reply):
    """What to order of a product: whole packs up to its target."""

    product: ProductOut
    quantity: str
    per_day: str
    days_of_cover: str | None
    order: str

    @classmethod
    def of(cls, row: Reorder) -> Self:
        """Shape a row of the reorder list."""
        return cls(
            product=ProductOut.of(row.product),
            quantity=amount_text(row.level),
            per_day=amount_text(row.per_day),
            days_of_cover=None if row.days_of_cover is None else amount_text(row.days_of_cover),
            order=amount_text(row.order),
        )
