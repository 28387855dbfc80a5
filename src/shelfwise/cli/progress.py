"""Progress of long work on standard error: a bar with ETA on a terminal, plain lines off it.

Work that is over within two seconds shows nothing. A stage is a callable ``(done, total, text="")``, which is
what library code takes as its ``progress``::

    with Progress() as progress:
        images, errors = cached_images(items, preprocessing, cache, progress=progress.stage("Decoding"))
        epochs = progress.stage("Training")
        epochs(3, 200, "loss 0.53 acc 81 %")

    for path in track(paths, "Reading"):     # one stage around a loop
        ...
    with stage("Hashing") as report:         # one stage as a callback
        content_hashes(dataset, progress=report)
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from types import TracebackType
from typing import TYPE_CHECKING, Final, Protocol, Self, TextIO, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

__all__ = ["Progress", "Stage", "duration", "stage", "track"]

Item = TypeVar("Item")

DELAY: Final = 2.0
"""Seconds before anything shows."""
INTERVAL: Final = 5.0
"""Seconds between two lines off a terminal."""


class _Display(Protocol):
    def add(self, stage: Stage) -> None: ...
    def update(self, stage: Stage) -> None: ...
    def finish(self, stage: Stage) -> None: ...
    def note(self, text: str) -> None: ...
    def close(self) -> None: ...


class Progress:
    """Shows one or several stages of work, one after the other or side by side.

    Args:
        stream: where to write; by default standard error.
        clock: seconds that only go forward (for tests).
    """

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        stream = sys.stderr if stream is None else stream
        self._clock = clock
        self._open: list[Stage] = []
        self._display: _Display = _Bars(stream) if _is_terminal(stream) else _Lines(stream, clock)

    def stage(self, description: str, total: int | None = None) -> Stage:
        """Begin a stage of ``total`` steps (None: not known yet); call the result to report progress."""
        new = Stage(description, total, self._clock, self._changed)
        self._open.append(new)
        self._display.add(new)
        return new

    def finish(self, done: Stage) -> None:
        """End a stage before it has reached its total, and before this object is closed."""
        if done in self._open:
            self._open.remove(done)
            self._display.finish(done)

    def _changed(self, stage: Stage) -> None:
        self._display.update(stage)
        if stage.complete:
            self.finish(stage)

    def note(self, text: str) -> None:
        """Write a line of its own, above the bars where there are any."""
        self._display.note(text)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            for each in tuple(self._open):
                self.finish(each)
        self._display.close()


class Stage:
    """One stage: call it with ``(done, total)`` and, if there is something to say, a short live text.

    Attributes:
        description: what is being done ("Decoding").
        total: number of steps, or None where it is not known.
        done: steps so far.
        text: live text ("loss 0.53").
        started: the clock at its beginning.
        first: steps that were done already at the first report (a resumed run); the ETA leaves them out.
    """

    def __init__(
        self,
        description: str,
        total: int | None,
        clock: Callable[[], float],
        changed: Callable[[Stage], None],
    ) -> None:
        self.description = description
        self.total = total
        self.done = 0
        self.text = ""
        self.started = clock()
        self.first: int | None = None
        self._changed = changed
        self._clock = clock

    def __call__(self, done: int, total: int | None = None, text: str = "") -> None:
        """Report that ``done`` of ``total`` steps are done."""
        self.done = done
        self.total = self.total if total is None else total
        self.text = text or self.text
        if self.first is None:
            # A first report of one step is the first step; of more, work done before this process began.
            self.first = done if done > 1 else 0
        self._changed(self)

    def advance(self, steps: int = 1) -> None:
        """Report ``steps`` more steps done."""
        self(self.done + steps)

    @property
    def complete(self) -> bool:
        """Whether all steps are done."""
        return self.total is not None and self.done >= self.total

    @property
    def elapsed(self) -> float:
        """Seconds since the stage began."""
        return self._clock() - self.started

    @property
    def remaining(self) -> float | None:
        """Seconds left at the mean speed so far; None where that is not known."""
        steps = self.done - (self.first or 0)
        if not self.total or steps <= 0:
            return None
        return self.elapsed / steps * max(self.total - self.done, 0)


class _Lines:
    """Plain lines, one every few seconds: for logs and pipes."""

    def __init__(self, stream: TextIO, clock: Callable[[], float]) -> None:
        self._stream = stream
        self._clock = clock
        self._last: dict[Stage, float] = {}
        self._spoken: set[Stage] = set()

    def add(self, stage: Stage) -> None:
        self._last[stage] = stage.started

    def update(self, stage: Stage) -> None:
        now = self._clock()
        if stage.complete or now - self._last[stage] < INTERVAL:
            return
        self._last[stage] = now
        self._spoken.add(stage)
        self.note(_line(stage))

    def finish(self, stage: Stage) -> None:
        if stage in self._spoken:
            text = f", {stage.text}" if stage.text else ""
            self.note(f"{stage.description}: {stage.done:,} done in {duration(stage.elapsed)}{text}")

    def note(self, text: str) -> None:
        print(text, file=self._stream, flush=True)

    def close(self) -> None:
        pass


def _line(stage: Stage) -> str:
    parts = [f"{stage.done:,} done"]
    if stage.total:
        parts = [f"{100 * stage.done // stage.total} % ({stage.done:,} of {stage.total:,})"]
    if stage.remaining is not None:
        parts.append(f"{duration(stage.remaining)} left")
    if stage.text:
        parts.append(stage.text)
    return f"{stage.description}: {', '.join(parts)}"


class _Bars:
    """Rich's bars. Timers show them, so that a long first step is seen and short work is not."""

    def __init__(self, stream: TextIO) -> None:
        self._rich = _rich_bars(stream)
        self._tasks: dict[Stage, TaskID] = {}
        self._timers: dict[Stage, threading.Timer] = {}
        self._lock = threading.Lock()
        self._closed = False

    def add(self, stage: Stage) -> None:
        self._tasks[stage] = self._rich.add_task(stage.description, total=stage.total, text="", visible=False)
        timer = threading.Timer(DELAY, self._show, [stage])
        timer.daemon = True
        self._timers[stage] = timer
        timer.start()

    def update(self, stage: Stage) -> None:
        self._rich.update(self._tasks[stage], completed=stage.done, total=stage.total, text=stage.text)

    def finish(self, stage: Stage) -> None:
        self._timers.pop(stage).cancel()
        self._rich.update(self._tasks[stage], total=stage.total or stage.done)

    def note(self, text: str) -> None:
        self._rich.console.print(text, markup=False, highlight=False)

    def close(self) -> None:
        with self._lock:
            self._closed = True
        for timer in self._timers.values():
            timer.cancel()
        if self._rich.live.is_started:
            self._rich.stop()

    def _show(self, stage: Stage) -> None:
        with self._lock:
            if not self._closed:
                self._rich.update(self._tasks[stage], visible=True)
                self._rich.start()


def _rich_bars(stream: TextIO) -> RichProgress:
    from rich import progress
    from rich.console import Console

    return progress.Progress(
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(bar_width=28),
        progress.TaskProgressColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        progress.TextColumn("{task.fields[text]}", markup=False),
        console=Console(file=stream, force_terminal=True),
        # Rows that go to the same terminal are kept above the bars; rows that go to a file stay there.
        redirect_stdout=sys.stdout.isatty(),
    )


def _is_terminal(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM", "") not in {"dumb", "unknown"}


@contextlib.contextmanager
def stage(description: str, total: int | None = None) -> Iterator[Stage]:
    """Show one stage while the block runs; the block gets the callable to report with."""
    with Progress() as progress:
        yield progress.stage(description, total)


def track(items: Iterable[Item], description: str, total: int | None = None) -> Iterator[Item]:
    """Give the items on, showing how many of ``total`` (by default their number) are done."""
    if total is None and isinstance(items, Sized):
        total = len(items)
    with stage(description, total) as report:
        for item in items:
            yield item
            report.advance()


def duration(seconds: float) -> str:
    """A time for people: ``8 s``, ``3 min 10 s``, ``1 h 05 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
