"""What the environment says of this machine. Built only at the edges, and handed down from there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shelfwise.errors import ConfigError

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """Places on this machine.

    Attributes:
        cache_dir: decoded photos are kept here: ``SHELFWISE_CACHE``, or ``shelfwise`` in the user's cache
            folder (``XDG_CACHE_HOME``, by default ``~/.cache``).
        model: the bundle to classify with where none is named: ``SHELFWISE_MODEL``, or None.
    """

    cache_dir: Path
    model: Path | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read the environment; an empty variable counts as not set.

        Raises:
            ConfigError: there is no home folder and no variable names a cache folder.
        """
        named = environment.get("SHELFWISE_CACHE")
        model = environment.get("SHELFWISE_MODEL")
        return cls(
            cache_dir=Path(named).expanduser() if named else _user_cache(environment) / "shelfwise",
            model=Path(model).expanduser() if model else None,
        )


def _user_cache(environment: Mapping[str, str]) -> Path:
    # The XDG rules: a relative path there is to be ignored.
    folder = Path(environment.get("XDG_CACHE_HOME", ""))
    if folder.is_absolute():
        return folder
    try:
        return Path.home() / ".cache"
    except RuntimeError as error:
        raise ConfigError("there is no home folder: set SHELFWISE_CACHE to a folder for the cache") from error
