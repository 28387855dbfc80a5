"""What the API says of a shelf beside the planogram of its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field

from shelfwise.web.api.schemas import Reply

if TYPE_CHECKING:
    from shelfwise.shelf.planogram import Comparison, Extra, Fix, Found, Unnamed

__all__ = ["ComparisonOut"]

State = Literal["present", "short", "misplaced", "missing", "unsure", "unseen"]
FixKind = Literal["missing", "misplaced", "short", "check", "extra", "unnamed"]


class PlaceOut(Reply):
    """A place of the planogram."""

    row: int
    position: int


class RowPairOut(Reply):
    """A row of the planogram, and the row of the photo that shows it."""

    planned: int
    seen: int


class PlannedOut(Reply):
    """What is said of one entry of the planogram."""

    row: int
    position: int
    product: str | None
    category: str | None
    gtin: str | None
    facings: int
    state: State
    right: int
    unsure: int
    elsewhere: int
    keys: list[str] = Field(description="The boxes that are there, surely or not, left to right.")

    @classmethod
    def of(cls, found: Found, keys: Sequence[str]) -> Self:
        """Shape what is said of an entry."""
        return cls(
            row=found.place.row,
            position=found.place.position,
            product=found.entry.product,
            category=found.entry.category,
            gtin=found.entry.gtin,
            facings=found.entry.facings,
            state=found.state,
            right=found.right,
            unsure=found.unsure,
            elsewhere=found.elsewhere,
            keys=[keys[i] for i in found.members],
        )


class ExtraOut(Reply):
    """Neighbouring facings of one product that no entry of the planogram asks for where they stand."""

    row: int = Field(description="On the photo, as the position.")
    position: int
    facings: int
    product: str | None
    category: str | None
    planned: bool = Field(description="Whether the planogram has that product anywhere.")
    wanted: PlaceOut | None = Field(
        description="Where in the planogram it lacks; null where it lacks nowhere."
    )
    keys: list[str]

    @classmethod
    def of(cls, extra: Extra, keys: Sequence[str]) -> Self:
        """Shape what stands in a wrong place."""
        named, wanted = extra.run.named, extra.wanted
        return cls(
            row=extra.place.row,
            position=extra.place.position,
            facings=len(extra.members),
            product=named.product,
            category=named.category,
            planned=extra.planned,
            wanted=None if wanted is None else PlaceOut(row=wanted.row, position=wanted.position),
            keys=[keys[i] for i in extra.members],
        )


class UnnamedOut(Reply):
    """Neighbouring facings that have no sure name and stand in no planned place: named, they can be compared.

    Facings of which only the category is known are among them where they may be a planned product that is lacking.
    """

    row: int = Field(description="On the photo, as the positions.")
    first: int = Field(description="The leftmost position.")
    last: int = Field(description="The rightmost position.")
    facings: int
    category: str | None = Field(description="What all of them are of for sure.")
    keys: list[str]

    @classmethod
    def of(cls, group: Unnamed, keys: Sequence[str]) -> Self:
        """Shape what cannot be compared."""
        return cls(
            row=group.row,
            first=group.first,
            last=group.last,
            facings=len(group.members),
            category=group.category,
            keys=[keys[i] for i in group.members],
        )


class FixOut(Reply):
    """One thing to do."""

    kind: FixKind = Field(
        description="What is wrong; `unnamed` facings have to be named before they can be compared."
    )
    text: str
    row: int
    position: int
    product: str | None
    facings: int

    @classmethod
    def of(cls, fix: Fix) -> Self:
        """Shape what is to be done."""
        return cls(
            kind=fix.kind,
            text=fix.text,
            row=fix.place.row,
            position=fix.place.position,
            product=fix.product,
            facings=fix.facings,
        )


class ComparisonOut(Reply):
    """The shelf beside the planogram of its place."""

    compliance: float = Field(description="Per cent of the planned facings that are where they should be.")
    compliance_at_best: float = Field(description="The same, if all is right of which it is not sure.")
    planned: int = Field(description="Facings of the rows that the photo shows.")
    right: int
    unsure: int = Field(description="Facings that may be right.")
    unseen_rows: list[int] = Field(description="Rows of the planogram that are not on the photo.")
    rows: list[RowPairOut] = Field(description="Which row of the photo shows which row of the planogram.")
    entries: list[PlannedOut]
    extras: list[ExtraOut] = Field(description="What stands where it should not, in order of place.")
    unnamed: list[UnnamedOut] = Field(
        description="What stands beside the plan and has to be named first, in order of place: what has no sure name,"
        " and what only the category of is known where a planned product that it may be is lacking."
    )
    fixes: list[FixOut] = Field(description="What to do, first things first.")

    @classmethod
    def of(cls, compared: Comparison, keys: Sequence[str]) -> Self:
        """Shape a comparison.

        Args:
            compared: the comparison.
            keys: of the boxes; facing i is box i.
        """
        return cls(
            compliance=round(compared.compliance, 2),
            compliance_at_best=round(compared.compliance_at_best, 2),
            planned=compared.planned,
            right=compared.right,
            unsure=compared.unsure,
            unseen_rows=list(compared.unseen),
            rows=[RowPairOut(planned=planned, seen=seen) for planned, seen in compared.rows],
            entries=[PlannedOut.of(found, keys) for found in compared.entries],
            extras=[ExtraOut.of(extra, keys) for extra in compared.extras],
            unnamed=[UnnamedOut.of(group, keys) for group in compared.unnamed],
            fixes=[FixOut.of(fix) for fix in compared.fixes],
        )
