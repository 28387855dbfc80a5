"""What is on a kept shelf photo, in the words of the shop's own stock book, written down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shelfwise.answers.records import AnswerCandidate
from shelfwise.answers.shelf_records import MOST_BOXES, FoundBox
from shelfwise.workflows.answer_words import Speaker
from shelfwise.workflows.shelf import picture_of
from shelfwise.workflows.shelf_naming import ClassifierNamer

if TYPE_CHECKING:
    from shelfwise.bundle import Bundle
    from shelfwise.workflows.answer_words import Words
    from shelfwise.workflows.shelf import BoxFinder
    from shelfwise.workflows.shelf_naming import Progress
    from shelfwise.workflows.shop import Shop

__all__ = ["read_shelf_photo"]


def read_shelf_photo(shop: Shop, shelf_id: int, finder: BoxFinder, progress: Progress) -> None:
    """Find and name the products on a kept shelf photo, and write them down.

    Args:
        shop: the shop; its active model names what is found.
        shelf_id: the shelf photo's number.
        finder: finds the products.
        progress: told how many of the boxes are named.

    Raises:
        NotFoundError: the photo is not kept any more.
        ImageError: it cannot be read.
        ModelError: the detector or the model fails.
    """
    shelf = shop.shelf_photos.get(shelf_id)
    if shelf.state != "waiting":
        return
    image = picture_of(shop.photos.read(shelf.photo), name=shelf.name, limits=shop.photos.limits)
    progress(0, 0)
    found = finder.find(image, source=shelf.name)
    boxes, scores = found.boxes[:MOST_BOXES], found.scores[:MOST_BOXES]
    classifier = shop.pool.model.many
    names = ClassifierNamer(classifier, None).name(image, boxes, progress)
    model = classifier.bundle.id
    said = Speaker(shop).say_all(model, names.predictions)
    bundle: Bundle | None = getattr(finder, "bundle", None)
    kept = [
        _found(box, score, words)
        for box, score, words in zip(boxes.tolist(), scores.tolist(), said, strict=True)
    ]
    shop.shelf_photos.finish(
        shelf_id,
        kept,
        model=model,
        detector=None if bundle is None else bundle.id,
        embeddings=names.embeddings.astype(np.float16).tobytes(),
    )


def _found(box: list[float], score: float, words: Words) -> FoundBox:
    left, top, right, bottom = box
    candidates = [
        AnswerCandidate(each.category, each.confidence, each.product_id, each.product)
        for each in words.candidates
    ]
    return FoundBox(
        (left, top, right, bottom),
        score,
        words.kind,
        words.category,
        min(1.0, max(0.0, words.confidence)),
        words.product_id,
        candidates,
    )
