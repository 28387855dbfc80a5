"""Write the sample set: a folder per category, and files that say that nothing in it was photographed."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL

import shelfwise
from shelfwise.datasets.folders import atomic_folder
from shelfwise.datasets.layouts.base import SAMPLE_MARKER
from shelfwise.datasets.sample.cereal_box import CEREAL_BOX
from shelfwise.datasets.sample.coffee_bag import COFFEE_BAG
from shelfwise.datasets.sample.juice_bottle import JUICE_BOTTLE
from shelfwise.datasets.sample.milk_carton import MILK_CARTON
from shelfwise.datasets.sample.model import Model, Packaging
from shelfwise.datasets.sample.scene import photograph
from shelfwise.datasets.sample.soda_can import SODA_CAN
from shelfwise.errors import ConfigError, DataError
from shelfwise.files import storage_errors

__all__ = ["CATEGORIES", "render_photo", "render_sample"]

_PACKAGINGS: tuple[Packaging, ...] = (CEREAL_BOX, COFFEE_BAG, JUICE_BOTTLE, MILK_CARTON, SODA_CAN)
_DESIGNS = 12
_VERSION = 1

CATEGORIES: tuple[str, ...] = tuple(packaging.name for packaging in _PACKAGINGS)
"""The five categories, in label order."""

_README = """\
These pictures are rendered, not photographed
=============================================

Shelfwise drew them with `shelfwise data sample` ({count} pictures in each of {categories} categories, seed {seed},
{size}×{size} pixels). The products and brands are invented. The set is for trying the program out and for
its tests: a model trained on it knows drawings of packages and is of no use on photos of real ones, and no figure
measured on it says anything about real photos.
"""


def render_sample(
    folder: Path,
    *,
    per_class: int = 100,
    seed: int = 42,
    size: int = 256,
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Render the sample set; the folder appears as a whole or not at all.

    The same arguments give the same bytes with the same versions of numpy and Pillow on the same kind of
    machine. A picture does not depend on how many are rendered.

    Args:
        folder: where to; it may hold an older sample set, which is replaced, and nothing else.
        per_class: pictures of each of the five categories.
        seed: another one gives other designs and other pictures.
        size: width and height in pixels.
        force: replace whatever the folder holds.
        progress: called with (pictures done, pictures in all).

    Returns:
        The folder.

    Raises:
        ConfigError: a number is out of range.
        DataError: the folder holds something else.
        StorageError: it cannot be written.
    """
    _check(folder, per_class=per_class, seed=seed, size=size, force=force)
    folder = folder.absolute()
    done, total = 0, per_class * len(CATEGORIES)
    with atomic_folder(folder, replace=True) as temporary:
        _write_notes(temporary, per_class=per_class, seed=seed, size=size)
        for category in CATEGORIES:
            with storage_errors(folder):
                (temporary / category).mkdir()
            for index in range(per_class):
                photo = render_photo(category, index, seed=seed, size=size)
                with storage_errors(folder):
                    (temporary / category / f"{category}-{index:04}.jpg").write_bytes(photo)
                done += 1
                if progress:
                    progress(done, total)
    return folder


def render_photo(category: str, index: int, *, seed: int = 42, size: int = 256) -> bytes:
    """The picture number ``index`` of a category, as a JPEG file."""
    label = CATEGORIES.index(category)
    rng = np.random.default_rng([seed, label, index, 1])
    return photograph(_model(label, int(rng.integers(_DESIGNS)), seed, max(size / 256, 0.25)), rng, size)


@functools.lru_cache(maxsize=_DESIGNS * len(_PACKAGINGS))
def _model(label: int, number: int, seed: int, detail: float) -> Model:
    rng = np.random.default_rng([seed, label, number, 0])
    return _PACKAGINGS[label].design(rng, detail)


def _check(folder: Path, *, per_class: int, seed: int, size: int, force: bool) -> None:
    if not 1 <= per_class <= 9999:
        raise ConfigError(f"{per_class} pictures of each category: give a number from 1 to 9999")
    if not 32 <= size <= 1024:
        raise ConfigError(f"pictures of {size} pixels: give a size from 32 to 1024")
    if seed < 0:
        raise ConfigError(f"seed {seed}: give a number from 0")
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder} is a file: choose a folder for the sample set")
    empty = not folder.exists() or not any(folder.iterdir())
    if not (empty or force or (folder / SAMPLE_MARKER).is_file()):
        raise DataError(
            f"{folder} holds other files: choose another folder, or replace all of it with --force"
        )


def _write_notes(folder: Path, *, per_class: int, seed: int, size: int) -> None:
    marker = {
        "rendered": True,
        "generator": "shelfwise data sample",
        "generator_version": _VERSION,
        "shelfwise": shelfwise.__version__,
        "numpy": np.__version__,
        "pillow": PIL.__version__,
        "seed": seed,
        "per_class": per_class,
        "size": size,
        "categories": list(CATEGORIES),
    }
    text = _README.format(count=per_class, categories=len(CATEGORIES), seed=seed, size=size)
    with storage_errors(folder):
        (folder / SAMPLE_MARKER).write_text(json.dumps(marker, indent=2) + "\n", encoding="utf-8")
        (folder / "README.txt").write_text(text, encoding="utf-8")
