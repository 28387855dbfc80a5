"""The model card: what a bundle is, what it was trained on, how well it does, what it is not for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["CardFacts", "model_card"]


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What a model card tells (idea: Mitchell et al. 2019, arXiv 1810.03993).

    Attributes:
        name: the network.
        categories: what it can answer.
        photos: number of training, validation and test photos.
        method: how they were divided.
        metrics: figures by part, then by name.
        weights: what the training began with, and under which licence.
        facts: settings and versions.
        rendered: whether the pictures are drawn by a program.
    """

    name: str
    categories: Sequence[str]
    photos: tuple[int, int, int]
    method: str
    metrics: Mapping[str, Mapping[str, float]]
    weights: str
    facts: Mapping[str, str]
    rendered: bool


def model_card(card: CardFacts) -> str:
    """The card as Markdown."""
    lines = [f"# {card.name}, {len(card.categories)} categories", ""]
    if card.rendered:
        lines += [
            "> Trained on **rendered** pictures, not on photos: its figures say nothing about a real shop.",
            "",
        ]
    train, val, test = card.photos
    lines += [
        "## Training",
        "",
        f"- {train:,} photos to train on, {val:,} to choose the best epoch by, {test:,} to test on ({card.method}).",
        f"- {card.weights}",
        *(f"- {name}: {value}" for name, value in card.facts.items()),
        "",
        "## Figures",
        "",
        *_table(card.metrics),
        "",
        "## Use and limits",
        "",
        "- Names one category for a photo that shows one kind of product. It always answers one of the categories"
        " below, also for a photo of something else: look at the confidence.",
        "- The figures hold for photos like those it was trained on; other shops, packagings and cameras give less.",
        "- The rights to the training photos are their owners'; ask before giving the model away.",
        "",
        "## Categories",
        "",
        *(f"- {name}" for name in card.categories),
        "",
    ]
    return "\n".join(lines)


def _table(metrics: Mapping[str, Mapping[str, float]]) -> list[str]:
    if not metrics:
        return ["None were measured."]
    rows = ["| part | accuracy | macro F1 | ECE |", "|---|---|---|---|"]
    for part, figures in metrics.items():
        shown = (f"{figures[name]:.1%}" for name in ("accuracy", "macro_f1", "ece"))
        rows.append(f"| {part} | {' | '.join(shown)} |")
    return rows
