"""Arguments below zero: ``-3`` is a number where a command has no option of that name, not an option."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from typer.core import TyperCommand

__all__ = ["NumberCommand"]

_BELOW_ZERO: Final = re.compile(r"-\d+(?:[.,]\d+)?")


class NumberCommand(TyperCommand):
    """A command whose last argument is a number that may be written with a minus, before or after its options.

    All of its options take a value, so what follows one is that value.
    """

    def parse_args(self, ctx: Any, args: Sequence[str]) -> list[str]:
        """Put numbers below zero where the parser looks for no options."""
        return super().parse_args(ctx, _behind_options(list(args)))


def _behind_options(args: list[str]) -> list[str]:
    if "--" in args:
        return args
    numbers = [place for place in range(len(args)) if _is_number(args, place)]
    rest = [text for place, text in enumerate(args) if place not in numbers]
    return [*rest, "--", *(args[place] for place in numbers)] if numbers else args


def _is_number(args: Sequence[str], place: int) -> bool:
    before = args[place - 1] if place else ""
    is_value = before.startswith("--") and "=" not in before
    return not is_value and _BELOW_ZERO.fullmatch(args[place]) is not None
