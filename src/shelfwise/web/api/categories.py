"""Categories of products. All stores share them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from shelfwise.web.access import Audit, Manager, Reader, TheShop
from shelfwise.web.api.catalogue_schemas import CategoryChange, CategoryIn, CategoryOut
from shelfwise.web.api.fields import PathId
from shelfwise.web.api.schemas import PageOf, each, group, problems

__all__ = ["router"]

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
def add_category(shop: TheShop, actor: Manager, audit: Audit, given: CategoryIn) -> CategoryOut:
    """Add a category. Managers."""
    category = shop.catalogue.add_category(given.name)
    audit("category.add", f"category {category.name}", id=category.id)
    return CategoryOut.of(category)


@router.patch("/categories/{category_id}", summary="Change a category", responses=problems(404, 409))
def change_category(
    shop: TheShop, actor: Manager, audit: Audit, category_id: PathId, given: CategoryChange
) -> CategoryOut:
    """Rename or archive a category. Managers."""
    category = shop.catalogue.category(category_id)
    if given.name is not None:
        category = shop.catalogue.rename_category(category_id, given.name)
    if given.archived is not None and given.archived != category.archived:
        change = shop.catalogue.archive_category if given.archived else shop.catalogue.restore_category
        category = change(category_id)
    audit(
        "category.change", f"category {category.name}", id=category_id, **given.model_dump(exclude_unset=True)
    )
    return CategoryOut.of(category)
