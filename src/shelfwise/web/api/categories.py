"""Categories of products. All stores share them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from shelfwise.inventory.records import Category
from shelfwise.web.access import Audit, Manager, Reader, TheShop
from shelfwise.web.api.catalogue_schemas import CategoryChange, CategoryIn, CategoryOut
from shelfwise.web.api.fields import PathId
from shelfwise.web.api.schemas import PageOf, each, group, problems
from shelfwise.web.etags import IfMatch, etag, unchanged, version_by

__all__ = ["category_tag", "router"]

router = group("Categories")


@router.get("/categories", summary="List categories")
def list_categories(
    shop: TheShop,
    actor: Reader,
    archived: Annotated[bool, Query(description="Archived ones instead.")] = False,
) -> PageOf[CategoryOut]:
    """List the categories by name."""
    categories = shop.catalogue.categories(archived=archived)
    return each(categories, CategoryOut.of)


@router.post("/categories", summary="Add a category", status_code=201, responses=problems(409))
def add_category(
    shop: TheShop, actor: Manager, audit: Audit, response: Response, given: CategoryIn
) -> CategoryOut:
    """Add a category. Managers."""
    category = shop.catalogue.add_category(given.name, audit.change)
    return _tagged(category, response)


@router.get("/categories/{category_id}", summary="Get a category", responses=problems(404))
def get_category(shop: TheShop, actor: Reader, response: Response, category_id: PathId) -> CategoryOut:
    """Give a category; the `ETag` stands for what can be changed of it."""
    return _tagged(shop.catalogue.category(category_id), response)


@router.patch("/categories/{category_id}", summary="Change a category", responses=problems(404, 409, 412))
def change_category(
    shop: TheShop,
    actor: Manager,
    audit: Audit,
    response: Response,
    category_id: PathId,
    version: IfMatch,
    given: CategoryChange,
) -> CategoryOut:
    """Rename or archive a category. With `If-Match` only if it still is as it was read. Managers."""
    category = shop.catalogue.change_category(
        category_id,
        name=given.name,
        archived=given.archived,
        check=unchanged(version, _version),
        tell=audit.change,
    )
    return _tagged(category, response)


def category_tag(category: Category) -> str:
    """The ``ETag`` of a category."""
    return etag(_version(category))


def _version(category: Category) -> int:
    return version_by("category", category.id, category.name, category.archived)


def _tagged(category: Category, response: Response) -> CategoryOut:
    response.headers["ETag"] = category_tag(category)
    return CategoryOut.of(category)
