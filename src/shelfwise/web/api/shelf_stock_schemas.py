"""What the API takes and gives of a shelf photo's counts as a stock-take."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import AfterValidator, Field

from shelfwise.web.api.answer_schemas import ProductRef
from shelfwise.web.api.fields import Amount, Id, amount_text
from shelfwise.web.api.schemas import Entry, Reply

if TYPE_CHECKING:
    from shelfwise.workflows.shop_shelf_stock import StockTake
    from shelfwise.workflows.stock_lines import StockLine

__all__ = ["Depth", "ShelfStockIn", "StockTakeOut"]


def _depth(value: Decimal) -> Decimal:
    if not 0 < value <= 1000:
        raise ValueError(
            "give how many stand behind each facing, the front one with them: more than 0, to 1000"
        )
    return value


Depth = Annotated[Amount, AfterValidator(_depth)]
"""Units that stand behind each facing, the front one with them."""


class DepthIn(Entry):
    """How deep one product stands."""

    product_id: Id
    depth: Depth


class ShelfStockIn(Entry):
    """How a shelf photo's counts are booked.

    A facing is the front unit alone. ``depth`` units stand behind each, that one with them; ``depths`` says it of
    single products.
    """

    location_id: Annotated[Id, Field(description="The place that is counted.")]
    depth: Depth = Decimal(1)
    depths: Annotated[list[DepthIn], Field(max_length=1000)] = Field(default_factory=list)
    rest: Annotated[
        bool,
        Field(
            description="Set to 0 what the book has at the place and nobody sees; else that stays as it is."
        ),
    ] = False


class StockLineOut(Reply):
    """What a stock-take says of one product: what is there, and what the book has at the place."""

    product: ProductRef
    unit: str
    facings: int
    depth: str
    quantity: str
    expected: str
    difference: str

    @classmethod
    def of(cls, line: StockLine) -> Self:
        """Shape a line."""
        return cls(
            product=ProductRef(id=line.product.id, name=line.product.name),
            unit=line.product.unit,
            facings=line.facings,
            depth=amount_text(line.depth),
            quantity=amount_text(line.quantity),
            expected=amount_text(line.expected),
            difference=amount_text(line.quantity - line.expected),
        )


class StockTakeOut(Reply):
    """A stock-take that may be booked; ``version`` is the shelf photo's, for ``If-Match``."""

    version: int
    location_id: int
    lines: list[StockLineOut]
    unseen: list[StockLineOut] = Field(description="What the book has at the place, and nobody sees.")
    asked: int = Field(description="Facings left out: a person should choose what they are.")
    unknown: int = Field(description="Facings left out: nobody has said which product they are.")

    @classmethod
    def of(cls, plan: StockTake) -> Self:
        """Shape a plan."""
        return cls(
            version=plan.shelf.version,
            location_id=plan.location.id,
            lines=[StockLineOut.of(line) for line in plan.lines],
            unseen=[StockLineOut.of(line) for line in plan.unseen],
            asked=plan.asked,
            unknown=plan.unknown,
        )
