"""What is on photos."""

from __future__ import annotations

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from shelfwise.accounts.records import Actor
from shelfwise.errors import ImageError
from shelfwise.web.access import Classifying, Numbers, TheShop, spend
from shelfwise.web.api.answer_schemas import ClassifiedOut, PhotoAnswerOut
from shelfwise.web.api.fields import OptionalId
from shelfwise.web.api.schemas import group, problems
from shelfwise.web.api.uploads import MOST_PHOTOS, PHOTOS_BODY, photos_of, sent_files
from shelfwise.workflows.scanning import answer_photos
from shelfwise.workflows.shop import Shop

__all__ = ["router"]

router = group("Photos")


@router.post(
    "/classify", summary="Say what is on photos", openapi_extra=PHOTOS_BODY, responses=problems(404, 409)
)
async def classify(
    request: Request, shop: TheShop, actor: Classifying, numbers: Numbers, store: OptionalId = None
) -> ClassifiedOut:
    """Say what is on up to 32 photos. Clerks.

    The photos are kept, without where they were taken. A photo that cannot be read has its place in the answers,
    with `error`, and does not fail the others.
    """
    most_bytes = shop.photos.limits.max_bytes
    files = await sent_files(request, "photos", most=MOST_PHOTOS, most_bytes=most_bytes)
    spend(request, actor, "photos", len(files))
    photos = photos_of(files, shop.photos.limits)
    answers = await run_in_threadpool(_answers, shop, actor, store, photos)
    for answer in answers:
        numbers.answered(answer.answer or "error")
    return ClassifiedOut(answers=answers)


def _answers(
    shop: Shop, actor: Actor, store: int | None, photos: list[bytes | ImageError]
) -> list[PhotoAnswerOut]:
    if store is not None:
        actor.require("clerk", store, scope="classify")
        shop.catalogue.store(store)
    read = [photo for photo in photos if isinstance(photo, bytes)]
    answered = iter(answer_photos(shop, read, actor, store))
    return [PhotoAnswerOut.of(next(answered) if isinstance(photo, bytes) else photo) for photo in photos]
