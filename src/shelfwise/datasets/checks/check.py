"""Check a dataset: one table of finders, each a function of what was surveyed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Final

from shelfwise.datasets.checks.balance import find_imbalance, find_thin_categories, find_untrained
from shelfwise.datasets.checks.boxes import (
    find_bare,
    find_few_shelves,
    find_product_sizes,
    find_repeated_boxes,
    find_tiny_boxes,
)
from shelfwise.datasets.checks.duplicates import (
    find_box_conflicts,
    find_identical,
    find_near,
    near_duplicates,
    sample_groups,
)
from shelfwise.datasets.checks.files import find_boxes_outside, find_broken, find_wrong_extensions
from shelfwise.datasets.checks.folders import find_in_folder
from shelfwise.datasets.checks.kinds import KINDS, SEVERITIES
from shelfwise.datasets.checks.looks import find_bad_looks, find_tiny
from shelfwise.datasets.checks.report import CheckReport, Finding
from shelfwise.datasets.checks.survey import Survey, survey
from shelfwise.datasets.dataset import Dataset
from shelfwise.datasets.split import Split
from shelfwise.extras import require
from shelfwise.rules import Task

__all__ = ["BOX_FINDERS", "FINDERS", "check_boxes", "check_dataset"]

Finders = tuple[Callable[[Survey], Iterator[Finding]], ...]
Progress = Callable[[int, int], None]

FINDERS: Final[Finders] = (
    find_broken,
    find_wrong_extensions,
    find_in_folder,
    find_boxes_outside,
    find_tiny,
    find_bad_looks,
    find_identical,
    find_box_conflicts,
    find_thin_categories,
    find_imbalance,
    find_untrained,
)
"""All finders that need nothing but the survey. To add a check: a kind in ``kinds.py``, a finder here."""

BOX_FINDERS: Final[Finders] = (
    find_broken,
    find_wrong_extensions,
    find_in_folder,
    find_boxes_outside,
    find_tiny_boxes,
    find_repeated_boxes,
    find_bad_looks,
    find_identical,
    find_few_shelves,
    find_bare,
    find_product_sizes,
)
"""The same where products are to be found: categories do not matter, boxes and photos without any do."""


def check_dataset(
    dataset: Dataset, *, split: Split | None = None, progress: Progress | None = None
) -> CheckReport:
    """Look for what would spoil training or its measurement.

    Every photo is read and decoded once, on all cores; none is changed. A photo that cannot be read is a
    finding and stops nothing.

    Args:
        dataset: what to check. Files in its folder that no sample names are looked at too.
        split: the split whose parts must not share photos; by default the set's official parts.
        progress: called with the number of photos done and of all.

    Raises:
        MissingExtraError: ``imagehash`` is not installed.
    """
    require("imagehash", what="The data check", extra="train")
    parts = dataset.official if split is None else split.parts
    seen = survey(dataset, {name: members for name, members in parts.items() if members}, progress)
    return _report(seen, FINDERS, "classify")


def check_boxes(
    dataset: Dataset,
    *,
    parts: Mapping[str, Collection[str]] | None = None,
    progress: Progress | None = None,
) -> CheckReport:
    """Look for what would spoil the training of a detector, or its measurement.

    As :func:`check_dataset`, but all boxes are products, whatever their category, and photos without boxes count.

    Args:
        dataset: what to check; its samples are boxes.
        parts: paths of the photos of each part; by default the set's official parts.
        progress: called with the number of photos done and of all.

    Raises:
        MissingExtraError: ``imagehash`` is not installed.
    """
    require("imagehash", what="The data check", extra="train")
    members = _official_paths(dataset) if parts is None else {name: set(each) for name, each in parts.items()}
    indices = {
        name: [index for index, sample in enumerate(dataset.samples) if sample.path in paths]
        for name, paths in members.items()
        if paths
    }
    boxed = {sample.path for sample in dataset.samples}
    apart = {
        note.path: frozenset(name for name, paths in members.items() if note.path in paths)
        for note in dataset.notes
        if note.path not in boxed
    }
    return _report(survey(dataset, indices, progress, apart), BOX_FINDERS, "detect")


def _official_paths(dataset: Dataset) -> dict[str, set[str]]:
    """The photos of each official part, those without boxes too."""
    found = {name: {dataset.samples[index].path for index in part} for name, part in dataset.official.items()}
    for note in dataset.notes:
        if note.part is not None:
            found.setdefault(note.part, set()).add(note.path)
    return found


def _report(seen: Survey, finders: Finders, task: Task) -> CheckReport:
    dataset = seen.dataset
    pairs = near_duplicates(seen)
    findings = [finding for finder in finders for finding in finder(seen)]
    findings.extend(find_near(seen, pairs))
    return CheckReport(
        root=str(dataset.root),
        layout=dataset.layout,
        rendered=dataset.rendered,
        photos=len(seen.facts),
        counts=dict(zip(dataset.categories, dataset.counts(), strict=True)),
        parts={name: len(members) for name, members in seen.parts.items()},
        findings=_ordered(findings),
        exact_groups=sample_groups(seen),
        near_groups=sample_groups(seen, pairs),
        task=task,
    )


def _ordered(findings: list[Finding]) -> tuple[Finding, ...]:
    """Gravest first, then by kind in the order of the table; the finders' order within a kind."""
    kinds = {name: position for position, name in enumerate(KINDS)}
    return tuple(sorted(findings, key=lambda found: (SEVERITIES.index(found.severity), kinds[found.kind])))
