"""What is on a kept shelf photo, in the words of the shop's own stock book, written down."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shelfwise.answers.records import AnswerCandidate
from shelfwise.answers.shelf_records import MOST_BOXES, FoundBox
from shelfwise.workflows.answer_words import Speaker
from shelfwise.workflows.shelf import picture_of
from shelfwise.workflows.shelf_naming import ClassifierNamer
from shelfwise.workflows.shop_shelf_alike import place_in_embeddings

if TYPE_CHECKING:
    from shelfwise.answers.shelf_records import ShelfBox, ShelfPhoto
    from shelfwise.bundle import Bundle
    from shelfwise.workflows.answer_words import Words
    from shelfwise.workflows.shelf import BoxFinder
    from shelfwise.workflows.shelf_naming import Progress
    from shelfwise.workflows.shop import Shop

__all__ = ["name_again", "read_shelf_photo"]


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


def name_again(shop: Shop, shelf_id: int, progress: Progress) -> None:
    """Name the products on a shelf photo once more, with the model and the products that are known by now.

    Boxes stay as they are, and so does what people said of them. Those that people added are named as well, and moved
    ones by where they are now; those that are moved meanwhile are not, and have no embedding where another model made
    the one before. The others' embeddings are kept, unless another model made them.

    Args:
        shop: the shop; its active model names the boxes.
        shelf_id: the number of a shelf photo whose products have been found.
        progress: told how many of the boxes are named.

    Raises:
        NotFoundError: the photo is not kept any more.
        ImageError: it cannot be read.
        ModelError: the model fails.
    """
    shelf, boxes, kept = shop.shelf_photos.read_whole(shelf_id)
    if shelf.state != "done":
        return
    classifier = shop.pool.model.many
    model = classifier.bundle.id
    asked = [box for box in boxes if box.verdict is None or model != shelf.model]
    edges = np.array([box.box for box in asked], np.float32).reshape(-1, 4)
    image = picture_of(shop.photos.read(shelf.photo), name=shelf.name, limits=shop.photos.limits)
    progress(0, 0)
    names = ClassifierNamer(classifier, None).name(image, edges, progress)
    said = Speaker(shop).say_all(model, names.predictions)
    fresh = {box.key: embedding for box, embedding in zip(asked, names.embeddings, strict=True)}
    shop.shelf_photos.renamed(
        shelf_id,
        {
            box.key: _found(list(box.box), box.score or 0.0, words)
            for box, words in zip(asked, said, strict=True)
        },
        model=model,
        embeddings=lambda there: _embeddings(shelf, boxes, kept, fresh, there, model),
    )


def _embeddings(
    shelf: ShelfPhoto,
    boxes: Sequence[ShelfBox],
    kept: bytes | None,
    fresh: Mapping[str, NDArray[np.float32]],
    there: Collection[str],
    model: str,
) -> bytes | None:
    """The embeddings of all boxes that were found, with the fresh ones of boxes that are ``there`` still."""
    if not fresh or (kept is None and model == shelf.model):
        return kept
    features = len(next(iter(fresh.values())))
    if kept is None or model != shelf.model:
        rows = np.zeros((sum(box.score is not None for box in boxes), features), np.float16)
    else:
        rows = np.frombuffer(kept, np.float16).reshape(-1, features).copy()
    for box in boxes:
        place = place_in_embeddings(box)
        if place is not None and box.key in fresh and box.key in there:
            rows[place] = fresh[box.key]
    return rows.tobytes()


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
