"""What a model said of the photos that movements come from, in words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from shelfwise.answers.records import Answer
from shelfwise.errors import BundleError, NotFoundError
from shelfwise.inventory.records import Movement
from shelfwise.text import readable
from shelfwise.workflows.shop import Shop

__all__ = ["Source", "sources_of"]

_ID: Final = re.compile("[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Source:
    """The model behind a movement.

    Attributes:
        words: what it said of the photo, and whether people said something else; may be empty.
        model: its name, empty where no model was asked.
    """

    words: str
    model: str


def sources_of(shop: Shop, movements: Sequence[Movement]) -> Mapping[int, Source]:
    """The models behind movements, by the movements' numbers; those that come from no photo are left out."""
    answers = shop.answers.behind({each.id for each in movements if each.photo and each.model})
    names = {model: _name(shop, model) for model in {each.model for each in movements if each.model}}
    return {
        each.id: Source(
            words=_words(each, answers.get(each.id)),
            model=names[each.model] if each.model else "",
        )
        for each in movements
        if each.photo is not None
    }


def _name(shop: Shop, model: str) -> str:
    try:
        return shop.shelf.model(model).name
    except (BundleError, NotFoundError):
        # One that was removed may be known still from its days at work; an import may name any.
        name = shop.models.name_of(model)
        return "Model that was removed" if _ID.fullmatch(name) else name


def _words(movement: Movement, answer: Answer | None) -> str:
    sure = "" if movement.confidence is None else f"{_percent(movement.confidence)} sure"
    if answer is None:
        return sure
    said = answer.product or (readable(answer.category.split("/")[-1]) if answer.category else None)
    if answer.kind == "unknown" or said is None:
        return "Not known to the model, chosen by hand"
    if not _is_booked(movement, answer):
        return f"Model said {said}, {_percent(answer.confidence)} · corrected"
    return sure if answer.kind == "accept" else "Model was unsure · confirmed"


def _is_booked(movement: Movement, answer: Answer) -> bool:
    """Whether what was booked is what the model answered."""
    if answer.product_id is not None:
        return answer.product_id == movement.product_id
    # A booking keeps the confidence only where the category that was answered means its product's. What is said in
    # Review afterwards changes no word about what was booked.
    return movement.confidence is not None


def _percent(part: float) -> str:
    return f"{part * 100:.0f} %"
