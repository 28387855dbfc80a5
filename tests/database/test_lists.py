"""Conditions on many numbers given as one parameter, on both databases."""

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select

from shelfwise.database import Database
from shelfwise.database.lists import among

THINGS = Table("things", MetaData(), Column("id", Integer, primary_key=True), Column("other", Integer))
QUERY = select(THINGS.c.id).where(among(THINGS.c.other, "others"), THINGS.c.id > 0).order_by(THINGS.c.id)


@pytest.fixture
def filled(database: Database) -> Database:
    """Things 1 to 3000, whose other number is ten times theirs; that of the last is missing."""
    THINGS.create(database.engine)
    rows = [{"id": number, "other": 10 * number} for number in range(1, 3000)] + [{"id": 3000, "other": None}]
    database.write(lambda connection: connection.execute(insert(THINGS), rows))
    return database


def found(database: Database, others: object) -> list[int]:
    with database.read() as connection:
        return list(connection.scalars(QUERY, {"others": others}))


def test_those_that_are_among_the_numbers_are_found(filled: Database) -> None:
    assert found(filled, [30, 10, 10, 15]) == [1, 3]
    assert found(filled, {20, 2**60, -10}) == [2]


@pytest.mark.parametrize("nothing", [[], None, ()])
def test_nothing_is_among_no_numbers(filled: Database, nothing: object) -> None:
    assert found(filled, nothing) == []


def test_thousands_of_numbers_are_one_parameter(filled: Database) -> None:
    assert found(filled, range(10, 30_000, 10)) == list(range(1, 3000))
    for number in range(10):  # the driver prepares what it meets often
        assert found(filled, range(10, 10 * number, 10)) == list(range(1, number))
