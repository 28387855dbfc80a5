"""Command-line options made from the fields of a configuration model, with the same names."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    NamedTuple,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from shelfwise.cli.config_file import CONFIG_HELP
from shelfwise.config import flag_name

__all__ = ["ConfigFile", "Look", "config_options"]

Result = TypeVar("Result")

ConfigFile = Annotated[Path | None, typer.Option("--config", "-c", metavar="FILE", help=CONFIG_HELP)]
"""Annotation of the parameter ``config`` of a command with a configuration model; its default is None."""

_METAVARS: Final = {str: "NAME", int: "N", float: "X", bool: "", Path: "PATH"}
_SCALARS: Final = tuple(_METAVARS)


class Look(NamedTuple):
    """How a field is shown on the help page.

    Attributes:
        panel: the heading that it stands under.
        default: what is said of its default instead of the model's own value.
        help: what is said of it instead of its description.
    """

    panel: str = "Settings"
    default: str | None = None
    help: str | None = None


def config_options(
    model: type[BaseModel],
    *,
    skip: Collection[str] = (),
    looks: Mapping[str, Look] = MappingProxyType({}),
    also: type[BaseModel] | None = None,
) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Give a command an option for each field of ``model``.

    The decorated function takes ``flags``, a mapping of the options that were given (only those), which goes
    to :func:`shelfwise.config.load_config`. A field's description is the option's help; a truth value becomes
    ``--x/--no-x``, a ``Literal`` a choice, and a list an option to repeat, each time with one value or with
    several between commas.

    Args:
        model: the configuration.
        skip: fields that get no option, since the function has a parameter of its own for them.
        looks: how fields are shown on the help page, where that is not all said by the model.
        also: another configuration, of which the fields that ``model`` has not get options too.
    """
    fields = {**({} if also is None else also.model_fields), **model.model_fields}
    own = [*model.model_fields, *(name for name in fields if name not in model.model_fields)]
    names = [name for name in own if name not in skip]

    def decorate(function: Callable[..., Result]) -> Callable[..., Result]:
        @functools.wraps(function)
        def command(**arguments: Any) -> Result:
            given = {name: arguments.pop(name) for name in names}
            flags = {name: _split(value) for name, value in given.items() if value not in (None, [])}
            return function(**arguments, flags=flags)

        signature = inspect.signature(function)
        hints = get_type_hints(function, include_extras=True)
        kept = [
            parameter.replace(annotation=hints[parameter.name], kind=inspect.Parameter.KEYWORD_ONLY)
            for parameter in signature.parameters.values()
            if parameter.name != "flags"
        ]
        added = [_option(name, fields[name], looks.get(name, Look())) for name in names]
        command.__signature__ = inspect.Signature([*kept, *added])  # type: ignore[attr-defined]
        command.__annotations__ = {each.name: each.annotation for each in (*kept, *added)}
        return command

    return decorate


def _option(name: str, field: FieldInfo, look: Look) -> inspect.Parameter:
    kind = _option_type(name, field.annotation)
    flag = flag_name(name)
    option = typer.Option(
        f"{flag}/--no-{flag[2:]}" if kind is bool else flag,
        help=_help(field, look, kind),
        metavar=_metavar(kind),
        rich_help_panel=look.panel,
    )
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, option]
    )


def _metavar(kind: Any) -> str:
    if get_origin(kind) is list:
        return "PATH" if get_args(kind) == (Path,) else "A,B"
    return _METAVARS.get(kind, "NAME")


def _option_type(name: str, annotation: Any) -> Any:
    """What the parser is told: a scalar, a ``Literal`` or a list of scalars."""
    origin = get_origin(annotation)
    arguments = [each for each in get_args(annotation) if each is not type(None)]
    if origin is Annotated:
        return _option_type(name, arguments[0])
    if origin in (Union, types.UnionType) and len(arguments) == 1:
        return _option_type(name, arguments[0])
    if origin in (list, tuple, set, frozenset):
        return list[_option_type(name, arguments[0])]  # type: ignore[misc]
    if annotation in _SCALARS or origin is Literal:
        return annotation
    raise TypeError(f"no option can be made of field {name}: {annotation}; put it in skip")


def _help(field: FieldInfo, look: Look, kind: Any) -> str:
    text = look.help or field.description or ""
    if get_origin(kind) is Literal:
        text += f" One of: {', '.join(get_args(kind))}."
    if look.default is not None:
        return f"{text} ({look.default})"
    default = field.default
    if default is None or not isinstance(default, _SCALARS):
        return text
    shown = {True: "yes", False: "no"}[default] if isinstance(default, bool) else default
    return f"{text} (default {shown})"


def _split(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    parts = [part.split(",") if isinstance(part, str) else [part] for part in value]
    return [part for some in parts for part in some]
