"""What a stock-take says of the products of a place: of those that were seen, and of those that nobody saw.

Shared by the counts of photos (:mod:`~shelfwise.workflows.shelf_booking`) and those of shelf photos that a shop's
server keeps (:mod:`~shelfwise.workflows.shop_shelf_stock`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from shelfwise.inventory.records import Line
from shelfwise.text import many

if TYPE_CHECKING:
    from shelfwise.inventory.levels import Levels
    from shelfwise.inventory.records import Location, Product

__all__ = ["Seen", "StockLine", "stock_lines", "stock_movement"]


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of one product.

    Attributes:
        facings: how many.
        depth: units that stand behind each, that one with them.
        confidence: that it is this product; None where a person said so.
    """

    facings: int
    depth: Decimal = Decimal(1)
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class StockLine:
    """What a stock-take says of one product.

    Attributes:
        product: which.
        expected: how much of it the book has at the place itself.
        seen: what was seen of it; None: nobody saw any.
    """

    product: Product
    expected: Decimal
    seen: Seen | None = None

    @property
    def facings(self) -> int:
        """How many were seen."""
        return self.seen.facings if self.seen else 0

    @property
    def depth(self) -> Decimal:
        """Units that stand behind each facing, that one with them."""
        return self.seen.depth if self.seen else Decimal(1)

    @property
    def quantity(self) -> Decimal:
        """What is counted."""
        return self.facings * self.depth


def stock_lines(
    levels: Levels, location: Location, seen: Mapping[int, Seen]
) -> tuple[tuple[StockLine, ...], tuple[StockLine, ...]]:
    """Lines of the products that were seen, and of those that the book has at the place and nobody saw, by name.

    The place is the location itself, without those within it. Archived products that nobody saw are left out.

    Args:
        levels: the stock book's.
        location: the place.
        seen: what was seen, by the products' numbers.

    Raises:
        NotFoundError: there is no such place or product.
    """
    lines = [
        StockLine(product, expected, seen.get(product.id))
        for product, expected in levels.products_at(location.id, seen)
    ]
    return (
        tuple(line for line in lines if line.seen),
        tuple(line for line in lines if not line.seen and not line.product.archived),
    )


def stock_movement(
    line: StockLine,
    location: Location,
    counted: str,
    *,
    at: datetime | None = None,
    photo: str | None = None,
    model: str | None = None,
) -> Line:
    """The movement that sets a product's level at a place to what a line says.

    Args:
        line: what is said of the product.
        location: the place.
        counted: what was counted, for the movement's reason: ``shelf photo``.
        at: when; None for now.
        photo: SHA-256 of the photo, where it is kept.
        model: the model that named the facings.
    """
    facings = many(line.facings, "facing") if line.seen else "not seen"
    return Line(
        kind="counted",
        product_id=line.product.id,
        location_id=location.id,
        quantity=line.quantity,
        at=at,
        reason=f"{counted}: {facings}" + (f", {line.depth.normalize():f} deep" if line.depth != 1 else ""),
        photo=photo,
        model=model,
        confidence=line.seen.confidence if line.seen else None,
    )
