"""What is told of a model on the shelf: what it knows, what was measured, and what part it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

__all__ = ["Figure", "ShelfModel", "figures_of"]

_FIGURES: Final[Mapping[str, str]] = {
    "accuracy": "Right first answers",
    "top3_accuracy": "Right within the first three",
    "category_accuracy": "Right category",
    "exact_accuracy": "Right variety",
    "accepted_coverage": "Answered without asking",
    "accepted_precision": "Right among those",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A measurement of a model, in words for people: ``Right first answers``, ``93.3 %``."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class ShelfModel:
    """A model on the shelf.

    Attributes:
        id: the bundle's.
        name: the network's name.
        active: whether it answers photos now.
        previous: whether it is what :meth:`~shelfwise.workflows.model_shelf.ModelShelf.roll_back` goes back to.
        shadow: whether it is tried on the same photos without anybody seeing its answers.
        packaged: whether it comes with Shelfwise, and cannot be removed.
        added_at, added_by: when and by whom it was uploaded; None for the packaged one.
        categories: how many categories it knows, such as ``Fruit/Apple``.
        varieties: how many varieties of them it tells apart, such as ``Fruit/Apple/Granny-Smith``.
        knows: both in words.
        bytes: size on the disk.
        path: the bundle's folder.
        card_path: the model card, Markdown.
        report_path: the training's report, HTML, where it came along. It was written by others: show it sandboxed.
        metrics: what was measured on photos that the training never saw.
    """

    id: str
    name: str
    active: bool
    previous: bool
    shadow: bool
    packaged: bool
    added_at: datetime | None
    added_by: str | None
    categories: int
    varieties: int
    knows: str
    bytes: int
    path: Path
    card_path: Path
    report_path: Path | None
    metrics: tuple[Figure, ...]


def figures_of(metrics: Mapping[str, Any]) -> tuple[Figure, ...]:
    """The measurements that people ask for, of the test photos, else of those that the training was watched with."""
    for part in ("test", "val"):
        values = metrics.get(part)
        if isinstance(values, Mapping):
            return tuple(
                Figure(words, f"{100 * values[key]:.1f} %")
                for key, words in _FIGURES.items()
                if isinstance(values.get(key), float | int)
            )
    return ()
