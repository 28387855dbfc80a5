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
from shelfwise.workflows.booked_answers import Match, matches_of
from shelfwise.workflows.shop import Shop

__all__ = ["Source", "sources_of"]

_ID: Final = re.compile("[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Source:
    """The model behind a movement.

    Attributes:
        words: what it said of the photo, and whether people said something else; may be empty.
        model: its name, empty where no model was asked.
        active: whether it still answers: only of another one is the name worth a line in each row.
    """

    words: str
    model: str
    active: bool = False


def sources_of(shop: Shop, movements: Sequence[Movement]) -> Mapping[int, Source]:
    """The models behind movements, by the movements' numbers; those that come from no photo are left out."""
    answers = shop.answers.behind({each.id for each in movements if each.photo and each.model})
    booked = [(answers[each.id], each.product_id) for each in movements if each.id in answers]
    matches = matches_of(shop.db, booked)
    models = {model: _model(shop, model) for model in {each.model for each in movements if each.model}}
    return {
        each.id: Source(
            _words(each, answer, matches[answer.id, each.product_id] if answer else "nothing"),
            *(models[each.model] if each.model else ("", False)),
        )
        for each, answer in ((each, answers.get(each.id)) for each in movements)
        if each.photo is not None
    }


def _model(shop: Shop, model: str) -> tuple[str, bool]:
    """A model's name, and whether it is the active one."""
    try:
        found = shop.shelf.model(model)
    except (BundleError, NotFoundError):
        # One that was removed may be known still from its days at work; an import may name any.
        name = shop.models.name_of(model)
        return "Model that was removed" if _ID.fullmatch(name) else name, False
    return found.name, found.active


def _words(movement: Movement, answer: Answer | None, match: Match) -> str:
    if answer is None:
        return "" if movement.confidence is None else f"{_percent(movement.confidence)} sure"
    said = answer.product or (readable(answer.category.split("/")[-1]) if answer.category else None)
    # Who books need not have looked: a program books too. What a person said is the verdict on the answer.
    looked = answer.verdict not in (None, "skipped")
    chosen = "chosen by hand" if looked else "chosen in the booking"
    if answer.kind == "unknown" or said is None:
        return f"Not known to the model, {chosen}"
    if match == "other":
        return f"Model said {said}, {_percent(answer.confidence)} · corrected"
    if answer.kind == "ask" and match == "product":
        return (
            f"Model was unsure · {_checked(answer, movement.product_id) if looked else 'booked as it said'}"
        )
    if answer.kind == "ask":
        return f"Model was unsure · product {chosen}"
    if match == "category":
        return f"Model said {said}, {_percent(answer.confidence)} · product {chosen}"
    return f"{_percent(answer.confidence)} sure"


def _checked(answer: Answer, booked: int) -> str:
    """What a person found of an answer whose product was booked."""
    return "confirmed" if answer.right_product_id == booked else "booked as it said, found wrong later"


def _percent(part: float) -> str:
    return f"{part * 100:.0f}\N{NO-BREAK SPACE}%"
