"""How a database answers: the statements of a call, and the plan of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event, text

from shelfwise.database import Database

__all__ = ["Planned", "planned"]


@dataclass(frozen=True, slots=True)
class Planned:
    """A statement and its plan, a line a step."""

    statement: str
    plan: tuple[str, ...]


def planned(database: Database, call: Callable[[], object], *, seqscan: bool = True) -> list[Planned]:
    """The statements that a call makes, each with its plan.

    Args:
        database: where it asks.
        call: what asks.
        seqscan: False keeps PostgreSQL from reading whole tables where it can do otherwise, as it does by itself
            where they are large.
    """
    seen: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        seen.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        call()
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
    explain = "EXPLAIN QUERY PLAN " if database.dialect == "sqlite" else "EXPLAIN (COSTS OFF) "
    found = []
    with database.read(snapshot=True) as connection:
        if not seqscan and database.dialect == "postgresql":
            connection.execute(text("SET LOCAL enable_seqscan = off"))
        for statement, parameters in seen:
            if not statement.lstrip().upper().startswith(("SELECT", "WITH")):
                continue
            rows = connection.exec_driver_sql(explain + statement, parameters).all()
            found.append(Planned(" ".join(statement.split()), tuple(str(row[-1]) for row in rows)))
    return found
