"""Commits that several threads share: one flush of the disk for all that wait."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine

__all__ = ["SharedCommits"]

_T = TypeVar("_T")

_AT_ONCE: Final = 256
"""Pieces of work in one transaction: more would keep the first one waiting."""


class _Job:
    __slots__ = ("done", "error", "result", "work")

    def __init__(self, work: Callable[[Connection], Any]) -> None:
        self.work = work
        self.done = False
        self.result: Any = None
        self.error: BaseException | None = None


class SharedCommits:
    """Group commit for SQLite, where one transaction writes at a time.

    Whoever holds the turn does the work of all who wait, each behind a savepoint, and commits once. Work is
    reported as done only after that commit.

    Args:
        engine: where to write; its ``begin`` event takes the lock when the option ``shelfwise_writes`` is set.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(shelfwise_writes=True)
        self._waiting: deque[_Job] = deque()
        self._turn = threading.Lock()
        self._holder: int | None = None

    def run(self, work: Callable[[Connection], _T]) -> _T:
        """Do ``work`` and commit; what it raises is raised here, and undoes only itself."""
        if self._holder == threading.get_ident():
            raise RuntimeError(
                "a write within a write would wait for itself: use the connection that is given"
            )
        job = _Job(work)
        self._waiting.append(job)
        with self._turn:
            if not job.done:
                self._holder = threading.get_ident()
                try:
                    while not job.done:
                        self._commit_those_that_wait()
                finally:
                    self._holder = None
        if job.error is not None:
            raise job.error
        return job.result  # type: ignore[no-any-return]

    def _commit_those_that_wait(self) -> None:
        jobs = [self._waiting.popleft() for _ in range(min(len(self._waiting), _AT_ONCE))]
        try:
            with self._engine.begin() as connection:
                for job in jobs:
                    _attempt(connection, job)
        except BaseException as error:  # noqa: BLE001  # raised again in each thread that waits
            # Nothing of it was kept, so nobody may be told otherwise: each gets the reason.
            for job in jobs:
                job.error = job.error or error
        for job in jobs:
            job.done = True


def _attempt(connection: Connection, job: _Job) -> None:
    connection.exec_driver_sql("SAVEPOINT job")
    try:
        job.result = job.work(connection)
    except BaseException as error:  # noqa: BLE001  # raised again in the thread whose work it was
        job.error = error
        connection.exec_driver_sql("ROLLBACK TO job")
    connection.exec_driver_sql("RELEASE job")
