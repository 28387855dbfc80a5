"""Which photos of shelves a user means: what was named, but for pictures that Shelfwise itself saved among them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from shelfwise.errors import ConfigError
from shelfwise.shelf.picture import PICTURE_ENDINGS
from shelfwise.text import printable
from shelfwise.workflows.photos import PhotoFinder

__all__ = ["MARKED", "ShelfPhotos"]

MARKED: Final = ".shelf"
"""Stands before the ending of a picture that is saved beside its photo."""


class ShelfPhotos:
    """The photos that a finder finds, without marked-out pictures that an earlier run saved.

    What is called like such a picture is passed by, unless it is named and the photo that it is of is not: ``*.jpg``
    names both. So is the picture that is going to be written.

    Args:
        finder: finds the photos.
        picture: the file that a marked-out picture goes to; None: it goes elsewhere.

    Raises:
        ConfigError: the picture would be written over a photo that is named.
    """

    def __init__(self, finder: PhotoFinder, picture: Path | None = None) -> None:
        self._finder = finder
        self._picture = None if picture is None else picture.resolve()
        self._named = {each: Path(each) for each in finder.inputs}
        over = next((each for each, path in self._named.items() if path.resolve() == self._picture), None)
        if over is not None:
            raise ConfigError(
                f"{printable(over)}: the marked-out picture would be written over the photo; give it another name"
            )

    def __iter__(self) -> Iterator[str | bytes]:
        """Paths, or a picture's bytes, in the order of the arguments."""
        return (
            photo
            for photo in self._finder
            if isinstance(photo, bytes) or not self._is_ours(Path(photo), photo)
        )

    def count(self) -> int | None:
        """How many photos there are, or None where only reading standard input would tell."""
        return None if self._finder.count() is None else sum(1 for _ in self)

    def _is_ours(self, path: Path, text: str) -> bool:
        if self._picture is not None and path.resolve() == self._picture:
            return True
        if not path.stem.endswith(MARKED) or path.suffix.lower() not in PICTURE_ENDINGS:
            return False
        of = path.with_name(path.stem.removesuffix(MARKED))
        return text not in self._named or any(
            each.with_suffix("") == of for each in self._named.values() if each.suffix
        )
