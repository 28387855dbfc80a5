"""Statements that are compiled once behave like all others."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import bindparam, case, func, insert, select, text, type_coerce, update
from sqlalchemy.exc import IntegrityError

from shelfwise.database import Database, open_database
from shelfwise.database.prepared import Prepared
from shelfwise.errors import ConflictError, DatabaseError
from shelfwise.inventory.tables import products, stores

ADD = Prepared(
    lambda _: (
        insert(stores)
        .values(
            name=bindparam("name"),
            name_key=func.lower(bindparam("name", type_=stores.c.name.type)),
            created_at=bindparam("at"),
            created_by="ann",
        )
        .returning(stores.c.id, stores.c.created_at)
    )
)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_values_and_rows_go_through_the_columns_types(database: Database) -> None:
    ((number, at),) = database.write(lambda connection: ADD.rows(connection, {"name": "Main", "at": NOON}))
    assert (number, at) == (1, NOON)
    quantity = bindparam("quantity", type_=products.c.minimum.type)
    double = Prepared(
        lambda _: select(
            type_coerce(quantity + quantity, quantity.type), case((quantity > 1, "much"), else_="little")
        )
    )
    with database.read() as connection:
        assert double.rows(connection, {"quantity": Decimal("1.5")}) == [(Decimal(3), "much")]


def test_rows_that_change_are_counted(database: Database) -> None:
    for name in ("a", "b"):
        database.write(lambda connection, name=name: ADD.rows(connection, {"name": name, "at": NOON}))
    rename = Prepared(lambda _: update(stores).values(name="c").where(stores.c.id >= bindparam("least")))
    assert database.write(lambda connection: rename.count(connection, {"least": 1})) == 2
    assert database.write(lambda connection: rename.count(connection, {"least": 3})) == 0


def test_a_drivers_error_is_told_as_sqlalchemy_tells_it(database: Database) -> None:
    values = {"name": "Main", "at": NOON}
    database.write(lambda connection: ADD.rows(connection, values))
    with pytest.raises(IntegrityError), database.engine.begin() as connection:
        ADD.rows(connection, values)
    with pytest.raises(ConflictError):
        database.write(lambda connection: ADD.rows(connection, values))


def test_a_parameter_that_is_missing_is_a_mistake(sqlite_database: Database) -> None:
    with pytest.raises(KeyError), sqlite_database.read() as connection:
        ADD.rows(connection, {"name": "x"})


def test_after_a_lost_connection_the_next_statement_has_another(postgresql_url: str) -> None:
    with open_database(postgresql_url) as database:
        one = Prepared(lambda _: select(bindparam("n", type_=products.c.version.type)))
        with database.read() as connection, database.read() as other:
            mine = connection.execute(text("SELECT pg_backend_pid()")).scalar()
            assert one.rows(connection, {"n": 1}) == [(1,)]
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})
            with pytest.raises(Exception, match="terminating"):
                one.rows(connection, {"n": 1})
        assert database.write(lambda connection: one.rows(connection, {"n": 2})) == [(2,)]
    with pytest.raises(DatabaseError):
        open_database(postgresql_url.replace("/book_", "/gone_"))
