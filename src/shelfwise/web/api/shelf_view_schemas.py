"""What the API gives of a shelf photo as it is seen now: boxes, rows, runs, counts, gaps, a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import Field

from shelfwise.answers.records import AnswerKind
from shelfwise.shelf.share import board_length
from shelfwise.web.api.answer_schemas import ProductRef, product_ref
from shelfwise.web.api.comparison_schemas import ComparisonOut
from shelfwise.web.api.schemas import Reply
from shelfwise.web.api.shelf_schemas import BoxOut, ProgressOut, ShelfListedOut, listed
from shelfwise.workflows.shop_shelf import LookingAt

if TYPE_CHECKING:
    from shelfwise.shelf.facings import Facing
    from shelfwise.workflows.category_products import CategoryProducts
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
    """Facings of one category, sure ones alone, and its shares; null for those without one."""

    category: str | None
    facings: int
    share: float = Field(description="Of all facings, 0 to 1.")
    linear: float = Field(
        description="Of the shelf, 0 to 1: of the width of what stands on the boards, without gaps and without what"
        " stands on other products."
    )
    product: ProductRef | None = Field(
        description="What those of its facings that have no product are booked as: the only product that the stock"
        " book has of it. Null where it has none or several."
    )


class GapOut(Reply):
    """An empty place as wide as a facing, and what most likely belongs there."""

    box: list[float] = Field(description="Left, top, right, bottom in pixels of the upright photo.")
    row: int
    position: int = Field(description="The place that the first product in it would get.")
    facings: int = Field(description="How many fit.")
    product: str | None
    category: str | None
    confidence: float | None
    planned: bool = Field(description="Whether the planogram says what belongs there.")


class ShelfCountsOut(Reply):
    """How much of what is on the shelf: what people said, and what can be relied on."""

    facings: int
    products: list[ProductFacingsOut]
    categories: list[CategoryFacingsOut]
    asked: int = Field(description="Facings that a person should choose for.")
    unknown: int = Field(description="Facings like nothing that is known.")


class ShelfOut(ShelfListedOut):
    """A shelf photo with what is on it as people left it; boxes row by row, those that were taken away last."""

    progress: ProgressOut | None = Field(description="Null where it is not being looked at.")
    boxes: list[BoxOut]
    rows: list[RowOut]
    runs: list[RunOut]
    alike: list[list[str]] = Field(
        description="Keys of neighbouring boxes that look the same, whatever they are taken for; a box that looks"
        " like none beside it is left out."
    )
    counts: ShelfCountsOut
    gaps: list[GapOut]
    comparison: ComparisonOut | None = Field(description="Null where its place has no planogram.")

    @classmethod
    def seen(
        cls, view: ShelfView, looking: LookingAt | None = None, products: CategoryProducts | None = None
    ) -> Self:
        """Shape what is seen; ``products``: the stock book's, by category."""
        facings, compared = view.arrangement.facings, view.arrangement.comparison
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
            alike=[[view.boxes[i].key for i in group] for group in view.alike],
            counts=_counts(view, products),
            gaps=_gaps(view),
            comparison=None
            if compared is None
            else ComparisonOut.of(compared, [box.key for box in view.boxes]),
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


def _gaps(view: ShelfView) -> list[GapOut]:
    return [
        GapOut(
            box=[round(edge, 1) for edge in gap.box],
            row=gap.row,
            position=gap.position,
            facings=gap.facings,
            product=gap.likeliest.product if gap.likeliest else None,
            category=gap.likeliest.category if gap.likeliest else None,
            confidence=round(gap.likeliest.confidence, 3) if gap.likeliest else None,
            planned=gap.planned,
        )
        for gap in view.arrangement.gaps
    ]


def _counts(view: ShelfView, products: CategoryProducts | None) -> ShelfCountsOut:
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
        categories=_categories(view, products),
        asked=view.asked,
        unknown=view.unknown,
    )


def _categories(view: ShelfView, products: CategoryProducts | None) -> list[CategoryFacingsOut]:
    """Sure facings by category, most first."""
    members: dict[str | None, list[Facing]] = {}
    for box, facing in zip(view.boxes, view.arrangement.facings, strict=True):
        if box.answer == "accept":
            members.setdefault(box.now_category, []).append(facing)
    whole = board_length(view.arrangement.facings)
    return [
        CategoryFacingsOut(
            category=category,
            facings=len(facings),
            share=round(len(facings) / len(view.boxes), 4),
            linear=round(board_length(facings) / whole, 4),
            product=_only_product(category, products),
        )
        for category, facings in sorted(members.items(), key=lambda each: (-len(each[1]), each[0] or ""))
    ]


def _only_product(category: str | None, products: CategoryProducts | None) -> ProductRef | None:
    only = products.only(category) if products is not None and category else None
    return None if only is None else ProductRef(id=only.id, name=only.name)
