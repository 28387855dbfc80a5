"""Labelled sets of photos: reading them in any layout, checking and dividing them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from shelfwise.datasets.dataset import LEVEL_SEPARATOR, Box, Dataset, Sample
    from shelfwise.datasets.duplicates import content_hashes, same_picture_groups
    from shelfwise.datasets.layouts import LAYOUTS, detect, read_dataset
    from shelfwise.datasets.split import Split, crossval_folds, leaks, load_split, save_split, split_dataset

__all__ = [
    "LAYOUTS",
    "LEVEL_SEPARATOR",
    "Box",
    "Dataset",
    "Sample",
    "Split",
    "content_hashes",
    "crossval_folds",
    "detect",
    "leaks",
    "load_split",
    "read_dataset",
    "same_picture_groups",
    "save_split",
    "split_dataset",
]

_HOMES: Final = {
    "dataset": ("LEVEL_SEPARATOR", "Box", "Dataset", "Sample"),
    "duplicates": ("content_hashes", "same_picture_groups"),
    "layouts": ("LAYOUTS", "detect", "read_dataset"),
    "split": ("Split", "crossval_folds", "leaks", "load_split", "save_split", "split_dataset"),
}


def __getattr__(name: str) -> Any:
    # Imported on first use, so that `shelfwise data list` need not load Pillow and pydantic.
    for module, names in _HOMES.items():
        if name in names:
            import importlib

            return getattr(importlib.import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
