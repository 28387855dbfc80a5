"""Products: what the stores sell. All stores share them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from fastapi import Query, Response

from shelfwise.inventory.records import NewProduct, Product
from shelfwise.web.access import Audit, Manager, Reader, TheShop
from shelfwise.web.api.catalogue_schemas import ProductChange, ProductIn, ProductOut
from shelfwise.web.api.fields import OptionalId, PathId, Search
from shelfwise.web.api.schemas import PageOf, Pages, group, page_of, problems
from shelfwise.web.etags import IfMatch, etag

__all__ = ["router"]

router = group("products")


@router.get("/products", responses=problems(404))
def list_products(
    shop: TheShop,
    caller: Reader,
    pages: Pages,
    query: Search = "",
    category: OptionalId = None,
    archived: Annotated[bool, Query(description="Archived ones alone.")] = False,
) -> PageOf[ProductOut]:
    """List products by name, or find them by words or a GTIN."""
    page = shop.catalogue.products(query, category, archived, pages.cursor, pages.limit)
    return page_of(page, ProductOut.of)


@router.post("/products", status_code=201, responses=problems(404, 409))
def add_product(
    shop: TheShop, caller: Manager, audit: Audit, response: Response, given: ProductIn
) -> ProductOut:
    """Add a product. Managers."""
    product = shop.catalogue.add_product(NewProduct(**given.model_dump()))
    audit("product.add", product.name, id=product.id)
    return _tagged(product, response)


@router.get("/products/{product_id}", responses=problems(404))
def get_product(shop: TheShop, caller: Reader, response: Response, product_id: PathId) -> ProductOut:
    """Give a product; its version is the `ETag`."""
    return _tagged(shop.catalogue.product(product_id), response)


@router.patch("/products/{product_id}", responses=problems(404, 409, 412))
def change_product(
    shop: TheShop,
    caller: Manager,
    audit: Audit,
    response: Response,
    product_id: PathId,
    version: IfMatch,
    given: ProductChange,
) -> ProductOut:
    """Change, archive or restore a product, if it still has the version in `If-Match`. Managers."""
    changes = given.model_dump(exclude_unset=True)
    product = shop.catalogue.change_product(product_id, changes, version)
    audit("product.change", product.name, **{name: _plain(value) for name, value in changes.items()})
    return _tagged(product, response)


def _tagged(product: Product, response: Response) -> ProductOut:
    response.headers["ETag"] = etag(product.version)
    return ProductOut.of(product)


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Decimal) else value
