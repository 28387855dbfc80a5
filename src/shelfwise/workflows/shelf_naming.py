"""Which product each box of a shelf photo shows: crops are classified in batches, and compared with known products.

Every box is looked at. Letting boxes that look alike share one answer does not hold: of pairs on Freiburg's photos
whose brightness correlates by 0.85 at the best shift of one against the other, the model's own answers differ in 13
of 39, and only one box in five is in such a pair.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shelfwise.inference.classifier import Classifier
from shelfwise.inference.products.index import ProductIndex
from shelfwise.inference.products.matches import Finding
from shelfwise.shelf.facings import Guess, Named
from shelfwise.types import Prediction
from shelfwise.workflows.product_answers import embedding_of
from shelfwise.workflows.product_doubt import doubt_about
from shelfwise.workflows.shelf_count import Names, Progress

__all__ = ["ClassifierNamer", "Progress", "named_of"]

_AT_ONCE: Final = 32
"""Crops between two reports of progress: enough to keep all cores busy."""
_LOOKED_ALIKE: Final = 5
"""Products that are looked at."""
_WORTH_TELLING: Final = 0.1
_GUESSES: Final = 3

Floats = NDArray[np.float32]


class ClassifierNamer:
    """Names boxes with a classifier and, where there is one, an index of products.

    Args:
        classifier: the model.
        index: the products that it knows by sight; None: categories alone are told.
    """

    def __init__(self, classifier: Classifier, index: ProductIndex | None = None) -> None:
        self.classifier = classifier
        self.index = index

    @property
    def model(self) -> tuple[str, str]:
        """The model's id and name."""
        return self.classifier.bundle.id, self.classifier.bundle.name

    def name(
        self, image: Image.Image | NDArray[np.uint8], boxes: Floats, progress: Progress | None = None
    ) -> Names:
        """Say what is in each box.

        Args:
            image: uint8 array of shape (height, width, 3), or a Pillow image; RGB.
            boxes: float32 array of shape (N, 4) within it: left, top, right, bottom in pixels.
            progress: told after every few boxes.

        Raises:
            ModelError: the model fails, or gives no embeddings.
            ProductError: its embeddings are not such as the index has.
        """
        crops = self._crops(Image.fromarray(image) if isinstance(image, np.ndarray) else image, boxes)
        said: list[Prediction] = []
        for start in range(0, len(crops), _AT_ONCE):
            said += self.classifier.predictions(crops[start : start + _AT_ONCE])
            if progress is not None:
                progress(len(said), len(crops))
        embeddings = np.stack([embedding_of(each) for each in said]) if said else np.zeros((0, 0), np.float32)
        found = self._look(embeddings)
        named = [named_of(*each, self.index) for each in zip(said, found, strict=True)]
        ids = [_id_of(*each) for each in zip(named, found, strict=True)]
        return Names(tuple(named), tuple(said), embeddings, tuple(ids))

    def _crops(self, photo: Image.Image, boxes: Floats) -> NDArray[np.uint8]:
        """The boxes' pixels as the network takes them: as it took the boxes that it was trained on."""
        preprocessing = self.classifier.bundle.preprocessing
        crops = np.empty((len(boxes), preprocessing.size, preprocessing.size, 3), np.uint8)
        for number, box in enumerate(boxes.tolist()):
            crops[number] = preprocessing.cut(photo, _part(box, photo.size))
        return crops

    def _look(self, embeddings: Floats) -> Sequence[Finding | None]:
        """What the index says of each, in one search; None of a crop on which the network saw nothing at all."""
        found: list[Finding | None] = [None] * len(embeddings)
        seen = np.flatnonzero(np.linalg.norm(embeddings, axis=1) > 0) if len(embeddings) else ()
        if self.index is not None and len(seen):
            for number, finding in zip(seen, self.index.search(embeddings[seen], _LOOKED_ALIKE), strict=True):
                found[number] = finding
        return found


class _Part(NamedTuple):
    """A part of a photo, in pixels of it."""

    x: float
    y: float
    width: float
    height: float


def _part(box: Sequence[float], size: tuple[int, int]) -> _Part:
    """A box as a part of a photo of that size, at least one pixel wide and high."""
    x, y = (max(0.0, min(box[side], size[side] - 1.0)) for side in (0, 1))
    return _Part(x, y, max(1.0, min(box[2], size[0]) - x), max(1.0, min(box[3], size[1]) - y))


def named_of(prediction: Prediction, finding: Finding | None, index: ProductIndex | None) -> Named:
    """What a model's answer and the likeness to known products say of one box.

    A product that is near enough is accepted where nothing speaks against it
    (:func:`~shelfwise.workflows.product_doubt.doubt_about`), and asked about otherwise. Without one the answer is the
    model's own about the category.

    Args:
        prediction: the model's answer.
        finding: the products that look most alike; None without an index.
        index: what found them.
    """
    category = _accepted(prediction)
    guesses = _guesses(prediction, finding)
    best = finding.best if finding is not None else None
    if best is None or index is None or finding is None:
        return _by_category(prediction, guesses)
    product = best.product
    others = sum(match.confidence for match in finding.matches[1:])
    doubt = doubt_about(index, product.id, len(product.photos), best.similarity, best.confidence, others)
    return Named(
        "ask" if doubt else "accept",
        product.name,
        product.category or category,
        min(max(best.confidence, 0.0), 1.0),
        guesses if doubt else (),
        product.gtin,
    )


def _by_category(prediction: Prediction, guesses: tuple[Guess, ...]) -> Named:
    """The model's own answer. One that decides nothing accepts all."""
    decision = prediction.decision
    if decision is not None and decision.answer == "unknown":
        return Named("unknown", confidence=prediction.confidence, candidates=guesses)
    category = _accepted(prediction)
    if category is not None:
        sure = decision.probability if decision is not None else None
        return Named("accept", None, category, prediction.confidence if sure is None else sure)
    first = next(guess for guess in guesses if guess.product is None)
    return Named("ask", None, first.category, first.confidence, guesses)


def _accepted(prediction: Prediction) -> str | None:
    """The category that the model accepts."""
    decision = prediction.decision
    if decision is None:
        return prediction.category
    return decision.node if decision.answer == "accept" else None


def _guesses(prediction: Prediction, finding: Finding | None) -> tuple[Guess, ...]:
    """What a person may choose from: products that look alike, then the likeliest categories."""
    told = [
        Guess(
            match.product.name,
            match.product.category,
            min(max(match.confidence, 0.0), 1.0),
            match.product.gtin,
        )
        for match in (finding.matches if finding else ())
        if match is (finding and finding.best) or match.confidence >= _WORTH_TELLING
    ]
    decision = prediction.decision
    likely = decision.candidates if decision is not None and decision.candidates else prediction.top(_GUESSES)
    return (*told[:_GUESSES], *(Guess(None, each.category, each.confidence) for each in likely[:_GUESSES]))


def _id_of(named: Named, finding: Finding | None) -> str | None:
    best = finding.best if finding is not None else None
    return best.product.id if best is not None and named.product is not None else None
