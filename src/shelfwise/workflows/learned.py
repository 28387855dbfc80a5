"""Which photos a model has learned, by the split that its training kept beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from shelfwise.bundle import Bundle, read_bundle
from shelfwise.datasets.dataset import Dataset
from shelfwise.datasets.split import Split, load_split
from shelfwise.errors import ConfigError, SplitError

__all__ = ["RUN_SPLIT", "count_learned", "count_told", "refuse_weights", "split_parts"]

RUN_SPLIT = "split.json"
"""A training run keeps its split beside its bundle under this name."""


def split_parts(path: Path, dataset: Dataset, known: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """The parts of a split file; one of the model's categories alone fits a dataset with more of them.

    Args:
        path: the file.
        dataset: the photos.
        known: the model's categories.

    Raises:
        SplitError: it is missing, damaged or of another dataset.
    """
    try:
        return load_split(path, dataset).parts
    except SplitError:
        if not set(known) < set(dataset.categories):
            raise
        kept = dataset.with_classes(known)
        index_of = {sample.key: index for index, sample in enumerate(dataset.samples)}
        return {
            name: tuple(sorted(index_of[kept.samples[i].key] for i in members))
            for name, members in load_split(path, kept).parts.items()
        }


def count_learned(
    bundle: Bundle, dataset: Dataset, indices: Sequence[int], parts: Sequence[str] = ("train", "val")
) -> int | None:
    """How many of these photos the split of the bundle's run shows that the model was trained or chosen on.

    Args:
        bundle: the model's.
        dataset, indices: the photos.
        parts: what to look in: ``train`` for photos that it was trained on, ``val`` for those it was chosen on.

    Returns:
        Their number, or None where the bundle lies in no run.
    """
    path = bundle.path.parent / RUN_SPLIT
    if not path.is_file():
        return None
    try:
        split = split_parts(path, dataset, bundle.categories)
    except SplitError:  # of another dataset
        return 0
    return len({index for part in parts for index in split[part]}.intersection(indices))


def count_told(bundle: Bundle, dataset: Dataset, split: Split) -> int | None:
    """How many of the photos that a new run is measured on another model would tell of.

    These are the validation and test photos that it was trained on, and the test photos that it was chosen on.

    Args:
        bundle: the other model's.
        dataset, split: the photos of the new run, and how they are divided.

    Returns:
        Their number, or None where the bundle lies in no run.
    """
    trained = count_learned(bundle, dataset, [*split.val, *split.test], ("train",))
    chosen = count_learned(bundle, dataset, split.test, ("val",))
    return None if trained is None or chosen is None else trained + chosen


def refuse_weights(weights: Path | None, dataset: Dataset, split: Split) -> None:
    """Refuse to begin with weights of a run that has learned what the new run is measured on.

    Args:
        weights: the file to begin with, or None.
        dataset, split: the photos of the new run, and how they are divided.

    Raises:
        ConfigError: they are those of such a run.
    """
    if weights is None:
        return
    run = weights.absolute().parent.parent  # RUN/checkpoints/best.safetensors
    if not (run / "bundle" / "bundle.json").is_file():
        return
    if told := count_told(read_bundle(run / "bundle"), dataset, split):
        raise ConfigError(
            f"{weights}: {told:,} of the validation and test photos are photos that these weights have learned;"
            f" divide them as that run did: add --split {run / RUN_SPLIT}"
        )
