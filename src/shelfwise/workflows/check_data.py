"""Check a folder of labelled photos: read it, look for what would spoil training, write the page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from shelfwise.datasets.checks import CheckReport, check_boxes, check_dataset
from shelfwise.datasets.dataset import Dataset
from shelfwise.datasets.layouts import read_dataset
from shelfwise.datasets.split import Split, crossval_folds, load_split
from shelfwise.errors import ConfigError, SplitError
from shelfwise.files import atomic_write_text
from shelfwise.rules import Task

__all__ = ["check_data"]


def check_data(
    root: Path,
    *,
    layout: str | None = None,
    level: str | None = None,
    split: Path | None = None,
    fold: str | None = None,
    page: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    task: Task = "classify",
) -> CheckReport:
    """Read a dataset and check it.

    Args:
        root: the dataset's folder.
        layout: name of its layout, or None to recognise it.
        level: level of a hierarchy's categories, as :func:`~shelfwise.datasets.layouts.read_dataset` takes it.
        split: a saved split whose parts must not share photos; by default the set's official parts.
        fold: an official fold, as the test against everything else; not together with ``split``.
        page: where to write the HTML page.
        progress: called with the number of photos done and of all.
        task: what the photos are for: to name products (``classify``), or to find them (``detect``).

    Raises:
        ConfigError: a level is given, which boxes to find have none of.
        LayoutError: the folder cannot be read as a dataset.
        DataError: its photos have no boxes, and products are to be found.
        SplitError: the split or fold does not fit it.
        MissingExtraError: the extra ``train`` is not installed.
        StorageError: the page cannot be written.
    """
    # Not strictly: what training would refuse one by one is to be found all at once.
    if task == "detect":
        report = _check_boxes(root, layout, level, split, fold, progress)
    else:
        dataset = read_dataset(root, layout, level=level, strict=False)
        report = check_dataset(dataset, split=_split(dataset, split, fold), progress=progress)
    if page is not None:
        from shelfwise.datasets.checks.page import render_page

        atomic_write_text(page, render_page(report))
    return report


def _check_boxes(
    root: Path,
    layout: str | None,
    level: str | None,
    split: Path | None,
    fold: str | None,
    progress: Callable[[int, int], None] | None,
) -> CheckReport:
    """Check photos to find products on; a detector's split and folds divide photos, not boxes."""
    from shelfwise.training.detect.photos import photos_in, read_boxes

    if level is not None:
        raise ConfigError("--level is about names, and --task detect has none: leave it out")
    dataset = read_boxes(root, layout, strict=False)
    if split is None and fold is None:
        return check_boxes(dataset, progress=progress)
    whole = photos_in(dataset)
    divided = _split(whole, split, fold)
    assert divided is not None
    parts = {
        name: {whole.samples[index].path for index in members} for name, members in divided.parts.items()
    }
    return check_boxes(dataset, parts=parts, progress=progress)


def _split(dataset: Dataset, split: Path | None, fold: str | None) -> Split | None:
    if split is not None and fold is not None:
        raise SplitError("give either a split or a fold, not both")
    if split is not None:
        return load_split(split, dataset)
    if fold is None:
        return None
    folds = crossval_folds(dataset)
    if fold not in folds:
        known = f"it has {', '.join(folds)}" if folds else "it has none"
        raise SplitError(f"{dataset.root}: no official fold {fold!r}; {known}")
    test = dataset.official[fold]
    train = tuple(sorted(set(range(len(dataset))) - set(test)))
    return Split(train, (), tuple(test), 0, f"fold:{fold}")
