"""Stores and the locations in them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from shelfwise.inventory.records import Location, Store
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
from shelfwise.web.etags import IfMatch, etag, unchanged, version_by

__all__ = ["location_tag", "router", "store_tag"]

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
def add_store(shop: TheShop, actor: Admin, audit: Audit, response: Response, given: StoreIn) -> StoreOut:
    """Add a store. Admins only."""
    store = shop.catalogue.add_store(given.name, actor.name, audit.change)
    return _store_tagged(store, response)


@router.get("/stores/{store_id}", summary="Get a store", responses=problems(404))
def get_store(shop: TheShop, actor: Reader, response: Response, store_id: PathId) -> StoreOut:
    """Give a store; the `ETag` stands for what can be changed of it."""
    return _store_tagged(shop.catalogue.store(store_for(shop, actor, "reader", store_id)), response)


@router.patch("/stores/{store_id}", summary="Change a store", responses=problems(404, 409, 412))
def change_store(
    shop: TheShop,
    actor: Admin,
    audit: Audit,
    response: Response,
    store_id: PathId,
    version: IfMatch,
    given: StoreChange,
) -> StoreOut:
    """Rename or archive a store. With `If-Match` only if it still is as it was read. Admins only."""
    store = shop.catalogue.change_store(
        store_id,
        name=given.name,
        archived=given.archived,
        check=unchanged(version, _store_version),
        tell=audit.change,
    )
    return _store_tagged(store, response)


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
    shop: TheShop, actor: Manager, audit: Audit, response: Response, store_id: PathId, given: LocationIn
) -> LocationOut:
    """Add a location to a store. Managers."""
    store_for(shop, actor, "manager", store_id)
    location = shop.catalogue.add_location(store_id, given.name, given.parent_id, audit.change)
    return _location_tagged(location, response)


@router.get("/locations/{location_id}", summary="Get a location", responses=problems(404))
def get_location(shop: TheShop, actor: Reader, response: Response, location_id: PathId) -> LocationOut:
    """Give a location; the `ETag` stands for what can be changed of it."""
    return _location_tagged(location_for(shop, actor, "reader", location_id), response)


@router.patch("/locations/{location_id}", summary="Change a location", responses=problems(404, 409, 412))
def change_location(
    shop: TheShop,
    actor: Manager,
    audit: Audit,
    response: Response,
    location_id: PathId,
    version: IfMatch,
    given: LocationChange,
) -> LocationOut:
    """Rename or archive a location. With `If-Match` only if it still is as it was read. Managers."""
    location_for(shop, actor, "manager", location_id)
    location = shop.catalogue.change_location(
        location_id,
        name=given.name,
        archived=given.archived,
        check=unchanged(version, _location_version),
        tell=audit.change,
    )
    return _location_tagged(location, response)


def store_tag(store: Store) -> str:
    """The ``ETag`` of a store."""
    return etag(_store_version(store))


def location_tag(location: Location) -> str:
    """The ``ETag`` of a location; what is above it does not count."""
    return etag(_location_version(location))


def _store_version(store: Store) -> int:
    return version_by("store", store.id, store.name, store.archived)


def _location_version(location: Location) -> int:
    return version_by("location", location.id, location.name, location.archived)


def _store_tagged(store: Store, response: Response) -> StoreOut:
    response.headers["ETag"] = store_tag(store)
    return StoreOut.of(store)


def _location_tagged(location: Location, response: Response) -> LocationOut:
    response.headers["ETag"] = location_tag(location)
    return LocationOut.of(location)
