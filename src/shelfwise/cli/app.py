"""The command ``shelfwise``: a table of commands, each imported only when it runs, and the exit codes.

Exit codes: 0 fine; 1 some inputs failed, or findings that count as failure; 2 wrong usage or a
:class:`~shelfwise.errors.ShelfwiseError`; 130 interrupted; 141 the reader of the output went away.
"""

from __future__ import annotations

import errno
import importlib
import inspect
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Final, NamedTuple, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

import shelfwise
from shelfwise.cli.tables import examples_text
from shelfwise.errors import ShelfwiseError

__all__ = ["COMMANDS", "Entry", "app", "main"]

FAILED: Final = 2
INTERRUPTED: Final = 130
PIPE_CLOSED: Final = 141
# How writing to a standard stream fails. It has no file name, and other files are written by shelfwise.files.
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF})
# What the framework says of a number that cannot be read goes on about parsing.
_PLAIN: Final = {
    "Input should be a valid integer": "give a whole number",
    "Input should be a valid number": "give a number",
}


class Entry(NamedTuple):
    """Where a command lives.

    Attributes:
        module: its module, imported when the command is used. It may hold ``EXAMPLES``, a tuple of command
            lines that ``--help`` shows.
        attribute: a ``typer.Typer`` there (a group of commands) or a function with typer's annotations.
        help: one line for the list of commands.
    """

    module: str
    attribute: str
    help: str


COMMANDS: Final[Mapping[str, Entry]] = {
    "data": Entry("shelfwise.cli.data", "app", "List, fetch, check and draw sets of photos."),
    "train": Entry("shelfwise.cli.train", "train", "Train a model on a folder of labelled photos."),
    "evaluate": Entry("shelfwise.cli.evaluate", "evaluate", "Measure a trained model on labelled photos."),
    "crossval": Entry("shelfwise.cli.crossval", "crossval", "Train and test over a set's official folds."),
    "classify": Entry("shelfwise.cli.classify", "classify", "Name the products on photos."),
    "shelf": Entry("shelfwise.cli.shelf", "shelf", "Find, name and count the products on shelf photos."),
    "products": Entry("shelfwise.cli.products", "app", "Learn new products from a few photos; find them."),
    "serve": Entry("shelfwise.cli.serve", "serve", "Run the shop's server: stock, photos, users."),
    "stock": Entry("shelfwise.cli.stock", "app", "The stock book: book, look up, import, export."),
    "review": Entry("shelfwise.cli.review", "app", "Answers to look at; photos to train on from them."),
    "users": Entry("shelfwise.cli.users", "app", "Who may use the server, and what they may do."),
    "db": Entry("shelfwise.cli.db", "app", "Make, back up, restore and check the stock book."),
    "export": Entry("shelfwise.cli.export", "export", "Make a smaller or faster form of a model."),
    "benchmark": Entry("shelfwise.cli.benchmark", "benchmark", "Measure how fast photos are classified."),
    "models": Entry("shelfwise.cli.models", "app", "List the networks and show how they are built."),
    "demo": Entry("shelfwise.cli.demo", "demo", "Go through it all once on a rendered sample set."),
}

EXAMPLES: Final = (
    "shelfwise demo",
    "shelfwise train photos/ --recipe lite0 --out runs/shop",
    "shelfwise classify new/ --model runs/shop/bundle --format csv",
)

SETTINGS: Final = {"help_option_names": ["-h", "--help"]}


class LazyGroup(TyperGroup):
    """Lists commands from :data:`COMMANDS` without importing them; imports the one that is called."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, entry in COMMANDS.items():
            self.commands[name] = TyperCommand(name, help=entry.help)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Replace the named placeholder by the real command."""
        name, placeholder, rest = super().resolve_command(ctx, args)
        if name is None or placeholder is None:
            return name, placeholder, rest
        return name, load_command(name), rest

    def invoke(self, ctx: Any) -> Any:
        """Run the command; its expected errors and an interruption become one line and an exit code."""
        try:
            return super().invoke(ctx)
        except ShelfwiseError as error:
            _print_error(f"error: {error}")
            raise typer.Exit(FAILED) from error
        except typer.BadParameter as error:
            error.message = _in_plain_words(error.message)
            raise
        # A question that is answered with Ctrl-C is aborted.
        except (KeyboardInterrupt, typer.Abort) as error:
            _print_error("interrupted")
            raise typer.Exit(INTERRUPTED) from error
        except BrokenPipeError as error:
            _discard_output()
            raise typer.Exit(PIPE_CLOSED) from error


def _in_plain_words(message: str) -> str:
    """What the framework says of a value, without what is meant for programmers."""
    for beginning, plain in _PLAIN.items():
        if message.startswith(beginning):
            return plain
    return message.removeprefix("Value error, ")


def load_command(name: str) -> TyperCommand | TyperGroup:
    """Import a command of the table and build it for the parser."""
    entry = COMMANDS[name]
    module = importlib.import_module(entry.module)
    target = getattr(module, entry.attribute)
    command: Any
    if isinstance(target, typer.Typer):
        command = get_group(target)
    else:
        wrapper = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        wrapper.command(name)(target)
        command = get_command(wrapper)
    command.name = name
    command.no_args_is_help = isinstance(command, TyperGroup)
    command.context_settings = {**SETTINGS, **command.context_settings}
    command.epilog = command.epilog or _epilog(module)
    for each in (command, *getattr(command, "commands", {}).values()):
        each.help = _reflowed(each.help)
    return command  # type: ignore[no-any-return]


def _reflowed(text: str | None) -> str | None:
    """A docstring whose paragraphs are one line each, so that the terminal alone decides where lines break."""
    if text is None:
        return None
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _epilog(module: ModuleType) -> str | None:
    examples: Sequence[str] = getattr(module, "EXAMPLES", ())
    return examples_text(examples) if examples else None


app = typer.Typer(
    name="shelfwise",
    cls=LazyGroup,
    help=shelfwise.__doc__,
    epilog=examples_text(EXAMPLES),
    no_args_is_help=True,
    context_settings=SETTINGS,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"shelfwise {shelfwise.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave the process with its exit code.

    Args:
        args: the arguments after the program's name; by default the process's own.
    """
    try:
        code = _run(args)
        sys.stdout.flush()
    except OSError as error:
        code = _output_failure(error)
        _discard_output()
    sys.exit(code)


def _run(args: Sequence[str] | None) -> int:
    try:
        get_command(app).main(args, prog_name="shelfwise")
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else int(done.code is not None)
    return 0


def _output_failure(error: OSError) -> int:
    """Tell that the output cannot be written, if that is what the error is about, and say the exit code."""
    if error.errno == errno.EPIPE:
        return PIPE_CLOSED
    if error.errno not in _NO_ROOM or error.filename is not None:
        raise error
    _print_error(f"error: the output cannot be written: {error.strerror}")
    return FAILED


def _print_error(message: str) -> None:
    from rich.console import Console
    from rich.text import Text

    Console(stderr=True, soft_wrap=True, highlight=False).print(Text(message, style="red"))


def _discard_output() -> None:
    """Let the interpreter's last flush of standard output succeed although nobody reads it."""
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
