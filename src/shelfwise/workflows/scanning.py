"""Photos from people's hands to answers: kept, answered, matched to stock products, and written down."""

from __future__ import annotations

from dataclasses import dataclass

from shelfwise.types import AnswerKind

__all__ = ["ProductChoice", "ScanAnswer", "ScanCandidate"]


@dataclass(frozen=True, slots=True)
class ProductChoice:
    """A stock product that may be the one on a photo: for one tap."""

    product_id: int
    product: str


@dataclass(frozen=True, slots=True)
class ScanCandidate:
    """One of the best guesses.

    Attributes:
        category: the category, or the product's where it has one; levels joined by ``/``.
        confidence: 0 to 1.
        product_id, product: the stock product that is meant: one known by sight, or the only one of the category.
        choices: stock products of that category, those that look most alike first; at most six.
    """

    category: str
    confidence: float
    product_id: int | None = None
    product: str | None = None
    choices: tuple[ProductChoice, ...] = ()


@dataclass(frozen=True, slots=True)
class ScanAnswer:
    """What is said of one photo.

    Attributes:
        id: the answer's number in the answer book.
        photo: SHA-256 of the stored photo.
        kind: ``accept``: take it; ``ask``: a person should choose; ``unknown``: like nothing that was learned.
        category: what it shows; None where that is not known.
        confidence: of the answer, 0 to 1.
        candidates: the three best guesses at most, likeliest first.
        product_id, product: the stock product that the photo shows, known by sight; else None.
        model, model_name: id and name of the model that said it.
    """

    id: int
    photo: str
    kind: AnswerKind
    category: str | None
    confidence: float
    candidates: tuple[ScanCandidate, ...]
    product_id: int | None
    product: str | None
    model: str
    model_name: str
