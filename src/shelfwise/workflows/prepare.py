"""From a folder of labelled photos to what training reads: checked, divided, decoded."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from shelfwise.datasets.checks import SummaryRow, check_dataset, duplicate_groups
from shelfwise.datasets.dataset import Dataset, DataSource
from shelfwise.datasets.duplicates import content_hashes
from shelfwise.datasets.layouts import read_dataset
from shelfwise.datasets.split import Split, load_split, save_split, split_dataset
from shelfwise.errors import ImageError, TrainingError
from shelfwise.files import atomic_write_text
from shelfwise.images.cache import cached_images
from shelfwise.images.preprocess import Preprocessing
from shelfwise.training.balance import plan_epoch
from shelfwise.training.batches import Part
from shelfwise.training.config import TrainConfig
from shelfwise.training.fit import Stages, TrainingData
from shelfwise.training.folder import RunFolder
from shelfwise.training.source_figures import SourcePhotos

__all__ = ["Prepared", "prepare", "some_of_each"]

_CROP_MARGIN = 1.15
"""Training photos are kept this much larger than the input, so that the usual crop of them loses no detail."""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A dataset ready to train on.

    Attributes:
        dataset: the labelled photos.
        split: which are in which part; broken photos are in none.
        data: the decoded training and validation photos.
        data_hash: SHA-256 over all photos' names, labels and contents.
        checks: findings of the data check.
        broken: photos of the three parts that cannot be read.
        sources: the photos of each set that the dataset is joined from; empty where it is one set.
    """

    dataset: Dataset
    split: Split
    data: TrainingData
    data_hash: str
    checks: list[SummaryRow]
    broken: list[ImageError]
    sources: tuple[SourcePhotos, ...] = ()


def some_of_each(dataset: Dataset, indices: Sequence[int], count: int, seed: int) -> list[int]:
    """At most ``count`` of these photos, as evenly from all categories as they allow, in order of index."""
    order = np.random.default_rng(seed).permutation(indices)
    taken: dict[int, int] = {}
    turns = []
    for index in order:
        label = dataset.samples[int(index)].label
        taken[label] = taken.get(label, 0) + 1
        turns.append(taken[label])
    first = np.argsort(np.array(turns, dtype=np.int64), kind="stable")[:count]
    return sorted(int(order[i]) for i in first)


def prepare(
    config: TrainConfig,
    run: RunFolder,
    preprocessing: Preprocessing,
    *,
    cache_dir: Path,
    stages: Stages,
    note: Callable[[str], None],
    seen: int | None = None,
    refuse: Callable[[Dataset, Split], None] = lambda dataset, split: None,
) -> Prepared:
    """Read, check, divide and decode the photos; the split is saved with the run, and taken from there again.

    Args:
        config: the settings.
        run: the run's folder.
        preprocessing: how photos become the network's input.
        cache_dir: where decoded photos are kept.
        stages: shows how far each stage of the work is.
        note: shows a line for people.
        seen: side of the largest pictures that training makes of the photos; that of the input if not given.
        refuse: raises where photos divided so cannot be used; called before anything is kept of them.

    Raises:
        DataError: the dataset is wrong or cannot be divided.
        TrainingError: there is nothing to tell apart, or a category has no photo to learn from.
        StorageError: the cache or the split cannot be written.
    """
    dataset = read_dataset(config.data, config.layout, level=config.level, classes=config.classes)
    _refuse_one_class(dataset)
    hashes = content_hashes(dataset, stages("Hashing photos"))
    data_hash = _data_hash(dataset, hashes)
    checks, groups = _check(dataset, data_hash, run, stages)
    for row in checks:
        if row.severity == "error":
            note(f"data check: {row.message}; 'shelfwise data check' names them")
    split = _split(config, run, dataset, groups)
    refuse(dataset, split)
    if not run.split.exists():
        save_split(run.split, dataset, split)
    if split.left_out:
        note(f"left out: {split.left_out} training photos that are copies of test photos")
    if not split.val and not split.test:
        raise TrainingError(f"{dataset.root}: validation and test part are both empty: nothing to measure on")
    margin = _CROP_MARGIN if config.augment == "all" and config.crop < 1 else 1.0
    larger = preprocessing.with_size(math.ceil((seen or preprocessing.size) * margin))
    sizes = {"training": larger, "validation": preprocessing, "test": preprocessing}
    parts, kept, broken = {}, [], []
    for (name, size), indices in zip(sizes.items(), (split.train, split.val, split.test), strict=True):
        parts[name], good, errors = _decode(
            dataset, indices, size, cache_dir, stages(f"Decoding {name} photos")
        )
        if indices and not good:
            raise TrainingError(f"{dataset.root}: no {name} photo can be read; the first: {errors[0]}")
        kept.append(tuple(good))
        broken += errors
    for error in broken:
        note(f"left out: {error}")
    train, validation = parts["training"], parts["validation"]
    _refuse_empty(dataset, train)
    plan = plan_epoch(
        train.labels,
        len(dataset.categories),
        balance=config.balance,
        augment=config.augment,
        seed=config.seed,
    )
    data = TrainingData(train, validation, plan, dataset.categories)
    readable = replace(split, train=kept[0], val=kept[1], test=kept[2])
    sources = _sources(dataset, readable, hashes)
    return Prepared(dataset, readable, data, data_hash, checks, broken, sources)


def _refuse_one_class(dataset: Dataset) -> None:
    if len(dataset.categories) < 2:
        names = ", ".join(dataset.categories) or "none"
        raise TrainingError(
            f"{dataset.root}: training needs at least two categories, there is: {names}; add a folder of photos"
            " of something else"
        )


def _check(
    dataset: Dataset, data_hash: str, run: RunFolder, stages: Stages
) -> tuple[list[SummaryRow], list[int]]:
    """The data check's findings and its groups of duplicates, from the run's folder if they are there."""
    if run.checks.exists():
        saved = json.loads(run.checks.read_text("utf-8"))
        if saved.get("data_sha256") == data_hash:
            return [SummaryRow(**row) for row in saved["rows"]], saved["groups"]
    report = check_dataset(dataset, progress=stages("Checking photos"))
    rows, groups = report.summary_rows(), duplicate_groups(report)
    saved = {"data_sha256": data_hash, "rows": [row._asdict() for row in rows], "groups": groups}
    atomic_write_text(run.checks, json.dumps(saved))
    return rows, groups


def _split(config: TrainConfig, run: RunFolder, dataset: Dataset, groups: Sequence[int]) -> Split:
    """The run's division of the photos: the one that it has kept, or is given, or a new one."""
    if run.split.exists():
        return load_split(run.split, dataset)
    if config.split is not None:
        return load_split(config.split, dataset)
    held_in = config.train_fraction + config.val_fraction
    return split_dataset(
        dataset,
        fractions=(config.train_fraction, config.val_fraction, config.test_fraction),
        seed=config.seed,
        fold=config.fold,
        groups=groups,
        use_official=config.use_official,
        val_fraction=config.val_fraction / held_in,
    )


def _decode(
    dataset: Dataset,
    indices: Sequence[int],
    preprocessing: Preprocessing,
    cache_dir: Path,
    progress: Callable[[int, int], None],
) -> tuple[Part, list[int], list[ImageError]]:
    items = [(dataset.path(i), dataset.samples[i].box) for i in indices]
    images, errors = cached_images(items, preprocessing, cache_dir, progress=progress)
    labels = np.array([dataset.samples[i].label for i in indices], dtype=np.int64)
    if not errors:
        return Part(images, labels), list(indices), []
    # Once more without the broken ones: rows picked out of a memory map would all be read into memory.
    good = [position for position in range(len(indices)) if position not in errors]
    images, _ = cached_images([items[p] for p in good], preprocessing, cache_dir, progress=progress)
    return Part(images, labels[good]), [indices[p] for p in good], list(errors.values())


def _refuse_empty(dataset: Dataset, train: Part) -> None:
    counts = np.bincount(train.labels, minlength=len(dataset.categories))
    empty = [name for name, count in zip(dataset.categories, counts, strict=True) if count == 0]
    if empty:
        raise TrainingError(
            f"{dataset.root}: no readable training photo of {', '.join(empty)}; add photos, or leave the category"
            " out with --classes"
        )


def _sources(dataset: Dataset, split: Split, hashes: Sequence[str]) -> tuple[SourcePhotos, ...]:
    def count(source: DataSource, indices: Sequence[int]) -> int:
        return sum(source.holds(dataset.samples[i].key) for i in indices)

    return tuple(
        SourcePhotos(
            source.name,
            source.licence,
            (count(source, split.train), count(source, split.val), count(source, split.test)),
            _data_hash(dataset, hashes, source),
        )
        for source in dataset.sources
    )


def _data_hash(dataset: Dataset, hashes: Sequence[str], source: DataSource | None = None) -> str:
    """SHA-256 over names, labels and contents of all photos, or of those of one source."""
    digest = hashlib.sha256()
    rows = [
        (sample.key, dataset.categories[sample.label], content)
        for sample, content in zip(dataset.samples, hashes, strict=True)
        if source is None or source.holds(sample.key)
    ]
    for key, label, content in sorted(rows):
        digest.update(f"{key}\0{label}\0{content}\n".encode())
    return digest.hexdigest()
