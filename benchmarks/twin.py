"""The left-out twin of the model that ships: the same recipe, trained without the classes that are asked about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.measure import ROOT
from benchmarks.photos import dataset_folder
from benchmarks.result import BenchmarkError
from benchmarks.unlearned import freiburg_left_out
from shelfwise.bundle import Bundle, read_bundle
from shelfwise.datasets.dataset import LEVEL_SEPARATOR
from shelfwise.datasets.layouts import read_dataset
from shelfwise.workflows.classify import find_bundle

__all__ = [
    "COMMAND",
    "FOLD",
    "FOLDER",
    "bundle_or_twin",
    "differences",
    "familiar",
    "left_out",
    "origins",
    "settings",
]

COMMAND = 'make default-model ARGS="--left-out"'
"""What makes the twin."""
FOLDER = ROOT / "runs" / "left-out" / "twin"
FOLD = "fold0"
_LAYOUT = "freiburg"


def settings(root: Path) -> dict[str, Any]:
    """What the training of the twin differs in from that of the model that ships.

    Args:
        root: folder of Freiburg's photos.

    Raises:
        DataError: they cannot be read.
    """
    names = read_dataset(root, _LAYOUT).categories
    learned = [name for name in names if name not in freiburg_left_out(names)]
    return {"data": root, "layout": _LAYOUT, "fold": FOLD, "classes": learned}


def left_out(root: Path) -> tuple[str, ...]:
    """The categories of Freiburg's photos that the twin has never learned: every fifth.

    Raises:
        DataError: the photos cannot be read.
    """
    return freiburg_left_out(read_dataset(root, _LAYOUT).categories)


def bundle_or_twin(named: Path | None) -> Bundle:
    """The bundle (or run) that is named, else the twin.

    Raises:
        BenchmarkError: none is named, and the twin has not been made.
        BundleError: it cannot be used.
    """
    if named is None and not FOLDER.is_dir():
        raise BenchmarkError(
            f"needs the left-out twin of the model that ships, and there is no {FOLDER}: make it with {COMMAND},"
            " or name a bundle with --bundle"
        )
    return read_bundle(find_bundle(named or FOLDER))


def differences(bundle: Bundle) -> list[str]:
    """In what a bundle differs from a left-out twin, by its provenance and categories; nothing for a twin.

    Raises:
        BenchmarkError: Freiburg's photos, which the twin was trained on, are not there.
    """
    wanted = settings(dataset_folder(_LAYOUT))
    known = read_dataset(wanted["data"], _LAYOUT, classes=wanted["classes"])
    problems = []
    if set(bundle.categories) != set(known.categories):
        problems.append(
            f"it has {len(bundle.categories)} categories, not the {len(known.categories)} learned"
        )
    for origin in origins(bundle):
        if origin.get("dataset_fingerprint") != known.fingerprint():
            problems.append("it was trained on other photos")
        if origin.get("split") != f"fold:{FOLD}":
            problems.append(f"{FOLD} was not held out")
    return list(dict.fromkeys(problems))


def origins(bundle: Bundle) -> list[Mapping[str, Any]]:
    """Provenance of each training that a bundle was made from."""
    members = bundle.provenance.get("members")
    return [*members] if members else [bundle.provenance]


def familiar(classes: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    """Those of ``classes`` that a model of the categories ``known`` has learned, or whose category it has.

    Names are compared level by level, the widest level of several left out, and whatever the case: for a model that
    knows ``JUICE``, ``Drinks/Juice/Bravo-Apple-Juice`` is familiar; for one that knows only that variety, so is
    ``Drinks/Juice``.
    """
    learned = {word for name in known for word in _words(name)}
    return tuple(name for name in classes if _words(name) & learned)


def _words(name: str) -> set[str]:
    levels = name.split(LEVEL_SEPARATOR)
    return {level.replace("_", "-").casefold() for level in levels[1:] or levels}
