"""A shelf's count in values that JSON can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shelfwise.shelf.facings import Facing, Guess, Run
    from shelfwise.shelf.rows import Row
    from shelfwise.workflows.shelf_count import ShelfCount

__all__ = ["count_to_dict"]

_DIGITS = 4


def count_to_dict(count: ShelfCount) -> dict[str, Any]:
    """All of a count but embeddings and probabilities. Boxes are left, top, right and bottom in pixels.

    Numbers of facings (``members``) count from 0, rows, positions and levels from 1.
    """
    arrangement = count.arrangement
    ids = [None] * len(count) if count.names is None else count.names.product_ids
    return {
        "sources": list(count.sources),
        "width": count.found.width,
        "height": count.found.height,
        "model": None if count.model is None else {"id": count.model[0], "name": count.model[1]},
        "facings": [_facing(facing) | {"product_id": ids[i]} for i, facing in enumerate(count.facings)],
        "rows": [_row(row) for row in arrangement.rows],
        "runs": [_run(run) for run in arrangement.runs],
        "counts": {
            "facings": len(count),
            "products": dict(count.products),
            "categories": dict(count.categories),
            "ask": count.asked,
            "unknown": count.unknown,
        },
    }


def _facing(facing: Facing) -> dict[str, Any]:
    named = facing.named
    return {
        "box": [round(edge, 1) for edge in facing.box],
        "score": round(facing.score, _DIGITS),
        "row": facing.row,
        "position": facing.position,
        "level": facing.level,
        "answer": named.answer,
        "product": named.product,
        "category": named.category,
        "gtin": named.gtin,
        "confidence": round(named.confidence, _DIGITS),
        "candidates": [_guess(guess) for guess in named.candidates],
    }


def _guess(guess: Guess) -> dict[str, Any]:
    return {
        "product": guess.product,
        "category": guess.category,
        "gtin": guess.gtin,
        "confidence": round(guess.confidence, _DIGITS),
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "members": list(row.members),
        "slope": round(row.slope, _DIGITS),
        "base": [[round(x, 1), round(row.base(x), 1)] for x in (row.left, row.right)],
    }


def _run(run: Run) -> dict[str, Any]:
    return {
        "row": run.row,
        "first": run.first,
        "last": run.last,
        "facings": len(run),
        "members": list(run.members),
        "adopted": run.adopted,
        "answer": run.named.answer,
        "product": run.named.product,
        "category": run.named.category,
        "gtin": run.named.gtin,
        "confidence": round(run.named.confidence, _DIGITS),
    }
