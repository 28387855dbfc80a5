"""Records of answers: what a model said of a photo, what a person said of that, and how two models compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

__all__ = [
    "Answer",
    "AnswerCandidate",
    "AnswerKind",
    "Comparison",
    "Difference",
    "NewAnswer",
    "NewShadowAnswer",
    "Verdict",
]

AnswerKind = Literal["accept", "ask", "unknown"]
"""How sure the model was: it relies on the answer, asks a person, or has never learned anything like the photo."""

Verdict = Literal["confirmed", "corrected", "unknown", "skipped"]
"""What a person said: it is right, it is something else, it is nothing that we sell or know, or they cannot tell."""


@dataclass(frozen=True, slots=True)
class AnswerCandidate:
    """One thing that a photo may show.

    Attributes:
        category: levels joined by ``/``.
        confidence: how sure the model is of it, 0 to 1.
        product_id: the product of the stock book, where one was found by sight.
        product: its name at that time.
    """

    category: str
    confidence: float
    product_id: int | None = None
    product: str | None = None


@dataclass(frozen=True, slots=True)
class NewAnswer:
    """An answer to be recorded.

    Attributes:
        photo: SHA-256 of the kept photo.
        model: id of the model's bundle.
        kind: how sure the model was.
        category: what it says the photo shows: the accepted category, or for ``ask`` the likeliest one. None where
            it says nothing.
        confidence: of ``category``, 0 to 1.
        candidates: what else it may be, likeliest first.
        user: who gave the photo.
        product_id: the product that was found by sight.
        store_id: the store in which it was taken, as far as that is known.
        at: when; None for now.
    """

    photo: str
    model: str
    kind: AnswerKind
    category: str | None
    confidence: float
    candidates: Sequence[AnswerCandidate]
    user: str
    product_id: int | None = None
    store_id: int | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, and the verdict on it once there is one.

    Attributes:
        id: its number.
        photo, model, kind, category, confidence, candidates, product_id, user, store_id: as in :class:`NewAnswer`.
        product: name of the product as it is today.
        at: when it was given.
        verdict: what a person said; None while nobody has.
        right_category: what the photo shows, as a person said; None where they did not say.
        right_product_id: the product that it shows, as a person said.
        right_product: name of that product as it is today.
        judged_by, judged_at: who said so, and when.
    """

    id: int
    photo: str
    model: str
    kind: AnswerKind
    category: str | None
    confidence: float
    candidates: tuple[AnswerCandidate, ...]
    product_id: int | None
    product: str | None
    user: str
    store_id: int | None
    at: datetime
    verdict: Verdict | None = None
    right_category: str | None = None
    right_product_id: int | None = None
    right_product: str | None = None
    judged_by: str | None = None
    judged_at: datetime | None = None

    @property
    def relied_on(self) -> bool:
        """Whether nobody needs to be asked: it names a product, and nothing speaks against that."""
        return self.kind == "accept" and self.product_id is not None


@dataclass(frozen=True, slots=True)
class NewShadowAnswer:
    """What another model would have answered.

    Attributes:
        answer_id: the answer that was given.
        model: id of the other model's bundle.
        kind, category, confidence: what it says, as in :class:`NewAnswer`.
    """

    answer_id: int
    model: str
    kind: AnswerKind
    category: str | None
    confidence: float


@dataclass(frozen=True, slots=True)
class Difference:
    """A photo on which two models differ, newest first in :class:`Comparison`.

    Attributes:
        answer_id, photo, at: the answer that was given.
        active_kind, active_category: what the model in use said.
        candidate_kind, candidate_category: what the other one said.
        verdict, right_category: what a person said; None while nobody has.
        active_right, candidate_right: whether each was right; None where nobody has said what is.
    """

    answer_id: int
    photo: str
    at: datetime
    active_kind: AnswerKind
    active_category: str | None
    candidate_kind: AnswerKind
    candidate_category: str | None
    verdict: Verdict | None
    right_category: str | None
    active_right: bool | None
    candidate_right: bool | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on the same photos.

    Attributes:
        active, candidate: ids of the models.
        n: photos that both have answered.
        agreement: the part on which both say the same, 0 to 1; None where ``n`` is 0.
        both_judged: those of which a person has said what is right.
        active_right, candidate_right: on how many of these each was right by itself.
        only_active_right, only_candidate_right: on how many of these one was right and the other was not.
        p_value: two-sided, of the exact McNemar test (:func:`shelfwise.answers.mcnemar.exact_p_value`); None where
            nothing is judged.
        examples: photos on which they differ.
    """

    active: str
    candidate: str
    n: int
    agreement: float | None
    both_judged: int
    active_right: int
    candidate_right: int
    only_active_right: int
    only_candidate_right: int
    p_value: float | None
    examples: tuple[Difference, ...]
