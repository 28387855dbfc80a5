"""Categories: kinds of goods by name, which may be a path."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Connection, func, insert, null, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from shelfwise.database import utc_now
from shelfwise.errors import ConflictError, NotFoundError
from shelfwise.inventory.names import clean_category, name_key
from shelfwise.inventory.part import Check, Part, Tell, checked_id, tell_if_changed
from shelfwise.inventory.records import Category
from shelfwise.inventory.tables import categories, products
from shelfwise.inventory.words import keep_words_of_category

__all__ = ["Categories", "categories_named"]

_TRIES: Final = 5
_COLUMNS: Final = (categories.c.id, categories.c.name, categories.c.archived_at)


class Categories(Part):
    """The stock book's categories."""

    def categories(self, archived: bool = False) -> list[Category]:
        """The categories by name; with ``archived``, those that were put away instead."""
        wanted = categories.c.archived_at.is_not(None) if archived else categories.c.archived_at.is_(None)
        query = select(*_COLUMNS).where(wanted).order_by(categories.c.name_key)
        with self._database.read() as connection:
            return [_category(row) for row in connection.execute(query)]

    def category(self, category_id: int) -> Category:
        """One category.

        Raises:
            NotFoundError: there is none of this number.
        """
        with self._database.read() as connection:
            return _by_id(connection, category_id)

    def add_category(self, name: str, tell: Tell[Category] = None) -> Category:
        """Add a category.

        Args:
            name: what it is called.
            tell: writes it down in the same transaction.

        Raises:
            EntryError: the name cannot be taken.
            ConflictError: there is one of this name.
        """
        kept = clean_category("name", name)

        def work(connection: Connection) -> Category:
            _refuse_taken(connection, kept, None)
            return tell_if_changed(tell, connection, None, _add(connection, kept))

        return self._database.write(work)

    def change_category(
        self,
        category_id: int,
        *,
        name: str | None = None,
        archived: bool | None = None,
        check: Check[Category] = None,
        tell: Tell[Category] = None,
    ) -> Category:
        """Rename a category, put it away or take it back: all that is asked, or nothing of it.

        Args:
            category_id: the category.
            name: what it is called from now on; its products are found by it at once.
            archived: whether it is put away.
            check: looks at it just before.
            tell: writes down what changed, in the same transaction.

        Raises:
            EntryError: the name cannot be taken.
            NotFoundError: there is none of this number.
            ConflictError: another one has this name; or it is to be archived, and products that are not archived
                belong to it.
        """
        kept = None if name is None else clean_category("name", name)

        def work(connection: Connection) -> Category:
            before = _checked(connection, category_id, check)
            if kept is not None:
                _rename(connection, category_id, kept)
            if archived is not None and archived != before.archived:
                if archived:
                    _refuse_in_use(connection, before)
                _archive(connection, category_id, utc_now() if archived else null())
            return tell_if_changed(tell, connection, before, _by_id(connection, category_id))

        return self._database.write(work)

    def rename_category(self, category_id: int, name: str, tell: Tell[Category] = None) -> Category:
        """Give a category another name. See :meth:`change_category`."""
        return self.change_category(category_id, name=name, tell=tell)

    def archive_category(self, category_id: int, tell: Tell[Category] = None) -> Category:
        """Put a category away. See :meth:`change_category`."""
        return self.change_category(category_id, archived=True, tell=tell)

    def restore_category(self, category_id: int, tell: Tell[Category] = None) -> Category:
        """Take an archived category back. See :meth:`change_category`."""
        return self.change_category(category_id, archived=False, tell=tell)


def categories_named(connection: Connection, names: Iterable[str]) -> dict[str, Category]:
    """The categories of names that were cleaned; made, or taken back from the archive, where they are missing."""
    keys = {name: name_key(name) for name in names}
    if not keys:
        return {}
    # Locked: whoever renames or archives one waits, and then sees the product that is given it.
    wanted = categories.c.name_key.in_(set(keys.values()))
    query = select(*_COLUMNS, categories.c.name_key).where(wanted).with_for_update(read=True)
    insertion = sqlite_insert if connection.dialect.name == "sqlite" else postgresql_insert
    for _ in range(_TRIES):
        found = {row.name_key: row for row in connection.execute(query)}
        missing = [{"name": name, "name_key": key} for name, key in keys.items() if key not in found]
        if not missing:
            for row in found.values():
                if row.archived_at is not None:
                    _archive(connection, row.id, null())
            return {name: Category(found[key].id, found[key].name) for name, key in keys.items()}
        # Somebody else may add the same at this moment, and two spellings are one: then the first is taken.
        connection.execute(insertion(categories).on_conflict_do_nothing(), missing)
    raise ConflictError(f"the category {missing[0]['name']} was changed just now: try again")


def _add(connection: Connection, name: str) -> Category:
    added = insert(categories).values(name=name, name_key=name_key(name)).returning(categories.c.id)
    return Category(connection.execute(added).scalar_one(), name)


def _rename(connection: Connection, category_id: int, name: str) -> None:
    _refuse_taken(connection, name, category_id)
    connection.execute(
        update(categories).where(categories.c.id == category_id).values(name=name, name_key=name_key(name))
    )
    keep_words_of_category(connection, category_id)


def _refuse_in_use(connection: Connection, category: Category) -> None:
    query = select(func.count()).where(
        products.c.category_id == category.id, products.c.archived_at.is_(None)
    )
    if in_use := connection.execute(query).scalar_one():
        raise ConflictError(
            f"the category {category.name} has {in_use} products: give them another category first"
        )


def _archive(connection: Connection, category_id: int, at: Any) -> None:
    connection.execute(update(categories).where(categories.c.id == category_id).values(archived_at=at))


def _refuse_taken(connection: Connection, name: str, but: int | None) -> None:
    query = select(*_COLUMNS).where(categories.c.name_key == name_key(name))
    row = connection.execute(query).first()
    if row is not None and row.id != but:
        hint = ": restore it instead" if row.archived_at is not None else ""
        raise ConflictError(f"there is a category {row.name} already{hint}", "name")


def _checked(connection: Connection, category_id: int, check: Check[Category]) -> Category:
    """The category, which nobody else changes until the transaction ends."""
    category = _by_id(connection, category_id, lock=True)
    if check is not None:
        check(category)
    return category


def _by_id(connection: Connection, category_id: int, *, lock: bool = False) -> Category:
    query = select(*_COLUMNS).where(categories.c.id == checked_id("category", category_id))
    row = connection.execute(query.with_for_update() if lock else query).first()
    if row is None:
        raise NotFoundError(f"there is no category {category_id}")
    return _category(row)


def _category(row: Any) -> Category:
    return Category(row.id, row.name, row.archived_at is not None)
