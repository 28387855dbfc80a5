"""Tables for people, and the examples under a help page."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = ["console", "examples_text", "table"]

PLAIN_WIDTH: Final = 200


def table(*headings: str, title: str | None = None) -> Table:
    """A table with these columns; ``>`` before a heading aligns its column to the right."""
    from rich import box
    from rich.table import Table

    made = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        right = heading.startswith(">")
        made.add_column(heading.lstrip(">"), justify="right" if right else "left", overflow="fold")
    return made


def console(file: IO[str] | None = None, *, soft_wrap: bool = False) -> Console:
    """Where to print tables: a file, or else standard output; with ``soft_wrap`` the terminal alone breaks lines."""
    from rich.console import Console

    class Plain(Console):
        def on_broken_pipe(self) -> None:
            """Let the command end as one whose reader went away; Rich would leave with 1."""
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))

    terminal = file is None and sys.stdout.isatty()
    # Off a terminal there is no width to keep to: lines stay whole for grep and for logs.
    width = None if terminal else PLAIN_WIDTH
    return Plain(file=file, width=width, soft_wrap=soft_wrap, highlight=False, markup=False, emoji=False)


def examples_text(lines: Sequence[str]) -> str:
    """What stands under a help page: these command lines."""
    # An empty line between them: the help page joins the lines of a paragraph.
    return "\n\n".join(["Examples:", *(f"  {line}".replace("[", "\\[") for line in lines)])
