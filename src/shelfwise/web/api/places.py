"""Which store a request is about, and whether the caller may do there what it asks."""

from __future__ import annotations

from sqlalchemy import and_, exists, or_, select

from shelfwise.accounts.records import Actor, Role, Scope
from shelfwise.answers.records import Answer
from shelfwise.answers.shelf_records import ShelfPhoto
from shelfwise.answers.tables import answers, shelf_photos
from shelfwise.errors import EntryError, ForbiddenError, NotFoundError
from shelfwise.inventory.records import Location
from shelfwise.inventory.tables import product_photos
from shelfwise.workflows.shop import Shop

__all__ = ["location_for", "may_use_answer", "see_photo", "shelf_for", "store_for", "store_to_read"]


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


def may_use_answer(actor: Actor, answer: Answer, role: Role, scope: Scope) -> bool:
    """Whether the caller has the role where the photo was taken; where no store was said, it is their own photo."""
    if answer.store_id is None:
        return actor.stores() is None or answer.user == actor.name
    return actor.allows(role, answer.store_id, scope=scope)


def shelf_for(shop: Shop, actor: Actor, role: Role, shelf_id: int, scope: Scope | None = None) -> ShelfPhoto:
    """A shelf photo, if the caller has the role where it was taken; where no store was said, it is their own photo.

    A token for particular stores has no photos of its own.

    Raises:
        NotFoundError: there is no such shelf photo.
        ForbiddenError: it is another store's, or somebody else's.
    """
    actor.require(role, scope=scope)
    shelf = shop.shelf_photos.get(shelf_id)
    if shelf.store_id is not None:
        actor.require(role, shelf.store_id, scope=scope)
    elif actor.limited:
        raise ForbiddenError("this shelf photo is of no store, and this token is for particular stores")
    elif actor.stores() is not None and shelf.user != actor.name:
        raise ForbiddenError("this shelf photo is somebody else's, and of no store")
    return shelf


def see_photo(shop: Shop, actor: Actor, sha256: str) -> None:
    """See that the caller may look at a photo: a product's, one of their stores', or of no store.

    Raises:
        NotFoundError: there is no such photo, or it is another store's.
    """
    stores = actor.stores()
    if stores is not None:
        of_product = select(product_photos.c.sha256).where(product_photos.c.sha256 == sha256)
        here = or_(answers.c.store_id.is_(None), answers.c.store_id.in_(sorted(stores)))
        of_store = select(answers.c.id).where(and_(answers.c.photo == sha256, here))
        user = None if actor.limited else actor.name
        own = and_(shelf_photos.c.store_id.is_(None), shelf_photos.c.user_name == user)
        of_shelf = select(shelf_photos.c.id).where(
            shelf_photos.c.photo == sha256, or_(own, shelf_photos.c.store_id.in_(sorted(stores)))
        )
        with shop.db.read() as connection:
            seen = connection.scalar(select(or_(exists(of_product), exists(of_store), exists(of_shelf))))
        if not seen:
            raise NotFoundError(f"there is no photo {sha256!r}")
