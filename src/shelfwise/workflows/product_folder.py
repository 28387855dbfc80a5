"""Where a model's index of products is. Nothing heavy is imported here: every ``classify`` asks."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import shelfwise

__all__ = ["has_index", "index_folder"]


def index_folder(bundle: Path, given: Path | None, *, home: Callable[[], Path]) -> Path:
    """Where the index of a model's products is.

    Beside the bundle: ``runs/shop/products`` for ``runs/shop/bundle``, and ``models/int8.products`` for a bundle of
    another name, ``models/int8``, which may have neighbours. A model that comes with the package has its own in the
    user's data folder, under a name that an update of the package does not change; so has one that lies where nothing
    can be written, unless an index is there already.

    Args:
        bundle: the model's folder.
        given: the folder that was asked for, which it then is.
        home: gives the folder of the indexes in the user's data folder.
    """
    if given is not None:
        return given
    bundle = bundle.resolve()
    of_run = bundle.name == "bundle"
    beside = bundle.with_name("products" if of_run else f"{bundle.name}.products")
    package = Path(shelfwise.__file__).resolve().parent
    if beside.is_relative_to(package):
        return home() / "default"
    if beside.is_dir() or os.access(beside.parent, os.W_OK):
        return beside
    named = bundle.parent if of_run else bundle
    mark = hashlib.sha256(os.fsencode(named)).hexdigest()[:8]
    return home() / f"{named.name}-{mark}"


def has_index(folder: Path) -> bool:
    """Whether there is an index of products in the folder; without a look into it."""
    return os.path.lexists(folder / "index.json")
