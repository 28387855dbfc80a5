"""Products: what the stores sell. All stores share them."""

from __future__ import annotations

from typing import Annotated

from fastapi import HTTPException, Query, Request, Response

from shelfwise.errors import EntryError
from shelfwise.inventory.records import NewProduct, Product
from shelfwise.web.access import Audit, Manager, Reader, TheShop
from shelfwise.web.api.catalogue_schemas import ProductChange, ProductIn, ProductOut
from shelfwise.web.api.fields import OptionalId, PathId, Search
from shelfwise.web.api.schemas import PageOf, Pages, group, page_of, problems
from shelfwise.web.etags import IfMatch, etag
from shelfwise.workflows.shop_products import product_changed

__all__ = ["router"]

router = group("Products")


@router.get("/products", summary="List and find products", responses=problems(404))
def list_products(
    shop: TheShop,
    actor: Reader,
    pages: Pages,
    query: Search = "",
    category: OptionalId = None,
    archived: Annotated[bool, Query(description="Archived ones instead.")] = False,
) -> PageOf[ProductOut]:
    """List products by name, or find them by words or a GTIN."""
    page = shop.catalogue.products(query, category, archived, pages.cursor, pages.limit)
    return page_of(page, ProductOut.of)


@router.post("/products", summary="Add a product", status_code=201, responses=problems(404, 409))
def add_product(
    shop: TheShop, actor: Manager, audit: Audit, response: Response, given: ProductIn
) -> ProductOut:
    """Add a product. Managers."""
    product = shop.catalogue.add_product(NewProduct(**given.model_dump()), audit.change)
    return _tagged(product, response)


@router.get("/products/{product_id}", summary="Get a product", responses=problems(404))
def get_product(shop: TheShop, actor: Reader, response: Response, product_id: PathId) -> ProductOut:
    """Give a product; its version is the `ETag`."""
    return _tagged(shop.catalogue.product(product_id), response)


@router.patch("/products/{product_id}", summary="Change a product", responses=problems(404, 409, 412, 428))
def change_product(
    request: Request,
    response: Response,
    shop: TheShop,
    actor: Manager,
    audit: Audit,
    product_id: PathId,
    version: IfMatch,
    given: ProductChange,
) -> ProductOut:
    """Change, archive or restore a product, if it still has the version in `If-Match`. Managers.

    `If-Match: *` changes it whatever its version is.
    """
    if "if-match" not in request.headers:
        raise HTTPException(
            428, 'Send the ETag of what you read as If-Match, such as "v3", or * for any version.'
        )
    changes = given.model_dump(exclude_unset=True)
    archived = changes.pop("archived", None)
    if changes.get("photo") not in (None, *shop.catalogue.product_photos(product_id)):
        raise EntryError("photo", "this is no photo of the product: add it to the product first")
    product = shop.catalogue.change_product(
        product_id, changes, version, archived=archived, tell=audit.change
    )
    if archived is not None or "name" in changes:
        product_changed(shop, product_id)
    return _tagged(product, response)


def _tagged(product: Product, response: Response) -> ProductOut:
    response.headers["ETag"] = etag(product.version)
    return ProductOut.of(product)
