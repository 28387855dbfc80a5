"""What is on photos."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from shelfwise.accounts.records import Actor
from shelfwise.errors import ImageError
from shelfwise.web.access import Classifying, Numbers, TheShop, spend
from shelfwise.web.api.answer_schemas import ClassifiedOut, PhotoAnswerOut
from shelfwise.web.api.fields import OptionalId
from shelfwise.web.api.schemas import group, problems
from shelfwise.web.api.uploads import MOST_PHOTOS, PHOTOS_BODY, photos_of, sent_files
from shelfwise.workflows.scanning import Scan, begin_scan, end_scan
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
    async with sent_files(request, "photos", most=MOST_PHOTOS, most_bytes=most_bytes) as files:
        spend(request, actor, "photos", len(files))
        photos = photos_of(files, shop.photos.limits)
        scan = await run_in_threadpool(_begun, shop, actor, store, photos)
        # Here rather than in a thread: those that wait for the model must not hold up everybody else.
        await _all_done(scan.waiting)
        answers = await run_in_threadpool(_answers, shop, actor, store, photos, scan)
    for answer in answers:
        numbers.answered(answer.answer or "error")
    return ClassifiedOut(answers=answers)


def _begun(shop: Shop, actor: Actor, store: int | None, photos: list[bytes | ImageError]) -> Scan:
    if store is not None:
        actor.require("clerk", store, scope="classify")
        shop.catalogue.store(store)
    return begin_scan(shop, [photo for photo in photos if isinstance(photo, bytes)])


async def _all_done(waiting: Sequence[Future[Any]]) -> None:
    await asyncio.gather(*map(asyncio.wrap_future, waiting), return_exceptions=True)


def _answers(
    shop: Shop, actor: Actor, store: int | None, photos: list[bytes | ImageError], scan: Scan
) -> list[PhotoAnswerOut]:
    answered = iter(end_scan(shop, scan, actor, store))
    return [PhotoAnswerOut.of(next(answered) if isinstance(photo, bytes) else photo) for photo in photos]
