"""Labelled sets of photos: reading them in any layout, checking and dividing them."""

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
