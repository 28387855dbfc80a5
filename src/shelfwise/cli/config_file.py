"""``--config`` for commands whose settings are their options: a TOML file with the same names."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar, get_args, get_origin, get_type_hints

import typer
from typer.models import OptionInfo

__all__ = ["CONFIG_HELP", "takes_config_file"]

CONFIG_HELP: Final = "TOML file of settings, named as the options with _ for -."

Result = TypeVar("Result")


def takes_config_file(function: Callable[..., Result]) -> Callable[..., Result]:
    """Give a command the option ``--config FILE``, whose keys are its options with _ for -.

    What the command line says stands above the file. An unknown key, or a value of the wrong type or outside
    its range, is a :class:`~shelfwise.errors.ConfigError` that names file and line.
    """

    @functools.wraps(function)
    def command(*, config: Path | None, **arguments: Any) -> Result:
        return function(**arguments)

    hints = get_type_hints(function, include_extras=True)

    def apply(context: typer.Context, config: Path | None) -> Path | None:
        if config is not None and not context.resilient_parsing:
            context.default_map = _read(config, hints)
        return config

    own = [
        parameter.replace(annotation=hints[parameter.name], kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in inspect.signature(function).parameters.values()
    ]
    # Eager: the other parameters then look up their defaults when the file has been read.
    flag = typer.Option("--config", "-c", metavar="FILE", help=CONFIG_HELP, callback=apply, is_eager=True)
    option = inspect.Parameter(
        "config", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[Path | None, flag]
    )
    command.__signature__ = inspect.Signature([*own, option])  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in (*own, option)}
    return command


def _read(file: Path, hints: Mapping[str, Any]) -> dict[str, Any]:
    """What a file says of a function's options, by the names of their parameters."""
    from pydantic import ConfigDict, Field, create_model

    from shelfwise.config import load_config

    names: dict[str, str] = {}
    fields: dict[str, Any] = {}
    for name, hint in hints.items():
        if get_origin(hint) is not Annotated or not isinstance(info := get_args(hint)[1], OptionInfo):
            continue
        kind = get_args(hint)[0]
        key = _key(name, info)
        names[key] = name
        fields[key] = (Annotated[kind, Field(ge=info.min, le=info.max)] if _ranged(info) else kind, None)
    settings = create_model("Settings", __config__=ConfigDict(extra="forbid"), **fields)
    given = load_config(settings, file=file).model_dump(mode="json", exclude_unset=True)
    return {names[key]: value for key, value in given.items()}


def _key(name: str, info: OptionInfo) -> str:
    """What a file calls an option: the name of its longest flag."""
    # In an annotation, typer takes the first flag for the default until it builds the command.
    declared = [each for each in (info.default, *(info.param_decls or ())) if isinstance(each, str)]
    flags = [each.partition("/")[0] for each in declared]
    return max(flags, key=len).lstrip("-").replace("-", "_") if flags else name


def _ranged(info: OptionInfo) -> bool:
    return info.min is not None or info.max is not None
