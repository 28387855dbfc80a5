"""Products, counts and movements out of CSV and XLSX files."""

from __future__ import annotations

from typing import Annotated, Self

from fastapi import Path, Query, Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from shelfwise.inventory.exchange.columns import Table
from shelfwise.inventory.exchange.importing import import_file
from shelfwise.inventory.exchange.records import ImportReport
from shelfwise.web.access import Audit, Manager, TheShop
from shelfwise.web.api.fields import StoreId
from shelfwise.web.api.places import store_for
from shelfwise.web.api.schemas import Reply, group, problems
from shelfwise.web.api.uploads import FILE_BODY, SentFile, sent_file
from shelfwise.web.replies import IdempotencyKey

__all__ = ["ReportOut", "router"]

router = group("Exchange")


class RowProblemOut(Reply):
    """What is wrong with a row."""

    line: int = Field(description="Line of the file, from 1.")
    column: str | None
    reason: str


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

    With a problem in any row nothing is imported; `problems` has them all, and `done` is false.
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
            audit("import", what, file=file.name[:200], rows=report.rows, store_id=store)
        return ReportOut.of(report)

    async with sent_file(request) as file:
        return await run_in_threadpool(work, file)
