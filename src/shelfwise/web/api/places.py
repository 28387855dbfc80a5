"""Which store a request is about, and whether the caller may do there what it asks."""

from __future__ import annotations

from shelfwise.accounts.records import Actor, Role
from shelfwise.errors import EntryError
from shelfwise.inventory.records import Location
from shelfwise.workflows.shop import Shop

__all__ = ["location_for", "store_for", "store_to_read"]


def store_for(shop: Shop, actor: Actor, role: Role, store_id: int) -> int:
    """The store, if the caller has the role in it.

    Raises:
        ForbiddenError: they have not.
        NotFoundError: there is no such store.
    """
    actor.require(role, store_id)
    return shop.catalogue.store(store_id).id


def location_for(shop: Shop, actor: Actor, role: Role, location_id: int) -> Location:
    """The location, if the caller has the role in its store. Raises ForbiddenError and NotFoundError."""
    actor.require(role)
    location = shop.catalogue.location(location_id)
    actor.require(role, location.store_id)
    return location


def store_to_read(
    shop: Shop, actor: Actor, store_id: int | None, location_id: int | None = None
) -> int | frozenset[int] | None:
    """The store, or the stores, whose data are to be read; None for all of them.

    Without a store and a location it is all that the caller may see.

    Raises:
        ForbiddenError: the caller may not read there.
        NotFoundError: there is no such store or location.
        EntryError: the location is in another store.
    """
    if location_id is not None:
        location = location_for(shop, actor, "reader", location_id)
        if store_id not in (None, location.store_id):
            raise EntryError("location", "it is in another store")
        return location.store_id
    if store_id is not None:
        return store_for(shop, actor, "reader", store_id)
    return actor.stores()
