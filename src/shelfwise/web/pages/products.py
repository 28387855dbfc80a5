"""Products: the list of what the stores sell, and one product to look at and to change."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import HTMLResponse

from shelfwise.web.access import Reader, shop_of
from shelfwise.web.api.fields import PathId
from shelfwise.web.api.uploads import MOST_PHOTOS
from shelfwise.web.etags import etag
from shelfwise.web.pages import page_router
from shelfwise.web.pages.filters import Choice, Cursor, Text, address, category_choices
from shelfwise.web.pages.frame import current_store, show

__all__ = ["router"]

router = page_router()


@router.get("/products")
def products(
    request: Request,
    actor: Reader,
    query: Text = "",
    category: Choice = None,
    archived: Annotated[bool, Query()] = False,
    cursor: Cursor = None,
) -> HTMLResponse:
    """List products by name, or those that words, a GTIN or a category find."""
    shop = shop_of(request)
    found = shop.catalogue.products(query, category, archived, cursor)
    given = {"query": query, "category": category, "archived": "true" if archived else None}
    store = current_store(request, actor)
    return show(
        request,
        actor,
        "products.html",
        products=found,
        query=query,
        category=category,
        archived=archived,
        filtered=bool(query or category),
        categories=shop.catalogue.categories(),
        choices=category_choices(shop.catalogue.categories()),
        next_page=address("/products", **given, cursor=found.next) if found.next else None,
        first_page=address("/products", **given) if cursor else None,
        csv=address("/api/v1/exports/products.csv", store=store.id) if store else None,
    )


@router.get("/products/{product_id}")
def product(request: Request, actor: Reader, product_id: PathId) -> HTMLResponse:
    """Show a product with its photos; managers change it here."""
    shop = shop_of(request)
    found = shop.catalogue.product(product_id)
    return show(
        request,
        actor,
        "product.html",
        product=found,
        tag=etag(found.version).strip('"'),
        photos=shop.catalogue.product_photos(product_id),
        most_photos=MOST_PHOTOS,
        categories=shop.catalogue.categories(),
    )
