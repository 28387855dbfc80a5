"""What is known of a composed scene: its picture, products, rows, runs and gaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from shelfwise.datasets.scenes.pixels import Array

__all__ = ["KINDS", "Gap", "Kind", "Placed", "Rect", "Scene"]

Kind = Literal["shelf", "table", "collage", "empty"]
KINDS: tuple[Kind, ...] = ("shelf", "table", "collage", "empty")
"""Kinds of scenes."""

Rect = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A product on a scene.

    Attributes:
        box: the extent of what is visible of it.
        product: which product it is; facings of the same product share it.
        row: number of its row on the shelf from the top, from 0; None where there are no rows.
        position: its place in the row from the left, from 0, counted over the columns of visible facings.
        level: how many of its stack stand below it.
    """

    box: Rect
    product: str
    row: int | None = None
    position: int | None = None
    level: int = 0


@dataclass(frozen=True, slots=True)
class Gap:
    """An empty place between facings.

    Attributes:
        box: of the place, as high as the facings that belong there.
        row: of the shelf.
        product: whose place it is.
        position: the position in its row that the next facing to its right has.
        facings: how many fit.
    """

    box: Rect
    row: int
    product: str
    position: int
    facings: int


@dataclass(frozen=True, slots=True)
class Scene:
    """A composed picture and its truth.

    Attributes:
        picture: (H, W, 3) of uint8, RGB.
        kind: of scene.
        products: what is at least half visible, row by row.
        gaps: empty places on shelves.
    """

    picture: Array
    kind: Kind
    products: tuple[Placed, ...]
    gaps: tuple[Gap, ...] = ()

    def facts(self) -> dict[str, Any]:
        """The truth without the picture, for JSON."""
        return {
            "kind": self.kind,
            "width": self.picture.shape[1],
            "height": self.picture.shape[0],
            "products": [
                {"bbox": _sides(p.box), "product": p.product, "row": p.row, "position": p.position, "level": p.level}
                for p in self.products
            ],
            "gaps": [
                {"bbox": _sides(g.box), "row": g.row, "product": g.product, "position": g.position,
                 "facings": g.facings}
                for g in self.gaps
            ],
        }  # fmt: skip


def _sides(box: Rect) -> list[float]:
    """COCO's left, top, width and height."""
    left, top, right, bottom = box
    return [round(left, 1), round(top, 1), round(right - left, 1), round(bottom - top, 1)]
