"""Whether a model knows when it does not know: accepted answers on known photos, novelty on unlearned ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import machine
from benchmarks.goals import GOALS
from benchmarks.knowing import (
    HOW,
    LIBRARIES,
    Known,
    auroc_figure,
    auroc_of,
    interval,
    known_photos,
    refuse_undecided,
    samples_of,
    spread,
    tree_of,
    unlearned_pictures,
)
from benchmarks.options import Options
from benchmarks.photos import dataset_folder
from benchmarks.result import BenchmarkError, Figure, Result, percent
from benchmarks.unlearned import ORIGIN, unlearned
from shelfwise.bundle import Bundle, read_bundle
from shelfwise.datasets.layouts import read_dataset
from shelfwise.inference.classifier import Classifier
from shelfwise.workflows.classify import find_bundle
from shelfwise.workflows.matching import match_dataset

__all__ = ["unknown"]

_SETS = {"freiburg": ("freiburg", "fold0", None), "grocery-store": ("grocery-store", "test", "fine")}


def unknown(options: Options) -> Result:
    """A given bundle on Freiburg's fold 0 and Grocery Store's test list, and on unlearned pictures."""
    bundle = _given_bundle(options.runs)
    classifier, tree = Classifier(bundle), tree_of(bundle)
    known: dict[str, Known] = {}
    for name, (folder, part, level) in _SETS.items():
        dataset = read_dataset(dataset_folder(folder), level=level)
        matched = match_dataset(dataset, range(len(dataset)), tree, ignore_unknown=True)
        if options.photos and not matched.nodes:
            continue  # in a trial one set is enough
        if missing := sorted(n for label, n in enumerate(dataset.categories) if label not in matched.nodes):
            raise BenchmarkError(f"{bundle.path} does not know of {name}: {', '.join(missing[:5])}")
        chosen = spread(dataset.official[part], options.photos)
        known[name] = known_photos(classifier, tree, dataset, chosen, matched, options)
    if not known:
        raise BenchmarkError(f"{bundle.path} knows none of the sets' categories")
    found = {
        kind: unlearned_pictures(classifier, spread(sources, options.photos), kind, options)
        for kind, sources in unlearned().items()
    }
    everything = _joined(list(known.values()))
    first = next(iter(known.values()))
    shown = ", ".join(f"{name} {percent(k.precision)} of {percent(k.coverage)}" for name, k in known.items())
    decision = bundle.decision
    assert decision is not None
    remarks = (
        f"Bundle {bundle.id} ({bundle.name}, {len(bundle.categories)} categories), thresholds fitted for"
        f" {percent(decision.precision)}, novelty score {decision.novelty}. Right of accepted by set: {shown}."
        f" {int(everything.deeper.sum()):,} of the right ones are more exact than the label.",
        *(
            f"Unlearned, {kind}: {ORIGIN[kind]}. AUROC {auroc_of(each.novelty, everything):.3f}; {each.text()}."
            for kind, each in found.items()
        ),
    )
    return Result(
        name="unknown",
        figures=_figures("unknown", everything, {kind: each.novelty for kind, each in found.items()}, first),
        command=("python -m benchmarks unknown --run BUNDLE",),
        method=HOW,
        remarks=remarks,
        machine=machine.facts(),
        versions=machine.versions(LIBRARIES),
        samples=samples_of(bundle, known, found, everything),
    )


def _given_bundle(runs: Sequence[Path]) -> Bundle:
    bundle = read_bundle(find_bundle(runs[0] if runs else None))
    refuse_undecided(bundle)
    return bundle


def _joined(parts: Sequence[Known]) -> Known:
    return Known(*(np.concatenate([getattr(p, name) for p in parts]) for name in Known.__slots__))


def _figures(
    name: str, known: Known, scores: Mapping[str, NDArray[np.float64]], first: Known
) -> tuple[Figure, ...]:
    precision = interval(known, lambda part: part.precision)
    coverage = interval(known, lambda part: part.coverage)
    error = interval(first, lambda part: part.ece())
    count = f"{len(known.accepted):,} known photos"
    goals = GOALS[name]
    accepted = f"{int(known.right.sum()):,} of {int(known.accepted.sum()):,} accepted"
    return (
        goals[0].figure(known.precision, *precision, ours=accepted, peer="–"),
        goals[1].figure(known.coverage, *coverage, ours=count, peer="–"),
        auroc_figure(name, 2, known, scores),
        goals[3].figure(
            first.ece(),
            *error,
            ours=f"{len(first.hit):,} photos",
            peer=f"before: {percent(first.ece(before=True))}",
        ),
    )
