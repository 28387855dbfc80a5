"""Optional dependencies: imported where they are used, with an error that says what to install."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Final

from shelfwise.errors import MissingExtraError

__all__ = ["require", "require_found"]

_TELEMETRY: Final = "openvino_telemetry"
_importing: Final = threading.RLock()
"""Held while a library is hidden: what one thread hides, another would not find again."""


def require(module: str, *, what: str, extra: str) -> ModuleType:
    """Import ``module`` and return it, without letting it report that.

    Args:
        module: dotted name of the module.
        what: what needs it, for people ("Training").
        extra: the extra of this package that brings it ("train").

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        with _importing, contextlib.nullcontext() if module in sys.modules else _no_telemetry():
            return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.partition(".")[0] == module.partition(".")[0]:
            raise MissingExtraError(what, extra) from error
        raise


def require_found(*modules: str, what: str, extra: str) -> None:
    """Make sure that modules can be imported, without the time that it takes to import them.

    Args:
        modules: names of top-level modules.
        what: as in :func:`require`.
        extra: as in :func:`require`.

    Raises:
        MissingExtraError: one is not installed.
    """
    for module in modules:
        if importlib.util.find_spec(module) is None:
            raise MissingExtraError(what, extra)


@contextlib.contextmanager
def _no_telemetry() -> Iterator[None]:
    """Hide the library by which OpenVINO and NNCF report that they are imported and used.

    They do without it where it cannot be imported. Their switches come too late: the sender is made, and with it
    files in the user's home, before these are looked at.
    """
    loaded = {name: module for name, module in list(sys.modules.items()) if _is_telemetry(name)}
    for name in loaded:
        sys.modules.pop(name, None)
    sys.modules[_TELEMETRY] = None  # type: ignore[assignment]  # what makes an import fail
    try:
        yield
    finally:
        sys.modules.pop(_TELEMETRY, None)
        sys.modules.update(loaded)


def _is_telemetry(module: str) -> bool:
    return module.partition(".")[0] == _TELEMETRY
