"""The product beside the category, in the rows of ``shelfwise classify``, where the model has an index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shelfwise.cli.rows import percent
from shelfwise.text import printable

if TYPE_CHECKING:
    from shelfwise.workflows.classify import Answer

__all__ = ["CSV_NAMES", "csv_values", "json_values", "table_note"]

CSV_NAMES: Final = ("product", "product_confidence", "product_similarity", "product_answer")
_DIGITS: Final = 6


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
