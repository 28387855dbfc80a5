"""Rows of ``shelfwise products``: tables for people, CSV and JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from shelfwise.cli.rows import csv_line, json_line, path_cell, percent
from shelfwise.cli.tables import table
from shelfwise.inference.products.matches import Match
from shelfwise.inference.products.records import Product
from shelfwise.text import printable
from shelfwise.workflows.product_answers import UNKNOWN_PRODUCT, ProductAnswer

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["FORMATS", "Writer", "list_table", "list_text"]

_DIGITS: Final = 6
_WIDEST: Final = 40
_ANSWER_WIDTH: Final = 10


class Writer:
    """Turns answers into text.

    Args:
        products: all that may be named.
        top: how many products to tell of each photo.
    """

    def __init__(self, products: Sequence[Product], top: int) -> None:
        self.top = top
        names = (len(product.name) for product in products)
        self.width = min(max(len(UNKNOWN_PRODUCT), *names, 0), _WIDEST)

    def header(self) -> str:
        """What stands above all rows."""
        return ""

    def row(self, answer: ProductAnswer) -> str:
        """One photo's row, with its line end."""
        raise NotImplementedError


class TableWriter(Writer):
    """Columns for people. The path stands last, so that none needs to be cut and no row waits for another."""

    def header(self) -> str:
        """Titles of the columns."""
        return f"{'product':{self.width}}     sure  alike  {'answer':{_ANSWER_WIDTH}}  photo\n"

    def row(self, answer: ProductAnswer) -> str:
        """One line a photo, and one more for each further product asked for."""
        photo, finding = printable(answer.photo), answer.finding
        if finding is None:
            return f"{'–':{self.width}}        –      –  {'–':{_ANSWER_WIDTH}}  {photo}: {answer.reason}\n"
        first = finding.matches[0] if finding.matches else None
        note = f"  [{printable(answer.category)}]" if answer.category else ""
        if answer.match is not None:
            lead = self._columns(answer.match)
        else:
            lead = f"{UNKNOWN_PRODUCT:{self.width}}        –  " + (
                f"{first.similarity:5.2f}" if first else "    –"
            )
            note += f"  (nearest: {first.product.name})" if first else ""
        lines = [f"{lead}  {answer.id or '–':{_ANSWER_WIDTH}}  {photo}{note}"]
        lines += [self._columns(each) for each in finding.matches[1 : self.top]]
        return "\n".join(lines) + "\n"

    def _columns(self, match: Match) -> str:
        return f"{match.product.name:{self.width}}  {percent(match.confidence)}  {match.similarity:5.2f}"


class CsvWriter(Writer):
    """Comma-separated values (RFC 4180), UTF-8, one line a photo."""

    def header(self) -> str:
        """Names of the columns."""
        names = [
            "path",
            "product",
            "category",
            "gtin",
            "confidence",
            "similarity",
            "nearest",
            "answer",
            "error",
        ]
        for place in range(2, self.top + 1):
            names += [f"product_{place}", f"confidence_{place}", f"similarity_{place}"]
        return csv_line(names)

    def row(self, answer: ProductAnswer) -> str:
        """One line; the product is ``unknown product`` where none is near enough, empty for an unreadable photo."""
        told = _told(answer, self.top)
        values = [path_cell(answer.photo)]
        values += [_text(told[name]) for name in ("product", "category", "gtin", "confidence", "similarity")]
        values += [_text(told[name]) for name in ("nearest", "answer", "error")]
        for place in range(1, self.top):
            each = told["top"][place] if place < len(told["top"]) else {}
            values += [_text(each.get(name)) for name in ("product", "confidence", "similarity")]
        return csv_line(values)


class JsonLinesWriter(Writer):
    """One JSON object a line, UTF-8."""

    def row(self, answer: ProductAnswer) -> str:
        """One object; every key is there in every line."""
        return json_line({"path": answer.photo, **_told(answer, self.top)})


FORMATS: dict[str, type[Writer]] = {"table": TableWriter, "csv": CsvWriter, "jsonl": JsonLinesWriter}


def _told(answer: ProductAnswer, top: int) -> dict[str, Any]:
    """Confidence and similarity are those of the most similar product, also where it is not near enough."""
    finding, match = answer.finding, answer.match
    ranked = [_match(each) for each in finding.matches] if finding else []
    first: dict[str, Any] = ranked[0] if ranked else {}
    unknown = UNKNOWN_PRODUCT if finding else None
    return {
        "product": match.product.name if match else unknown,
        "category": answer.category,
        "gtin": match.product.gtin if match else None,
        "confidence": first.get("confidence"),
        "similarity": first.get("similarity"),
        "nearest": first.get("product"),
        "threshold": round(finding.threshold, _DIGITS) if finding else None,
        "top": ranked[:top],
        "answer": answer.id,
        "error": answer.reason,
    }


def _match(match: Match) -> dict[str, Any]:
    return {
        "product": match.product.name,
        "category": match.product.category,
        "gtin": match.product.gtin,
        "confidence": round(match.confidence, _DIGITS),
        "similarity": round(match.similarity, _DIGITS),
    }


def list_table(products: Sequence[Product]) -> Table:
    """The products in columns for people."""
    rows = table("Product", "Category", "GTIN", ">Photos", "Since")
    for product in products:
        rows.add_row(
            product.name,
            product.category or "",
            product.gtin or "",
            f"{len(product.photos):,}",
            product.added[:10],
        )
    return rows


def list_text(products: Sequence[Product], form: str) -> str:
    """The products as ``csv`` or ``json``."""
    if form == "json":
        return json.dumps([_listed(product) for product in products], indent=2, ensure_ascii=False) + "\n"
    lines = [csv_line(["product", "category", "gtin", "photos", "added", "id"])]
    for product in products:
        photos = str(len(product.photos))
        lines.append(
            csv_line(
                [product.name, product.category or "", product.gtin or "", photos, product.added, product.id]
            )
        )
    return "".join(lines)


def _listed(product: Product) -> dict[str, Any]:
    photos = [{"name": photo.name, "sha256": photo.sha256, "added": photo.added} for photo in product.photos]
    return product.model_dump(include={"id", "name", "category", "gtin", "added"}) | {"photos": photos}


def _text(value: str | float | None) -> str:
    if value is None:
        return ""
    return f"{value:.6f}" if isinstance(value, float) else value
