"""Products, counts and movements out of CSV and XLSX files."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Self

from fastapi import Path, Query, Request
from pydantic import Field, field_validator
from starlette.concurrency import run_in_threadpool

from shelfwise.inventory.exchange.changes import CHANGES, NEW
from shelfwise.inventory.exchange.columns import Table
from shelfwise.inventory.exchange.importing import import_file
from shelfwise.inventory.exchange.records import ImportReport
from shelfwise.web.access import Audit, Manager, TheShop
from shelfwise.web.api.fields import StoreId, amount_text
from shelfwise.web.api.places import store_for
from shelfwise.web.api.schemas import Reply, group, problems
from shelfwise.web.api.uploads import FILE_BODY, SentFile, sent_file
from shelfwise.web.replies import IdempotencyKey, keep_instead

__all__ = ["ReportOut", "router"]

router = group("Exchange")


class RowProblemOut(Reply):
    """What is wrong with a row."""

    line: int = Field(description="Line of the file, from 1.")
    column: str | None
    heading: str | None = Field(description="What the file itself calls the column.")
    reason: str


class FieldChangeOut(Reply):
    """A value that a row changes, as a file has it."""

    column: str
    before: str = Field(description="Empty for nothing; of a count, what the book expected.")
    after: str = Field(
        description="Empty where an empty cell takes the value away; of a count, what is there."
    )


class RowChangeOut(Reply):
    """What a row changes: fields of a product, or a level by a count."""

    line: int = Field(description="Line of the file, from 1.")
    product: str = Field(description="Its name in the book before.")
    fields: list[FieldChangeOut]
    location: str | None = Field(description="Of a count: where; empty for the store itself.")
    difference: str | None = Field(description="Of a count: counted less expected.")

    @field_validator("difference", mode="before")
    @classmethod
    def _text(cls, value: Decimal | None) -> str | None:
        return None if value is None else amount_text(value)


class NewRowOut(Reply):
    """A product that a row adds."""

    line: int = Field(description="Line of the file, from 1.")
    product: str
    category: str | None


class KindSumOut(Reply):
    """The movements of one kind."""

    kind: str = Field(description="A kind of movement, or `undone` for rows that undo one above them.")
    rows: int
    quantity: str = Field(description="Added up over all products, each in its unit.")

    @field_validator("quantity", mode="before")
    @classmethod
    def _text(cls, value: Decimal) -> str:
        return amount_text(value)


class ReportOut(Reply):
    """What an import did, or would do; with a problem in any row it does nothing."""

    rows: int
    added: int
    changed: int
    unchanged: int
    problems: list[RowProblemOut]
    done: bool = Field(description="Whether the book has it now: not after a trial or with a problem.")
    booking_id: int | None = Field(description="The booking of counts and movements.")
    repeated: bool = Field(description="Whether the same file was imported before.")
    changes: list[RowChangeOut] = Field(
        description=f"The first {CHANGES} rows that change a product, those that empty a value before the others; "
        "or the counts that differ from what the book expected."
    )
    changes_total: int = Field(description="How many such rows there are.")
    emptied: dict[str, int] = Field(
        description="By column, of how many products empty cells take the value away."
    )
    kinds: list[KindSumOut] = Field(description="Of movements: how many of each kind.")
    new: list[NewRowOut] = Field(description=f"The first {NEW} products that are added.")
    new_categories: list[str] = Field(
        description=f"The first {NEW} categories that the file names and the book does not have yet."
    )
    new_categories_total: int = Field(description="How many such categories there are.")

    @classmethod
    def of(cls, report: ImportReport) -> Self:
        """Shape a report."""
        return cls.model_validate(report)


@router.post(
    "/imports/{what}", summary="Import a file", openapi_extra=FILE_BODY, responses=problems(404, 409)
)
async def import_rows(
    request: Request,
    shop: TheShop,
    actor: Manager,
    audit: Audit,
    what: Annotated[Table, Path(description="What the rows are.")],
    store: StoreId,
    dry_run: Annotated[bool, Query(description="Say what would be done, and do nothing.")] = False,
    key: IdempotencyKey = None,
) -> ReportOut:
    """Import a CSV or XLSX file, all of it or nothing. Managers.

    With a problem in any row nothing is imported; `problems` has them all, and `done` is false. With `dry_run`
    nothing is imported either, and `changes`, `emptied` and `kinds` say what would be: an empty cell empties a
    product's category, GTIN, minimum or target.
    """

    def work(file: SentFile) -> ReportOut:
        store_for(shop, actor, "manager", store)
        report = import_file(
            shop.db,
            what,
            file.data or b"",
            file.name,
            store_id=store,
            user=actor.name,
            dry_run=dry_run,
            key=None if key is None else f"{actor.user_id}:{key}",
        )
        if report.done:
            emptied = {"emptied": dict(report.emptied)} if report.emptied else {}
            audit("import", what, file=file.name[:200], rows=report.rows, store_id=store, **emptied)
        reply = ReportOut.of(report)
        if report.done:
            keep_instead(request, reply.model_copy(update={"repeated": True}))
        return reply

    async with sent_file(request) as file:
        return await run_in_threadpool(work, file)
