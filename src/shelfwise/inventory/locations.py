"""Locations: the tree of places in a store, such as aisles and their shelves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, func, insert, null, select, update

from shelfwise.database import utc_now
from shelfwise.errors import ConflictError, EntryError, NotFoundError
from shelfwise.inventory.names import clean_name, clean_text, name_key
from shelfwise.inventory.part import Check, Part, Tell, checked_id, tell_if_changed
from shelfwise.inventory.records import Location
from shelfwise.inventory.tables import levels, locations, stores
from shelfwise.inventory.words import begins_with

__all__ = ["Locations", "within"]

_COLUMNS: Final = (
    locations.c.id,
    locations.c.store_id,
    locations.c.parent_id,
    locations.c.name,
    locations.c.path,
    locations.c.trail,
    locations.c.archived_at,
)
_BETWEEN: Final = " / "
_DEEPEST: Final = 8
_LONGEST_PATH: Final = 2000
_LONGEST_KEY: Final = 2400  # bytes: what every database can hold in an index


class Locations(Part):
    """The stock book's locations."""

    def locations(self, store_id: int, archived: bool = False) -> list[Location]:
        """A store's locations by path, the root first; with ``archived``, those that were put away instead.

        Raises:
            NotFoundError: no store can have this number.
        """
        wanted = locations.c.archived_at.is_not(None) if archived else locations.c.archived_at.is_(None)
        number = checked_id("store", store_id)
        query = select(*_COLUMNS).where(locations.c.store_id == number, wanted)
        with self._database.read() as connection:
            return [_location(row) for row in connection.execute(query.order_by(locations.c.path_key))]

    def location(self, location_id: int) -> Location:
        """One location.

        Raises:
            NotFoundError: there is none of this number.
        """
        with self._database.read() as connection:
            return _location(_by_id(connection, location_id))

    def add_location(
        self, store_id: int, name: str, parent_id: int | None = None, tell: Tell[Location] = None
    ) -> Location:
        """Add a location below another one, or else below the store's root.

        Args:
            store_id: the store.
            name: what it is called.
            parent_id: the location above it; None for the root.
            tell: writes it down in the same transaction.

        Raises:
            EntryError: the name cannot be taken, or the tree would become too deep.
            NotFoundError: there is no such store, or no such location in it.
            ConflictError: there is one of this name at this place, or the place above is archived.
        """
        kept = _clean("name", name)

        def work(connection: Connection) -> Location:
            _hold(connection, store_id)
            added = _add(connection, _above(connection, store_id, parent_id), kept)
            return tell_if_changed(tell, connection, None, _location(added))

        return self._database.write(work)

    def change_location(
        self,
        location_id: int,
        *,
        name: str | None = None,
        archived: bool | None = None,
        check: Check[Location] = None,
        tell: Tell[Location] = None,
    ) -> Location:
        """Rename a location, put it away or take it back: all that is asked, or nothing of it.

        Args:
            location_id: the location.
            name: what it is called from now on; the paths of all below it follow.
            archived: whether it is put away, with all below it; taken back it is without those.
            check: looks at it just before.
            tell: writes down what changed, in the same transaction.

        Raises:
            EntryError: the name cannot be taken, or it is the root, which is called like its store.
            NotFoundError: there is none of this number.
            ConflictError: there is another one of this name at this place. It is to be archived, and is a store's
                root or the book has stock there. It is to be taken back, and the location above it is archived.
        """
        kept = None if name is None else _clean("name", name)

        def work(connection: Connection) -> Location:
            row = _held(connection, location_id, check)
            before = _location(row)
            if kept is not None:
                _rename(connection, row, kept)
            if archived is not None and archived != before.archived:
                if archived:
                    _archive(connection, row)
                else:
                    _restore(connection, row)
            return tell_if_changed(tell, connection, before, _location(_by_id(connection, location_id)))

        return self._database.write(work)

    def rename_location(self, location_id: int, name: str, tell: Tell[Location] = None) -> Location:
        """Give a location another name. See :meth:`change_location`."""
        return self.change_location(location_id, name=name, tell=tell)

    def archive_location(self, location_id: int, tell: Tell[Location] = None) -> Location:
        """Put a location away, with all below it. See :meth:`change_location`."""
        return self.change_location(location_id, archived=True, tell=tell)

    def restore_location(self, location_id: int, tell: Tell[Location] = None) -> Location:
        """Take an archived location back, without those below it. See :meth:`change_location`."""
        return self.change_location(location_id, archived=False, tell=tell)

    def location_at(
        self, store_id: int, path: str, create: bool = False, tell: Tell[Location] = None
    ) -> Location:
        """The location at a path; ``""`` is the store's root.

        Args:
            store_id: the store.
            path: names from the top, with slashes between: ``Aisle 3 / Shelf 2``.
            create: make what is missing of it, and take back what is archived.
            tell: writes down each that is made or taken back, in the same transaction.

        Raises:
            EntryError: the path cannot be taken.
            NotFoundError: there is no such store; or, unless ``create``, no such location.
        """
        names = _names_in(path)

        def find(connection: Connection) -> Location:
            if create:
                _hold(connection, store_id)
            row = _above(connection, store_id, None)
            for name in names:
                found = _below(connection, row, name)
                row = found or _missing(connection, row, name, create)
                if row.archived_at is not None:
                    row = _taken_back(connection, row, create)
                tell_if_changed(tell, connection, _location(found) if found else None, _location(row))
            return _location(row)

        if create:
            return self._database.write(find)
        with self._database.read() as connection:
            return find(connection)


def within(trail: str) -> ColumnElement[bool]:
    """The condition that a location is the one of this trail or below it."""
    return begins_with(locations.c.trail, trail)


def _names_in(path: str) -> list[str]:
    parts = clean_text("path", path, _LONGEST_PATH).split("/")
    if len(parts) == 1 and not parts[0]:
        return []
    if len(parts) > _DEEPEST:
        raise EntryError("path", f"it is {len(parts)} names deep, at most {_DEEPEST} will do")
    return [_clean("path", part) for part in parts]


def _clean(field: str, name: str) -> str:
    kept = clean_name(field, name)
    if "/" in kept:
        raise EntryError(field, "a location's name holds no slash: it stands between the names in a path")
    return kept


def _joined(above: str, name: str) -> str:
    return f"{above}{_BETWEEN}{name}" if above else name


def _key(path: str) -> str:
    key = name_key(path)
    if len(key.encode()) > _LONGEST_KEY:
        raise EntryError("name", "the path of this location would be too long: take shorter names")
    return key


def _above(connection: Connection, store_id: int, parent_id: int | None) -> Any:
    wanted: ColumnElement[bool] = locations.c.parent_id.is_(None)
    if parent_id is not None:
        wanted = locations.c.id == checked_id("location", parent_id)
    of_store = locations.c.store_id == checked_id("store", store_id)
    row = connection.execute(select(*_COLUMNS).where(of_store, wanted)).first()
    if row is None:
        missing = f"no store {store_id}" if parent_id is None else f"no location {parent_id} in this store"
        raise NotFoundError(f"there is {missing}")
    return row


def _below(connection: Connection, above: Any, name: str) -> Any:
    key = name_key(_joined(above.path, name))
    wanted = and_(locations.c.store_id == above.store_id, locations.c.path_key == key)
    return connection.execute(select(*_COLUMNS).where(wanted)).first()


def _missing(connection: Connection, above: Any, name: str, create: bool) -> Any:
    if not create:
        raise NotFoundError(f"there is no location {_joined(above.path, name)} in this store")
    return _add(connection, above, name)


def _taken_back(connection: Connection, row: Any, create: bool) -> Any:
    if not create:
        raise NotFoundError(f"the location {row.path} is archived: restore it")
    connection.execute(update(locations).where(locations.c.id == row.id).values(archived_at=null()))
    return _by_id(connection, row.id)


def _add(connection: Connection, above: Any, name: str) -> Any:
    path = _joined(above.path, name)
    if above.archived_at is not None:
        raise ConflictError(f"{above.path}, which it would be in, is archived: restore that first")
    if path.count(_BETWEEN) >= _DEEPEST:
        raise EntryError("name", f"locations are at most {_DEEPEST} deep")
    _refuse_taken(connection, above.store_id, path, but=None)
    location_id = connection.execute(
        insert(locations)
        .values(
            store_id=above.store_id,
            parent_id=above.id,
            name=name,
            path=path,
            path_key=_key(path),
            trail="",
        )
        .returning(locations.c.id)
    ).scalar_one()
    connection.execute(
        update(locations).where(locations.c.id == location_id).values(trail=f"{above.trail}{location_id}/")
    )
    return _by_id(connection, location_id)


def _rename(connection: Connection, row: Any, name: str) -> None:
    if row.parent_id is None:
        raise EntryError("name", "this is the whole store: rename the store")
    path = _joined(_by_id(connection, row.parent_id).path, name)
    _refuse_taken(connection, row.store_id, path, but=row.id)
    _move_paths(connection, row, name, path)


def _archive(connection: Connection, row: Any) -> None:
    if row.parent_id is None:
        raise ConflictError("this is the whole store: archive the store")
    _refuse_stock(connection, row)
    connection.execute(
        update(locations)
        .where(within(row.trail), locations.c.archived_at.is_(None))
        .values(archived_at=utc_now())
    )


def _restore(connection: Connection, row: Any) -> None:
    if row.parent_id is not None and _by_id(connection, row.parent_id).archived_at is not None:
        raise ConflictError("what it is in is archived: restore that first")
    connection.execute(update(locations).where(locations.c.id == row.id).values(archived_at=null()))


def _move_paths(connection: Connection, row: Any, name: str, path: str) -> None:
    below: Sequence[Any] = connection.execute(select(*_COLUMNS).where(within(row.trail))).all()
    connection.execute(update(locations).where(locations.c.id == row.id).values(name=name))
    for each in below:
        moved = path + each.path[len(row.path) :]
        connection.execute(
            update(locations).where(locations.c.id == each.id).values(path=moved, path_key=_key(moved))
        )


def _refuse_stock(connection: Connection, row: Any) -> None:
    query = (
        select(func.count())
        .select_from(levels.join(locations, locations.c.id == levels.c.location_id))
        .where(within(row.trail), levels.c.quantity != 0)
    )
    if kept := connection.execute(query).scalar_one():
        raise ConflictError(f"{row.path} has stock (levels other than 0: {kept}): move or count it first")


def _refuse_taken(connection: Connection, store_id: int, path: str, but: int | None) -> None:
    query = select(locations.c.id, locations.c.path, locations.c.archived_at).where(
        locations.c.store_id == store_id, locations.c.path_key == name_key(path)
    )
    row = connection.execute(query).first()
    if row is not None and row.id != but:
        hint = ": restore it instead" if row.archived_at is not None else ""
        raise ConflictError(f"this store has {row.path} already{hint}", "name")


def _hold(connection: Connection, store_id: int) -> None:
    """Let nobody else change the store's tree until the transaction ends."""
    number = checked_id("store", store_id)
    connection.execute(select(stores.c.id).where(stores.c.id == number).with_for_update(key_share=True))


def _held(connection: Connection, location_id: int, check: Check[Location]) -> Any:
    _hold(connection, _by_id(connection, location_id).store_id)
    row = _by_id(connection, location_id)
    if check is not None:
        check(_location(row))
    return row


def _by_id(connection: Connection, location_id: int) -> Any:
    row = connection.execute(
        select(*_COLUMNS).where(locations.c.id == checked_id("location", location_id))
    ).first()
    if row is None:
        raise NotFoundError(f"there is no location {location_id}")
    return row


def _location(row: Any) -> Location:
    return Location(row.id, row.store_id, row.parent_id, row.name, row.path, row.archived_at is not None)
