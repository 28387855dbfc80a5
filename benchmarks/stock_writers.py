"""Several writers who book at the same time: how much they get done, and that none of it is lost."""

from __future__ import annotations

import multiprocessing
import random
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import func, select

from benchmarks.result import BenchmarkError
from benchmarks.stock_fill import Filled
from shelfwise.database import Database, open_database
from shelfwise.inventory.ledger import Ledger
from shelfwise.inventory.records import Line
from shelfwise.inventory.tables import bookings, movements, store_levels

__all__ = ["WRITERS", "Written", "write_together"]

WRITERS: Final = 8
_WARM: Final = 5
_CHUNK: Final = 500
_START_SECONDS: Final = 120


@dataclass(frozen=True, slots=True)
class Written:
    """What the writers got done.

    Attributes:
        seconds: how long they wrote.
        lines: movements in each booking.
        moments: when each booking was acknowledged, in seconds after the start.
    """

    seconds: float
    lines: int
    moments: list[float]

    @property
    def rate(self) -> float:
        """Movements a second."""
        return self.lines * len(self.moments) / self.seconds

    @property
    def by_second(self) -> list[float]:
        """Movements in each whole second."""
        counts = [0] * max(1, int(self.seconds))
        for moment in self.moments:
            if moment < len(counts):
                counts[int(moment)] += self.lines
        return [float(count) for count in counts]


@dataclass(frozen=True, slots=True)
class _State:
    """What must follow from what was booked."""

    movements: int
    units: Decimal


def write_together(database: Database, filled: Filled, seconds: float, lines: int) -> Written:
    """Let all writers book sales of one unit at once: threads on SQLite, processes on PostgreSQL.

    Each waits for its booking to be on the disk before it goes on with the next.

    Raises:
        BenchmarkError: something that was acknowledged is not there afterwards, or a level does not follow.
    """
    before = _state(database)
    if database.dialect == "sqlite":
        results = _threads(database, filled, seconds, lines)
    else:
        results = _processes(database, filled, seconds, lines)
    booked = [number for numbers, _ in results for number in numbers]
    # Another connection sees what was committed, and nothing else.
    with open_database(database.url.render_as_string(hide_password=False)) as again:
        _check(again, before, booked, lines)
    return Written(
        seconds, lines, sorted(moment for _, moments in results for moment in moments if moment >= 0)
    )


def _threads(
    database: Database, filled: Filled, seconds: float, lines: int
) -> list[tuple[list[int], list[float]]]:
    barrier = threading.Barrier(WRITERS)
    with ThreadPoolExecutor(WRITERS) as pool:
        return list(
            pool.map(lambda writer: _write(database, barrier, writer, filled, seconds, lines), range(WRITERS))
        )


def _processes(
    database: Database, filled: Filled, seconds: float, lines: int
) -> list[tuple[list[int], list[float]]]:
    context = multiprocessing.get_context("spawn")
    url = database.url.render_as_string(hide_password=False)
    with ProcessPoolExecutor(
        WRITERS, mp_context=context, initializer=_keep, initargs=(context.Barrier(WRITERS),)
    ) as pool:
        jobs = [pool.submit(_process, url, writer, filled, seconds, lines) for writer in range(WRITERS)]
        return [job.result() for job in jobs]


_kept: dict[str, Any] = {}


def _keep(barrier: Any) -> None:
    _kept["barrier"] = barrier


def _process(
    url: str, writer: int, filled: Filled, seconds: float, lines: int
) -> tuple[list[int], list[float]]:
    with open_database(url) as database:
        return _write(database, _kept["barrier"], writer, filled, seconds, lines)


def _write(
    database: Database, barrier: Any, writer: int, filled: Filled, seconds: float, lines: int
) -> tuple[list[int], list[float]]:
    """The numbers of all that was booked, and when in the time; what came before or after it has -1."""
    ledger, drawn = Ledger(database), random.Random(writer)
    booked = [_book(ledger, drawn, filled, lines) for _ in range(_WARM)]
    moments = [-1.0] * _WARM
    barrier.wait(_START_SECONDS)
    started = time.perf_counter()
    while (time.perf_counter() - started) < seconds:
        booked.append(_book(ledger, drawn, filled, lines))
        moment = time.perf_counter() - started
        moments.append(moment if moment < seconds else -1.0)
    return booked, moments


def _book(ledger: Ledger, drawn: random.Random, filled: Filled, lines: int) -> int:
    store = drawn.choice(filled.store_ids)
    products = [drawn.randint(1, filled.products) for _ in range(lines)]
    sold = [Line("sold", product, filled.shelf(product, store), Decimal(1)) for product in products]
    return ledger.book(sold, user="clerk").id


def _state(database: Database) -> _State:
    with database.read() as connection:
        count = connection.scalar(select(func.count()).select_from(movements))
        units = connection.scalar(select(func.sum(store_levels.c.quantity)))
    return _State(count or 0, units or Decimal(0))


def _check(database: Database, before: _State, booked: Sequence[int], lines: int) -> None:
    with database.read() as connection:
        kept = 0
        for start in range(0, len(booked), _CHUNK):
            query = select(func.count()).where(bookings.c.id.in_(booked[start : start + _CHUNK]))
            kept += connection.scalar(query) or 0
    after = _state(database)
    if kept != len(booked) or len(set(booked)) != len(booked):
        raise BenchmarkError(f"of {len(booked)} acknowledged bookings, {kept} are there")
    expected = _State(before.movements + lines * len(booked), before.units - lines * len(booked))
    if after != expected:
        raise BenchmarkError(f"after the bookings the book says {after}, not {expected}")
