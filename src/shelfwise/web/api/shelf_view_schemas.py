"""What the API gives of a shelf photo as it is seen now: boxes, rows, runs, counts, gaps, a comparison."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field

from shelfwise.answers.records import AnswerKind
from shelfwise.web.api.answer_schemas import ProductRef, product_ref
from shelfwise.web.api.schemas import Reply
from shelfwise.web.api.shelf_schemas import BoxOut, ProgressOut, ShelfListedOut, listed
from shelfwise.workflows.shop_shelf import LookingAt

if TYPE_CHECKING:
    from shelfwise.workflows.shop_shelf_view import ShelfView

__all__ = ["ShelfOut"]

State = Literal["present", "short", "misplaced", "missing", "unsure", "unseen"]
FixKind = Literal["missing", "misplaced", "short", "check", "extra"]


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


class FixOut(Reply):
    """One thing to do: ``kind`` is ``missing``, ``misplaced``, ``short``, ``check`` or ``extra``."""

    kind: FixKind
    text: str
    row: int
    position: int
    product: str | None
    facings: int


class PlannedOut(Reply):
    """What is said of one entry of the planogram."""

    row: int
    position: int
    product: str | None
    category: str | None
    facings: int
    state: State
    right: int
    unsure: int
    elsewhere: int


class ComparisonOut(Reply):
    """The shelf beside the planogram of its place."""

    compliance: float = Field(description="Per cent of the planned facings that are where they should be.")
    planned: int = Field(description="Facings of the rows that the photo shows.")
    right: int
    unsure: int = Field(description="Facings that may be right.")
    unseen: list[int] = Field(description="Rows of the planogram that are not on the photo.")
    entries: list[PlannedOut]
    fixes: list[FixOut] = Field(description="What to do, first things first.")


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
    gaps: list[GapOut]
    comparison: ComparisonOut | None = Field(description="Null where its place has no planogram.")

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
            gaps=_gaps(view),
            comparison=_comparison(view),
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


def _comparison(view: ShelfView) -> ComparisonOut | None:
    compared = view.arrangement.comparison
    if compared is None:
        return None
    return ComparisonOut(
        compliance=round(compared.compliance, 2),
        planned=compared.planned,
        right=compared.right,
        unsure=compared.unsure,
        unseen=list(compared.unseen),
        entries=[
            PlannedOut(
                row=found.place.row,
                position=found.place.position,
                product=found.entry.product,
                category=found.entry.category,
                facings=found.entry.facings,
                state=found.state,
                right=found.right,
                unsure=found.unsure,
                elsewhere=found.elsewhere,
            )
            for found in compared.entries
        ],
        fixes=[
            FixOut(
                kind=fix.kind,
                text=fix.text,
                row=fix.place.row,
                position=fix.place.position,
                product=fix.product,
                facings=fix.facings,
            )
            for fix in compared.fixes
        ],
    )


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
