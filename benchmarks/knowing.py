"""What a model says of photos that it knows and of pictures that it does not, and the figures of that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.goals import GOALS
from benchmarks.options import Options
from benchmarks.result import BenchmarkError, Figure
from shelfwise.bundle import Bundle
from shelfwise.datasets.dataset import Dataset
from shelfwise.errors import ImageError
from shelfwise.hierarchy import Hierarchy
from shelfwise.inference.classifier import Classifier, Source
from shelfwise.training.calibration import retempered
from shelfwise.training.decision_figures import auroc
from shelfwise.training.measures import calibration_bins, expected_calibration_error
from shelfwise.training.verdicts import answers_right
from shelfwise.types import Prediction
from shelfwise.workflows.matching import Matched

__all__ = [
    "HOW",
    "LIBRARIES",
    "Known",
    "Unlearned",
    "auroc_figure",
    "auroc_of",
    "interval",
    "known_photos",
    "refuse_undecided",
    "samples_of",
    "spread",
    "tree_of",
    "unlearned_pictures",
]

_ROUNDS = 1000
LIBRARIES = ("shelfwise", "onnxruntime", "openvino", "numpy", "pillow")
HOW = (
    "All photos go through the classifier that serves. Known are photos that the model was not trained on, of"
    " categories that it was trained on. An accepted answer is right if the true category is the answered node or one"
    " under it. One more exact than the label is right too where the set tells nothing under that label, since nobody"
    " can say that it is wrong (`shelfwise.training.verdicts.answers_right`, as in `shelfwise evaluate`). Thresholds"
    " and temperature are those of the bundle, fitted on none of these photos.",
    "AUROC: the probability that the novelty of an unlearned picture is above that of a known photo; the figure is"
    " the mean over the kinds. Intervals are 95 % percentile intervals of 1,000 bootstrap resamples.",
)


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What a model says of N labelled photos: one value of each a photo.

    Attributes:
        accepted, right: whether the answer is accepted; whether it is accepted and right.
        deeper: whether it is right though more exact than the label.
        asked: whether it asks.
        novelty: the novelty score.
        confidence: calibrated probability of the likeliest category (not variety).
        uncalibrated: the same at temperature 1.
        hit: whether that category is the true one.
        hit_uncalibrated: whether the likeliest at temperature 1 is.
    """

    accepted: NDArray[np.bool_]
    right: NDArray[np.bool_]
    deeper: NDArray[np.bool_]
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
            "deeper": int(self.deeper.sum()),
            "asked": float(self.asked.mean()),
            "unknown": float(1 - self.accepted.mean() - self.asked.mean()),
            "accuracy": float(self.hit.mean()),
            "ece_before": self.ece(before=True),
            "ece": self.ece(),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Unlearned:
    """What a model says of N pictures of what it never learned.

    Attributes:
        novelty: the novelty score of each.
        answers: ``accept`` (which is wrong), ``ask`` or ``unknown``, of each.
    """

    novelty: NDArray[np.float64]
    answers: NDArray[np.str_]

    def count(self, answer: str) -> int:
        """How many are answered so."""
        return int((self.answers == answer).sum())

    def text(self) -> str:
        """How they are answered, in words."""
        return (
            f"of {len(self.answers):,} pictures {self.count('accept'):,} accepted (wrongly),"
            f" {self.count('ask'):,} asked about, {self.count('unknown'):,} unknown"
        )


def refuse_undecided(bundle: Bundle) -> None:
    """Raise BenchmarkError for a bundle that has no decision rule."""
    if bundle.decision is None:
        raise BenchmarkError(f"{bundle.path} decides nothing: train it with validation photos")


def tree_of(bundle: Bundle) -> Hierarchy:
    """The tree of a deciding bundle's categories."""
    assert bundle.decision is not None
    return bundle.decision.hierarchy(bundle.categories)


def spread(items: Sequence[Source] | Sequence[int], count: int | None) -> list[Any]:
    """All, or so many of them spread evenly in a trial."""
    taken = min(count or len(items), len(items))
    return [items[i * len(items) // taken] for i in range(taken)]


def known_photos(
    classifier: Classifier,
    tree: Hierarchy,
    dataset: Dataset,
    indices: Sequence[int],
    matched: Matched,
    options: Options,
) -> Known:
    """What a model says of some of a set's photos, whose labels are matched with the nodes of its tree."""
    predictions = _predictions(classifier, [dataset.path(i) for i in indices], dataset.root.name, options)
    truth = np.array([matched.nodes[dataset.samples[i].label] for i in indices])
    decisions = [each.decision for each in predictions]
    answers = np.array(["" if each is None else each.answer for each in decisions])
    nodes = np.array([-1 if d is None or d.node is None else tree.index[d.node] for d in decisions])
    probabilities = np.stack([each.probabilities for each in predictions])
    sides = []
    for values in (probabilities, retempered(probabilities, 1 / classifier.bundle.temperature)):
        best, sure = tree.likeliest(values)
        sides.append((np.minimum(sure, 1.0), tree.holds(best, truth)))
    accepted = answers == "accept"
    right = accepted & answers_right(tree, nodes, truth, matched.is_coarse(truth))
    return Known(
        accepted=accepted,
        right=right,
        deeper=right & ~tree.holds(nodes, truth),
        asked=answers == "ask",
        novelty=np.array([np.nan if each is None else each.novelty for each in decisions]),
        confidence=sides[0][0],
        uncalibrated=sides[1][0],
        hit=sides[0][1],
        hit_uncalibrated=sides[1][1],
    )


def unlearned_pictures(
    classifier: Classifier, sources: Sequence[Source], what: str, options: Options
) -> Unlearned:
    found = _predictions(classifier, sources, what, options)
    decisions = [each.decision for each in found if each.decision is not None]
    return Unlearned(
        np.array([each.novelty for each in decisions]), np.array([each.answer for each in decisions])
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


def auroc_of(strange: NDArray[np.float64], known: Known) -> float:
    return auroc(list(strange), list(known.novelty))


def auroc_figure(
    name: str, index: int, known: Known, scores: Mapping[str, NDArray[np.float64]], beside: str = "–"
) -> Figure:
    random = np.random.default_rng(0)
    value = float(np.mean([auroc_of(each, known) for each in scores.values()]))
    rounds = []
    for _ in range(_ROUNDS):
        part = np.sort(random.choice(known.novelty, len(known.novelty)))
        rounds.append(
            np.mean([auroc(random.choice(s, len(s)).tolist(), part.tolist()) for s in scores.values()])
        )
    low, high = np.percentile(rounds, [2.5, 97.5])
    count = sum(map(len, scores.values()))
    return GOALS[name][index].figure(
        value, float(low), float(high), ours=f"{count:,} unlearned, {len(known.novelty):,} known", peer=beside
    )


def interval(known: Known, figure: Callable[[Known], float]) -> tuple[float, float]:
    random = np.random.default_rng(0)
    count = len(known.accepted)
    values = [figure(known.take(random.integers(0, count, count))) for _ in range(_ROUNDS)]
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def samples_of(
    bundle: Bundle, known: Mapping[str, Known], found: Mapping[str, Unlearned], everything: Known
) -> dict[str, object]:
    return {
        "bundle": bundle.id,
        "network": bundle.name,
        "known": {name: each.plain() for name, each in known.items()},
        "unlearned": {
            kind: {"pictures": len(each.answers), "auroc": auroc_of(each.novelty, everything)}
            | {answer: each.count(answer) for answer in ("accept", "ask", "unknown")}
            for kind, each in found.items()
        },
    }
