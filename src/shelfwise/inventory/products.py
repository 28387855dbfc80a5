"""Products: what they are called, how they are counted and ordered, and their photos."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import Connection, Select, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from shelfwise.database import utc_now
from shelfwise.errors import EntryError, NotFoundError, ProductError
from shelfwise.gtin import gtin_key, parse_gtin
from shelfwise.inventory.names import clean_name, name_key
from shelfwise.inventory.paging import Cursors, after, page_limit
from shelfwise.inventory.part import Part, Tell, checked_id, tell_if_changed
from shelfwise.inventory.product_fields import sha256_of
from shelfwise.inventory.product_rows import product_by_id, product_from, select_products
from shelfwise.inventory.product_writing import (
    add_product_in,
    change_product_in,
    lock_product,
    write_products,
)
from shelfwise.inventory.records import NewProduct, Page, Product
from shelfwise.inventory.store_upkeep import add_store_levels
from shelfwise.inventory.tables import categories, product_photos, products, store_levels
from shelfwise.inventory.words import begins_with, matching

__all__ = ["Products"]

_BY_NAME: Final = Cursors("products", (str,))
_MOST_PHOTOS: Final = 1000
_NAMES_AT_ONCE: Final = 500
"""Names in one question, at most: SQLite takes no more than 999 values everywhere."""


class Products(Part):
    """The stock book's products."""

    def products(
        self,
        query: str = "",
        category_id: int | None = None,
        archived: bool = False,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[Product]:
        """Products by name.

        Args:
            query: words, each the beginning of one in the name or category; or a GTIN.
            category_id: this category's alone, and those of the categories below it by path.
            archived: those that were put away instead.
            cursor: ``next`` of the page before.
            limit: how many a page holds.

        Raises:
            EntryError: the cursor or the limit is wrong.
        """
        key = _BY_NAME.decode(cursor)
        wanted = select_products().order_by(products.c.name_key).limit(page_limit(limit) + 1)
        wanted = wanted.where(
            products.c.archived_at.is_not(None) if archived else products.c.archived_at.is_(None)
        )
        if (meant := matching(query, products.c.id)) is not None:
            wanted = wanted.where(meant)
        if key is not None:
            wanted = wanted.where(after([products.c.name_key], key))
        with self._database.read() as connection:
            if category_id is not None:
                wanted = wanted.where(products.c.category_id.in_(_with_those_below(connection, category_id)))
            rows = connection.execute(wanted).all()
        more = _BY_NAME.encode([rows[limit - 1].name_key]) if len(rows) > limit else None
        return Page(tuple(product_from(row) for row in rows[:limit]), more)

    def product(self, product_id: int) -> Product:
        """One product.

        Raises:
            NotFoundError: there is none of this number.
        """
        with self._database.read() as connection:
            return product_by_id(connection, product_id)

    def product_by_name(self, name: str) -> Product:
        """The product of a name; capital letters and blanks do not count.

        Raises:
            EntryError: no product can have this name.
            NotFoundError: there is none.
        """
        key = name_key(clean_name("name", name))
        with self._database.read() as connection:
            row = connection.execute(select_products().where(products.c.name_key == key)).first()
        if row is None:
            raise NotFoundError(f"there is no product {name!r}")
        return product_from(row)

    def missing_products(self, names: Iterable[str]) -> list[str]:
        """Those names that no product has, archived ones included, each once and in their order.

        Args:
            names: of products; capital letters and blanks do not count.
        """
        keys: dict[str, str] = {}
        for name in names:
            keys.setdefault(name_key(name), name)
        wanted = list(keys)
        found: set[str] = set()
        with self._database.read() as connection:
            for begin in range(0, len(wanted), _NAMES_AT_ONCE):
                some = products.c.name_key.in_(wanted[begin : begin + _NAMES_AT_ONCE])
                found.update(connection.execute(select(products.c.name_key).where(some)).scalars())
        return [name for key, name in keys.items() if key not in found]

    def product_by_gtin(self, gtin: str) -> Product:
        """The product of a GTIN, in whichever of its lengths.

        Raises:
            EntryError: it is no GTIN.
            NotFoundError: there is no such product.
        """
        try:
            key = gtin_key(parse_gtin(gtin))
        except ProductError as error:
            raise EntryError("gtin", str(error)) from error
        with self._database.read() as connection:
            row = connection.execute(select_products().where(products.c.gtin_key == key)).first()
        if row is None:
            raise NotFoundError(f"there is no product with the GTIN {gtin}")
        return product_from(row)

    def add_product(self, new: NewProduct, tell: Tell[Product] = None) -> Product:
        """Add a product; every store has it, with nothing in stock.

        Args:
            new: what is known of it.
            tell: writes it down in the same transaction.

        Raises:
            EntryError: a field is wrong.
            ConflictError: there is one of this name or GTIN.
        """
        return self._database.write(
            lambda connection: tell_if_changed(tell, connection, None, add_product_in(connection, new))
        )

    def change_product(
        self,
        product_id: int,
        changes: Mapping[str, object],
        version: int | None = None,
        *,
        archived: bool | None = None,
        tell: Tell[Product] = None,
    ) -> Product:
        """Change some of a product's fields, put it away or take it back: all that is asked, or nothing of it.

        Args:
            product_id: the product.
            changes: new values by the names of :class:`NewProduct`'s fields.
            version: the version that was read before; None to change it whatever happened meanwhile.
            archived: whether it is put away: it is in no list and nothing is booked of it, and what was booked
                stays; taken back it has the stock it had.
            tell: writes down what changed, in the same transaction.

        Raises:
            EntryError: a field is wrong or unknown.
            NotFoundError: there is none of this number.
            ChangedError: it is not the version given.
            ConflictError: another one has this name or GTIN.
        """

        def work(connection: Connection) -> Product:
            before = lock_product(connection, product_id)
            after = change_product_in(connection, product_id, changes, version)
            if archived is not None and archived != before.archived:
                _archive(connection, product_id, archived)
                after = product_by_id(connection, product_id)
            return tell_if_changed(tell, connection, before, after)

        return self._database.write(work)

    def archive_product(self, product_id: int, tell: Tell[Product] = None) -> Product:
        """Put a product away. See :meth:`change_product`."""
        return self.change_product(product_id, {}, archived=True, tell=tell)

    def restore_product(self, product_id: int, tell: Tell[Product] = None) -> Product:
        """Take an archived product back. See :meth:`change_product`."""
        return self.change_product(product_id, {}, archived=False, tell=tell)

    def product_photos(self, product_id: int) -> tuple[str, ...]:
        """The SHA-256 of the photos that show a product, oldest first.

        Raises:
            NotFoundError: there is no such product.
        """
        query = (
            select(product_photos.c.sha256)
            .where(product_photos.c.product_id == product_id)
            .order_by(product_photos.c.added_at, product_photos.c.sha256)
        )
        with self._database.read() as connection:
            product_by_id(connection, product_id)
            return tuple(connection.execute(query).scalars())

    def products_of_photo(self, sha256: str) -> list[int]:
        """The numbers of the products that a photo shows."""
        query = select(product_photos.c.product_id).where(product_photos.c.sha256 == sha256)
        with self._database.read() as connection:
            return list(connection.scalars(query))

    def add_product_photo(self, product_id: int, sha256: str) -> None:
        """Say that a photo shows a product; saying it twice changes nothing.

        Raises:
            EntryError: it is no SHA-256, or the product has a thousand photos.
            NotFoundError: there is no such product.
        """
        photo = sha256_of("sha256", sha256)
        insertion = sqlite_insert if self._database.dialect == "sqlite" else postgresql_insert

        def work(connection: Connection) -> None:
            product = lock_product(connection, product_id)
            count = select(func.count()).where(product_photos.c.product_id == product_id)
            if connection.execute(count).scalar_one() >= _MOST_PHOTOS:
                raise EntryError("sha256", f"{product.name} has {_MOST_PHOTOS} photos: remove some first")
            values = {"product_id": product_id, "sha256": photo, "added_at": utc_now()}
            connection.execute(insertion(product_photos).values(values).on_conflict_do_nothing())

        self._database.write(work)

    def remove_product_photo(self, product_id: int, sha256: str) -> None:
        """Say that a photo does not show a product after all.

        Raises:
            EntryError: it is no SHA-256.
            NotFoundError: there is no such product, or it has no such photo.
        """
        photo = sha256_of("sha256", sha256)

        def work(connection: Connection) -> None:
            product = lock_product(connection, product_id)
            removed = connection.execute(
                delete(product_photos).where(
                    product_photos.c.product_id == product_id, product_photos.c.sha256 == photo
                )
            )
            if not removed.rowcount:
                raise NotFoundError(f"{product.name} has no photo {sha256}")
            if product.photo == photo:
                write_products(connection, {product_id: {"photo": None}})

        self._database.write(work)


def _archive(connection: Connection, product_id: int, archived: bool) -> None:
    write_products(connection, {product_id: {"archived_at": utc_now() if archived else None}})
    if archived:
        connection.execute(delete(store_levels).where(store_levels.c.product_id == product_id))
    else:
        add_store_levels(connection, [product_id])


def _with_those_below(connection: Connection, category_id: int) -> Select[Any]:
    number = checked_id("category", category_id)
    key = connection.execute(select(categories.c.name_key).where(categories.c.id == number)).scalar()
    below = begins_with(categories.c.name_key, f"{key}/")
    return select(categories.c.id).where(or_(categories.c.id == category_id, below))
