"""Stored photos, for whoever may see what they show."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import Query, Request
from fastapi.responses import FileResponse, Response

from shelfwise.images.photo_store import MEDIA_TYPES
from shelfwise.web.access import Reader, TheShop, spend
from shelfwise.web.api.fields import Sha256
from shelfwise.web.api.places import see_photo
from shelfwise.web.api.schemas import group, problems

__all__ = ["router"]

router = group("Photos")

_PICTURE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The picture.",
        "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}},
    },
    304: {"description": "The caller has it already."},
}


@router.get(
    "/photos/{sha256}", summary="Get a photo", response_class=Response, responses=_PICTURE | problems(404)
)
def get_photo(
    request: Request,
    shop: TheShop,
    actor: Reader,
    sha256: Sha256,
    size: Annotated[Literal["full", "thumb"], Query(description="`thumb` is a small JPEG.")] = "full",
) -> Response:
    """Give a photo, as it was stored or small. What is at an address never changes.

    Photos of products are for all; those that were taken in a store, for who may read there.
    """
    spend(request, actor, "photos", 1)
    see_photo(shop, actor, sha256)
    tag = f'"{sha256}-{size}"'
    headers = {
        "ETag": tag,
        "Cache-Control": "private, max-age=31536000, immutable",
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": "inline",
        # Opened by itself it is a picture and nothing else.
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    if shop.photos.has(sha256) and request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    if size == "thumb":
        return Response(shop.photos.thumbnail(sha256), media_type="image/jpeg", headers=headers)
    path = shop.photos.path(sha256)
    return FileResponse(path, media_type=MEDIA_TYPES[path.suffix], headers=headers)
