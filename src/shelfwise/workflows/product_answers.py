"""Which product is on a photo that is classified already, and the record of having said so."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from shelfwise.errors import ImageError, ModelError, StorageError
from shelfwise.inference.products.index import ProductIndex
from shelfwise.inference.products.journal import Answer, Journal, answer_id
from shelfwise.inference.products.matches import Finding, Match
from shelfwise.inference.products.photos import photo_hash
from shelfwise.types import Prediction
from shelfwise.workflows.classify import accepted_category

__all__ = ["UNKNOWN_PRODUCT", "Finder", "ProductAnswer", "embedding_of"]

UNKNOWN_PRODUCT: Final = "unknown product"
_WRITTEN_TOGETHER: Final = 64
_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class ProductAnswer:
    """What is said of one photo.

    Attributes:
        photo: its path, or ``-`` where it came without one.
        prediction: what the model says of it; None where it cannot be read.
        finding: the most similar products; None where it cannot be read.
        id: names this answer, for ``confirm`` and ``correct``; None where it cannot be read.
        reason: why it cannot be read.
    """

    photo: str
    prediction: Prediction | None = None
    finding: Finding | None = None
    id: str | None = None
    reason: str | None = None

    @property
    def match(self) -> Match | None:
        """The product, or None for an unknown product or a photo that cannot be read."""
        return self.finding.best if self.finding else None

    @property
    def category(self) -> str | None:
        """The product's category, else what the model says as ``classify`` tells it; None for an unreadable photo.

        That is the accepted category, :data:`~shelfwise.workflows.classify.ASK` or
        :data:`~shelfwise.workflows.classify.UNKNOWN`.
        """
        if self.match is not None and self.match.product.category is not None:
            return self.match.product.category
        return accepted_category(self.prediction) if self.prediction else None


def embedding_of(prediction: Prediction) -> NDArray[np.float32]:
    """The embedding of a classified photo.

    Raises:
        ModelError: the model gave none.
    """
    if prediction.embedding is None:
        raise ModelError("the model gives no embedding, so products cannot be told apart with it")
    return prediction.embedding


class Finder:
    """Says which product is on photos, and writes its answers into the journal, some at a time.

    Use it as a context manager, so that the last answers are written too.

    Args:
        index: the products.
        journal: where answers go.
        now: tells the time as the journal writes it.
        tell: is told, once, that the journal cannot be written; finding goes on without it. Without ``tell`` that is
            an error.
    """

    def __init__(
        self,
        index: ProductIndex,
        journal: Journal,
        now: Callable[[], str],
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self.index = index
        self._tell = tell
        self._broken = False
        self._journal = journal
        self._now = now
        self._waiting: list[Answer] = []

    def __call__(self, photo: str | bytes, result: Prediction | ImageError, top: int = 3) -> ProductAnswer:
        """The answer about one photo.

        Args:
            photo: its path, or the content of its file.
            result: what the classifier said of it.
            top: how many products to tell.

        Raises:
            StorageError: the journal cannot be written, and there is nobody to tell.
        """
        name = photo if isinstance(photo, str) else "-"
        if isinstance(result, ImageError):
            return ProductAnswer(name, reason=result.reason)
        try:
            sha256 = photo_hash(photo)
        except ImageError as error:
            return ProductAnswer(name, reason=error.reason)
        finding = self.index.search(embedding_of(result)[None], top)[0]
        answer = self._record(photo, sha256, finding)
        self._waiting.append(answer)
        if len(self._waiting) >= _WRITTEN_TOGETHER:
            self.flush()
        return ProductAnswer(name, result, finding, answer.id)

    def flush(self) -> None:
        """Write the answers that are not in the journal yet. Raises StorageError where there is nobody to tell."""
        waiting, self._waiting = self._waiting, []
        if self._broken:
            return
        try:
            self._journal.write(waiting)
        except StorageError as error:
            if self._tell is None:
                raise
            self._broken = True
            self._tell(f"note: answers cannot be confirmed or corrected by their numbers later: {error}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.flush()

    def _record(self, photo: str | bytes, sha256: str, finding: Finding) -> Answer:
        first, best = (finding.matches[0] if finding.matches else None), finding.best
        return Answer(
            id=answer_id(sha256, self.index.model.id, best.product.id if best else None),
            photo=sha256,
            path=_place(photo),
            when=self._now(),
            model=self.index.model.id,
            product_id=best.product.id if best else None,
            product=best.product.name if best else None,
            similarity=round(first.similarity, _DIGITS) if first else None,
            confidence=round(first.confidence, _DIGITS) if first else None,
        )


def _place(photo: str | bytes) -> str | None:
    """Where the photo lies, if that can be written down: a file's name may be no text."""
    if isinstance(photo, bytes):
        return None
    path = os.path.abspath(photo)  # noqa: PTH100 - links are not followed: it is the user's name for it
    return path if path.isprintable() and len(path) <= 4096 else None
