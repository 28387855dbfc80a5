"""A detector's model card: what it is, what it was trained on, how well it finds and counts, what it is not for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from shelfwise.rules import DetectionRule

__all__ = ["DetectorCard", "SetFacts", "detector_card"]

_COLUMNS = {
    "ap50": "AP50",
    "ap75": "AP75",
    "ap": "AP50:95",
    "precision": "precision",
    "recall": "recall",
    "count_median_error": "median count error",
    "count_mean_error": "mean count error",
    "count_bias": "count bias",
}


class SetFacts(NamedTuple):
    """A set of photos that went into a detector.

    Attributes:
        name: what people call it.
        licence: of its photos, in words; None where nothing tells.
        photos: how many of it were used.
        products: boxes on them.
        sha256: over names, boxes and contents of all its photos.
        times: how often each of its photos is shown in a round of training.
    """

    name: str
    licence: str | None
    photos: int
    products: int
    sha256: str
    times: int = 1


@dataclass(frozen=True, slots=True)
class DetectorCard:
    """What the card tells (idea: Mitchell et al. 2019, arXiv 1810.03993).

    Attributes:
        name: the detector.
        photos: number of training, validation and test photos.
        products: boxes on them.
        method: how they were divided.
        sets: where they come from.
        weights: sentences, what the training began with.
        rule: how the detector looks at photos.
        fitted: whether the least score was chosen on validation photos.
        metrics: figures by part, then by name.
        facts: settings and versions.
        rendered: whether the pictures that it was measured on are drawn by a program.
    """

    name: str
    photos: tuple[int, int, int]
    products: tuple[int, int, int]
    method: str
    sets: Sequence[SetFacts]
    weights: str
    rule: DetectionRule
    fitted: bool
    metrics: Mapping[str, Mapping[str, float]]
    facts: Mapping[str, str]
    rendered: bool


def detector_card(card: DetectorCard) -> str:
    """The card as Markdown."""
    photos, products = card.photos, card.products
    lines = [f"# {card.name}: finds products on shelf photos", ""]
    if card.rendered:
        lines += [
            "> Measured on **rendered** pictures, not on photos: its figures say nothing about a real shop.",
            "",
        ]
    lines += [
        "## Training",
        "",
        f"- {photos[0]:,} photos with {products[0]:,} products to train on, {photos[1]:,} with {products[1]:,} to"
        f" choose the best epoch by, {photos[2]:,} with {products[2]:,} to test on ({card.method}).",
        f"- {card.weights}",
        *(f"- {name}: {value}" for name, value in card.facts.items()),
        "",
        "The photos by set:",
        "",
        *(line for each in card.sets for line in _set_lines(each)),
        "",
        "## Figures",
        "",
        *_table(card.metrics),
        "",
        "AP: COCO's average precision, with at most 300 boxes a photo. Precision, recall and counts are those of"
        f" boxes with a score of at least {card.rule.min_score:g}"
        + (
            ", which was chosen on the validation photos: their own figures are flattered by it."
            if card.fitted
            else ", which was not chosen on any photos."
        ),
        "",
        *_use(card.rule),
    ]
    return "\n".join(lines)


def _set_lines(facts: SetFacts) -> list[str]:
    licence = facts.licence or "not told by the set; ask its owner before giving the model away"
    shown = f"; each shown {facts.times} times a round" if facts.times > 1 else ""
    return [
        f"- {facts.name}: {facts.photos:,} photos with {facts.products:,} products{shown}.",
        f"    - Licence of the photos: {licence}",
        f"    - SHA-256 of the photos and boxes: {facts.sha256}",
    ]


def _table(metrics: Mapping[str, Mapping[str, float]]) -> list[str]:
    if not metrics:
        return ["None were measured."]
    rows = [f"| part | {' | '.join(_COLUMNS.values())} |", "|---" * (len(_COLUMNS) + 1) + "|"]
    for part, figures in metrics.items():
        # Where no box counts the precision is 1 by convention, which says nothing of the detector.
        none = figures["recall"] == 0 and figures["precision"] == 1
        cells = ("–" if none and name == "precision" else f"{figures[name]:.1%}" for name in _COLUMNS)
        rows.append(f"| {part} | {' | '.join(cells)} |")
    return rows


def _use(rule: DetectionRule) -> list[str]:
    return [
        "## Use and limits",
        "",
        "- Made to find the products on a photo of a shelf, a table or a basket, whatever they are, and so to count"
        " facings together with a person who looks at the boxes. It names none.",
        f"- Looks at all of a photo at {rule.overview} pixels, and where products are small once more at up to"
        f" {rule.side} pixels, in tiles of {rule.tile}.",
        "- Counts what is seen: nothing that stands behind another product, and two that look like one as one.",
        "- Not made for people, prices or text, nor where an error does harm.",
        "- The figures hold for photos like those it was measured on; other shops, shelves and cameras give less.",
        "- The rights to the training photos are their owners'; ask before giving the model away.",
        "",
    ]
