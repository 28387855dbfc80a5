"""Shelf photos: what is on them, and what people correct of that."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

from fastapi import Query, Request, Response
from starlette.concurrency import run_in_threadpool

from shelfwise.accounts.records import Actor
from shelfwise.answers.shelf_records import ShelfPhoto
from shelfwise.errors import EntryError, NotFoundError
from shelfwise.web.access import Audit, Classifying, Reader, TheShop, spend
from shelfwise.web.api.fields import OptionalId, PathId
from shelfwise.web.api.places import shelf_for, store_to_read
from shelfwise.web.api.schemas import PageOf, Pages, group, page_of, problems
from shelfwise.web.api.shelf_schemas import ShelfChangeIn, ShelfJoinIn, ShelfListedOut
from shelfwise.web.api.shelf_view_schemas import ShelfOut
from shelfwise.web.api.uploads import photos_of, sent_files
from shelfwise.web.etags import IfMatch, etag
from shelfwise.web.replies import keep_nothing
from shelfwise.workflows.shop import Shop
from shelfwise.workflows.shop_shelf import add_shelf_photo, look_again

__all__ = ["router", "seen"]

router = group("Shelves")

_LONGEST_WAIT: Final = 300
_PHOTO: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "A picture file in a part named `photo`, as large as the camera gives it.",
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"photo": {"type": "string", "format": "binary"}},
                    "required": ["photo"],
                }
            }
        },
    }
}
Wait = Annotated[
    int,
    Query(
        ge=0,
        le=_LONGEST_WAIT,
        description="Seconds to wait for the result; without it, `state` is `waiting`.",
    ),
]


@router.post(
    "/shelf",
    summary="Count a shelf",
    status_code=201,
    openapi_extra=_PHOTO,
    responses=problems(404, 409),
)
async def add_shelf(
    request: Request,
    response: Response,
    shop: TheShop,
    actor: Classifying,
    store: OptionalId = None,
    location: OptionalId = None,
    wait: Wait = 60,
) -> ShelfOut:
    """Find and name the products on a photo of a shelf. Clerks.

    The photo is kept, without what the camera wrote into it of where it was taken. Without `store` and `location` it
    is of no store, and its sender's alone; with a token for particular stores it is of the token's store, and of
    several the one has to be said. Looking at it takes some seconds, and longer where others wait: with `wait=0` the
    answer comes at once, and `GET /shelf/{id}` tells how far it is.
    """
    async with sent_files(request, "photo", most=1, most_bytes=shop.photos.limits.max_bytes) as files:
        spend(request, actor, "photos", 1)
        (photo,) = photos_of(files, shop.photos.limits)
        if isinstance(photo, Exception):
            raise photo
        store = await run_in_threadpool(_place, shop, actor, store, location)
        shelf = await run_in_threadpool(add_shelf_photo, shop, photo, actor, store, location)
    future = shop.shelves.future(shelf.id)
    if future is not None and wait:
        # Here rather than in a thread: those that wait must not hold up everybody else.
        await asyncio.wait([asyncio.wrap_future(future)], timeout=wait)
    return await run_in_threadpool(seen, shop, shelf.id, response)


@router.get("/shelf", summary="List shelf photos", responses=problems(404))
def list_shelves(
    shop: TheShop, actor: Reader, pages: Pages, store: OptionalId = None
) -> PageOf[ShelfListedOut]:
    """List shelf photos, the newest first, without what is on them."""
    stores = store_to_read(shop, actor, store)
    stores = frozenset({stores}) if isinstance(stores, int) else stores
    user = actor.name if store is None and not actor.limited else None
    return page_of(shop.shelf_photos.list(stores, user, pages.cursor, pages.limit), ShelfListedOut.of)


@router.post(
    "/shelf/join",
    summary="Put shelf photos together",
    status_code=201,
    responses=problems(404, 409),
)
def join(shop: TheShop, actor: Classifying, response: Response, given: ShelfJoinIn) -> ShelfOut:
    """Put two photos of one shelf together that overlap, so that what is on both counts once. Clerks.

    What people said of their boxes is kept, and so are boxes that they added where no other one is.
    """
    from shelfwise.workflows.shop_shelf_joining import join_shelves

    for number in given.ids:
        try:
            shelf_for(shop, actor, "clerk", number, "classify")
        except NotFoundError as error:
            raise EntryError("ids", str(error)) from None
    return seen(shop, join_shelves(shop, given.ids, actor).id, response)


@router.get("/shelf/{shelf_id}", summary="Get a shelf photo", responses=problems(404))
def get_shelf(shop: TheShop, actor: Reader, response: Response, shelf_id: PathId) -> ShelfOut:
    """Give a shelf photo with what is on it, as people left it, or how far looking at it is."""
    shelf_for(shop, actor, "reader", shelf_id)
    return seen(shop, shelf_id, response)


@router.post("/shelf/{shelf_id}/look", summary="Look at a shelf photo again", responses=problems(404, 409))
def look(
    request: Request, shop: TheShop, actor: Classifying, response: Response, shelf_id: PathId
) -> ShelfOut:
    """Look once more at a photo, with what is known by now. Clerks.

    One that `failed` waits then, as one that was just sent. Of one that is `done` all boxes stay, and those that
    nobody has named are named anew, such as with products that were taught since. `GET /shelf/{id}` tells how far it
    is; asked for meanwhile, it is done once.
    """
    shelf_for(shop, actor, "clerk", shelf_id, "classify")
    spend(request, actor, "photos", 1)
    look_again(shop, shelf_id)
    return seen(shop, shelf_id, response)


@router.patch("/shelf/{shelf_id}", summary="Correct a shelf photo", responses=problems(404, 409, 412))
def change_shelf(
    request: Request,
    shop: TheShop,
    actor: Classifying,
    audit: Audit,
    response: Response,
    shelf_id: PathId,
    version: IfMatch,
    given: ShelfChangeIn,
) -> ShelfOut:
    """Move, name, add and take away boxes, all of these changes or none. Clerks.

    Each says how a box is to be from now on, so that sending it twice does no harm. With `If-Match` only if the
    photo still is as it was read; without it, whatever it is like by now. Products that people name are known by
    sight from then on.
    """
    from shelfwise.workflows.shop_shelf_edits import change_boxes

    keep_nothing(request)
    shelf = shelf_for(shop, actor, "clerk", shelf_id, "classify")
    if given.location_id is not None:
        _see_place(shop, actor, shelf, given.location_id)
    change_boxes(
        shop,
        shelf_id,
        [each.change() for each in given.boxes],
        actor=actor,
        address=audit.address,
        version=version,
        place=given.location_id,
    )
    return seen(shop, shelf_id, response)


def seen(shop: Shop, shelf_id: int, response: Response) -> ShelfOut:
    """A shelf photo as it is seen now, with its ``ETag``."""
    # Its arithmetic takes numpy, which the command's help and the schema need not wait for.
    from shelfwise.workflows.category_products import CategoryProducts
    from shelfwise.workflows.shop_planograms import planogram_of
    from shelfwise.workflows.shop_shelf_view import view_of

    shelf, boxes, embeddings = shop.shelf_photos.read_whole(shelf_id)
    response.headers["ETag"] = etag(shelf.version)
    planogram = None if shelf.location_id is None else planogram_of(shop, shelf.location_id)
    view = view_of(shelf, boxes, planogram, embeddings)
    return ShelfOut.seen(view, shop.shelves.resume(shelf), CategoryProducts(shop.db, shop.catalogue))


def _place(shop: Shop, actor: Actor, store: int | None, location: int | None) -> int | None:
    """The store of a photo that is to come, seen to be one that the caller may send photos of.

    Without one it is of no store, but by a token for particular stores: then of the only one that it may be of.
    """
    if location is not None:
        place = shop.catalogue.location(location)
        if store not in (None, place.store_id):
            raise EntryError("location", "it is in another store")
        store = place.store_id
    if store is None and actor.limited:
        theirs = [each for each in actor.roles if actor.allows("clerk", each, scope="classify")]
        if len(theirs) != 1:
            raise EntryError(
                "store", "this token is for particular stores: say which of them the photo is of"
            )
        (store,) = theirs
    if store is not None:
        actor.require("clerk", store, scope="classify")
        shop.catalogue.store(store)
    return store


def _see_place(shop: Shop, actor: Actor, shelf: ShelfPhoto, location_id: int) -> None:
    place = shop.catalogue.location(location_id)
    if shelf.store_id not in (None, place.store_id):
        raise EntryError("location_id", "it is in another store than the photo")
    actor.require("clerk", place.store_id, scope="classify")
