"""What the API takes and gives of answers to photos and of verdicts on them."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field

from shelfwise.answers.records import Answer, AnswerKind, Verdict
from shelfwise.errors import ImageError
from shelfwise.web.api.fields import Id, Name, moment_text
from shelfwise.web.api.schemas import Entry, Reply
from shelfwise.workflows.scanning import Doubt, ScanAnswer, ScanCandidate

__all__ = [
    "AnswersOut",
    "CandidateOut",
    "ClassifiedOut",
    "PhotoAnswerOut",
    "ProductRef",
    "ReviewOut",
    "VerdictIn",
]


class ProductRef(Reply):
    """A product, by its number and name."""

    id: int
    name: str


def product_ref(product_id: int | None, name: str | None) -> ProductRef | None:
    """The product, or None where there is none."""
    return None if product_id is None else ProductRef(id=product_id, name=name or "")


class CandidateOut(Reply):
    """One thing that a photo may show; ``choices`` are products of that category, for one tap.

    ``confidence`` is of the product where that is known ``by_sight``, else of the category. ``wider`` says that the
    category has no product yet: the choices are of a wider one.
    """

    category: str | None
    confidence: float
    product: ProductRef | None
    choices: list[ProductRef]
    by_sight: bool
    wider: bool

    @classmethod
    def of(cls, candidate: ScanCandidate) -> Self:
        """Shape a candidate."""
        return cls(
            category=candidate.category,
            confidence=candidate.confidence,
            product=product_ref(candidate.product_id, candidate.product),
            choices=[ProductRef(id=each.product_id, name=each.product) for each in candidate.choices],
            by_sight=candidate.by_sight,
            wider=candidate.wider,
        )


class PhotoAnswerOut(Reply):
    """What is on one photo, or in ``error`` why it cannot be read; then all else is empty.

    ``answer`` is ``accept`` where it may be relied on, ``ask`` where a person should choose of the candidates, and
    ``unknown`` for what is like nothing that was learned. Where ``product`` is there, that is said of the product.
    """

    id: int | None = None
    photo: str | None = Field(default=None, description="SHA-256, for /photos.")
    answer: AnswerKind | None = None
    category: str | None = None
    confidence: float | None = None
    product: ProductRef | None = None
    doubt: Doubt | None = Field(
        default=None,
        description="Why to check the product: another looks much alike, few photos of it are known, or this one"
        " differs from them.",
    )
    candidates: list[CandidateOut] = Field(default_factory=list)
    model: str | None = None
    model_name: str | None = None
    error: str | None = None

    @classmethod
    def of(cls, answer: ScanAnswer | ImageError) -> Self:
        """Shape an answer or what is wrong with a photo."""
        if isinstance(answer, ImageError):
            return cls(error=answer.reason)
        return cls(
            id=answer.id,
            photo=answer.photo,
            answer=answer.kind,
            category=answer.category,
            confidence=answer.confidence,
            product=product_ref(answer.product_id, answer.product),
            doubt=answer.doubt,
            candidates=[CandidateOut.of(each) for each in answer.candidates],
            model=answer.model,
            model_name=answer.model_name,
        )


class ClassifiedOut(Reply):
    """One answer for each photo, in the order of the photos."""

    answers: list[PhotoAnswerOut]


class ReviewCandidateOut(Reply):
    """One thing that a photo may show."""

    category: str
    confidence: float
    product: ProductRef | None


class ReviewOut(Reply):
    """An answer that a person may judge, and the verdict once there is one."""

    id: int
    photo: str
    model: str
    answer: AnswerKind
    category: str | None
    confidence: float
    product: ProductRef | None
    candidates: list[ReviewCandidateOut]
    user: str
    store_id: int | None
    at: str
    verdict: Verdict | None
    right_category: str | None
    right_product: ProductRef | None
    judged_by: str | None
    judged_at: str | None

    @classmethod
    def of(cls, answer: Answer) -> Self:
        """Shape an answer."""
        return cls(
            id=answer.id,
            photo=answer.photo,
            model=answer.model,
            answer=answer.kind,
            category=answer.category,
            confidence=answer.confidence,
            product=product_ref(answer.product_id, answer.product),
            candidates=[
                ReviewCandidateOut(
                    category=each.category,
                    confidence=each.confidence,
                    product=product_ref(each.product_id, each.product),
                )
                for each in answer.candidates
            ],
            user=answer.user,
            store_id=answer.store_id,
            at=moment_text(answer.at),
            verdict=answer.verdict,
            right_category=answer.right_category,
            right_product=product_ref(answer.right_product_id, answer.right_product),
            judged_by=answer.judged_by,
            judged_at=None if answer.judged_at is None else moment_text(answer.judged_at),
        )


class AnswersOut(Reply):
    """Answers, in the order of their numbers."""

    items: list[ReviewOut]


class VerdictIn(Entry):
    """What a person says of an answer; ``corrected`` needs a category or a product."""

    verdict: Annotated[Literal["confirmed", "corrected", "unknown", "skipped"], Field(examples=["corrected"])]
    category: Annotated[Name | None, Field(examples=["fruit/apple"])] = None
    product_id: Id | None = None
