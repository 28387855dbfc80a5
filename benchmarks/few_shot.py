"""Products from a handful of photos: top-1 accuracy with 1, 3 and 5 photos each, over many random draws."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks import machine, twin
from benchmarks.embedded import Floats, Integers, Photos, embedded, joined
from benchmarks.goals import GOALS
from benchmarks.options import Options
from benchmarks.photos import dataset_folder
from benchmarks.product_threshold import Verdicts, verdicts
from benchmarks.result import BenchmarkError, Figure, Result, percent
from shelfwise.bundle import Bundle, read_bundle
from shelfwise.datasets.dataset import Dataset
from shelfwise.datasets.layouts import read_dataset
from shelfwise.datasets.layouts.joined import groceries
from shelfwise.inference.classifier import Classifier
from shelfwise.inference.products.calibration import prior_of
from shelfwise.inference.products.gallery import Gallery, unit_rows
from shelfwise.inference.products.index import ModelRef
from shelfwise.text import some
from shelfwise.workflows.classify import find_bundle

__all__ = ["Accuracies", "accuracies", "few_shot", "refuse_familiar"]

NAME = "few-shot"
SHOTS = (1, 3, 5)
DRAWS = 200
THRESHOLD_DRAWS = 10
SEED = 42
_CHECKED = 50
_GROCERY, _ITEMS = "grocery-store", "checkout-items"
_CLASSES = {_GROCERY: 81, _ITEMS: 9}
_SEEN_LAYOUTS = ("grocery-store", "groceries")
_POOL, _LISTS = "one pool", "two lists"
_SHOWN = {
    _POOL: "Grocery Store, enrolled from the test list, the rest of it asked",
    _LISTS: "Grocery Store, enrolled from the official training list, the official test list asked",
    f"{_POOL}, unfamiliar": "the first, asked only about classes whose category the model never learned",
    f"{_LISTS}, unfamiliar": "the second, likewise",
    "items": "checkout-items, crops of 9 items, enrolled from train and val, test asked",
    "items of train": "checkout-items, the 7 items that train shows, enrolled from train, val and test asked",
}
_FIGURES = ((_POOL, 5), (_POOL, 1), (_LISTS, 5), (_LISTS, 1), ("items", 5), ("items", 1))
_METHOD = (
    "Each draw takes 1, 3 or 5 photos of every class by chance, enrols them as products, and asks which product each"
    " of the other photos shows; unknown is no answer here. Embeddings come from the bundle through the decoder,"
    " preprocessing and ONNX graph of `shelfwise products`; the similarity is that of"
    " `shelfwise.inference.products.gallery`, and the first draw is compared with what its search answers.",
    "The headline is the usual few-shot protocol: enrolled photos and asked photos are drawn from one pool of photos"
    " of classes that the model was not trained on (Vinyals et al. 2016, arXiv 1606.04080), here the official test"
    " list."
    " Always all 81 classes stand to choice at once, which is harder than the usual 5 or 20.",
    "Beside it stands a harder one: enrolled from the set's official training list, asked on its official test list."
    " In what their photos differ (shop, day, light, camera) the copy that is measured on does not say; that the"
    " figures are lower says that photos of one list are more alike. Who enrols a product where it will be"
    " recognised can expect figures nearer to the headline, who enrols it elsewhere nearer to the other.",
    f"Each figure is the mean over {DRAWS} draws (seed {SEED}); the interval holds 95 % of the draws.",
    "The threshold: half of the classes, drawn by chance, are enrolled with one photo each in a `ProductIndex` as"
    " `shelfwise products` makes it, and photos of all classes are asked about; the mean of"
    f" {THRESHOLD_DRAWS} draws. What similarities to expect the index takes from the bundle, as users' do: three"
    " numbers that were measured on training-list photos of these classes.",
)


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
        return f"{percent(self.mean)} ({percent(low)} to {percent(high)})"


ByShots = dict[int, Accuracies]


def few_shot(options: Options) -> Result:
    """Grocery Store's fine classes in two protocols, the crops of checkout-items, and the fitted threshold."""
    bundle = twin.bundle_or_twin(options.bundle)
    sets = {name: _dataset(name) for name in _CLASSES}
    problems = twin.differences(bundle)
    if problems:
        refuse_familiar(bundle, sets[_ITEMS].categories, problems)
    else:
        _refuse_other_metric(bundle)
    classifier = Classifier(bundle)
    parts = {name: _embedded(classifier, dataset, options) for name, dataset in sets.items()}
    names = sets[_GROCERY].categories
    known = twin.familiar(names, bundle.categories)
    unfamiliar = [label for label, name in enumerate(names) if name not in known]
    measured = _protocols(parts, unfamiliar, options.repeats or DRAWS)
    for name, by_shots in measured.items():
        options.tell(f"  {name}: " + "; ".join(f"{n} each {found.text()}" for n, found in by_shots.items()))
    threshold = _threshold(bundle, parts[_GROCERY], options)
    return _result(bundle, measured, threshold, known, is_twin=not problems)


def _refuse_other_metric(bundle: Bundle) -> None:
    """Refuse a twin whose embedding is not such as the model that ships gives."""
    shipped = read_bundle(find_bundle(None))
    ours, theirs = (None if (m := each.metric()) is None else m.shape for each in (bundle, shipped))
    if ours != theirs:
        raise BenchmarkError(
            f"{bundle.path}: its metric for products has the shape {ours}, that of the model that ships {theirs}:"
            f" make the twin again with {twin.COMMAND}"
        )


def refuse_familiar(bundle: Bundle, others: Sequence[str], problems: Sequence[str]) -> None:
    """Refuse a model that knows what it is to be asked about as unseen.

    Args:
        bundle: the model; not the left-out twin.
        others: classes that are asked about beside Grocery Store's.
        problems: why it is not the twin.

    Raises:
        BenchmarkError: it was trained on Grocery Store, or a category of it is one of the classes.
    """
    places = [
        place
        for source in groceries().source
        if source.layout == _GROCERY
        for place in dict.fromkeys(source.categories.values())
    ]
    known = twin.familiar([*places, *others], bundle.categories)
    layouts = {origin.get("layout") for origin in twin.origins(bundle)}
    if not known and layouts.isdisjoint(_SEEN_LAYOUTS):
        return
    what = some(known) if known else "photos of Grocery Store"
    raise BenchmarkError(
        f"{bundle.path} has learned {what}, which it would be asked about as unseen, and is not the left-out twin"
        f" ({'; '.join(problems)}). Name another bundle with --bundle, or make the twin with {twin.COMMAND}"
    )


def _protocols(
    parts: dict[str, dict[str, Photos]], unfamiliar: Collection[int], draws: int
) -> dict[str, ByShots]:
    grocery, items = parts[_GROCERY], parts[_ITEMS]
    later = joined(items["val"], items["test"]).of(np.unique(items["train"].labels))

    def each(enrolled: Photos, asked: Photos | None, only: Collection[int] | None = None) -> ByShots:
        return {shots: accuracies(enrolled, asked, shots, draws, only=only) for shots in SHOTS}

    return {
        _POOL: each(grocery["test"], None),
        _LISTS: each(grocery["train"], grocery["test"]),
        f"{_POOL}, unfamiliar": each(grocery["test"], None, unfamiliar),
        f"{_LISTS}, unfamiliar": each(grocery["train"], grocery["test"], unfamiliar),
        "items": each(joined(items["train"], items["val"]), items["test"]),
        "items of train": each(items["train"], later),
    }


def _threshold(bundle: Bundle, parts: dict[str, Photos], options: Options) -> dict[str, Verdicts]:
    model, prior = ModelRef(id=bundle.id, name=bundle.name), prior_of(bundle.metrics, str(bundle.path))
    draws = min(options.repeats or THRESHOLD_DRAWS, THRESHOLD_DRAWS)
    found = {
        _POOL: verdicts(parts["test"], None, model, prior, draws=draws),
        _LISTS: verdicts(parts["train"], parts["test"], model, prior, draws=draws),
    }
    for name, each in found.items():
        options.tell(f"  threshold, {name}: {each.text()}")
    return found


def accuracies(
    enrolled: Photos,
    asked: Photos | None,
    shots: int,
    draws: int,
    seed: int = SEED,
    only: Collection[int] | None = None,
) -> Accuracies:
    """Accuracy of each draw of ``shots`` photos a class.

    Args:
        enrolled: where the enrolled photos are drawn from.
        asked: the photos that are asked about; None for those of ``enrolled`` that are not drawn.
        shots: photos a class.
        draws: how often to draw.
        seed: of the draws.
        only: ask about photos of these classes only; all are enrolled.

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
        queries = enrolled.without(chosen) if asked is None else asked
        queries = queries if only is None else queries.of(only)
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


def _dataset(name: str) -> Dataset:
    dataset = read_dataset(dataset_folder(name))
    if len(dataset.categories) != _CLASSES[name]:
        raise BenchmarkError(f"{dataset.root}: {len(dataset.categories)} classes, not {_CLASSES[name]}")
    return dataset


def _embedded(classifier: Classifier, dataset: Dataset, options: Options) -> dict[str, Photos]:
    """The official parts of a set."""
    options.tell(f"  embedding {len(dataset):,} photos of {dataset.root.name}")
    return {
        part: embedded(classifier, dataset, indices[: options.photos] if options.photos else indices)
        for part, indices in dataset.official.items()
        if indices
    }


def _result(
    bundle: Bundle,
    measured: dict[str, ByShots],
    threshold: dict[str, Verdicts],
    known: Sequence[str],
    *,
    is_twin: bool,
) -> Result:
    heading = ("top-1, mean of the draws", *(f"{n} photo{'s' * (n > 1)} each" for n in SHOTS))
    rows = ((_SHOWN[name], *(by[shots].text() for shots in SHOTS)) for name, by in measured.items())
    what = "the left-out twin of the model that ships" if is_twin else bundle.name
    return Result(
        name=NAME,
        figures=tuple(_figure(place, measured[name][n]) for place, (name, n) in enumerate(_FIGURES)),
        command=(f"{twin.COMMAND}   # trains the model", f"python -m benchmarks {NAME}"),
        method=_METHOD,
        remarks=(
            f"Model: {what}, {len(bundle.categories)} categories, bundle {bundle.id}. By its categories and"
            f" provenance it was trained on no photo of these classes. {_familiarity(known)}",
            "Its networks began with published weights, which saw pictures of fruit and vegetables too (TinyViT:"
            " ImageNet-22k with its labels; DINOv2: LVD-142M without labels). Settings and the members' shares are"
            " those of the model that ships, chosen by validation photos of all classes.",
            "Which embedding is compared was chosen on training and validation lists; what else was tried:"
            " docs/recipes.md.",
            *(f"Threshold, {name}: {found.text()}." for name, found in threshold.items()),
        ),
        table=(heading, *rows),
        machine=machine.facts(),
        versions=machine.versions(("shelfwise", "onnxruntime", "openvino", "numpy", "pillow")),
        samples={
            "bundle": bundle.id,
            "network": bundle.name,
            "twin": is_twin,
            "trained_with": [origin.get("config", {}) for origin in twin.origins(bundle)],
            "familiar": list(known),
            "protocols": {
                name: {str(shots): _plain(found) for shots, found in by_shots.items()}
                for name, by_shots in measured.items()
            },
            "threshold": {name: found.plain() for name, found in threshold.items()},
        },
    )


def _familiarity(known: Sequence[str]) -> str:
    if not known:
        return "It knows the category of none of them either."
    return (
        f"Of {len(known)} of the 81 fine classes (juices and milks) it knows the category, though, from photos of"
        " other products: the rows of unfamiliar classes leave them out."
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
