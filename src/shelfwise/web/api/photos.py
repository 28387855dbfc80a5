"""Stored photos, for whoever is signed in."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import Query, Request
from fastapi.responses import Response

from shelfwise.images.reading import sniff
from shelfwise.web.access import Reader, TheShop
from shelfwise.web.api.fields import Sha256
from shelfwise.web.api.schemas import group, problems

__all__ = ["router"]

router = group("photos")

_TYPES: Final = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "TIFF": "image/tiff",
    "BMP": "image/bmp",
    "HEIF": "image/heif",
    "AVIF": "image/avif",
}
_UNKNOWN_TYPE: Final = "application/octet-stream"
_PICTURE: Final = {
    200: {
        "description": "The picture.",
        "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}},
    },
    304: {"description": "The caller has it already."},
}


@router.get("/photos/{sha256}", response_class=Response, responses=_PICTURE | problems(404))
def get_photo(
    request: Request,
    shop: TheShop,
    caller: Reader,
    sha256: Sha256,
    size: Annotated[Literal["full", "thumb"], Query(description="`thumb` is a small JPEG.")] = "full",
) -> Response:
    """Give a photo, as it was stored or small. What is at an address never changes."""
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
    data = shop.photos.read(sha256)
    return Response(data, media_type=_TYPES.get(sniff(data) or "", _UNKNOWN_TYPE), headers=headers)
