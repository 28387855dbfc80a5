"""Where a command's results go: standard output, or a file that appears when it is complete."""

from __future__ import annotations

import functools
import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

__all__ = ["Style", "on_one_terminal", "result_file", "style_for"]

Style = Callable[[str, str], str]
"""Colours a text: ``style(text, colour)``."""


@contextmanager
def result_file(path: Path | None) -> Iterator[Callable[[str], None]]:
    """Something to write rows with: to standard output, or to a file that appears when it is complete.

    File names pass through byte by byte, whatever their encoding.

    Args:
        path: the file; None for standard output.

    Raises:
        StorageError: the file cannot be written; it is then as it was before.
    """
    if path is None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            encoding = None if sys.stdout.isatty() else "utf-8"
            sys.stdout.reconfigure(encoding=encoding, errors="surrogateescape")
        yield _write_to_stdout
        return
    from shelfwise.files import atomic_path

    with (
        atomic_path(path) as temporary,
        temporary.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file,
    ):
        yield functools.partial(print, end="", file=file)


def _write_to_stdout(text: str) -> None:
    # Looked up each time: a progress bar puts itself in its place to keep rows above the bar.
    sys.stdout.write(text)
    sys.stdout.flush()


def on_one_terminal() -> bool:
    """Whether standard output and standard error are both seen by a person, so that nothing need be told on both."""
    return sys.stdout.isatty() and sys.stderr.isatty()


def style_for(to_stdout: bool) -> Style:
    """What colours texts: on a terminal that wants it, else nothing."""
    if not to_stdout or not sys.stdout.isatty() or "NO_COLOR" in os.environ:
        return lambda text, colour: text
    return lambda text, colour: typer.style(text, fg=colour)
