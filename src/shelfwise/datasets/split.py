"""Dividing a dataset into training, validation and test samples, and keeping that division in a file."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shelfwise.datasets.dataset import Dataset
from shelfwise.datasets.duplicates import content_hashes, joined_groups, same_picture_groups
from shelfwise.datasets.stratify import divide
from shelfwise.errors import SplitError
from shelfwise.files import atomic_write_text
from shelfwise.text import some

__all__ = [
    "Split",
    "content_hashes",
    "crossval_folds",
    "leaks",
    "load_split",
    "save_split",
    "split_dataset",
]

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Split:
    """Which samples of a dataset are for training, validation and test.

    Attributes:
        train: indices into the dataset's samples, ascending.
        val: the same, for validation.
        test: the same, for the test.
        seed: the seed it was made with.
        method: ``stratified``, ``official`` or ``fold:NAME``.
        left_out: number of samples in no part because they are copies of a test photo.
    """

    train: tuple[int, ...]
    val: tuple[int, ...]
    test: tuple[int, ...]
    seed: int
    method: str
    left_out: int = 0

    @property
    def parts(self) -> dict[str, tuple[int, ...]]:
        """The three parts by name."""
        return {"train": self.train, "val": self.val, "test": self.test}


def split_dataset(
    dataset: Dataset,
    *,
    fractions: tuple[float, float, float] = (0.7, 0.2, 0.1),
    seed: int = 42,
    fold: str | None = None,
    groups: Sequence[int] | None = None,
    val_fraction: float = 0.15,
    use_official: bool = True,
    progress: Progress | None = None,
) -> Split:
    """Divide a dataset into training, validation and test samples.

    - With ``fold``: the test is that official fold, whole; the other samples are divided into training and
      validation by ``val_fraction``. A copy of a test photo among them is left out,
      and counted in :attr:`Split.left_out`.
    - Without, where the set has official ``train`` and ``test`` parts: these; and ``val``, or where there is
      none, ``val_fraction`` of ``train``, less the copies of test photos (counted in :attr:`Split.left_out`). A part
      ``trainval`` is divided likewise. With ``train`` and ``val`` only, the test is the last of ``fractions`` of
      ``train``. Where the set has all three, copies of a photo in two of them stay there: see :func:`leaks`.
    - Otherwise: by ``fractions``, stratified by category.

    Byte-identical photos, and all crops of one photo, stay on one side wherever this function divides.

    Args:
        dataset: what to divide.
        fractions: shares of training, validation and test, summing to 1.
        seed: of the order of chance.
        fold: name of one of the official folds (:func:`crossval_folds`).
        groups: a number for each sample; samples with equal numbers stay on one side. None: identical photos.
        val_fraction: share of validation in what is divided into training and validation; 0: none.
        use_official: False: divide as if there were no official parts.
        progress: called with the number of photos hashed and of all to hash.

    Raises:
        SplitError: the fractions are wrong, the fold is unknown, or a category has too few photos.
    """
    _check_fractions(fractions, val_fraction)
    _check_categories(dataset)
    if groups is None:
        groups = same_picture_groups(dataset, progress)
    elif len(groups) != len(dataset):
        raise SplitError(f"{len(groups)} group numbers for {len(dataset)} samples; give one for each")
    whole = joined_groups(dataset, groups)
    if fold is not None:
        return _by_fold(dataset, fold, whole, val_fraction, seed)
    official = {name: dataset.official.get(name, ()) for name in ("train", "val", "test", "trainval")}
    if use_official and (official["train"] or official["trainval"]) and (official["test"] or official["val"]):
        return _by_official(dataset, official, whole, (val_fraction, fractions[2]), seed)
    train, val, test = divide(dataset, range(len(dataset)), whole, fractions, seed)
    return Split(tuple(train), tuple(val), tuple(test), seed, "stratified")


def crossval_folds(dataset: Dataset) -> list[str]:
    """Names of the set's official folds, in order; empty where it has none."""
    folds = [name for name in dataset.official if name.removeprefix("fold").isdecimal()]
    return sorted(folds, key=lambda name: int(name.removeprefix("fold")))


def leaks(dataset: Dataset, split: Split, groups: Sequence[int] | None = None) -> list[int]:
    """Samples that have a copy on a side that must not know them.

    Args:
        dataset: the split's dataset.
        split: the division.
        groups: as for :func:`split_dataset`.

    Returns:
        Indices, ascending, of training samples with a copy in validation or test, and of validation samples
        with a copy in the test.
    """
    whole = joined_groups(dataset, same_picture_groups(dataset) if groups is None else groups)
    test = {whole[index] for index in split.test}
    held_out = test | {whole[index] for index in split.val}
    return sorted(
        [index for index in split.train if whole[index] in held_out]
        + [index for index in split.val if whole[index] in test]
    )


def _check_fractions(fractions: Sequence[float], val_fraction: float) -> None:
    if len(fractions) != 3 or not all(math.isfinite(share) and share >= 0 for share in fractions):
        raise SplitError(f"the fractions {list(fractions)} must be three numbers from 0 to 1")
    if abs(sum(fractions) - 1) > 1e-6:
        raise SplitError(f"the fractions {list(fractions)} sum to {sum(fractions):g}, not to 1")
    if fractions[0] == 0:
        raise SplitError("the fraction of training is 0: nothing to learn from")
    if not 0 <= val_fraction < 1:
        raise SplitError(f"val_fraction is {val_fraction:g}; it must be 0 or more, and less than 1")


def _check_categories(dataset: Dataset) -> None:
    if not dataset.samples:
        raise SplitError(f"{dataset.root}: there are no photos to divide")
    empty = [name for name, count in zip(dataset.categories, dataset.counts(), strict=True) if count == 0]
    if empty:
        raise SplitError(
            f"{dataset.root}: categories without photos: {', '.join(map(repr, empty))}; "
            "add photos, or leave these categories out"
        )


def _by_fold(dataset: Dataset, fold: str, groups: Sequence[int], val_fraction: float, seed: int) -> Split:
    folds = crossval_folds(dataset)
    if fold not in folds:
        known = f"it has {', '.join(folds)}" if folds else "it has none"
        raise SplitError(f"{dataset.root}: no official fold {fold!r}; {known}")
    test = dataset.official[fold]
    if not test:
        raise SplitError(f"{dataset.root}: {fold} holds none of the chosen categories")
    # The samples of the test itself are in these groups too.
    tested = {groups[index] for index in test}
    rest = [index for index in range(len(dataset)) if groups[index] not in tested]
    left_out = len(dataset) - len(test) - len(rest)
    train, val = divide(dataset, rest, groups, (1 - val_fraction, val_fraction), seed)
    return Split(tuple(train), tuple(val), tuple(sorted(test)), seed, f"fold:{fold}", left_out)


def _by_official(
    dataset: Dataset,
    official: Mapping[str, Sequence[int]],
    groups: Sequence[int],
    shares: tuple[float, float],
    seed: int,
) -> Split:
    """The official parts; ``trainval``, and where there is no validation all of training, is divided."""
    train, val, test, trainval = (list(official[name]) for name in ("train", "val", "test", "trainval"))
    left_out = 0
    if not val and not trainval:
        train, trainval = [], train
    if trainval:
        tested = {groups[index] for index in test}
        kept = [index for index in trainval if groups[index] not in tested]
        left_out = len(trainval) - len(kept)
        given = {dataset.samples[index].label for index in train}
        more_train, more_val = divide(
            dataset, kept, groups, (1 - shares[0], shares[0]), seed, elsewhere=given
        )
        train, val = train + more_train, val + more_val
    if not test:
        train, test = divide(dataset, train, groups, (1 - shares[1], shares[1]), seed)
    known = {dataset.samples[index].label for index in train}
    unknown = [name for label, name in enumerate(dataset.categories) if label not in known]
    if unknown:
        raise SplitError(
            f"{dataset.root}: no training photo in the official lists of {', '.join(map(repr, unknown))}; "
            "leave these categories out, or divide without the official lists"
        )
    return Split(tuple(sorted(train)), tuple(sorted(val)), tuple(sorted(test)), seed, "official", left_out)


class _Parts(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    train: dict[str, list[str]]
    val: dict[str, list[str]]
    test: dict[str, list[str]]


class _SplitFile(BaseModel):
    """What :func:`save_split` writes: for each part, sample keys by category."""

    model_config = ConfigDict(extra="forbid", strict=True)

    format: Literal["shelfwise-split"]
    version: Literal[1]
    seed: int
    method: str
    left_out: Annotated[int, Field(ge=0)] = 0
    dataset: Annotated[str, Field(description="fingerprint of the dataset that was divided")]
    categories: list[str]
    parts: _Parts


def save_split(path: Path, dataset: Dataset, split: Split) -> None:
    """Write a split as JSON: seed, method, categories, the dataset's fingerprint and the samples' keys.

    Raises:
        StorageError: the file cannot be written.
    """
    parts = {name: _keys_by_category(dataset, indices) for name, indices in split.parts.items()}
    content = {
        "format": "shelfwise-split",
        "version": 1,
        "seed": split.seed,
        "method": split.method,
        "left_out": split.left_out,
        "dataset": dataset.fingerprint(),
        "categories": list(dataset.categories),
        "parts": parts,
    }
    atomic_write_text(path, json.dumps(content, indent=1) + "\n")


def _keys_by_category(dataset: Dataset, indices: Sequence[int]) -> dict[str, list[str]]:
    result: dict[str, list[str]] = {}
    for index in indices:
        sample = dataset.samples[index]
        result.setdefault(dataset.categories[sample.label], []).append(sample.key)
    return result


def load_split(path: Path, dataset: Dataset) -> Split:
    """Read a split that :func:`save_split` wrote. Photos added to the dataset since then are in no part.

    Raises:
        SplitError: the file is not a split, or does not fit the dataset: other categories, samples that are
            missing, labelled otherwise, or in two parts.
    """
    try:
        content = _SplitFile.model_validate_json(path.read_bytes())
    except OSError as error:
        raise SplitError(f"{path}: cannot be read ({error.strerror})") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise SplitError(
            f"{path}: is not a split file of Shelfwise ({place or 'file'}: {first['msg']})"
        ) from error
    if tuple(content.categories) != dataset.categories:
        raise SplitError(
            f"{path}: was made for {len(content.categories)} categories ({some(content.categories, 4)}), "
            f"not for these {len(dataset.categories)} ({some(dataset.categories, 4)})"
        )
    index_of = {sample.key: index for index, sample in enumerate(dataset.samples)}
    saved: dict[str, dict[str, list[str]]] = {
        name: getattr(content.parts, name) for name in _Parts.model_fields
    }
    missing = [
        key for part in saved.values() for keys in part.values() for key in keys if key not in index_of
    ]
    if missing:
        raise SplitError(
            f"{path}: photos that are not in {dataset.root} ({len(missing)}): {some(missing, 4)}"
        )
    parts = {name: _indices(path, dataset, index_of, part) for name, part in saved.items()}
    train, val, test = parts["train"], parts["val"], parts["test"]
    if len({*train, *val, *test}) < len(train) + len(val) + len(test):
        raise SplitError(f"{path}: a photo is there twice; make the split again")
    return Split(train, val, test, content.seed, content.method, content.left_out)


def _indices(
    path: Path, dataset: Dataset, index_of: Mapping[str, int], keys: Mapping[str, Sequence[str]]
) -> tuple[int, ...]:
    for category, its in keys.items():
        for key in its:
            now = dataset.categories[dataset.samples[index_of[key]].label]
            if now != category:
                raise SplitError(f"{path}: {key} is {category!r} there, but {now!r} in {dataset.root}")
    return tuple(sorted(index_of[key] for its in keys.values() for key in its))
