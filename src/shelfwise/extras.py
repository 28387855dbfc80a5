"""Optional dependencies: imported where they are used, with an error that says what to install."""

from __future__ import annotations

import importlib
from types import ModuleType

from shelfwise.errors import MissingExtraError

__all__ = ["require"]


def require(module: str, *, what: str, extra: str) -> ModuleType:
    """Import ``module`` and return it.

    Args:
        module: dotted name of the module.
        what: what needs it, for people ("Training").
        extra: the extra of this package that brings it ("train").

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.partition(".")[0] == module.partition(".")[0]:
            raise MissingExtraError(what, extra) from error
        raise
