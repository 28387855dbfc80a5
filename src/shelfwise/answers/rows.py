"""Answers as rows of the database, and back."""

from __future__ import annotations

import math
from typing import Any, Final, cast

from sqlalchemy import Row, Select, select

from shelfwise.answers.records import Answer, AnswerCandidate, NewAnswer
from shelfwise.answers.tables import answers, doubt_of
from shelfwise.database import utc_now
from shelfwise.inventory.tables import products

__all__ = ["answer_of", "chosen_answers", "values_of"]

_found: Final = products.alias("found")
_right: Final = products.alias("right_one")


def chosen_answers() -> Select[Any]:
    """All answers, with the names that their products have today."""
    return select(answers, _found.c.name.label("product"), _right.c.name.label("right_product")).select_from(
        answers.outerjoin(_found, _found.c.id == answers.c.product_id).outerjoin(
            _right, _right.c.id == answers.c.right_product_id
        )
    )


def answer_of(row: Row[Any]) -> Answer:
    """The answer in a row of :func:`chosen_answers`."""
    return Answer(
        id=row.id,
        photo=row.photo,
        model=row.model,
        kind=row.kind,
        category=row.category,
        confidence=row.confidence,
        candidates=tuple(AnswerCandidate(*candidate) for candidate in cast(list[Any], row.candidates)),
        product_id=row.product_id,
        product=row.product,
        user=row.user_name,
        store_id=row.store_id,
        at=row.at,
        verdict=row.verdict,
        right_category=row.right_category,
        right_product_id=row.right_product_id,
        right_product=row.right_product,
        judged_by=row.judged_by,
        judged_at=row.judged_at,
    )


def values_of(new: NewAnswer) -> dict[str, Any]:
    """The row of an answer that is to be recorded.

    Raises:
        ValueError: a confidence is no number from 0 to 1.
    """
    candidates = [
        (each.category, _part(each.confidence), each.product_id, each.product) for each in new.candidates
    ]
    return {
        "photo": new.photo,
        "model": new.model,
        "kind": new.kind,
        "category": new.category,
        "confidence": _part(new.confidence),
        "doubt": doubt_of(new.kind, new.confidence, new.product_id),
        "candidates": candidates,
        "product_id": new.product_id,
        "user_name": new.user,
        "store_id": new.store_id,
        "at": new.at or utc_now(),
    }


def _part(confidence: float) -> float:
    number = float(confidence)
    if not math.isfinite(number) or not -1e-6 <= number <= 1 + 1e-6:
        raise ValueError(f"a confidence is from 0 to 1, not {confidence!r}")
    return min(1.0, max(0.0, number))
