"""Whether a model knows when it does not know: accepted answers on known photos, novelty on unlearned ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import machine
from benchmarks.goals import GOALS
from benchmarks.options import Options
from benchmarks.photos import dataset_folder
from benchmarks.result import BenchmarkError, Figure, Result, percent
from benchmarks.runs import Wanted, train_command, trained
from benchmarks.unlearned import ORIGIN, folders, freiburg_left_out, unlearned
from shelfwise.bundle import Bundle, read_bundle
from shelfwise.datasets.dataset import Dataset
from shelfwise.datasets.layouts import read_dataset
from shelfwise.errors import ImageError
from shelfwise.hierarchy import Hierarchy
from shelfwise.inference.classifier import Classifier, Source
from shelfwise.training.calibration import retempered
from shelfwise.training.decision_figures import auroc
from shelfwise.training.measures import calibration_bins, expected_calibration_error
from shelfwise.types import Prediction
from shelfwise.workflows.classify import find_bundle
from shelfwise.workflows.matching import match_categories

__all__ = ["Known", "left_out", "unknown"]

_ROUNDS = 1000
_LIBRARIES = ("shelfwise", "onnxruntime", "numpy", "pillow")
_SETS = {"freiburg": ("freiburg", "fold0", None), "grocery-store": ("grocery-store", "test", "fine")}
_HOW = (
    "All photos go through the classifier that serves. Known are photos that the model was not trained on, of"
    " categories that it was trained on. An accepted answer is right if the true category is the answered node or one"
    " under it; one more exact than the label is wrong. Thresholds and temperature are those of the bundle, fitted on"
    " none of these photos.",
    "AUROC: the probability that the novelty of an unlearned picture is above that of a known photo; the figure is"
    " the mean over the kinds. Intervals are 95 % percentile intervals of 1,000 bootstrap resamples.",
)


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What a model says of N labelled photos: one value of each a photo.

    Attributes:
        accepted, right: whether the answer is accepted; whether it is accepted and right.
        asked: whether it asks.
        novelty: the novelty score.
        confidence: calibrated probability of the likeliest category (not variety).
        uncalibrated: the same at temperature 1.
        hit: whether that category is the true one.
        hit_uncalibrated: whether the likeliest at temperature 1 is.
    """

    accepted: NDArray[np.bool_]
    right: NDArray[np.bool_]
    asked: NDArray[np.bool_]
    novelty: NDArray[np.float64]
    confidence: NDArray[np.float64]
    uncalibrated: NDArray[np.float64]
    hit: NDArray[np.bool_]
    hit_uncalibrated: NDArray[np.bool_]

    def take(self, chosen: NDArray[np.int64]) -> Known:
        """Some of the photos, again and again if asked for."""
        return Known(*(getattr(self, name)[chosen] for name in self.__slots__))

    @property
    def precision(self) -> float:
        """Share of right answers among the accepted (1 where none is)."""
        return float(self.right.sum() / max(1, self.accepted.sum())) if self.accepted.any() else 1.0

    @property
    def coverage(self) -> float:
        """Share of accepted photos."""
        return float(self.accepted.mean())

    def ece(self, *, before: bool = False) -> float:
        """Calibration error at the level of categories."""
        sure, hit = (self.uncalibrated, self.hit_uncalibrated) if before else (self.confidence, self.hit)
        return expected_calibration_error(calibration_bins(sure, hit))

    def plain(self) -> dict[str, float]:
        """All figures."""
        return {
            "photos": len(self.accepted),
            "precision": self.precision,
            "coverage": self.coverage,
            "asked": float(self.asked.mean()),
            "unknown": float(1 - self.accepted.mean() - self.asked.mean()),
            "accuracy": float(self.hit.mean()),
            "ece_before": self.ece(before=True),
            "ece": self.ece(),
        }


def unknown(options: Options) -> Result:
    """A given bundle on Freiburg's fold 0 and Grocery Store's test list, and on unlearned pictures."""
    bundle = _given_bundle(options.runs)
    classifier, tree = Classifier(bundle), _tree(bundle)
    known: dict[str, Known] = {}
    for name, (folder, part, level) in _SETS.items():
        dataset = read_dataset(dataset_folder(folder), level=level)
        matched = match_categories(dataset.categories, tree.nodes)
        if options.photos and not matched:
            continue  # in a trial one set is enough
        if missing := sorted(set(dataset.categories) - set(matched)):
            raise BenchmarkError(f"{bundle.path} does not know of {name}: {', '.join(missing[:5])}")
        chosen = _some(dataset.official[part], options.photos)
        known[name] = _known(classifier, tree, dataset, chosen, matched, options)
    if not known:
        raise BenchmarkError(f"{bundle.path} knows none of the sets' categories")
    scores = {
        kind: _novelty(classifier, _some(sources, options.photos), kind, options)
        for kind, sources in unlearned().items()
    }
    everything = _joined(list(known.values()))
    first = next(iter(known.values()))
    shown = ", ".join(f"{name} {percent(k.precision)} of {percent(k.coverage)}" for name, k in known.items())
    decision = bundle.decision
    assert decision is not None
    remarks = (
        f"Bundle {bundle.id} ({bundle.name}, {len(bundle.categories)} categories), thresholds fitted for"
        f" {percent(decision.precision)}, novelty score {decision.novelty}. Right of accepted by set: {shown}.",
        *(
            f"Unlearned, {kind}: {ORIGIN[kind]}. AUROC {_auroc(s, everything):.3f}."
            for kind, s in scores.items()
        ),
    )
    return Result(
        name="unknown",
        figures=_figures("unknown", everything, scores, first),
        command=("python -m benchmarks unknown --run BUNDLE",),
        method=_HOW,
        remarks=remarks,
        machine=machine.facts(),
        versions=machine.versions(_LIBRARIES),
        samples=_samples(bundle, known, scores, everything),
    )


def left_out(options: Options) -> Result:
    """``lite0`` on Freiburg without every fifth category: are these told from the others?"""
    root = dataset_folder("freiburg")
    names = folders(root)
    strange = freiburg_left_out(names)
    wanted = Wanted(
        name="unknown-left-out",
        data=root,
        shown="$SHELFWISE_DATA/freiburg",
        recipes=("lite0",),
        settings={"classes": tuple(name for name in names if name not in strange), "fold": "fold0"},
        method="fold:fold0",
        part="fold0",
    )
    run = trained(wanted, options.runs)[0]
    if run.bundle.decision is None:
        raise BenchmarkError(f"{run.folder}: its bundle decides nothing; train it anew")
    classifier, tree = Classifier(run.bundle), _tree(run.bundle)
    whole = read_dataset(root)
    fold = whole.official["fold0"]
    matched = match_categories(whole.categories, tree.nodes)
    inside = [i for i in fold if whole.categories[whole.samples[i].label] in matched]
    known = _known(classifier, tree, whole, _some(inside, options.photos), matched, options)
    scores = {}
    for name in strange:
        photos = [whole.path(i) for i in fold if whole.categories[whole.samples[i].label] == name]
        scores[name] = _novelty(classifier, _some(photos, options.photos), name, options)
    together = {"left out": np.concatenate(list(scores.values()))}
    remarks = (
        f"Left out of the training: {', '.join(strange)}. Known: the other {len(tree.categories)} categories,"
        f" {len(known.accepted):,} photos of fold 0; {percent(known.precision)} of the accepted are right, and"
        f" {percent(known.coverage)} are accepted.",
        "By category: " + ", ".join(f"{kind} {_auroc(each, known):.3f}" for kind, each in scores.items()),
    )
    return Result(
        name=wanted.name,
        figures=(_auroc_figure(wanted.name, 0, known, together),),
        command=(
            f"{train_command(wanted, run)} --out runs/{wanted.name}",
            f"python -m benchmarks {wanted.name} --run runs/{wanted.name}",
        ),
        method=_HOW,
        remarks=remarks,
        machine=machine.facts(),
        versions=machine.versions(_LIBRARIES),
        samples=_samples(run.bundle, {"freiburg": known}, scores, known),
    )


def _given_bundle(runs: Sequence[Path]) -> Bundle:
    bundle = read_bundle(find_bundle(runs[0] if runs else None))
    if bundle.decision is None:
        raise BenchmarkError(f"{bundle.path} decides nothing: train it with validation photos")
    return bundle


def _tree(bundle: Bundle) -> Hierarchy:
    assert bundle.decision is not None
    return bundle.decision.hierarchy(bundle.categories)


def _some(items: Sequence[Source] | Sequence[int], count: int | None) -> list[Any]:
    """All, or so many of them spread evenly in a trial."""
    taken = min(count or len(items), len(items))
    return [items[i * len(items) // taken] for i in range(taken)]


def _known(
    classifier: Classifier,
    tree: Hierarchy,
    dataset: Dataset,
    indices: Sequence[int],
    matched: Mapping[str, str],
    options: Options,
) -> Known:
    predictions = _predictions(classifier, [dataset.path(i) for i in indices], dataset.root.name, options)
    truth = np.array([tree.index[matched[dataset.categories[dataset.samples[i].label]]] for i in indices])
    decisions = [each.decision for each in predictions]
    answers = np.array(["" if each is None else each.answer for each in decisions])
    nodes = np.array([-1 if d is None or d.node is None else tree.index[d.node] for d in decisions])
    probabilities = np.stack([each.probabilities for each in predictions])
    sides = []
    for values in (probabilities, retempered(probabilities, 1 / classifier.bundle.temperature)):
        best, sure = tree.likeliest(values)
        sides.append((np.minimum(sure, 1.0), tree.holds(best, truth)))
    return Known(
        accepted=answers == "accept",
        right=(answers == "accept") & tree.holds(nodes, truth),
        asked=answers == "ask",
        novelty=np.array([np.nan if each is None else each.novelty for each in decisions]),
        confidence=sides[0][0],
        uncalibrated=sides[1][0],
        hit=sides[0][1],
        hit_uncalibrated=sides[1][1],
    )


def _predictions(
    classifier: Classifier, sources: Sequence[Source], what: str, options: Options
) -> list[Prediction]:
    options.tell(f"  {what}: {len(sources):,} pictures")
    results = list(classifier.stream(sources))
    broken = [each for each in results if isinstance(each, ImageError)]
    if broken:
        raise BenchmarkError(f"{len(broken)} pictures of {what} cannot be read; the first: {broken[0]}")
    return [each for each in results if isinstance(each, Prediction)]


def _novelty(
    classifier: Classifier, sources: Sequence[Source], what: str, options: Options
) -> NDArray[np.float64]:
    found = _predictions(classifier, sources, what, options)
    return np.array([each.decision.novelty for each in found if each.decision is not None])


def _joined(parts: Sequence[Known]) -> Known:
    return Known(*(np.concatenate([getattr(p, name) for p in parts]) for name in Known.__slots__))


def _auroc(strange: NDArray[np.float64], known: Known) -> float:
    return auroc(list(strange), list(known.novelty))


def _figures(
    name: str, known: Known, scores: Mapping[str, NDArray[np.float64]], first: Known
) -> tuple[Figure, ...]:
    precision = _interval(known, lambda part: part.precision)
    coverage = _interval(known, lambda part: part.coverage)
    error = _interval(first, lambda part: part.ece())
    count = f"{len(known.accepted):,} known photos"
    goals = GOALS[name]
    accepted = f"{int(known.right.sum()):,} of {int(known.accepted.sum()):,} accepted"
    return (
        goals[0].figure(known.precision, *precision, ours=accepted, peer="–"),
        goals[1].figure(known.coverage, *coverage, ours=count, peer="–"),
        _auroc_figure(name, 2, known, scores),
        goals[3].figure(
            first.ece(),
            *error,
            ours=f"{len(first.hit):,} photos",
            peer=f"before: {percent(first.ece(before=True))}",
        ),
    )


def _auroc_figure(name: str, index: int, known: Known, scores: Mapping[str, NDArray[np.float64]]) -> Figure:
    random = np.random.default_rng(0)
    value = float(np.mean([_auroc(each, known) for each in scores.values()]))
    rounds = []
    for _ in range(_ROUNDS):
        part = np.sort(random.choice(known.novelty, len(known.novelty)))
        rounds.append(
            np.mean([auroc(random.choice(s, len(s)).tolist(), part.tolist()) for s in scores.values()])
        )
    low, high = np.percentile(rounds, [2.5, 97.5])
    count = sum(map(len, scores.values()))
    return GOALS[name][index].figure(
        value, float(low), float(high), ours=f"{count:,} unlearned, {len(known.novelty):,} known", peer="–"
    )


def _interval(known: Known, figure: Callable[[Known], float]) -> tuple[float, float]:
    random = np.random.default_rng(0)
    count = len(known.accepted)
    values = [figure(known.take(random.integers(0, count, count))) for _ in range(_ROUNDS)]
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def _samples(
    bundle: Bundle, known: Mapping[str, Known], scores: Mapping[str, NDArray[np.float64]], everything: Known
) -> dict[str, object]:
    return {
        "bundle": bundle.id,
        "network": bundle.name,
        "known": {name: each.plain() for name, each in known.items()},
        "unlearned": {
            kind: {"pictures": len(each), "auroc": _auroc(each, everything)} for kind, each in scores.items()
        },
    }
