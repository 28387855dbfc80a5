"""New products without training: enrol photos, say what is on others, confirm and correct what was said."""

from __future__ import annotations

import os
import re
import shlex
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shelfwise.errors import ImageError, ProductError, ProductIndexError
from shelfwise.gtin import parse_gtin
from shelfwise.inference.classifier import Classifier
from shelfwise.inference.products.calibration import prior_of
from shelfwise.inference.products.index import ModelRef, ProductIndex
from shelfwise.inference.products.journal import Answer, Journal
from shelfwise.inference.products.matches import Added
from shelfwise.inference.products.photos import KeptPhoto, keep
from shelfwise.inference.products.records import Product, clean_category, clean_name
from shelfwise.inference.products.store import ProductStore
from shelfwise.workflows.product_answers import UNKNOWN_PRODUCT, Finder, ProductAnswer, embedding_of
from shelfwise.workflows.product_intake import Intake, Progress

__all__ = ["Addition", "ProductBook", "Rebuilt"]

_ANSWER_ID: Final = re.compile(r"[0-9a-f]{4,10}\Z", re.ASCII)
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Addition:
    """What came of adding photos: the product and the counts, and the photos that could not be read."""

    added: Added
    errors: tuple[ImageError, ...]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A new index, and what is missing from it: photos whose copies are lost, each with its product's name."""

    index: ProductIndex
    lost: tuple[str, ...]


class ProductBook:
    """The products that a model knows by sight.

    ::

        book = ProductBook(shelfwise.load("runs/shop/bundle"), Path("runs/shop/products"))
        book.add("Oat drink", ["a.jpg", "b.jpg"], category="drinks/milk")
        for answer in book.match(["shelf.jpg"]):
            print(answer.match.product.name if answer.match else "unknown product")

    Args:
        classifier: the model; it makes the embeddings.
        folder: where the index is: :func:`index_folder`.
        clock: tells the time.
    """

    def __init__(
        self, classifier: Classifier, folder: Path, *, clock: Callable[[], datetime] | None = None
    ) -> None:
        self.classifier = classifier
        self.store = ProductStore(folder)
        self.journal = Journal(self.store)
        self._clock = clock or (lambda: datetime.now(UTC))

    @property
    def model(self) -> ModelRef:
        """The model that embeddings have to be of."""
        return ModelRef(id=self.classifier.bundle.id, name=self.classifier.bundle.name)

    def read(self) -> ProductIndex:
        """The index as it is now; an empty one where there is none.

        Raises:
            ProductIndexError: it is damaged or belongs to another model.
        """
        return self._own(self.store.read())

    def add(
        self,
        name: str,
        photos: Iterable[str | bytes | Path],
        *,
        category: str | None = None,
        gtin: str | None = None,
        move: bool = False,
        progress: Progress | None = None,
    ) -> Addition:
        """Add photos to a product, which is made if there is none of this name. No training.

        Of the photos only the embeddings are held in memory, however many there are.

        Args:
            name: the product's name.
            photos: paths, or the content of picture files.
            category: levels joined by ``/``.
            gtin: 8, 12, 13 or 14 digits with a right check digit.
            move: take photos away from other products.
            progress: told (done, total) after each photo that the model is done with; the total is None where
                ``photos`` has no length.

        Raises:
            ProductError: a name or number cannot be taken, no photo can be read, or one belongs to another product.
            ProductIndexError: the index is damaged or belongs to another model.
            StorageError: it cannot be written; it is then as it was.
        """
        # What is wrong with the words is said before any photo is looked at.
        clean_name(name)
        if category is not None:
            clean_category(category)
        if gtin is not None:
            parse_gtin(gtin)
        return self._enrol(lambda _: name, photos, category=category, gtin=gtin, move=move, progress=progress)

    def match(
        self, photos: Iterable[str | bytes], *, top: int = 3, tell: Callable[[str], None] | None = None
    ) -> Iterator[ProductAnswer]:
        """Say which product is on each photo, in order and in constant memory; the answers go into the journal.

        Args:
            photos: paths, or the content of picture files.
            top: how many products to tell of each.
            tell: see :class:`~shelfwise.workflows.product_answers.Finder`.

        Raises:
            ProductIndexError: there is no index, it is damaged or belongs to another model.
            StorageError: the journal cannot be written, and there is nobody to tell.
        """
        waiting: deque[str | bytes] = deque()

        def remembered() -> Iterator[str | bytes]:
            for photo in photos:
                waiting.append(photo)
                yield photo

        with self.finder(tell) as find:
            for result in self.classifier.stream(remembered()):
                yield find(waiting.popleft(), result, top)

    def finder(self, tell: Callable[[str], None] | None = None) -> Finder:
        """Looks up photos that are classified already.

        Raises:
            ProductIndexError: there is no index, it is damaged or belongs to another model.
        """
        if not self.store.exists():
            raise ProductIndexError(
                f"{self.store.folder}: there is no index of products. Make one: shelfwise products add NAME PHOTO"
            )
        return Finder(self.read(), self.journal, self._now, tell)

    def confirm(self, what: str) -> Addition:
        """Add the photo of a past answer to the product that was named: it was right.

        Args:
            what: the answer's id (its first four digits do, where no other begins so), or the photo's path.

        Raises:
            ProductError: there is no such answer, it named no product, the photo has changed or is
                enrolled elsewhere.
            ImageError: the photo cannot be read.
        """
        answer, kept = self._past(what)
        if answer is None:
            raise ProductError(
                f"{what}: nothing was said of this photo lately, so there is nothing to confirm. "
                f"To enrol it: shelfwise products correct PHOTO NAME"
            )
        if answer.product_id is None:
            raise ProductError(
                f"{what}: the answer was '{UNKNOWN_PRODUCT}', so there is nothing to confirm. "
                f"Say what it is: shelfwise products correct {answer.id} NAME"
            )
        product_id, name = answer.product_id, answer.product

        def named(index: ProductIndex) -> str:
            product = index.product(product_id)
            if product is None:
                raise ProductError(f"{what}: the product {name!r} has been removed since")
            return product.name

        return self._enrol(named, [kept])

    def correct(self, what: str, name: str, *, new: bool = False) -> Addition:
        """Add the photo of a past answer, or any photo, to the product that it shows; away from any other.

        Args:
            what: an answer's id, or a photo's path.
            name: the right product.
            new: make it if there is none of this name.

        Raises:
            ProductError: there is no such answer or product, or the photo has changed.
            ImageError: the photo cannot be read.
        """
        _, kept = self._past(what)
        return self._enrol(lambda index: name if new else index.find(name).name, [kept], move=True)

    def rebuild(self, progress: Progress | None = None) -> Rebuilt:
        """Make the embeddings anew with this model, from the copies of the photos; for one that is of another model.

        A copy that is missing or damaged is left out and named.

        Raises:
            ProductIndexError: there is no index, its list is damaged, or no copy can be used.
            StorageError: a copy cannot be read now, or the index not be written; it is then as it was.
        """
        there = self.store.read_products()
        if there is None:
            raise ProductIndexError(f"{self.store.folder}: there is no index of products to rebuild")
        entries, lost = self._embedded_anew(there[1], progress)
        if lost and not any(product.photos for product, _ in entries):
            raise ProductIndexError(f"{self.store.folder}: no copy of a photo can be read. {lost[0]}")
        bundle = self.classifier.bundle
        index = ProductIndex.of(self.model, prior_of(bundle.metrics, str(bundle.path)), entries)

        def change(_: ProductIndex | None) -> ProductIndex:
            if self.store.read_products() != there:
                raise ProductIndexError(f"{self.store.folder}: changed meanwhile. Run the rebuilding again")
            return index

        return Rebuilt(self.store.update(change, from_damaged=True), tuple(lost))

    def _enrol(
        self,
        named: Callable[[ProductIndex], str],
        photos: Iterable[str | bytes | Path | KeptPhoto],
        *,
        category: str | None = None,
        gtin: str | None = None,
        move: bool = False,
        progress: Progress | None = None,
    ) -> Addition:
        """Add photos to the product that ``named`` gives, which is asked again when the index is written."""
        now, before = self._now(), self.read()
        done: list[Added] = []
        with self.store.staging() as staging:
            intake = Intake(
                self.classifier,
                before,
                staging,
                name=named(before),
                move=move,
                now=now,
                progress=progress,
            )
            intake.take(photos)
            if not intake.enrolled and not intake.again:
                raise ProductError(_nothing_readable(intake.errors))

            def change(there: ProductIndex | None) -> ProductIndex:
                index = self._own(there)
                after, added = index.add(
                    named(index),
                    intake.enrolled,
                    now=now,
                    again=intake.again,
                    category=category,
                    gtin=gtin,
                    move=move,
                )
                done.append(added)
                return there if there is not None and after is index else after

            self.store.update(change, staging)
        return Addition(done[0], tuple(intake.errors))

    def _embeddings(self, copies: Iterable[bytes]) -> Iterator[Floats]:
        for result in self.classifier.stream(copies):
            if isinstance(result, ImageError):
                raise result
            yield embedding_of(result)

    def _embedded_anew(
        self, products: Sequence[Product], progress: Progress | None
    ) -> tuple[list[tuple[Product, dict[str, Floats]]], list[str]]:
        total = sum(len(product.photos) for product in products)
        lost: list[str] = []
        order: list[str] = []

        def copies() -> Iterator[bytes]:
            for product in products:
                for photo in product.photos:
                    try:
                        data = self.store.kept(photo)
                    except ProductIndexError as error:
                        lost.append(f"{product.name}: {error}")
                        continue
                    order.append(photo.sha256)
                    yield data

        rows: dict[str, Floats] = {}
        for number, embedding in enumerate(self._embeddings(copies()), start=1):
            rows[order[number - 1]] = embedding
            if progress is not None:
                progress(number, total)
        entries = []
        for product in products:
            photos = tuple(photo for photo in product.photos if photo.sha256 in rows)
            own = {photo.sha256: rows[photo.sha256] for photo in photos}
            entries.append((product.model_copy(update={"photos": photos}), own))
        return entries, lost

    def _own(self, index: ProductIndex | None) -> ProductIndex:
        bundle = self.classifier.bundle
        if index is None:
            return ProductIndex.empty(self.model, prior_of(bundle.metrics, str(bundle.path)))
        if index.model.id != bundle.id:
            raise ProductIndexError(
                f"{self.store.folder}: this index was made with the model {index.model.name} ({index.model.id}), "
                f"not with {bundle.name} ({bundle.id}). To make it anew from its photos: "
                f"shelfwise products rebuild --model {_quoted(bundle.path)} --index {_quoted(self.store.folder)}"
            )
        return index

    def _past(self, what: str) -> tuple[Answer | None, KeptPhoto]:
        """The answer that is meant, if any, and its photo."""
        if not os.path.lexists(what) and _ANSWER_ID.match(what):
            answer = self.journal.find(what)
            if answer is None:
                raise ProductError(f"there is no answer {what} among the latest, and no such photo")
            if answer.path is None:
                raise ProductError(f"{what}: the photo came without a path that can be kept. Give its path")
            kept = keep(answer.path)
            if kept.sha256 != answer.photo:
                raise ProductError(f"{answer.path}: has changed since answer {what}. Give the photo's path")
            return answer, kept
        kept = keep(what)
        return self.journal.find(kept.sha256), kept

    def _now(self) -> str:
        return self._clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _nothing_readable(errors: Sequence[ImageError]) -> str:
    if not errors:
        return "no photo is given: a product is learned from at least one"
    return f"none of the photos can be read, so nothing was added. The first: {errors[0]}"


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
