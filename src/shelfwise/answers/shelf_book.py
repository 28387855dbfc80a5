"""The book of shelf photos: what was found on each, and what people changed of that."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, bindparam, insert, or_, select, update

from shelfwise.answers.shelf_changes import changed, check_products
from shelfwise.answers.shelf_records import (
    AddedShelf,
    BoxChange,
    FoundBox,
    ShelfBox,
    ShelfPhoto,
)
from shelfwise.answers.shelf_rows import (
    box_of,
    box_values,
    chosen_boxes,
    chosen_shelves,
    name_values,
    new_box,
    shelf_of,
)
from shelfwise.answers.tables import shelf_boxes, shelf_photos
from shelfwise.database import Database, utc_now
from shelfwise.errors import ChangedError, ConflictError, NotFoundError
from shelfwise.inventory.paging import Cursors, page_limit
from shelfwise.inventory.records import Page

__all__ = ["ShelfBook"]

_SHELVES: Final = Cursors("shelves", (int,))
_AT_ONCE: Final = 200
_IDS: Final = range(1, 2**63)


class ShelfBook:
    """Keeps shelf photos and their boxes.

    Args:
        database: where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, new: AddedShelf) -> ShelfPhoto:
        """Keep a shelf photo whose products are still to be looked for."""
        return self._database.write(lambda connection: _shelf(connection, _added(connection, new)))

    def add_found(
        self,
        new: AddedShelf,
        boxes: Sequence[FoundBox],
        *,
        model: str | None,
        detector: str | None,
        embeddings: bytes | None = None,
    ) -> ShelfPhoto:
        """Keep a shelf photo with what is on it: nobody sees it waiting. The rest is as for :meth:`finish`."""
        values = {"state": "done", "model": model, "detector": detector, "embeddings": embeddings}

        def work(connection: Connection) -> ShelfPhoto:
            number = _added(connection, new)
            _finished(connection, number, boxes, values)
            return _shelf(connection, number)

        return self._database.write(work)

    def get(self, number: int) -> ShelfPhoto:
        """One shelf photo. Raises NotFoundError."""
        with self._database.read() as connection:
            return _shelf(connection, number)

    def read(self, number: int) -> tuple[ShelfPhoto, list[ShelfBox]]:
        """One shelf photo and its boxes, in the order of their keys. Raises NotFoundError."""
        with self._database.read() as connection:
            return _shelf(connection, number), _boxes(connection, number)

    def read_whole(self, number: int) -> tuple[ShelfPhoto, list[ShelfBox], bytes | None]:
        """As :meth:`read`, with the embeddings that were kept then; None where there are none.

        All of it is as it was at one time: looking again at a photo changes its model and the embeddings together.
        """
        statement = select(shelf_photos.c.embeddings).where(shelf_photos.c.id == number)
        with self._database.read(snapshot=True) as connection:
            shelf, boxes = _shelf(connection, number), _boxes(connection, number)
            return shelf, boxes, connection.execute(statement).scalar_one()

    def finish(
        self,
        number: int,
        boxes: Sequence[FoundBox],
        *,
        model: str | None,
        detector: str | None,
        embeddings: bytes | None = None,
    ) -> bool:
        """Write down what was found on a photo that waits; their keys are their places, counted from 1.

        Args:
            number: of the shelf photo.
            boxes: what was found.
            model, detector: ids of what named and what found them.
            embeddings: kept as they are, for joining.

        Returns:
            whether it waited; else it was done already, and nothing is changed.

        Raises:
            NotFoundError: there is no such shelf photo.
        """
        values = {"state": "done", "model": model, "detector": detector, "embeddings": embeddings}
        return self._database.write(lambda connection: _finished(connection, number, boxes, values))

    def renamed(
        self,
        number: int,
        names: Mapping[str, FoundBox],
        *,
        model: str,
        embeddings: Callable[[Collection[str]], bytes | None],
    ) -> None:
        """Write down what a model says by now of boxes that were named before.

        Their edges and what people said of them stay, and so does all that is said of a box that somebody has named
        meanwhile. A box whose edges somebody has moved meanwhile was named by what is no longer in it: it keeps what
        was said of it.

        Args:
            number: of the shelf photo.
            names: what is said of boxes, by their keys, and the edges that they were named by.
            model: id of what named them.
            embeddings: given the keys of those that still are where they were named, what is to be kept in the place
                of the embeddings before. It may be asked more than once.

        Raises:
            NotFoundError: there is no such shelf photo.
        """

        def work(connection: Connection) -> None:
            shelf = _locked(connection, number)
            edges = {box.key: box.box for box in _boxes(connection, number)}
            there = {key: found for key, found in names.items() if edges.get(key) == tuple(found.box)}
            rows = [{"its_key": key, **name_values(found)} for key, found in there.items()]
            values = {"model": model, "embeddings": embeddings(there.keys())}
            values |= {"again_at": None, "problem": None}
            connection.execute(_of(number).values(version=shelf.version + 1, **values))
            if rows:
                its = shelf_boxes.c.shelf_id == number, shelf_boxes.c.key == bindparam("its_key")
                connection.execute(update(shelf_boxes).where(*its, shelf_boxes.c.verdict.is_(None)), rows)

        self._database.write(work)

    def fail(self, number: int, problem: str) -> bool:
        """Write down that the products on a photo that waits cannot be looked for. As :meth:`finish`.

        Of a photo whose products have been found, the problem is that they could not be named once more; nobody
        waits for that any longer.
        """
        values = {"state": "failed", "problem": problem}

        def work(connection: Connection) -> bool:
            if _settled(connection, number, values):
                return True
            version = _shelf(connection, number).version + 1
            connection.execute(_of(number).values(problem=problem, again_at=None, version=version))
            return False

        return self._database.write(work)

    def again(self, number: int) -> ShelfPhoto:
        """Have a photo looked at once more: what was in the way may be mended, or more be known.

        One that failed waits then. One that is done stays so, and has :attr:`ShelfPhoto.again_at` until
        :meth:`renamed` or :meth:`fail`; nothing that is shown of it changes by that.

        Raises:
            NotFoundError: there is no such shelf photo.
            ConflictError: it waits already.
        """

        def work(connection: Connection) -> ShelfPhoto:
            shelf = _locked(connection, number)
            if shelf.state == "waiting":
                raise ConflictError(f"{shelf.name} waits already to be looked at")
            values: dict[str, Any] = {"again_at": shelf.again_at or utc_now()}
            if shelf.state == "failed":
                values = {"state": "waiting", "problem": None, "version": shelf.version + 1}
            connection.execute(_of(number).values(values))
            return _shelf(connection, number)

        return self._database.write(work)

    def change(
        self,
        number: int,
        changes: Sequence[BoxChange],
        *,
        user: str,
        version: int | None = None,
        place: int | None = None,
    ) -> tuple[ShelfPhoto, list[ShelfBox], list[ShelfBox]]:
        """Change boxes, all or none. What is so already is no change.

        Args:
            number: of the shelf photo.
            changes: how boxes are to be.
            user: who says so.
            version: refuse where the photo has another one; None for whichever.
            place: number of the location that it shows; None to leave that.

        Returns:
            the shelf photo, all its boxes, and those that have changed as they were before.

        Raises:
            NotFoundError: there is no such shelf photo.
            ChangedError: it has been changed since that version.
            ConflictError: its products have not been looked for yet.
            EntryError: at ``boxes.N.…``: a box lies outside the photo, or names what is not there.
        """

        def work(connection: Connection) -> tuple[ShelfPhoto, list[ShelfBox], list[ShelfBox]]:
            shelf = _locked(connection, number)
            if version is not None and version != shelf.version:
                raise ChangedError(f"{shelf.name} has been changed meanwhile: read it again")
            if changes and shelf.state != "done":
                raise ConflictError(f"{shelf.name}: its products have not been found yet")
            before = _boxes(connection, number)
            after = changed(shelf, {each.key: each for each in before}, changes)
            check_products(connection, changes)
            kept = _write(connection, number, before, after)
            values = _shelf_values(shelf, user, bool(kept), place)
            if values:
                connection.execute(_of(number).values(version=shelf.version + 1, **values))
            return _shelf(connection, number), _boxes(connection, number), kept

        return self._database.write(work)

    def taught(self, number: int, crops: dict[str, str | None]) -> None:
        """Write down by which cut-out photos boxes have taught products, by the boxes' keys."""
        rows = [{"its_key": key, "its_crop": crop} for key, crop in sorted(crops.items())]
        if rows:
            statement = (
                update(shelf_boxes)
                .where(shelf_boxes.c.shelf_id == number, shelf_boxes.c.key == bindparam("its_key"))
                .values(crop=bindparam("its_crop"))
            )
            self._database.write(lambda connection: connection.execute(statement, rows))

    def list(
        self,
        store_ids: Collection[int] | None,
        user: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[ShelfPhoto]:
        """Shelf photos, the newest first.

        Args:
            store_ids: of these stores; None for all, and those of none.
            user: and this person's own of no store.
            cursor: where the page before ended.
            limit: how many at most.

        Raises:
            EntryError: the cursor or the limit cannot be taken.
        """
        key = _SHELVES.decode(cursor)
        conditions: list[ColumnElement[bool]] = []
        if store_ids is not None:
            own = and_(shelf_photos.c.store_id.is_(None), shelf_photos.c.user_name == user)
            conditions.append(or_(shelf_photos.c.store_id.in_(sorted(store_ids)), own))
        if key:
            conditions.append(shelf_photos.c.id < key[0])
        statement = chosen_shelves().where(*conditions).order_by(shelf_photos.c.id.desc())
        with self._database.read() as connection:
            rows = connection.execute(statement.limit(page_limit(limit) + 1)).all()
        following = _SHELVES.encode((rows[limit - 1].id,)) if len(rows) > limit else None
        return Page(tuple(shelf_of(row) for row in rows[:limit]), following)

    def corrected(self, store_ids: Collection[int] | None = None) -> Iterator[ShelfPhoto]:
        """All photos that people corrected boxes of or booked, in the order of their numbers; read some at a time.

        Args:
            store_ids: only those of these stores; None for all.
        """
        last = 0
        while True:
            conditions = [shelf_photos.c.id > last, shelf_photos.c.corrected_at.is_not(None)]
            if store_ids is not None:
                conditions.append(shelf_photos.c.store_id.in_(sorted(store_ids)))
            statement = chosen_shelves().where(*conditions).order_by(shelf_photos.c.id).limit(_AT_ONCE)
            with self._database.read() as connection:
                rows = connection.execute(statement).all()
            yield from map(shelf_of, rows)
            if len(rows) < _AT_ONCE:
                return
            last = rows[-1].id

    @staticmethod
    def booked_in(
        connection: Connection, number: int, booking_id: int, *, user: str, version: int | None
    ) -> None:
        """Write down, in the transaction that books, that a photo's counts were booked; so its boxes were looked at.

        Raises:
            NotFoundError: there is no such shelf photo.
            ChangedError: it has been changed since that version.
        """
        shelf = _locked(connection, number)
        if version is not None and version != shelf.version:
            raise ChangedError(f"{shelf.name} has been changed meanwhile: read it again")
        values = {"booking_id": booking_id, "corrected_by": user, "corrected_at": utc_now()}
        connection.execute(_of(number).values(version=shelf.version + 1, **values))


def _of(number: int) -> Any:
    return update(shelf_photos).where(shelf_photos.c.id == number)


def _shelf(connection: Connection, number: int) -> ShelfPhoto:
    if number in _IDS:
        row = connection.execute(chosen_shelves().where(shelf_photos.c.id == number)).one_or_none()
        if row is not None:
            return shelf_of(row)
    raise NotFoundError(f"there is no shelf photo {number}")


def _locked(connection: Connection, number: int) -> ShelfPhoto:
    """A shelf photo that nobody else changes until the transaction ends."""
    if number in _IDS:
        connection.execute(select(shelf_photos.c.id).where(shelf_photos.c.id == number).with_for_update())
    return _shelf(connection, number)


def _boxes(connection: Connection, number: int) -> list[ShelfBox]:
    rows = connection.execute(chosen_boxes().where(shelf_boxes.c.shelf_id == number))
    return sorted(map(box_of, rows), key=lambda box: (len(box.key), box.key))


def _added(connection: Connection, new: AddedShelf) -> int:
    values = {
        "photo": new.photo,
        "width": new.width,
        "height": new.height,
        "state": "waiting",
        "user_name": new.user,
        "store_id": new.store_id,
        "location_id": new.location_id,
        "at": utc_now(),
        "version": 1,
        "joined_from": list(new.joined_from) or None,
        "matrices": list(new.matrices) or None,
    }
    number = connection.execute(insert(shelf_photos).values(values).returning(shelf_photos.c.id))
    return int(number.scalar_one())


def _finished(connection: Connection, number: int, boxes: Sequence[FoundBox], values: dict[str, Any]) -> bool:
    """Write down what was found on a waiting photo; False where it waits no more."""
    if not _settled(connection, number, values):
        return False
    rows = [new_box(number, str(place), found) for place, found in enumerate(boxes, start=1)]
    if rows:
        connection.execute(insert(shelf_boxes), rows)
    return True


def _settled(connection: Connection, number: int, values: dict[str, Any]) -> bool:
    """Say how looking for products on a waiting photo ended; False where it waits no more."""
    shelf = _locked(connection, number)
    if shelf.state != "waiting":
        return False
    connection.execute(_of(number).values(version=shelf.version + 1, **values))
    return True


def _shelf_values(shelf: ShelfPhoto, user: str, changed: bool, place: int | None) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if changed:
        values |= {"corrected_by": user, "corrected_at": utc_now()}
    if place is not None and place != shelf.location_id:
        values["location_id"] = place
    return values


def _write(
    connection: Connection, number: int, before: Sequence[ShelfBox], after: dict[str, ShelfBox]
) -> list[ShelfBox]:
    """Write what is new and what has changed; the latter as it was, the former as it is."""
    there = {box.key: box for box in before}
    fresh = [box for key, box in after.items() if key not in there]
    changed = [
        box for key, box in after.items() if key in there and box_values(box) != box_values(there[key])
    ]
    if fresh:
        rows = [new_box(number, box.key, FoundBox(box.box, None)) | box_values(box) for box in fresh]
        connection.execute(insert(shelf_boxes), rows)
    for box in changed:
        where = (shelf_boxes.c.shelf_id == number, shelf_boxes.c.key == box.key)
        connection.execute(update(shelf_boxes).where(*where).values(box_values(box)))
    return [*fresh, *(there[box.key] for box in changed)]
