"""Planograms: what should stand at a place, given as a file or drafted from a shelf photo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from fastapi import Query, Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from shelfwise.accounts.records import Actor
from shelfwise.answers.planogram_book import KeptPlanogram
from shelfwise.errors import ChangedError, EntryError, PlanogramError
from shelfwise.web.access import Audit, Manager, Reader, TheShop
from shelfwise.web.api.fields import PathId
from shelfwise.web.api.places import location_for, shelf_for
from shelfwise.web.api.schemas import Reply, group, problems
from shelfwise.web.etags import IfMatch, etag, version_by
from shelfwise.workflows.shop import Shop

if TYPE_CHECKING:
    from shelfwise.shelf.planogram import Planogram

__all__ = ["router"]

router = group("Shelves")

_CSV: Final = "text/csv; charset=utf-8"
_ENTRY: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "product": {"type": "string", "maxLength": 200},
        "facings": {"type": "integer", "minimum": 1, "maximum": 1000},
        "category": {"type": "string", "maxLength": 200},
        "gtin": {"type": "string", "maxLength": 200},
    },
    "required": ["product", "facings"],
}
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "JSON, or CSV with the columns `row,position,product,facings,category,gtin`.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "name": {"type": "string", "maxLength": 200},
                        "rows": {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": 100,
                            "items": {"type": "array", "minItems": 1, "maxItems": 500, "items": _ENTRY},
                        },
                    },
                    "required": ["rows"],
                    "example": {"rows": [[{"product": "Oat drink 1 l", "facings": 3}]]},
                }
            },
            "text/csv": {"schema": {"type": "string"}},
        },
    }
}
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}}
}
Form = Annotated[Literal["json", "csv"], Query(description="As JSON, or as a CSV file.")]


class PlannedEntryOut(Reply):
    """One place of a row; without ``product``, anything of the category."""

    product: str | None
    facings: int
    category: str | None
    gtin: str | None


class PlanogramOut(Reply):
    """What should stand there, rows from the top, each from the left."""

    name: str | None
    rows: list[list[PlannedEntryOut]]
    facings: int = Field(description="How many facings it has.")

    @classmethod
    def of(cls, planogram: Planogram) -> PlanogramOut:
        """Shape a planogram."""
        rows = [[PlannedEntryOut.model_validate(entry) for entry in row] for row in planogram.rows]
        return cls(name=planogram.name, rows=rows, facings=planogram.facings)


class DraftOut(PlanogramOut):
    """A planogram that a shelf photo meets as it is."""

    left_out: int = Field(description="Facings of the photo that have no sure name, and are not in it.")


class KeptOut(PlanogramOut):
    """A planogram as it is kept, and what may be wrong with it."""

    warnings: list[str] = Field(description="What may be a slip: products that the shop does not have.")


@router.get(
    "/locations/{location_id}/planogram",
    summary="Get a place's planogram",
    response_model=PlanogramOut,
    responses=_FILE | problems(404),
)
def get_planogram(
    shop: TheShop, actor: Reader, response: Response, location_id: PathId, form: Form = "json"
) -> Any:
    """Give what should stand at a place, as JSON or as a CSV file."""
    from shelfwise.shelf.planogram import parse_planogram

    location_for(shop, actor, "reader", location_id)
    kept = shop.planograms.get(location_id)
    return _told(parse_planogram(kept.content), form, response, f"place-{location_id}", _version(kept))


@router.put(
    "/locations/{location_id}/planogram",
    summary="Give a place a planogram",
    openapi_extra=_BODY,
    responses=problems(404, 412),
)
async def put_planogram(
    request: Request,
    shop: TheShop,
    actor: Manager,
    audit: Audit,
    response: Response,
    location_id: PathId,
    version: IfMatch,
) -> KeptOut:
    """Say what should stand at a place, in the place of what was said before. Managers.

    Products that the shop does not have are kept as well, and told in `warnings`.
    Photos of the place are compared with it. With `If-Match` only if it still is as it was read.
    """
    data = await request.body()
    return await run_in_threadpool(_put, shop, actor, audit, response, location_id, version, data)


@router.delete(
    "/locations/{location_id}/planogram",
    summary="Take a place's planogram away",
    status_code=204,
    responses=problems(404, 412),
)
def delete_planogram(
    shop: TheShop, actor: Manager, audit: Audit, location_id: PathId, version: IfMatch
) -> None:
    """Take a place's planogram away. Managers."""
    place = location_for(shop, actor, "manager", location_id)
    shop.planograms.remove(location_id, _unchanged(version))
    audit("planogram.remove", f"planogram {place.path or place.name}", id=location_id)


@router.get(
    "/shelf/{shelf_id}/planogram",
    summary="Draft a planogram",
    response_model=DraftOut,
    responses=_FILE | problems(404),
)
def draft_planogram(
    shop: TheShop, actor: Reader, response: Response, shelf_id: PathId, form: Form = "json"
) -> Any:
    """Draft a planogram that a shelf photo meets as it is; `PUT` it to a place to keep it."""
    from shelfwise.workflows.shop_planograms import draft_from

    shelf_for(shop, actor, "reader", shelf_id)
    drafted, left = draft_from(shop, shelf_id)
    told = _told(drafted, form, response, f"shelf-{shelf_id}")
    return told if isinstance(told, Response) else DraftOut(**told.model_dump(), left_out=left)


def _put(
    shop: Shop,
    actor: Actor,
    audit: Audit,
    response: Response,
    location_id: int,
    version: int | None,
    data: bytes,
) -> KeptOut:
    from shelfwise.shelf.planogram import parse_planogram
    from shelfwise.workflows.shop_planograms import content_of, unknown_products

    place = location_for(shop, actor, "manager", location_id)
    try:
        content = content_of(data)
    except PlanogramError as error:
        raise EntryError("planogram", str(error).removeprefix("planogram: ")) from None
    kept = shop.planograms.put(location_id, content, user=actor.name, check=_unchanged(version))
    planogram = parse_planogram(content)
    audit("planogram.put", f"planogram {place.path or place.name}", id=location_id, facings=planogram.facings)
    response.headers["ETag"] = etag(_version(kept))
    warnings = [f"the shop has no product {name!r}" for name in unknown_products(shop, planogram)]
    return KeptOut(**PlanogramOut.of(planogram).model_dump(), warnings=warnings)


def _told(
    planogram: Planogram, form: str, response: Response, name: str, version: int | None = None
) -> PlanogramOut | Response:
    from shelfwise.shelf.planogram import planogram_text

    headers = {} if version is None else {"ETag": etag(version)}
    if form == "csv":
        headers["Content-Disposition"] = f'attachment; filename="planogram-{name}.csv"'
        return Response(planogram_text(planogram, "csv"), media_type=_CSV, headers=headers)
    response.headers.update(headers)
    return PlanogramOut.of(planogram)


def _version(kept: KeptPlanogram) -> int:
    return version_by("planogram", kept.location_id, kept.content)


def _unchanged(version: int | None) -> Any:
    """The check that a planogram still has the version of an ``If-Match``; None where any will do."""
    if version is None:
        return None

    def check(there: KeptPlanogram | None) -> None:
        if there is None or _version(there) != version:
            raise ChangedError("the planogram has been changed meanwhile: read it again")

    return check
