"""Stores and the locations in them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from shelfwise.web.access import Admin, Audit, Manager, Reader, TheShop
from shelfwise.web.api.catalogue_schemas import (
    LocationChange,
    LocationIn,
    LocationOut,
    StoreChange,
    StoreIn,
    StoreOut,
)
from shelfwise.web.api.fields import PathId
from shelfwise.web.api.places import location_for, store_for
from shelfwise.web.api.schemas import PageOf, each, group, problems

__all__ = ["router"]

router = group("Stores")


@router.get("/stores", summary="List stores")
def list_stores(
    shop: TheShop,
    actor: Reader,
    archived: Annotated[bool, Query(description="Archived ones instead.")] = False,
) -> PageOf[StoreOut]:
    """List the stores that the caller may see."""
    own = actor.stores()
    stores = shop.catalogue.stores(archived=archived)
    return each((store for store in stores if own is None or store.id in own), StoreOut.of)


@router.post("/stores", summary="Add a store", status_code=201, responses=problems(409))
def add_store(shop: TheShop, actor: Admin, audit: Audit, given: StoreIn) -> StoreOut:
    """Add a store. Admins only."""
    store = shop.catalogue.add_store(given.name, actor.name)
    audit("store.add", f"store {store.name}", id=store.id)
    return StoreOut.of(store)


@router.patch("/stores/{store_id}", summary="Change a store", responses=problems(404, 409))
def change_store(shop: TheShop, actor: Admin, audit: Audit, store_id: PathId, given: StoreChange) -> StoreOut:
    """Rename or archive a store. Admins only."""
    store = shop.catalogue.store(store_id)
    if given.name is not None:
        store = shop.catalogue.rename_store(store_id, given.name)
    if given.archived is not None and given.archived != store.archived:
        change = shop.catalogue.archive_store if given.archived else shop.catalogue.restore_store
        store = change(store_id)
    audit("store.change", f"store {store.name}", id=store_id, **given.model_dump(exclude_unset=True))
    return StoreOut.of(store)


@router.get("/stores/{store_id}/locations", summary="List a store's locations", responses=problems(404))
def list_locations(
    shop: TheShop,
    actor: Reader,
    store_id: PathId,
    archived: Annotated[bool, Query(description="Archived ones instead.")] = False,
) -> PageOf[LocationOut]:
    """List a store's locations, by path; the first is the store itself."""
    store_for(shop, actor, "reader", store_id)
    locations = shop.catalogue.locations(store_id, archived=archived)
    return each(locations, LocationOut.of)


@router.post(
    "/stores/{store_id}/locations", summary="Add a location", status_code=201, responses=problems(404, 409)
)
def add_location(
    shop: TheShop, actor: Manager, audit: Audit, store_id: PathId, given: LocationIn
) -> LocationOut:
    """Add a location to a store. Managers."""
    store_for(shop, actor, "manager", store_id)
    location = shop.catalogue.add_location(store_id, given.name, given.parent_id)
    audit("location.add", f"location {location.path}", id=location.id, store_id=store_id)
    return LocationOut.of(location)


@router.patch("/locations/{location_id}", summary="Change a location", responses=problems(404, 409))
def change_location(
    shop: TheShop, actor: Manager, audit: Audit, location_id: PathId, given: LocationChange
) -> LocationOut:
    """Rename or archive a location. Managers."""
    location = location_for(shop, actor, "manager", location_id)
    if given.name is not None:
        location = shop.catalogue.rename_location(location_id, given.name)
    if given.archived is not None and given.archived != location.archived:
        change = shop.catalogue.archive_location if given.archived else shop.catalogue.restore_location
        location = change(location_id)
    audit(
        "location.change", f"location {location.path}", id=location_id, **given.model_dump(exclude_unset=True)
    )
    return LocationOut.of(location)
