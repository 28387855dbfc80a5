"""What an index knows of its products and their photos, strictly validated: it is read from a file."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from shelfwise.errors import ProductError
from shelfwise.gtin import parse_gtin

__all__ = ["Photo", "Product", "Strict", "clean_category", "clean_name", "name_key"]

MAX_NAME: Final = 200
_LEVELS: Final = "/"


class Strict(BaseModel):
    """Nothing is converted, no key is unknown, no number is NaN."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


def clean_name(name: str) -> str:
    """A product's name as it is kept: one kind of blank between words, composed characters (Unicode NFC).

    Raises:
        ProductError: nothing is left, it is too long, or it holds control characters.
    """
    clean = " ".join(unicodedata.normalize("NFC", name).split())
    if not clean or len(clean) > MAX_NAME or not clean.isprintable():
        raise ProductError(
            f"{clean[:40]!r} cannot be a product's name: give 1 to {MAX_NAME} printable characters"
        )
    return clean


def name_key(name: str) -> str:
    """Equal for names that differ in nothing but capitals and blanks."""
    return unicodedata.normalize("NFKC", clean_name(name)).casefold()


def clean_category(category: str) -> str:
    """A category as it is kept: levels joined by ``/``, without empty ones at the ends.

    Raises:
        ProductError: a level is empty or cannot be a name.
    """
    levels = category.strip().strip(_LEVELS).split(_LEVELS)
    try:
        return _LEVELS.join(clean_name(level) for level in levels)
    except ProductError:
        raise ProductError(
            f"{category!r} cannot be a category: give names of levels joined by '/', such as drinks/juice"
        ) from None


def _as_kept(name: str) -> str:
    return _unchanged(name, clean_name)


def _unchanged(value: str, clean: object) -> str:
    try:
        if not callable(clean) or clean(value) != value:
            raise ValueError("not written as this program writes it")
    except ProductError as error:
        raise ValueError(str(error)) from None
    return value


Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Moment = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
"""A time in UTC, to the second."""
ProductId = Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
Name = Annotated[str, AfterValidator(_as_kept)]
Category = Annotated[str, AfterValidator(lambda value: _unchanged(value, clean_category))]
Gtin = Annotated[str, AfterValidator(lambda value: _unchanged(value, parse_gtin))]


class Photo(Strict):
    """A photo that shows a product.

    Attributes:
        sha256: of the file that was given: what makes adding it again no change.
        kept_sha256: of the copy that is kept beside the index, which the embedding is made from.
        kept_bytes: the copy's length.
        added: when.
        name: the file's name when it was added, to be shown.
    """

    sha256: Sha256
    kept_sha256: Sha256
    kept_bytes: Annotated[int, Field(ge=1)]
    added: Moment
    name: Annotated[str, Field(max_length=255)]


class Product(Strict):
    """A product and its photos.

    Attributes:
        id: stays the same when the product is renamed.
        name: unique in an index; capitals do not count.
        category: levels joined by ``/``, or None.
        gtin: the digits under its barcode, or None.
        added: when it was named first.
        photos: ordered by their hashes.
    """

    id: ProductId
    name: Name
    category: Category | None = None
    gtin: Gtin | None = None
    added: Moment
    photos: tuple[Photo, ...] = ()
