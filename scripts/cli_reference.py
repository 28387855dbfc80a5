"""Writes docs/cli.md from the commands themselves (`make docs`); a test holds the page to them."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shelfwise.cli.app import COMMANDS, load_command
from shelfwise.cli.training_options import PANELS

PAGE = Path(__file__).parents[1] / "docs" / "cli.md"

INTRODUCTION = """\
# The command line

`shelfwise COMMAND --help` shows the same on the terminal.

| exit code | meaning |
|---|---|
| 0 | all is well |
| 1 | some photos could not be read, a file to import has bad rows, or `data check` or `db check` found errors |
| 2 | wrong usage, or an error that the message explains |
| 130 | interrupted (Ctrl-C) |
| 141 | the program that read the output has ended |

Results go to standard output; progress, notes and errors go to standard error. Progress is a bar on a terminal
and a plain line every five seconds elsewhere; `NO_COLOR=1` and `TERM=dumb` are honoured.

| environment variable | meaning |
|---|---|
| `HF_ENDPOINT` | address of the model hub, or of a mirror (default `https://huggingface.co`) |
| `SHELFWISE_CACHE` | folder for photos and weights (default `$XDG_CACHE_HOME/shelfwise` or `~/.cache/shelfwise`) |
| `SHELFWISE_DATA` | folder for fetched sets (default `shelfwise/data` in `$XDG_DATA_HOME` or `~/.local/share`) |
| `SHELFWISE_DATABASE` | the shop's database: `postgresql://user@host/shop` (default `stock.db` in its folder) |
| `SHELFWISE_HOME` | the shop's folder (default `shelfwise/shop` in `$XDG_DATA_HOME` or `~/.local/share`) |
| `SHELFWISE_MIRROR` | address of a server that holds the files of `data fetch` as `NAME/ARCHIVE` |
| `SHELFWISE_MODEL` | bundle that `classify`, `shelf` and `products` take where `--model` is not given |
| `SHELFWISE_PRODUCTS` | index of products that they take where `--index` is not given |
"""


def reference() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    for name in COMMANDS:
        parts.extend(_sections(("shelfwise", name), load_command(name)))
    return "\n".join(parts)


def _sections(path: tuple[str, ...], command: Any) -> Iterator[str]:
    yield _section(path, command)
    for name, part in getattr(command, "commands", {}).items():
        yield from _sections((*path, name), part)


def _section(path: tuple[str, ...], command: Any) -> str:
    name = " ".join(path)
    lines = [f"{'#' * len(path)} `{name}`", "", inspect.cleandoc(command.help or ""), ""]
    if not hasattr(command, "commands"):
        arguments = [each for each in command.params if each.param_type_name == "argument"]
        options = [each for each in command.params if each.param_type_name == "option"]
        usage = " ".join([name, "[OPTIONS]", *(_argument_name(each) for each in arguments)])
        lines += ["```text", usage, "```", "", "| | |", "|---|---|"]
        lines += [f"| `{_argument_name(each)}` | {_cell(each.help)} |" for each in arguments]
        lines += _option_rows(name, options)
        lines.append("")
    if command.epilog:
        examples = [line.strip().replace("\\[", "[") for line in command.epilog.split("\n\n")[1:]]
        lines += ["```console", *(f"$ {line}" for line in examples), "```", ""]
    return "\n".join(lines)


def _option_rows(command: str, options: list[Any]) -> Iterator[str]:
    of_training = [each for each in options if each.rich_help_panel in PANELS]
    repeated = bool(of_training) and command != "shelfwise train"
    for option in options:
        if not (repeated and option in of_training):
            yield f"| {_option_names(option)} | {_option_help(option)} |"
    if repeated:
        yield "| … | and the settings of [`shelfwise train`](#shelfwise-train) |"


def _argument_name(argument: Any) -> str:
    name = argument.metavar or argument.name.upper() + ("..." if argument.nargs == -1 else "")
    return name if argument.required else f"[{name}]"


def _option_names(option: Any) -> str:
    value = "" if option.is_flag else f" {option.metavar or _type_name(option)}"
    return ", ".join(
        f"`{each}{value}`".replace("|", "\\|") for each in (*option.opts, *option.secondary_opts)
    )


def _type_name(option: Any) -> str:
    descriptor = option.type_descriptor
    return "|".join(str(getattr(each, "value", each)) for each in descriptor.choices or ()) or "VALUE"


def _option_help(option: Any) -> str:
    shown = getattr(option.default, "value", option.default)
    if shown is None or isinstance(shown, bool) or not option.show_default:
        return _cell(option.help)
    return f"{_cell(option.help)} (default {shown})"


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


def main() -> None:
    """Write the page."""
    PAGE.write_text(reference(), "utf-8")
    sys.stdout.write(f"wrote {PAGE}\n")


if __name__ == "__main__":
    main()
