"""What was answered lately, so that an answer can be confirmed or corrected afterwards. One JSON object a line."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from typing import Annotated, Final

from pydantic import Field, ValidationError

from shelfwise.errors import ProductError, ProductIndexError
from shelfwise.files import atomic_write_bytes, storage_errors
from shelfwise.inference.products.records import Moment, Name, ProductId, Sha256, Strict
from shelfwise.inference.products.store import ProductStore

__all__ = ["Answer", "Journal", "answer_id"]

MAX_BYTES: Final = 8 * 1024 * 1024
"""When the file is longer, the older half is dropped; that is some 20,000 answers."""
_FILE: Final = "answers.jsonl"
_MAX_LINE: Final = 16 * 1024
_SHORTEST_ID: Final = 4
_ID_LENGTH: Final = 10


class Answer(Strict):
    """What was said of a photo.

    Attributes:
        id: see :func:`answer_id`.
        photo: hash of the photo's file.
        path: where it was, or None where it had no path that can be written down.
        when: when it was said.
        model: id of the model that said it.
        product_id: of the product, or None for an unknown product.
        product: the product's name then.
        similarity: to the most similar product, None where there was none.
        confidence: of that product.
    """

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{10}$")]
    photo: Sha256
    path: Annotated[str, Field(max_length=4096)] | None
    when: Moment
    model: Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
    product_id: ProductId | None
    product: Name | None
    similarity: Annotated[float, Field(ge=-1, le=1)] | None
    confidence: Annotated[float, Field(ge=0, le=1)] | None


def answer_id(photo: str, model: str, product_id: str | None) -> str:
    """Ten hexadecimal digits: the same for the same photo, model and product, and other ones otherwise."""
    return hashlib.sha256(f"{photo} {model} {product_id or 'unknown'}".encode()).hexdigest()[:_ID_LENGTH]


class Journal:
    """The latest answers, beside an index.

    Args:
        store: the index.
    """

    def __init__(self, store: ProductStore) -> None:
        self._store = store
        self._path = store.folder / _FILE

    def write(self, answers: Iterable[Answer]) -> None:
        """Add answers. A line that a killed process left half written stays alone on its line and is passed over.

        Raises:
            StorageError: they cannot be written.
        """
        lines = [answer.model_dump_json().encode() + b"\n" for answer in answers]
        if not lines:
            return
        with self._store.locked():
            with storage_errors(self._path), self._path.open("a+b") as file:
                end = file.seek(0, os.SEEK_END)
                if end and os.pread(file.fileno(), 1, end - 1) != b"\n":
                    lines.insert(0, b"\n")
                file.write(b"".join(lines))
                length = file.tell()
            if length > MAX_BYTES:
                self._drop_older_half()

    def find(self, what: str) -> Answer | None:
        """The answer with this id, or whose id begins so, or the latest about a photo with this hash; else None.

        Raises:
            ProductError: several ids begin so.
            ProductIndexError: the journal cannot be read.
        """
        latest: dict[str, Answer] = {}
        for answer in self._answers():
            if what in (answer.id, answer.photo):
                latest = {what: answer}
            elif len(what) >= _SHORTEST_ID and answer.id.startswith(what) and what not in latest:
                latest[answer.id] = answer
        if what not in latest and len(latest) > 1:
            raise ProductError(f"several answers begin with {what}: give all ten digits")
        return next(iter(latest.values()), None)

    def _answers(self) -> Iterator[Answer]:
        try:
            with self._path.open("rb") as file:
                while line := file.readline(_MAX_LINE):
                    answer = _parsed(line)
                    if answer is not None:
                        yield answer
        except FileNotFoundError:
            return
        except OSError as error:
            raise ProductIndexError(f"{self._path}: cannot be read ({error.strerror or error})") from error

    def _drop_older_half(self) -> None:
        with storage_errors(self._path), self._path.open("rb") as file:
            file.seek(-MAX_BYTES // 2, os.SEEK_END)
            file.readline()
            newer = file.read()
        atomic_write_bytes(self._path, newer)


def _parsed(line: bytes) -> Answer | None:
    try:
        return Answer.model_validate_json(line)
    except ValidationError:
        return None
