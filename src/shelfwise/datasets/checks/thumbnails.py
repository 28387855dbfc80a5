"""Small pictures of photos as ``data:`` addresses, up to a total that keeps a page light."""

from __future__ import annotations

import base64
import io
from pathlib import Path

from PIL import Image

from shelfwise.errors import ImageError
from shelfwise.images.decode import open_picture

__all__ = ["Thumbnails"]

SIDE = 176
QUALITY = 70


class Thumbnails:
    """Makes thumbnails until the budget is used up.

    Args:
        root: folder that paths are relative to.
        budget: bytes of HTML that all thumbnails may take together.
    """

    def __init__(self, root: Path, budget: int) -> None:
        self._root = root
        self._left = budget
        self._made: dict[str, str | None] = {}

    def address(self, path: str) -> str | None:
        """The thumbnail of a photo, or None where it cannot be decoded or the budget is used up."""
        if path not in self._made:
            self._made[path] = self._make(path)
        made = self._made[path]
        if made is None or len(made) > self._left:
            return None
        self._left -= len(made)
        return made

    def _make(self, path: str) -> str | None:
        try:
            picture = open_picture(self._root / path)
            image = picture.rgb(2 * SIDE / max(picture.size))
        except ImageError:
            return None
        image.thumbnail((SIDE, SIDE), Image.Resampling.BICUBIC)
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=QUALITY, optimize=True)
        return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
