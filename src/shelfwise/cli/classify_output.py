"""Rows of ``shelfwise classify``: a table for people, CSV and JSON lines for machines; one row at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shelfwise.cli import product_columns
from shelfwise.cli.result_file import Style
from shelfwise.cli.rows import csv_line as _csv_line
from shelfwise.cli.rows import json_line
from shelfwise.cli.rows import path_cell as _cell
from shelfwise.cli.rows import percent as _percent
from shelfwise.hierarchy import SEPARATOR
from shelfwise.text import printable
from shelfwise.types import Prediction
from shelfwise.workflows.classify import ASK, UNKNOWN, Answer

__all__ = ["FORMATS", "Writer"]


class Writer:
    """Turns answers into text.

    Args:
        categories: all names that may come.
        top: how many of the likeliest categories to tell.
        sorting: whether photos are copied, and so have a place to tell.
        style: colours a text where that is wanted.
        deciding: whether the model says accept, ask or unknown.

    Attributes:
        products: whether to tell the products as well; set where there is an index of them.
    """

    products = False

    def __init__(
        self, categories: Sequence[str], top: int, sorting: bool, style: Style, deciding: bool = False
    ) -> None:
        self.top = min(top, len(categories))
        self.sorting = sorting
        self.style = style
        self.deciding = deciding
        self.width = max(len("category"), len("unknown"), *(len(printable(name)) for name in categories))

    def header(self) -> str:
        """What stands above all rows."""
        return ""

    def row(self, answer: Answer) -> str:
        """One photo's row, with its line end."""
        raise NotImplementedError


class TableWriter(Writer):
    """Columns for people. The path stands last, so that none needs to be cut and no row waits for another."""

    def header(self) -> str:
        """Titles of the columns."""
        return self.style(f"{'category':{self.width}}     sure  photo", "bright_black") + "\n"

    def row(self, answer: Answer) -> str:
        """One line a photo, and one more for each further category asked for."""
        photo = printable(answer.photo)
        if answer.prediction is None or answer.category is None:
            mark = self.style(f"{'–':{self.width}}       –", "red")
            return f"{mark}  {photo}: {self.style(str(answer.reason), 'red')}\n"
        ranked = answer.prediction.top(self.top)
        first = ranked[0]
        unsure = answer.category in (ASK, UNKNOWN) and answer.category != first.category
        name = f"{printable(answer.category):{self.width}}"
        note = _question(answer.prediction) if answer.asks else ""
        note = note or (f"  (perhaps {printable(first.category)})" if unsure else "")
        note = note or _variety(answer.category, first.category)
        # What is told first may be no label of its own, but asked about, unknown or wider than one.
        others = ranked if answer.category != first.category and len(ranked) > 1 else ranked[1:]
        if answer.copied_to is not None:
            note += f"  → {printable(str(answer.copied_to))}"
        note += product_columns.table_note(answer) if self.products else ""
        shown = self.style(name, "yellow" if unsure else "green")
        lines = [f"{shown}  {_percent(answer.confidence or 0.0)}  {photo}{note}"]
        lines += [f"{printable(each.category):{self.width}}  {_percent(each.confidence)}" for each in others]
        return "\n".join(lines) + "\n"


class CsvWriter(Writer):
    """Comma-separated values (RFC 4180), UTF-8, one line a photo."""

    def header(self) -> str:
        """Names of the columns."""
        names = ["path", "category", "confidence", "best_guess", "error"]
        names += ["copied_to"] if self.sorting else []
        names += _DECISION if self.deciding else []
        for place in range(2, self.top + 1):
            names += [f"category_{place}", f"confidence_{place}"]
        names += product_columns.CSV_NAMES if self.products else ()
        return _csv_line(names)

    def row(self, answer: Answer) -> str:
        """One line; a photo that cannot be read has its reason under ``error`` and no category."""
        ranked = answer.prediction.top(self.top) if answer.prediction else ()
        best = ranked[0] if ranked else None
        values = [_cell(answer.photo), answer.category or "", f"{best.confidence:.6f}" if best else ""]
        values += [best.category if best else "", answer.reason or ""]
        if self.sorting:
            values.append(_cell(str(answer.copied_to)) if answer.copied_to else "")
        if self.deciding:
            values += _decision_cells(answer.prediction)
        for place in range(1, self.top):
            each = ranked[place] if ranked else None
            values += [each.category, f"{each.confidence:.6f}"] if each else ["", ""]
        values += product_columns.csv_values(answer) if self.products else ()
        return _csv_line(values)


class JsonLinesWriter(Writer):
    """One JSON object a line, UTF-8."""

    def row(self, answer: Answer) -> str:
        """One object; every key is there in every line."""
        ranked = answer.prediction.top(self.top) if answer.prediction else ()
        value: dict[str, Any] = {
            "path": answer.photo,
            "category": answer.category,
            "confidence": round(ranked[0].confidence, 6) if ranked else None,
            "best_guess": ranked[0].category if ranked else None,
            "top": [{"category": c.category, "confidence": round(c.confidence, 6)} for c in ranked],
            "error": answer.reason,
        }
        if self.sorting:
            value["copied_to"] = str(answer.copied_to) if answer.copied_to else None
        if self.deciding:
            value["decision"] = _decision_object(answer.prediction)
        if self.products:
            value |= product_columns.json_values(answer)
        return json_line(value)


FORMATS: dict[str, type[Writer]] = {"table": TableWriter, "csv": CsvWriter, "jsonl": JsonLinesWriter}


_DECISION = ["answer", "node", "level", "node_probability", "novelty", "candidates"]


def _question(prediction: Prediction) -> str:
    """What to ask, for people."""
    decision = prediction.decision
    if decision is None or not decision.candidates:
        return ""
    own = [printable(each.category.rpartition(SEPARATOR)[2]) for each in decision.candidates]
    surely = f"{printable(decision.node)}; " if decision.node else ""
    return f"  ({surely}{' or '.join(own)}?)"


def _variety(accepted: str, likeliest: str) -> str:
    """What an accepted category may be more exactly, for people."""
    if not likeliest.startswith(accepted + SEPARATOR):
        return ""
    return f"  (perhaps {printable(likeliest.removeprefix(accepted + SEPARATOR))})"


def _decision_cells(prediction: Prediction | None) -> list[str]:
    decision = prediction.decision if prediction else None
    if decision is None:
        return [""] * len(_DECISION)
    probability = "" if decision.probability is None else f"{decision.probability:.6f}"
    candidates = " | ".join(each.category for each in decision.candidates)
    return [
        decision.answer,
        decision.node or "",
        decision.level or "",
        probability,
        f"{decision.novelty:.6g}",
        candidates,
    ]


def _decision_object(prediction: Prediction | None) -> dict[str, Any] | None:
    decision = prediction.decision if prediction else None
    if decision is None:
        return None
    return {
        "answer": decision.answer,
        "node": decision.node,
        "level": decision.level,
        "probability": None if decision.probability is None else round(decision.probability, 6),
        "novelty": float(f"{decision.novelty:.6g}"),
        "candidates": [
            {"category": each.category, "confidence": round(each.confidence, 6)}
            for each in decision.candidates
        ],
    }
