"""Levels, pages of the stock list and bookings in a large stock book, on SQLite and on PostgreSQL."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from benchmarks import machine
from benchmarks.goals import GOALS
from benchmarks.options import Options
from benchmarks.result import BenchmarkError, Figure, Result
from benchmarks.stock_fill import STORES, Filled, fill
from benchmarks.stock_questions import LEVEL, Timed, is_page, timed
from benchmarks.stock_writers import WRITERS, Written, write_together
from shelfwise.database import Database, open_database, utc_now

__all__ = ["stock_book"]

NAME: Final = "stock-book"
PRODUCTS: Final = 100_000
MOVEMENTS: Final = 10_000_000
REPEATS: Final = 200
SECONDS: Final = 20.0
_LINES: Final = (1, 10)
_NAMES: Final = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@dataclass(frozen=True, slots=True)
class _Measured:
    """One database: how long it took to fill, its size, the questions and the writers, by lines in a booking."""

    filled_s: float
    bytes: int
    filled: Filled
    questions: Mapping[str, Timed]
    written: Mapping[int, Written]


def stock_book(options: Options) -> Result:
    """Fill a book in each database, ask it, and let eight write into it."""
    measured = {}
    for dialect in _NAMES:
        with _database(dialect) as (database, folder):
            measured[dialect] = _measure(database, folder, options)
    return Result(
        name=NAME,
        figures=tuple(
            figure
            for number, dialect in enumerate(_NAMES)
            for figure in _figures(measured[dialect], 3 * number, dialect)
        ),
        command=(f"python -m benchmarks {NAME}",),
        method=_method(measured["sqlite"].filled),
        limit=(
            "Questions: putting a query together, and making records of its rows; SQLite's own part is mostly less"
            " than a millisecond.",
            "Bookings: Python's time for each on SQLite, whose writers share one process and one commit; flushes of"
            " the disk and the cores that writers and server share on PostgreSQL.",
        ),
        remarks=(*_remarks(measured), *_plans(measured)),
        table=_table(measured),
        machine=machine.facts(),
        versions=machine.versions(("shelfwise", "sqlalchemy", "psycopg", "pgserver")),
        samples={dialect: _samples(each) for dialect, each in measured.items()},
    )


@contextlib.contextmanager
def _database(dialect: str) -> Iterator[tuple[Database, Path]]:
    """An empty book in a folder of its own, which is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="shelfwise-stock-"))
    # PostgreSQL does not run as root: another user must be able to enter.
    folder.chmod(0o755)
    try:
        if dialect == "sqlite":
            with open_database(folder / "stock.db", create=True) as database:
                yield database, folder
        else:
            with _server(folder) as url, open_database(url, create=True) as database:
                yield database, folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _server(folder: Path) -> Iterator[str]:
    if find_spec("pgserver") is None:
        raise BenchmarkError("the stock book is measured on PostgreSQL, too: pip install pgserver")
    import pgserver

    server: Any = pgserver.get_server(folder / "data")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def _measure(database: Database, folder: Path, options: Options) -> _Measured:
    name = _NAMES[database.dialect]
    started = time.monotonic()
    filled = fill(database, options.products or PRODUCTS, options.movements or MOVEMENTS, utc_now())
    seconds = time.monotonic() - started
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    options.tell(f"  {name}: filled in {seconds:.0f} s, {size / 1e9:.2f} GB")
    questions = timed(database, filled, options.repeats or REPEATS)
    for kind, each in questions.items():
        options.tell(f"  {name}: {kind}: {each.median:.1f} ms, 95 % below {each.p95:.1f} ms")
    written = {}
    for lines in _LINES:
        written[lines] = write_together(
            database, filled, SECONDS if options.movements is None else 2.0, lines
        )
        options.tell(
            f"  {name}: {written[lines].rate:.0f} movements a second in bookings of {lines}; none lost"
        )
    return _Measured(seconds, size, filled, questions, written)


def _figures(measured: _Measured, first: int, dialect: str) -> Iterator[Figure]:
    level, page, booked = GOALS[NAME][first : first + 3]
    count = f"{measured.filled.products:,} products, {measured.filled.movements:,} movements"
    yield _time(level, LEVEL, measured.questions[LEVEL], count)
    pages = [each for kind, each in measured.questions.items() if is_page(kind)]
    together = Timed([sample for each in pages for sample in each.samples], [])
    slowest = max(filter(is_page, measured.questions), key=lambda kind: measured.questions[kind].median)
    words = f"{slowest} takes longest: {measured.questions[slowest].median:.1f} ms"
    yield _time(page, f"pages of {len(pages)} kinds", together, f"{count}; {words}")
    written = measured.written[1]
    writers = "threads of one process" if dialect == "sqlite" else "processes"
    yield booked.figure(
        written.rate,
        min(written.by_second),
        max(written.by_second),
        ours=f"{len(written.moments):,} in {written.seconds:.0f} s by {WRITERS} {writers}, one a booking",
        peer="all acknowledged were there afterwards",
    )


def _time(goal: Any, kind: str, each: Timed, count: str) -> Figure:
    figure: Figure = goal.figure(
        each.median,
        min(each.samples),
        max(each.samples),
        ours=f"{kind}: median of {len(each.samples)}; 95 % below {each.p95:.1f} ms",
        peer=count,
    )
    return figure


def _method(filled: Filled) -> tuple[str, ...]:
    return (
        f"A book of {filled.products:,} products in {STORES} stores of 200 shelves each, and {filled.movements:,}"
        " movements of two years, drawn with seed 0: 80 % sales, some products selling far more than others; one in"
        " a thousand is undone. It is written in bulk, not booked; a test checks that it is as if it were booked.",
        "Each kind of question is asked in one thread with products, places, words and cursors drawn anew each time,"
        f" {REPEATS} times after three that do not count; pages have 50 rows and are read to the end, as records."
        " The figure of the stock list is the median over all kinds of pages, each as often as the others; the table"
        " has each for itself.",
        f"{WRITERS} writers book sales of one unit for {SECONDS:.0f} seconds, each waiting until its booking is on"
        " the disk before the next; on SQLite as threads of one process, as the server has them, on PostgreSQL as"
        " processes. Then the book is opened anew: every booking that was acknowledged must be there, and the number"
        " of movements and the sum of all levels must be what follows from them.",
    )


def _remarks(measured: Mapping[str, _Measured]) -> Iterator[str]:
    for dialect, each in measured.items():
        name = _NAMES[dialect]
        yield f"{name}: filled in {each.filled_s:.0f} s; {each.bytes / 1e9:.2f} GB with all indexes."
        for lines, written in each.written.items():
            yield (
                f"{name}: {written.rate:,.0f} movements a second in bookings of {lines}"
                f" ({min(written.by_second):,.0f} to {max(written.by_second):,.0f})."
            )


def _plans(measured: Mapping[str, _Measured]) -> Iterator[str]:
    """The plans of the stock list, without what repeats; those of all questions are in the samples."""
    for dialect, each in measured.items():
        for kind, question in each.questions.items():
            if kind != LEVEL and not is_page(kind):
                continue
            steps = (line.strip() for planned in question.plans for line in planned.plan)
            read = dict.fromkeys(step for step in steps if "store_levels" in step or "product_words" in step)
            shown = "; ".join(step.replace("->", "").strip() for step in read)
            yield f"Plan, {_NAMES[dialect]}, {kind}: `{shown}`"


def _table(measured: Mapping[str, _Measured]) -> tuple[tuple[str, ...], ...]:
    heading = ["milliseconds"]
    for name in _NAMES.values():
        heading += [f"{name}, median", "95 % below"]
    rows = []
    for kind in measured["sqlite"].questions:
        row = [kind]
        for each in measured.values():
            row += [f"{each.questions[kind].median:.1f}", f"{each.questions[kind].p95:.1f}"]
        rows.append(tuple(row))
    return (tuple(heading), *rows)


def _samples(each: _Measured) -> dict[str, Any]:
    return {
        "products": each.filled.products,
        "movements": each.filled.movements,
        "filled_s": round(each.filled_s, 1),
        "bytes": each.bytes,
        "questions_ms": {
            kind: [round(sample, 3) for sample in question.samples]
            for kind, question in each.questions.items()
        },
        "booked_by_second": {str(lines): written.by_second for lines, written in each.written.items()},
        "plans": {
            kind: [{"statement": planned.statement, "plan": planned.plan} for planned in question.plans]
            for kind, question in each.questions.items()
        },
    }
