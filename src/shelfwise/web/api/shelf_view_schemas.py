"""What the API gives of a shelf photo as it is seen now: boxes, rows, runs and counts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Self

from pydantic import Field

from shelfwise.answers.records import AnswerKind
from shelfwise.web.api.answer_schemas import ProductRef, product_ref
from shelfwise.web.api.schemas import Reply
from shelfwise.web.api.shelf_schemas import BoxOut, ProgressOut, ShelfListedOut, listed
from shelfwise.workflows.shop_shelf import LookingAt

if TYPE_CHECKING:
    from shelfwise.workflows.shop_shelf_view import ShelfView

__all__ = ["ShelfOut"]


class RowOut(Reply):
    """A row of the shelf, top to bottom; ``base`` is the line that its products stand on, from left to right."""

    keys: list[str] = Field(description="Its boxes, left to right; of a stack, from the board up.")
    base: list[list[float]] = Field(description="Two points, each x and y in pixels.")


class RunOut(Reply):
    """Neighbouring facings of the same product in one row."""

    row: int
    first: int = Field(description="Its leftmost position.")
    last: int
    keys: list[str]
    answer: AnswerKind
    product: ProductRef | None
    category: str | None


class ProductFacingsOut(Reply):
    """Facings of one product."""

    product: ProductRef
    category: str | None
    facings: int


class CategoryFacingsOut(Reply):
    """Facings of one category, sure ones alone, and its share of all facings; null for those without one."""

    category: str | None
    facings: int
    share: float


class ShelfCountsOut(Reply):
    """How much of what is on the shelf: what people said, and what can be relied on."""

    facings: int
    products: list[ProductFacingsOut]
    categories: list[CategoryFacingsOut]
    asked: int = Field(description="Facings that a person should choose for.")
    unknown: int = Field(description="Facings like nothing that is known.")


class ShelfOut(ShelfListedOut):
    """A shelf photo with what is on it as people left it; boxes row by row, those that were taken away last."""

    progress: ProgressOut | None
    boxes: list[BoxOut]
    rows: list[RowOut]
    runs: list[RunOut]
    counts: ShelfCountsOut

    @classmethod
    def seen(cls, view: ShelfView, looking: LookingAt | None = None) -> Self:
        """Shape what is seen."""
        facings = view.arrangement.facings
        places = [(facing.row, facing.position, facing.level) for facing in facings]
        ordered = sorted(zip(places, view.boxes, strict=True), key=lambda each: each[0])
        boxes = [BoxOut.of(box, place) for place, box in ordered]
        boxes += [BoxOut.of(box, None) for box in view.removed]
        return cls(
            **listed(view.shelf),
            progress=None if looking is None else ProgressOut.of(looking),
            boxes=boxes,
            rows=_rows(view),
            runs=_runs(view),
            counts=_counts(view),
        )


def _rows(view: ShelfView) -> list[RowOut]:
    return [
        RowOut(
            keys=[view.boxes[i].key for i in row.members],
            base=[[round(x, 1), round(row.base(x), 1)] for x in (row.left, row.right)],
        )
        for row in view.arrangement.rows
    ]


def _runs(view: ShelfView) -> list[RunOut]:
    # Names of products are unique in the stock book.
    numbers = {box.now_product: box.now_product_id for box in view.boxes}
    return [
        RunOut(
            row=run.row,
            first=run.first,
            last=run.last,
            keys=[view.boxes[i].key for i in run.members],
            answer=run.named.answer,
            product=product_ref(numbers.get(run.named.product), run.named.product),
            category=run.named.category,
        )
        for run in view.arrangement.runs
    ]


def _counts(view: ShelfView) -> ShelfCountsOut:
    sure = Counter(box.now_category for box in view.boxes if box.answer == "accept")
    order = sorted(sure.items(), key=lambda each: (-each[1], each[0] or ""))
    return ShelfCountsOut(
        facings=len(view.boxes),
        products=[
            ProductFacingsOut(
                product=ProductRef(id=count.product_id, name=count.product),
                category=count.category,
                facings=count.facings,
            )
            for count in view.products
        ],
        categories=[
            CategoryFacingsOut(category=category, facings=facings, share=round(facings / len(view.boxes), 4))
            for category, facings in order
        ],
        asked=view.asked,
        unknown=view.unknown,
    )
