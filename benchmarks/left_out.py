"""Whether what was left out of the training is told from what was learned: by the left-out twin."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks import machine, twin
from benchmarks.knowing import (
    HOW,
    LIBRARIES,
    Known,
    Unlearned,
    auroc_figure,
    auroc_of,
    known_photos,
    refuse_undecided,
    samples_of,
    spread,
    tree_of,
    unlearned_pictures,
)
from benchmarks.options import Options
from benchmarks.photos import dataset_folder
from benchmarks.result import BenchmarkError, Result, percent
from shelfwise.bundle import Bundle
from shelfwise.datasets.dataset import LEVEL_SEPARATOR, Dataset
from shelfwise.datasets.layouts import read_dataset
from shelfwise.inference.classifier import Classifier
from shelfwise.workflows.matching import match_dataset

__all__ = ["left_out"]

NAME = "unknown-left-out"
_TWIN_HOW = (
    "The model is the left-out twin of the one that ships: the same recipe, trained on Freiburg's folds 1 to 3"
    " without every fifth category, and on no photo of Grocery Store. Known are the photos of fold 0 of the"
    " categories that it learned. Near: those of the categories left out, packages from the same set of photos."
    " Other: Grocery Store's official test list without juice and milk, which Freiburg has too."
)


def left_out(options: Options) -> Result:
    """The left-out twin: are photos of what it never learned told from those of what it did?"""
    bundle = twin.bundle_or_twin(options.bundle)
    if problems := twin.differences(bundle):
        raise BenchmarkError(
            f"{bundle.path} is not the left-out twin ({'; '.join(problems)}): make it with {twin.COMMAND}"
        )
    refuse_undecided(bundle)
    classifier, tree = Classifier(bundle), tree_of(bundle)
    freiburg = read_dataset(dataset_folder("freiburg"))
    fold = freiburg.official[twin.FOLD]
    matched = match_dataset(freiburg, range(len(freiburg)), tree, ignore_unknown=True)
    learned = [freiburg.categories[label] for label in matched.nodes]
    inside = [i for i in fold if freiburg.samples[i].label in matched.nodes]
    known = known_photos(classifier, tree, freiburg, spread(inside, options.photos), matched, options)
    grocery = read_dataset(dataset_folder("grocery-store"))
    near = _by_category(freiburg, sorted(set(fold) - set(inside)), 0)
    other = _by_category(
        grocery, grocery.official["test"], 1, familiar=twin.familiar(grocery.categories, learned)
    )
    found = {
        kind: unlearned_pictures(classifier, spread(photos, options.photos), kind, options)
        for kind, photos in (near | other).items()
    }
    return _result(bundle, known, found, {"near": tuple(near), "other": tuple(other)})


def _result(
    bundle: Bundle, known: Known, found: Mapping[str, Unlearned], kinds: Mapping[str, Collection[str]]
) -> Result:
    groups = {name: _together([found[kind] for kind in inside]) for name, inside in kinds.items()}
    scores = {name: each.novelty for name, each in groups.items()}
    figures = [
        auroc_figure(NAME, place, known, {name: scores[name]}, groups[name].text())
        for place, name in enumerate(groups)
    ]
    return Result(
        name=NAME,
        figures=(*figures, auroc_figure(NAME, len(figures), known, scores)),
        command=(f"{twin.COMMAND}   # trains the model", f"python -m benchmarks {NAME}"),
        method=(_TWIN_HOW, *HOW),
        remarks=_remarks(bundle, known, found, kinds),
        machine=machine.facts(),
        versions=machine.versions(LIBRARIES),
        samples=samples_of(bundle, {"freiburg": known}, {**groups, **found}, known),
    )


def _by_category(
    dataset: Dataset, indices: Sequence[int], depth: int, familiar: Sequence[str] = ()
) -> dict[str, list[Path]]:
    """Photos by the level at ``depth`` of their category, without those of ``familiar`` ones."""
    photos: dict[str, list[Path]] = {}
    for index in indices:
        name = dataset.categories[dataset.samples[index].label]
        if name not in familiar:
            photos.setdefault(name.split(LEVEL_SEPARATOR)[depth], []).append(dataset.path(index))
    return photos


def _together(parts: Sequence[Unlearned]) -> Unlearned:
    return Unlearned(
        np.concatenate([part.novelty for part in parts]), np.concatenate([part.answers for part in parts])
    )


def _remarks(
    bundle: Bundle, known: Known, found: Mapping[str, Unlearned], kinds: Mapping[str, Collection[str]]
) -> tuple[str, ...]:
    def listed(inside: Collection[str]) -> str:
        return ", ".join(f"{kind} {auroc_of(found[kind].novelty, known):.3f}" for kind in inside)

    shown = known.plain()
    return (
        f"Bundle {bundle.id}. Known: {int(shown['photos']):,} photos of fold 0 of {len(bundle.categories)}"
        f" categories; {percent(shown['coverage'])} are accepted, {percent(shown['precision'])} of these rightly;"
        f" {percent(shown['asked'])} are asked about, {percent(shown['unknown'])} called unknown.",
        f"Near, AUROC of each category left out: {listed(kinds['near'])}.",
        f"Other, AUROC of each coarse category: {listed(kinds['other'])}.",
        "Settings and the members' shares are those of the model that ships, chosen by validation photos of all"
        " classes. Other scores that were tried: docs/decisions.md.",
    )
