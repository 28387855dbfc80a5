"""Stores: each with a root location, and a level for every product."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, insert, null, select, text, update

from shelfwise.database import utc_now
from shelfwise.errors import ConflictError, NotFoundError
from shelfwise.inventory.names import clean_name, name_key
from shelfwise.inventory.part import Check, Part, Tell, checked_id, tell_if_changed
from shelfwise.inventory.records import Store
from shelfwise.inventory.store_upkeep import add_levels_of_store
from shelfwise.inventory.tables import locations, stores

__all__ = ["Stores"]

_COLUMNS: Final = (stores.c.id, stores.c.name, stores.c.root_id, stores.c.archived_at)


class Stores(Part):
    """The stock book's stores."""

    def stores(self, archived: bool = False) -> list[Store]:
        """The stores by name; with ``archived``, those that were put away instead."""
        wanted = stores.c.archived_at.is_not(None) if archived else stores.c.archived_at.is_(None)
        query = select(*_COLUMNS).where(wanted).order_by(stores.c.name_key)
        with self._database.read() as connection:
            return [_store(row) for row in connection.execute(query)]

    def store(self, store_id: int) -> Store:
        """One store.

        Raises:
            NotFoundError: there is none of this number.
        """
        with self._database.read() as connection:
            return _by_id(connection, store_id)

    def add_store(self, name: str, user: str = "", tell: Tell[Store] = None) -> Store:
        """Add a store and its root location.

        Args:
            name: what it is called.
            user: who adds it.
            tell: writes it down in the same transaction.

        Raises:
            EntryError: the name cannot be taken.
            ConflictError: there is one of this name.
        """
        kept = clean_name("name", name)

        def work(connection: Connection) -> Store:
            _refuse_taken(connection, kept, None)
            if self._database.dialect == "postgresql":
                # A product that is added right now would get no level here: it neither sees this store nor is seen.
                connection.execute(text("LOCK TABLE products IN SHARE MODE"))
            return tell_if_changed(tell, connection, None, _add(connection, kept, user))

        return self._database.write(work)

    def change_store(
        self,
        store_id: int,
        *,
        name: str | None = None,
        archived: bool | None = None,
        check: Check[Store] = None,
        tell: Tell[Store] = None,
    ) -> Store:
        """Rename a store, put it away or take it back: all that is asked, or nothing of it.

        Args:
            store_id: the store.
            name: what it is called from now on.
            archived: whether it is put away: nothing is booked in it any more, and what was booked stays.
            check: looks at it just before.
            tell: writes down what changed, in the same transaction.

        Raises:
            EntryError: the name cannot be taken.
            NotFoundError: there is none of this number.
            ConflictError: another one has this name.
        """
        kept = None if name is None else clean_name("name", name)

        def work(connection: Connection) -> Store:
            before = _checked(connection, store_id, check)
            if kept is not None:
                _rename(connection, before, kept)
            if archived is not None and archived != before.archived:
                at = utc_now() if archived else null()
                connection.execute(update(stores).where(stores.c.id == store_id).values(archived_at=at))
            return tell_if_changed(tell, connection, before, _by_id(connection, store_id))

        return self._database.write(work)

    def rename_store(self, store_id: int, name: str, tell: Tell[Store] = None) -> Store:
        """Give a store another name. See :meth:`change_store`."""
        return self.change_store(store_id, name=name, tell=tell)

    def archive_store(self, store_id: int, tell: Tell[Store] = None) -> Store:
        """Put a store away. See :meth:`change_store`."""
        return self.change_store(store_id, archived=True, tell=tell)

    def restore_store(self, store_id: int, tell: Tell[Store] = None) -> Store:
        """Take an archived store back. See :meth:`change_store`."""
        return self.change_store(store_id, archived=False, tell=tell)


def _add(connection: Connection, name: str, user: str) -> Store:
    store_id = connection.execute(
        insert(stores)
        .values(name=name, name_key=name_key(name), created_at=utc_now(), created_by=user)
        .returning(stores.c.id)
    ).scalar_one()
    root_id = connection.execute(
        insert(locations)
        .values(store_id=store_id, name=name, path="", path_key="", trail="")
        .returning(locations.c.id)
    ).scalar_one()
    connection.execute(update(locations).where(locations.c.id == root_id).values(trail=f"/{root_id}/"))
    connection.execute(update(stores).where(stores.c.id == store_id).values(root_id=root_id))
    add_levels_of_store(connection, store_id)
    return Store(store_id, name, root_id)


def _rename(connection: Connection, store: Store, name: str) -> None:
    _refuse_taken(connection, name, store.id)
    connection.execute(
        update(stores).where(stores.c.id == store.id).values(name=name, name_key=name_key(name))
    )
    connection.execute(update(locations).where(locations.c.id == store.root_id).values(name=name))


def _refuse_taken(connection: Connection, name: str, but: int | None) -> None:
    query = select(stores.c.id, stores.c.name, stores.c.archived_at).where(
        stores.c.name_key == name_key(name)
    )
    row = connection.execute(query).first()
    if row is not None and row.id != but:
        hint = ": restore it instead" if row.archived_at is not None else ""
        raise ConflictError(f"there is a store {row.name} already{hint}", "name")


def _checked(connection: Connection, store_id: int, check: Check[Store]) -> Store:
    """The store, which nobody else changes until the transaction ends."""
    store = _by_id(connection, store_id, lock=True)
    if check is not None:
        check(store)
    return store


def _by_id(connection: Connection, store_id: int, *, lock: bool = False) -> Store:
    query = select(*_COLUMNS).where(stores.c.id == checked_id("store", store_id))
    row = connection.execute(query.with_for_update(key_share=True) if lock else query).first()
    if row is None:
        raise NotFoundError(f"there is no store {store_id}")
    return _store(row)


def _store(row: Any) -> Store:
    return Store(row.id, row.name, row.root_id, row.archived_at is not None)
