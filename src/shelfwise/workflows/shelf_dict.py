"""A shelf's count in values that JSON can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shelfwise.shelf.facings import Facing, Guess, Run
    from shelfwise.shelf.gaps import Gap
    from shelfwise.shelf.planogram import Comparison, Extra, Found, Unnamed
    from shelfwise.shelf.rows import Row
    from shelfwise.workflows.shelf_count import ShelfCount

__all__ = ["count_to_dict"]

_DIGITS = 4


def count_to_dict(count: ShelfCount) -> dict[str, Any]:
    """All of a count but embeddings and probabilities. Boxes are left, top, right and bottom in pixels.

    Numbers of facings (``members``) count from 0, rows, positions and levels from 1. Where nothing was named,
    answers, how sure they are, and how many facings are to ask about and unknown are None: nobody was asked.
    """
    arrangement, is_named = count.arrangement, count.model is not None
    ids = [None] * len(count) if count.names is None else count.names.product_ids
    return {
        "sources": list(count.sources),
        "width": count.found.width,
        "height": count.found.height,
        "model": None if count.model is None else {"id": count.model[0], "name": count.model[1]},
        "facings": [
            _facing(facing, is_named) | {"product_id": ids[i]} for i, facing in enumerate(count.facings)
        ],
        "rows": [_row(row) for row in arrangement.rows],
        "runs": [_run(run, is_named) for run in arrangement.runs],
        "gaps": [_gap(gap) for gap in arrangement.gaps],
        "shares": [
            {
                "category": share.category,
                "facings": share.facings,
                "by_count": round(share.by_count, _DIGITS),
                "linear": round(share.linear, _DIGITS),
            }
            for share in arrangement.shares
        ],
        "planogram": None if arrangement.comparison is None else _comparison(arrangement.comparison),
        "counts": {
            "facings": len(count),
            "products": dict(count.products),
            "categories": dict(count.categories),
            "ask": count.asked if is_named else None,
            "unknown": count.unknown if is_named else None,
        },
    }


def _facing(facing: Facing, is_named: bool) -> dict[str, Any]:
    named = facing.named
    return {
        "box": [round(edge, 1) for edge in facing.box],
        "score": round(facing.score, _DIGITS),
        "row": facing.row,
        "position": facing.position,
        "level": facing.level,
        "answer": named.answer if is_named else None,
        "product": named.product,
        "category": named.category,
        "gtin": named.gtin,
        "confidence": round(named.confidence, _DIGITS) if is_named else None,
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


def _run(run: Run, is_named: bool) -> dict[str, Any]:
    return {
        "row": run.row,
        "first": run.first,
        "last": run.last,
        "facings": len(run),
        "members": list(run.members),
        "answer": run.named.answer if is_named else None,
        "product": run.named.product,
        "category": run.named.category,
        "gtin": run.named.gtin,
        "confidence": round(run.named.confidence, _DIGITS) if is_named else None,
    }


def _gap(gap: Gap) -> dict[str, Any]:
    return {
        "box": [round(edge, 1) for edge in gap.box],
        "row": gap.row,
        "position": gap.position,
        "facings": gap.facings,
        "planned": gap.planned,
        "candidates": [_guess(guess) for guess in gap.guesses],
    }


def _comparison(comparison: Comparison) -> dict[str, Any]:
    return {
        "compliance": round(comparison.compliance, 2),
        "compliance_at_best": round(comparison.compliance_at_best, 2),
        "planned": comparison.planned,
        "right": comparison.right,
        "unsure": comparison.unsure,
        "unseen_rows": list(comparison.unseen),
        "rows": [{"planned": planned, "seen": seen} for planned, seen in comparison.rows],
        "entries": [_entry(found) for found in comparison.entries],
        "extras": [_extra(extra) for extra in comparison.extras],
        "unnamed": [_unnamed(group) for group in comparison.unnamed],
        "fixes": [
            {
                "kind": fix.kind,
                "text": fix.text,
                "row": fix.place.row,
                "position": fix.place.position,
                "product": fix.product,
                "facings": fix.facings,
            }
            for fix in comparison.fixes
        ],
    }


def _entry(found: Found) -> dict[str, Any]:
    return {
        "row": found.place.row,
        "position": found.place.position,
        "product": found.entry.product,
        "category": found.entry.category,
        "gtin": found.entry.gtin,
        "facings": found.entry.facings,
        "state": found.state,
        "right": found.right,
        "unsure": found.unsure,
        "elsewhere": found.elsewhere,
        "members": list(found.members),
    }


def _extra(extra: Extra) -> dict[str, Any]:
    """Its row and position are those of the photo, those of ``wanted`` the planogram's."""
    named, wanted = extra.run.named, extra.wanted
    return {
        "row": extra.place.row,
        "position": extra.place.position,
        "facings": len(extra.members),
        "product": named.product,
        "category": named.category,
        "planned": extra.planned,
        "wanted": None if wanted is None else {"row": wanted.row, "position": wanted.position},
        "members": list(extra.members),
    }


def _unnamed(group: Unnamed) -> dict[str, Any]:
    """Its row and positions are those of the photo."""
    return {
        "row": group.row,
        "first": group.first,
        "last": group.last,
        "category": group.category,
        "facings": len(group.members),
        "members": list(group.members),
    }
