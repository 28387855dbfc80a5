"""Products from a handful of photos: top-1 accuracy with 1, 3 and 5 photos each, over many random draws."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks import machine
from benchmarks.goals import GOALS
from benchmarks.options import Options
from benchmarks.photos import dataset_folder
from benchmarks.result import BenchmarkError, Figure, Result, percent
from shelfwise.bundle import Bundle
from shelfwise.datasets.dataset import Dataset
from shelfwise.datasets.layouts import read_dataset
from shelfwise.errors import ImageError
from shelfwise.inference.classifier import Classifier, load
from shelfwise.inference.products.gallery import Gallery, unit_rows

__all__ = ["Accuracies", "accuracies", "few_shot"]

NAME = "few-shot"
SHOTS = (1, 3, 5)
DRAWS = 200
SEED = 42
_CHECKED = 50
_CLASSES = {"grocery-store": 81, "checkout-items": 9}
_SHOWN = {
    "grocery-store": "Grocery Store, 81 fine classes, enrolled from the training list, official test list asked",
    "grocery-store-test": "the same, enrolled from the test list, the rest of it asked",
    "checkout-items": "checkout-items, crops of 9 items, enrolled from train and val, test asked",
    "checkout-items-train": "the same, enrolled from train, val and test asked, of the 7 items that train shows",
}
_METHOD = (
    "Each draw takes 1, 3 or 5 photos of every class by chance (all, where a class has fewer), enrols them as"
    " products, and asks which product each photo of the other part shows; unknown is no answer here. Embeddings come"
    " from the bundle through the decoder, preprocessing and ONNX graph of `shelfwise products`; the similarity is"
    " that of `shelfwise.inference.products.gallery`, and the first draw is compared with what its search answers.",
    f"The figure is the mean over {DRAWS} draws (seed {SEED}); the interval holds 95 % of the draws.",
)

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Accuracies:
    """Top-1 accuracy of each draw."""

    values: Floats
    asked: int

    @property
    def mean(self) -> float:
        return float(self.values.mean())

    @property
    def ends(self) -> tuple[float, float]:
        """What 95 % of the draws lie between."""
        low, high = np.percentile(self.values, [2.5, 97.5])
        return float(low), float(high)

    def text(self) -> str:
        low, high = self.ends
        return f"{percent(self.mean)} ({percent(low)} to {percent(high)} in 95 % of the draws)"


@dataclass(frozen=True, slots=True)
class _Photos:
    """Embeddings of length 1 with their classes."""

    rows: Floats
    labels: Integers


def few_shot(options: Options) -> Result:
    """Grocery Store's fine classes in two protocols, and the crops of checkout-items."""
    classifier = load(options.needed_bundle())
    draws = options.repeats or DRAWS
    grocery = _embedded(classifier, "grocery-store", options)
    items = _embedded(classifier, "checkout-items", options)
    measured = {
        "grocery-store": _each(grocery["train"], grocery["test"], draws),
        "grocery-store-test": _each(grocery["test"], None, draws),
        "checkout-items": _each(_joined(items["train"], items["val"]), items["test"], draws),
        "checkout-items-train": _each(
            items["train"], _of_classes(_joined(items["val"], items["test"]), items["train"].labels), draws
        ),
    }
    for name, by_shots in measured.items():
        for shots, found in by_shots.items():
            options.tell(f"  {name}, {shots} each: {found.text()}")
    return _result(classifier.bundle, measured)


def accuracies(
    enrolled: _Photos, asked: _Photos | None, shots: int, draws: int, seed: int = SEED
) -> Accuracies:
    """Accuracy of each draw of ``shots`` photos a class.

    Args:
        enrolled: where the enrolled photos are drawn from.
        asked: the photos that are asked about; None for those of ``enrolled`` that are not drawn.
        shots: photos a class.
        draws: how often to draw.
        seed: of the draws.

    Raises:
        BenchmarkError: photos are asked about whose class has none to enrol.
    """
    if asked is not None and (missing := sorted(set(asked.labels.tolist()) - set(enrolled.labels.tolist()))):
        raise BenchmarkError(f"there are no photos to enrol of the classes {missing}")
    random = np.random.default_rng([seed, shots])
    classes = np.unique(enrolled.labels)
    members = [np.flatnonzero(enrolled.labels == each) for each in classes]
    values, count = np.zeros(draws, np.float32), 0
    for draw in range(draws):
        drawn = [random.permutation(each)[:shots] for each in members]
        chosen = np.concatenate(drawn)
        queries = asked or _without(enrolled, chosen)
        counts = [len(each) for each in drawn]
        best = _nearest(queries.rows, enrolled.rows[chosen], counts)
        if draw == 0:
            _check(queries.rows, enrolled.rows[chosen], counts, best)
        values[draw] = (classes[best] == queries.labels).mean()
        count = len(queries.labels)
    return Accuracies(values, count)


def _nearest(queries: Floats, rows: Floats, counts: Sequence[int]) -> Integers:
    """The most similar class of each photo: the formula of the gallery, for all at once."""
    starts = np.cumsum([0, *counts[:-1]])
    centres = unit_rows(np.add.reduceat(rows, starts, axis=0))
    alike = 0.75 * (queries @ centres.T) + 0.25 * np.maximum.reduceat(queries @ rows.T, starts, axis=1)
    return alike.argmax(axis=1)


def _check(queries: Floats, rows: Floats, counts: Sequence[int], best: Integers) -> None:
    """What ships has to give the same answers."""
    found = Gallery(rows, counts).search(queries[:_CHECKED], 1)
    differ = sum(each[0][0] != number for each, number in zip(found, best, strict=False))
    # Rounding may turn round two that are equally near.
    if differ > 1:
        raise BenchmarkError(
            f"the search answers {differ} of {len(found)} photos differently: mend this script"
        )


def _each(enrolled: _Photos, asked: _Photos | None, draws: int) -> dict[int, Accuracies]:
    return {shots: accuracies(enrolled, asked, shots, draws) for shots in SHOTS}


def _without(photos: _Photos, chosen: Integers) -> _Photos:
    kept = np.ones(len(photos.labels), bool)
    kept[chosen] = False
    return _Photos(photos.rows[kept], photos.labels[kept])


def _of_classes(photos: _Photos, labels: Integers) -> _Photos:
    kept = np.isin(photos.labels, labels)
    return _Photos(photos.rows[kept], photos.labels[kept])


def _joined(*parts: _Photos) -> _Photos:
    return _Photos(np.concatenate([p.rows for p in parts]), np.concatenate([p.labels for p in parts]))


def _embedded(classifier: Classifier, name: str, options: Options) -> dict[str, _Photos]:
    """The official parts of a set, embedded; boxes are cut out."""
    dataset = read_dataset(dataset_folder(name))
    if len(dataset.categories) != _CLASSES[name]:
        raise BenchmarkError(f"{dataset.root}: {len(dataset.categories)} classes, not {_CLASSES[name]}")
    options.tell(f"  embedding {len(dataset):,} photos of {name}")
    labels = np.array([sample.label for sample in dataset.samples])
    parts = {}
    for part, indices in dataset.official.items():
        taken = list(indices[: options.photos] if options.photos else indices)
        rows = unit_rows(
            np.stack([_embedding(each) for each in classifier.stream(_pictures(classifier, dataset, taken))])
        )
        parts[part] = _Photos(rows, labels[taken])
    return parts


def _pictures(
    classifier: Classifier, dataset: Dataset, indices: Sequence[int]
) -> Iterator[NDArray[np.uint8]]:
    preprocessing = classifier.bundle.preprocessing
    return (preprocessing.load(dataset.path(i), box=dataset.samples[i].box) for i in indices)


def _embedding(result: object) -> Floats:
    if isinstance(result, ImageError):
        raise BenchmarkError(str(result))
    embedding = getattr(result, "embedding", None)
    assert embedding is not None
    return embedding  # type: ignore[no-any-return]


def _result(bundle: Bundle, measured: dict[str, dict[int, Accuracies]]) -> Result:
    wanted = (("grocery-store", 5), ("grocery-store", 1), ("checkout-items", 5), ("checkout-items", 1))
    figures = tuple(_figure(index, measured[name][shots]) for index, (name, shots) in enumerate(wanted))
    table = tuple(
        f"{_SHOWN[name]}: " + "; ".join(f"{shots} each: {found.text()}" for shots, found in by_shots.items())
        for name, by_shots in measured.items()
    )
    return Result(
        name=NAME,
        figures=figures,
        command=(f"python -m benchmarks {NAME} --bundle BUNDLE",),
        method=_METHOD,
        remarks=(
            f"Model: {bundle.name}, {len(bundle.categories)} categories, bundle {bundle.id}. Its card says"
            " what it was trained with: only where that held no photos of these classes are they unseen classes.",
            *table,
        ),
        machine=machine.facts(),
        versions=machine.versions(("shelfwise", "onnxruntime", "numpy", "pillow")),
        samples={
            "bundle": bundle.id,
            "network": bundle.name,
            "trained_with": bundle.provenance.get("config", {}),
            "protocols": {
                name: {str(shots): _plain(found) for shots, found in by_shots.items()}
                for name, by_shots in measured.items()
            },
        },
    )


def _figure(index: int, found: Accuracies) -> Figure:
    ours = f"{found.text()}, {found.asked:,} photos asked"
    return GOALS[NAME][index].figure(
        found.mean, *found.ends, ours=ours, peer="by chance: 1 in the number of classes"
    )


def _plain(found: Accuracies) -> dict[str, object]:
    return {
        "mean": round(found.mean, 5),
        "sd": round(float(found.values.std()), 5),
        "draws": len(found.values),
        "asked": found.asked,
        "accuracies": [round(float(value), 5) for value in found.values],
    }
