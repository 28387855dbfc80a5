"""Photos from people's hands to answers: kept, answered, matched to stock products, and written down."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shelfwise.errors import ImageError
from shelfwise.types import AnswerKind
from shelfwise.workflows.product_doubt import Doubt

if TYPE_CHECKING:
    from shelfwise.accounts.records import Actor
    from shelfwise.answers.records import NewAnswer
    from shelfwise.images.photo_store import StoredPhoto
    from shelfwise.workflows.answer_pool import PhotoAnswer
    from shelfwise.workflows.shop import Shop

__all__ = [
    "Doubt",
    "ProductChoice",
    "Scan",
    "ScanAnswer",
    "ScanCandidate",
    "answer_photos",
    "begin_scan",
    "end_scan",
]

CANDIDATES: Final = 3
"""How many guesses are told of each photo at most."""


@dataclass(frozen=True, slots=True)
class ProductChoice:
    """A stock product that may be the one on a photo: for one tap."""

    product_id: int
    product: str


@dataclass(frozen=True, slots=True)
class ScanCandidate:
    """One of the best guesses.

    Attributes:
        category: what the model says, or the product's where that is known by sight; levels joined by ``/``.
        confidence: 0 to 1; of the product where it is known by sight, else of the category.
        product_id, product: the stock product that is meant: one known by sight, or the only one of the category.
        choices: stock products of that category, those that look most alike first; at most six.
        by_sight: whether the product is known by sight.
        wider: whether the choices are of a wider category of the stock book, and none is named after this one: it has
            no product yet.
    """

    category: str
    confidence: float
    product_id: int | None = None
    product: str | None = None
    choices: tuple[ProductChoice, ...] = ()
    by_sight: bool = False
    wider: bool = False


@dataclass(frozen=True, slots=True)
class ScanAnswer:
    """What is said of one photo.

    Attributes:
        id: the answer's number in the answer book.
        photo: SHA-256 of the stored photo.
        kind: ``accept``: take it; ``ask``: a person should choose; ``unknown``: like nothing that was learned.
        category: what the model says that it shows, the likeliest one where a person should choose; else that of the
            product; None where neither is known.
        confidence: of the product where there is one, else of the category; 0 to 1.
        candidates: the three best guesses at most, likeliest first.
        product_id, product: the stock product that the photo shows, known by sight; else None.
        doubt: why the answer about that product is to be checked; None where it may be relied on, or there is none.
        model, model_name: id and name of the model that said it.
    """

    id: int
    photo: str
    kind: AnswerKind
    category: str | None
    confidence: float
    candidates: tuple[ScanCandidate, ...]
    product_id: int | None
    product: str | None
    doubt: Doubt | None
    model: str
    model_name: str


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """Photos on their way: kept, and asked about.

    Attributes:
        photos: what is kept of each, or what is wrong with it.
        waiting: what the model will say of each.
    """

    photos: Sequence[StoredPhoto | ImageError]
    waiting: Sequence[Future[PhotoAnswer]]


def answer_photos(
    shop: Shop, photos: Sequence[bytes], actor: Actor, store_id: int | None = None
) -> list[ScanAnswer | ImageError]:
    """Say what is on photos: keep them, answer them, find the stock products, and write the answers down.

    The shadow model, if there is one, is asked too, but nobody waits for it.

    Args:
        shop: the shop.
        photos: picture files.
        actor: who gives them.
        store_id: where they were taken, as far as that is known.

    Returns:
        An answer for each, or what is wrong with the photo, in the order given.

    Raises:
        OverloadedError: as many photos wait as may wait; nothing was kept.
        ModelError: the active model cannot be loaded, or fails.
        StorageError: a photo cannot be kept.
    """
    return end_scan(shop, begin_scan(shop, photos), actor, store_id) if photos else []


def begin_scan(shop: Shop, photos: Sequence[bytes]) -> Scan:
    """Ask the model about photos and keep them meanwhile; :func:`answer_photos` in two steps.

    Who has an event loop waits there for ``waiting`` between the two, so that no thread stands by for the model.

    Raises:
        OverloadedError: as many photos wait as may wait; nothing was kept.
        ModelError: the active model cannot be loaded.
        StorageError: a photo cannot be kept.
    """
    waiting = shop.pool.submit_all(photos)
    # Photos are written while the model is at work on them.
    return Scan(_kept(shop, photos, waiting), waiting)


def end_scan(
    shop: Shop, scan: Scan, actor: Actor, store_id: int | None = None
) -> list[ScanAnswer | ImageError]:
    """Put the model's answers into words and write them down; waits for those that are not there yet.

    Raises:
        ModelError: the model failed.
    """
    from shelfwise.workflows.answer_words import Speaker

    results: list[ScanAnswer | ImageError | None] = []
    good: list[tuple[int, StoredPhoto, PhotoAnswer]] = []
    for number, (photo, future) in enumerate(zip(scan.photos, scan.waiting, strict=True)):
        answer = photo if isinstance(photo, ImageError) else _answered(future)
        results.append(answer if isinstance(answer, ImageError) else None)
        if not isinstance(photo, ImageError) and not isinstance(answer, ImageError):
            good.append((number, photo, answer))
    speaker = Speaker(shop)
    said = [speaker.say(answer.model, answer.prediction) for _, _, answer in good]
    new = [
        words.record(photo.sha256, answer.model, actor.name, store_id)
        for words, (_, photo, answer) in zip(said, good, strict=True)
    ]
    ids = _recorded(shop, new)
    for answer_id, words, (number, photo, answer) in zip(ids, said, good, strict=True):
        results[number] = ScanAnswer(
            id=answer_id,
            photo=photo.sha256,
            kind=words.kind,
            category=words.category,
            confidence=words.confidence,
            candidates=words.candidates,
            product_id=words.product_id,
            product=words.product,
            doubt=words.doubt,
            model=answer.model,
            model_name=shop.models.name_of(answer.model),
        )
    return [result for result in results if result is not None]


def _kept(
    shop: Shop, photos: Sequence[bytes], waiting: Sequence[Future[PhotoAnswer]]
) -> list[StoredPhoto | ImageError]:
    kept: list[StoredPhoto | ImageError] = []
    try:
        for number, data in enumerate(photos, start=1):
            try:
                kept.append(shop.photos.add(data, name=f"photo {number}"))
            except ImageError as error:
                # A new one without traceback: that would keep the photo in memory.
                kept.append(ImageError(error.source, error.reason))
    except BaseException:
        for future in waiting:
            future.cancel()
        raise
    return kept


def _answered(future: Future[PhotoAnswer]) -> PhotoAnswer | ImageError:
    try:
        return future.result()
    except ImageError as error:
        return ImageError(error.source, error.reason)


def _recorded(shop: Shop, new: Sequence[NewAnswer]) -> tuple[int, ...]:
    if not new:
        return ()
    ids = shop.answers.record(new)
    shop.models.offer_to_shadow([(answer_id, each.photo) for answer_id, each in zip(ids, new, strict=True)])
    return ids
