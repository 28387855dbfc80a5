"""Whether an answer about a product known by sight may be relied on; why: :mod:`shelfwise.workflows.answer_words`."""

from __future__ import annotations

from typing import Final, Literal

from shelfwise.inference.products.index import ProductIndex

__all__ = ["ENOUGH_PHOTOS", "SURE", "Doubt", "doubt_about"]

ENOUGH_PHOTOS: Final = 3
"""How many photos of a product must be known before an answer about it is relied on."""
SURE: Final = 0.8
"""How confident an answer about a product must be to be relied on; all others then share a fifth at most."""

Doubt = Literal["alike", "few_photos", "differs"]
"""Why a person is asked about a product known by sight: another one looks much alike, too few photos of it are known
to say what it looks like from all sides, or the photo is less like them than they are like each other."""

_ROUNDING: Final = 1e-3  # photos are kept in half precision: the same photo is not quite like itself


def doubt_about(
    index: ProductIndex, product_id: str, photos: int, similarity: float, confidence: float, others: float
) -> Doubt | None:
    """Why not to rely on its being this product; None where nothing speaks against it.

    Args:
        index: what knows the product.
        product_id: its id there.
        photos: how many photos of it are known.
        similarity: of the photo and the product, above the index's threshold.
        confidence: that it is this product.
        others: what the other products that were looked at have of the confidence.
    """
    if confidence < SURE:
        # What it does not have is shared by the others and by what is in no index.
        return "alike" if others >= (1 - confidence) / 2 else "differs"
    if photos < ENOUGH_PHOTOS:
        return "few_photos"
    own = index.own_similarities(product_id)
    return "differs" if own and similarity < min(own) - _ROUNDING else None
