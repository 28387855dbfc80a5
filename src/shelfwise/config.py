"""One strict configuration for a command: defaults, then a recipe, then a TOML file, then flags.

A key that the model does not know, or a value of the wrong type, is a :class:`~shelfwise.errors.ConfigError`
that says where it stands and what was expected.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from shelfwise.errors import ConfigError
from shelfwise.text import nearest

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = ["flag_name", "load_config", "read_config_file", "read_task"]

# Pydantic's words for a type, and ours.
_WORDS: Final = {
    "a valid integer": "a whole number",
    "a valid number": "a number",
    "a valid boolean": "true or false",
    "a valid string": "a text",
    "a valid array": "a list",
    "a valid list": "a list",
}

Model = TypeVar("Model", bound=BaseModel)
Settings = Mapping[str, object]


def load_config(
    model: type[Model],
    *,
    defaults: Settings | Callable[[Settings], Settings] | None = None,
    file: Path | None = None,
    flags: Settings | None = None,
) -> Model:
    """Merge settings from all places and check them strictly.

    Args:
        model: the pydantic model of the settings; its own defaults come first.
        defaults: settings that replace the model's defaults, or a function that gets what ``file`` and
            ``flags`` say and returns them (to look up a recipe that one of them names).
        file: a TOML file with keys named as the model's fields.
        flags: settings that stand above all others, with None for "not given".

    Raises:
        ConfigError: the file cannot be read, a key is unknown, a value is missing or of the wrong type.
    """
    from_file = {} if file is None else read_config_file(model, file)
    from_flags = {key: value for key, value in (flags or {}).items() if value is not None}
    for key in from_flags:
        _refuse_unknown(key, model, flag_name(key))
    given = {**from_file, **from_flags}
    base = defaults(given) if callable(defaults) else defaults or {}
    try:
        # By way of JSON, since only JSON has a mode that is strict about numbers, texts and truth values but
        # takes a text for a path and a list for a tuple, as TOML and flags give them.
        return model.model_validate_json(to_json({**base, **given}, inf_nan_mode="constants"), strict=True)
    except ValidationError as error:
        problems = [_explain(each, from_flags, from_file, file) for each in error.errors()]
        raise ConfigError("\n".join(problems)) from error


def read_config_file(model: type[BaseModel], file: Path) -> dict[str, object]:
    """Read a TOML file whose keys are fields of ``model``; the values are not checked yet.

    Raises:
        ConfigError: the file cannot be read, is not TOML, or has an unknown key.
    """
    settings = _read_toml(file)
    for key in settings:
        _refuse_unknown(key, model, _place(file, key))
    return settings


def read_task(file: Path) -> str | None:
    """What a TOML file says to be its ``task``, which decides what other keys it may have; None where it does not.

    Raises:
        ConfigError: the file cannot be read or is not TOML.
    """
    task = _read_toml(file).get("task")
    return None if task is None else str(task)


def flag_name(key: str) -> str:
    """The flag of a setting: ``--batch-size`` for ``batch_size``."""
    return "--" + key.replace("_", "-")


def _read_toml(file: Path) -> dict[str, object]:
    text = _read_text(file)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: not a TOML file: {error}") from error


def _read_text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except FileNotFoundError as error:
        raise ConfigError(f"{file}: there is no such configuration file") from error
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: not a TOML file: its text is not UTF-8") from error


def _refuse_unknown(key: str, model: type[BaseModel], place: str) -> None:
    if key in model.model_fields:
        return
    match = nearest(key, model.model_fields)
    hint = f"did you mean '{match}'?" if match else f"there are: {', '.join(model.model_fields)}"
    raise ConfigError(f"{place}: no setting is named '{key}'; {hint}")


def _explain(problem: ErrorDetails, flags: Settings, in_file: Settings, file: Path | None) -> str:
    """One line for one problem: where it is, what is there, what was expected."""
    what = problem["msg"].removeprefix("Value error, ").replace("Input should be", "expected")
    for theirs, ours in _WORDS.items():
        what = what.replace(theirs, ours)
    if not problem["loc"]:
        return what
    key = str(problem["loc"][0])
    if problem["type"] == "missing":
        return f"{key}: no value is given; add it to the configuration file or as {flag_name(key)}"
    name = key + "".join(f"[{part}]" for part in problem["loc"][1:])
    if key in flags:
        name = flag_name(key)
    elif key in in_file and file is not None:
        name = f"{_place(file, key)}: {name}"
    return f"{name} is {_shown(problem['input'])}: {what}"


def _shown(value: Any) -> str:
    text = to_json(value, inf_nan_mode="constants").decode()
    return text if len(text) <= 60 else text[:57] + "..."


def _place(file: Path, key: str) -> str:
    """The file, with the line that sets ``key`` where it is plain to see."""
    pattern = re.compile(
        rf"""\s*["']?{re.escape(key)}["']?\s*[=.]|\s*\[\s*["']?{re.escape(key)}["']?\s*[\].]"""
    )
    for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1):
        if pattern.match(line):
            return f"{file}, line {number}"
    return str(file)
