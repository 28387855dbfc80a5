"""The product beside the category, in the rows of ``shelfwise classify``, where the model has an index."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from shelfwise.cli.rows import percent
from shelfwise.text import printable

if TYPE_CHECKING:
    from shelfwise.inference.classifier import Classifier
    from shelfwise.workflows.classify import Answer
    from shelfwise.workflows.product_answers import Finder

__all__ = ["CSV_NAMES", "csv_values", "json_values", "product_finder", "table_note"]

CSV_NAMES: Final = ("product", "product_confidence", "product_similarity", "product_answer")
_DIGITS: Final = 6


@contextmanager
def product_finder(
    classifier: Classifier, given: Path | None, tell: Callable[[str], None]
) -> Iterator[Finder | None]:
    """What finds the products, or None where there is no index, or one that cannot be used; the user is then told.

    Args:
        classifier: the model.
        given: the index that the user asked for: then it has to be there and to be in order.
        tell: shows a line to the user.

    Raises:
        ProductIndexError: the index that was asked for is missing, damaged or of another model.
    """
    from shelfwise.settings import Settings
    from shelfwise.workflows.product_folder import has_index, index_folder

    settings = Settings()
    folder = index_folder(
        classifier.bundle.path, given or settings.products, home=lambda: settings.products_home
    )
    if given is None and not has_index(folder):
        yield None
        return
    from shelfwise.errors import ProductIndexError
    from shelfwise.workflows.products import ProductBook

    book = ProductBook(classifier, folder)
    try:
        finder = book.finder(tell)
    except ProductIndexError as error:
        if given is not None:
            raise
        tell(f"note: products are not told: {error}")
        yield None
        return
    with finder:
        yield finder


def table_note(answer: Answer) -> str:
    """What stands behind the photo: the product and how sure it is; nothing for an unknown product."""
    match = answer.product.match if answer.product else None
    if match is None:
        return ""
    return f"  = {printable(match.product.name)} ({percent(match.confidence).strip()})"


def csv_values(answer: Answer) -> list[str]:
    """The values of :data:`CSV_NAMES`; the similarity is that of the nearest product, also of an unknown one."""
    told = json_values(answer)
    return [_text(told[name]) for name in CSV_NAMES]


def json_values(answer: Answer) -> dict[str, Any]:
    """The same under the same names; None for what is not known."""
    product = answer.product
    first = product.finding.matches[0] if product and product.finding and product.finding.matches else None
    match = product.match if product else None
    return {
        "product": match.product.name if match else None,
        "product_confidence": round(match.confidence, _DIGITS) if match else None,
        "product_similarity": round(first.similarity, _DIGITS) if first else None,
        "product_answer": product.id if product else None,
    }


def _text(value: str | float | None) -> str:
    if value is None:
        return ""
    return f"{value:.6f}" if isinstance(value, float) else value
