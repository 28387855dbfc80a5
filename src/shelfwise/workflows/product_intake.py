"""Photos on their way into an index of products: only their embeddings are held in memory, however many there are."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sized
from pathlib import Path

from shelfwise.errors import ImageError
from shelfwise.inference.classifier import Classifier
from shelfwise.inference.products.index import ProductIndex
from shelfwise.inference.products.matches import Enrolled
from shelfwise.inference.products.photos import KeptPhoto, keep
from shelfwise.inference.products.records import Photo
from shelfwise.inference.products.staging import Staging
from shelfwise.workflows.product_answers import embedding_of

__all__ = ["Intake", "Progress"]

Progress = Callable[[int, int | None], None]
"""Told how many photos are done, and of how many; None where that is not known."""


class Intake:
    """Takes photos in for one product: the copy of each goes to the disk, and its embedding is made from that.

    A photo that is in the index already needs neither.

    Args:
        classifier: the model.
        index: what is enrolled already.
        staging: where the copies wait.
        name: the product.
        move: whether photos may be taken away from other products.
        now: the time, as in ``2026-01-31T12:00:00Z``.
        progress: told after each photo that the model is done with.

    Attributes:
        enrolled: the photos that are new, and their embeddings.
        again: hashes of those that are in the index already.
        errors: one for each photo that cannot be read.
    """

    def __init__(
        self,
        classifier: Classifier,
        index: ProductIndex,
        staging: Staging,
        *,
        name: str,
        move: bool,
        now: str,
        progress: Progress | None = None,
    ) -> None:
        self.enrolled: list[Enrolled] = []
        self.again: set[str] = set()
        self.errors: list[ImageError] = []
        self._classifier = classifier
        self._index = index
        self._staging = staging
        self._name = name
        self._move = move
        self._now = now
        self._progress = progress
        self._total: int | None = None
        self._done = 0
        self._waiting: deque[tuple[str, Photo]] = deque()

    def take(self, photos: Iterable[str | bytes | Path | KeptPhoto]) -> None:
        """Take photos in, one after the other.

        Args:
            photos: paths, the content of picture files, or photos that are read already.

        Raises:
            ProductError: one is enrolled under another product, and may not be taken away from it.
            StorageError: a copy cannot be written.
        """
        self._total = len(photos) if isinstance(photos, Sized) else None
        for result in self._classifier.stream(self._copies(photos)):
            shown, photo = self._waiting.popleft()
            if isinstance(result, ImageError):
                self.errors.append(ImageError(shown, result.reason))
            else:
                self.enrolled.append(Enrolled(photo, embedding_of(result)))
            self._tell()

    def _copies(self, photos: Iterable[str | bytes | Path | KeptPhoto]) -> Iterator[Path]:
        seen: set[str] = set()
        for given in photos:
            try:
                kept = given if isinstance(given, KeptPhoto) else keep(given)
            except ImageError as error:
                # A new one without traceback: that would keep the photo in memory.
                self.errors.append(ImageError(error.source, error.reason))
                self._tell()
                continue
            if self._is_there(kept, shown := _shown(given)) or kept.sha256 in seen:
                self._tell()
                continue
            seen.add(kept.sha256)
            photo = _photo(kept, self._now)
            self._waiting.append((shown, photo))
            yield self._staging.put(photo, kept.data)

    def _is_there(self, kept: KeptPhoto, shown: str) -> bool:
        self._index.elsewhere(kept.sha256, self._name, move=self._move, shown=shown)
        there = self._index.owner(kept.sha256) is not None
        if there:
            self.again.add(kept.sha256)
        return there

    def _tell(self) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, self._total)


def _shown(given: str | bytes | Path | KeptPhoto) -> str:
    if isinstance(given, KeptPhoto):
        return given.name
    return "-" if isinstance(given, bytes) else str(given)


def _photo(kept: KeptPhoto, now: str) -> Photo:
    return Photo(
        sha256=kept.sha256,
        kept_sha256=hashlib.sha256(kept.data).hexdigest(),
        kept_bytes=len(kept.data),
        added=now,
        name=kept.name,
    )
