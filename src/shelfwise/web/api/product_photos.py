"""Photos of products, by which the model knows them at sight."""

from __future__ import annotations

from fastapi import Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from shelfwise.accounts.records import Actor
from shelfwise.errors import ImageError
from shelfwise.web.access import Audit, Manager, Reader, TheShop, Trail, spend
from shelfwise.web.api.catalogue_schemas import ProductOut
from shelfwise.web.api.fields import PathId, Sha256
from shelfwise.web.api.schemas import PageOf, Reply, each, group, problems
from shelfwise.web.api.uploads import MOST_PHOTOS, PHOTOS_BODY, photos_of, sent_files
from shelfwise.workflows.shop import Shop
from shelfwise.workflows.shop_products import enrol, forget

__all__ = ["router"]

router = group("Products")


class ProductPhotoOut(Reply):
    """A photo of a product."""

    photo: str = Field(description="SHA-256, for /photos.")


class PhotoErrorOut(Reply):
    """A photo that was not taken."""

    number: int | None = Field(description="Which of the photos that were sent, from 1.")
    error: str


class EnrolledOut(Reply):
    """What came of the photos: those that belong to the product now, and those that could not be read."""

    product: ProductOut
    photos: list[str]
    new: int = Field(description="How many of them were not the product's before.")
    errors: list[PhotoErrorOut]


@router.get("/products/{product_id}/photos", summary="List a product's photos", responses=problems(404))
def list_product_photos(shop: TheShop, actor: Reader, product_id: PathId) -> PageOf[ProductPhotoOut]:
    """List the photos by which the product is known, oldest first."""
    photos = shop.catalogue.product_photos(product_id)
    return each(photos, lambda photo: ProductPhotoOut(photo=photo))


@router.post(
    "/products/{product_id}/photos",
    summary="Add photos of a product",
    status_code=201,
    openapi_extra=PHOTOS_BODY,
    responses=problems(404, 409),
)
async def add_product_photos(
    request: Request, shop: TheShop, actor: Manager, audit: Audit, product_id: PathId
) -> EnrolledOut:
    """Know a product by these photos from now on, without training. Managers.

    A photo that cannot be read is told of under `errors` and does not fail the others.
    """
    most_bytes = shop.photos.limits.max_bytes
    async with sent_files(request, "photos", most=MOST_PHOTOS, most_bytes=most_bytes) as files:
        spend(request, actor, "photos", len(files))
        photos = photos_of(files, shop.photos.limits)
        return await run_in_threadpool(_enrolled, shop, actor, audit, product_id, photos)


@router.delete(
    "/products/{product_id}/photos/{sha256}",
    summary="Remove a product's photo",
    status_code=204,
    responses=problems(404),
)
def remove_product_photo(
    shop: TheShop, actor: Manager, audit: Audit, product_id: PathId, sha256: Sha256
) -> Response:
    """Know a product by this photo no longer. The photo itself is kept. Managers."""
    forget(shop, product_id, sha256, actor, audit.address)
    return Response(status_code=204)


def _enrolled(
    shop: Shop, actor: Actor, audit: Trail, product_id: int, photos: list[bytes | ImageError]
) -> EnrolledOut:
    read = {number: photo for number, photo in enumerate(photos, start=1) if isinstance(photo, bytes)}
    enrolment = enrol(shop, product_id, list(read.values()), actor, audit.address)
    # Enrolling counts the photos that it was given; the caller counts those that were sent.
    numbers = {f"photo {place}": number for place, number in enumerate(read, start=1)}
    errors = [
        PhotoErrorOut(number=number, error=photo.reason)
        for number, photo in enumerate(photos, start=1)
        if isinstance(photo, ImageError)
    ]
    errors += [
        PhotoErrorOut(number=numbers.get(error.source), error=error.reason) for error in enrolment.errors
    ]
    return EnrolledOut(
        product=ProductOut.of(enrolment.product),
        photos=list(enrolment.photos),
        new=enrolment.new,
        errors=errors,
    )
