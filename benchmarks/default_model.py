"""Accuracy of the model that comes with Shelfwise, on photos it was never trained on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks import machine
from benchmarks.goals import GOALS
from benchmarks.options import Options
from benchmarks.photos import dataset_folder
from benchmarks.result import Figure, Result, percent
from shelfwise.bundle import Bundle, default_bundle, read_bundle
from shelfwise.datasets.dataset import Dataset
from shelfwise.datasets.layouts import read_dataset
from shelfwise.hierarchy import Hierarchy
from shelfwise.inference.classifier import Classifier
from shelfwise.workflows.evaluate import PartResult, evaluate_part

__all__ = ["accuracy_default", "hits"]

_NAME = "accuracy-default"
_LIBRARIES = ("shelfwise", "onnxruntime", "openvino", "numpy", "pillow")
_ROUNDS = 1000
_PUBLISHED = {
    "freiburg": "frozen DINOv2 ViT-S/14 with a linear head: 88.8 % (mean of five folds); published: 78.9 % (CaffeNet,"
    " mean of five folds)",
    "fine": "frozen TinyViT-5M with a linear head: 79.2 %; best that could be verified: 86.04 %",
    "coarse": "frozen DINOv2 ViT-S/14 with a linear head: 88.2 %; best that could be verified: 91.99 %",
}


def accuracy_default(options: Options) -> Result:
    """Freiburg's fold 0 and Grocery Store's official test list, by the bundle in the package."""
    bundle = read_bundle(default_bundle())
    dataset = read_dataset(dataset_folder("freiburg").parent, "groceries")
    right = hits(bundle, _measured(bundle, dataset, options))
    figures = [
        _figure(index, right[name], _PUBLISHED[name])
        for index, name in enumerate(("freiburg", "fine", "coarse"))
    ]
    members = bundle.provenance.get("members", [])
    return Result(
        name=_NAME,
        figures=tuple(figures),
        command=("make default-model   # trains it", f"python -m benchmarks {_NAME}"),
        method=(
            "The bundle in the package is evaluated: from the JPEG files through the decoder, the preprocessing and"
            " the ONNX graph that `shelfwise classify` uses. The test photos were neither trained nor chosen on;"
            " copies of them in the training folds were left out.",
            "An answer is one of all 66 categories and 106 labels that the model knows, whichever set the photo is"
            " from. Freiburg and coarse: the likeliest category, its varieties summed. Fine: the likeliest label.",
            "The interval is the 95 % percentile interval of 1,000 bootstrap resamples of the photos.",
        ),
        remarks=(
            "Members: "
            + "; ".join(f"{m['config']['recipe']} ({m['share']:.0%})" for m in members)
            + f". Bundle {bundle.id}.",
            "The aims beyond the lines are 95 % of Freiburg's photos, and 92 % fine and 96 % coarse of Grocery"
            " Store's. What was tried to reach them: docs/recipes.md.",
            "Freiburg's published figure is that of Jund et al. 2016 (arXiv 1611.05799) at 256×256 pixels; the copy"
            " used here holds folds 0 to 3 at 224×224. Grocery Store: Klasson et al. 2019 (arXiv 1901.00711).",
        ),
        machine=machine.facts(),
        versions=machine.versions(_LIBRARIES),
        samples={name: [int(each) for each in values] for name, values in right.items()},
    )


def _measured(bundle: Bundle, dataset: Dataset, options: Options) -> PartResult:
    indices: Sequence[int] = dataset.official["test"]
    if options.photos:
        indices = indices[:: max(1, len(indices) // options.photos)]
    return evaluate_part(Classifier(bundle), dataset, indices, bootstrap=0)


def hits(bundle: Bundle, part: PartResult) -> dict[str, NDArray[np.bool_]]:
    """Whether each photo's answer is right."""
    tree = Hierarchy.from_categories(bundle.categories)
    probabilities = np.stack([each.probabilities for each in part.results])
    labels = np.array([each.label for each in part.results])
    best, _ = tree.likeliest(probabilities)
    category = tree.holds(best, tree.node_of_category[labels])
    fine = probabilities.argmax(axis=1) == labels
    freiburg = np.array([each.key.startswith("freiburg/") for each in part.results])
    return {"freiburg": category[freiburg], "fine": fine[~freiburg], "coarse": category[~freiburg]}


def _figure(index: int, right: NDArray[np.bool_], peer: str) -> Figure:
    chance = np.random.default_rng(0).binomial(len(right), right.mean(), _ROUNDS) / len(right)
    low, high = np.quantile(chance, [0.025, 0.975])
    value = float(right.mean())
    return GOALS[_NAME][index].figure(
        value, float(low), float(high), ours=f"{percent(value)} of {len(right):,} photos", peer=peer
    )
