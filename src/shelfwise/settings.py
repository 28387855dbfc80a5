"""What the environment says of this machine. Built only at the edges, and handed down from there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shelfwise.errors import ConfigError

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """Places that the environment names; an empty variable counts as not set.

    Attributes:
        environment: the variables, by default the process's own. They are looked up when they are asked for, so
            that a machine without a home folder does what needs none.
    """

    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)

    @property
    def cache_dir(self) -> Path:
        """What can be had again is kept here: ``SHELFWISE_CACHE``, else ``shelfwise`` in the user's cache folder.

        Raises:
            ConfigError: there is no home folder and no variable names one.
        """
        return self._path("SHELFWISE_CACHE") or self._user_folder(
            "XDG_CACHE_HOME", ".cache", instead="SHELFWISE_CACHE"
        )

    @property
    def data_dir(self) -> Path:
        """Fetched sets live here: ``SHELFWISE_DATA``, else ``shelfwise/data`` in the user's data folder.

        Raises:
            ConfigError: there is no home folder and no variable names one.
        """
        named = self._path("SHELFWISE_DATA")
        if named is not None:
            return named.absolute()
        return self._user_folder("XDG_DATA_HOME", ".local/share", instead="SHELFWISE_DATA") / "data"

    @property
    def model(self) -> Path | None:
        """The bundle to classify with where none is named: ``SHELFWISE_MODEL``."""
        return self._path("SHELFWISE_MODEL")

    @property
    def products(self) -> Path | None:
        """The index of products to use where none is named: ``SHELFWISE_PRODUCTS``."""
        return self._path("SHELFWISE_PRODUCTS")

    @property
    def products_home(self) -> Path:
        """Indexes of models in the package or in a read-only place: ``shelfwise/products`` in the user's data folder.

        Raises:
            ConfigError: there is no home folder.
        """
        return self._user_folder("XDG_DATA_HOME", ".local/share", instead="SHELFWISE_PRODUCTS") / "products"

    @property
    def home(self) -> Path:
        """The shop's own data, stock and photos among them: ``SHELFWISE_HOME``, else ``shelfwise/shop`` in the user's
        data folder.

        Raises:
            ConfigError: there is no home folder and no variable names one.
        """
        named = self._path("SHELFWISE_HOME")
        if named is not None:
            return named.absolute()
        return self._user_folder("XDG_DATA_HOME", ".local/share", instead="SHELFWISE_HOME") / "shop"

    @property
    def database(self) -> str | None:
        """Address of the shop's database where it is no file in :attr:`home`: ``SHELFWISE_DATABASE``."""
        return self.environment.get("SHELFWISE_DATABASE") or None

    @property
    def mirror(self) -> str | None:
        """Address of a server that has the files of the public sets: ``SHELFWISE_MIRROR``."""
        return self.environment.get("SHELFWISE_MIRROR") or None

    @property
    def hub(self) -> str | None:
        """Address of a model hub: ``HF_ENDPOINT``, which Hugging Face's own tools read too."""
        return self.environment.get("HF_ENDPOINT") or None

    def _path(self, variable: str) -> Path | None:
        named = self.environment.get(variable)
        return Path(named).expanduser() if named else None

    def _user_folder(self, variable: str, below_home: str, *, instead: str) -> Path:
        # The XDG rules: a relative path there is to be ignored.
        folder = Path(self.environment.get(variable, ""))
        if folder.is_absolute():
            return folder / "shelfwise"
        try:
            return Path.home() / below_home / "shelfwise"
        except RuntimeError as error:
            raise ConfigError(f"there is no home folder: set {instead} to a folder") from error
