"""Statements that run thousands of times a second: compiled once, and sent by the driver's own cursor.

SQLAlchemy spends more on a statement than SQLite does. Where that counts, a statement is built by SQLAlchemy as ever,
for both databases, but what is the same each time is done once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.expression import Executable, UpdateBase
from sqlalchemy.sql.selectable import SelectBase
from sqlalchemy.types import TypeEngine

__all__ = ["Prepared"]

_Convert = Callable[[Any], Any] | None


@dataclass(frozen=True, slots=True)
class _Compiled:
    sql: str
    fixed: Mapping[str, Any]
    parameters: tuple[tuple[str, _Convert], ...]
    places: tuple[str, ...] | None
    results: tuple[_Convert, ...]
    has_rows: bool


class Prepared:
    """A statement that is made of nothing but named parameters and columns.

    Args:
        statement: builds it for a dialect's name; called once for each.
    """

    def __init__(self, statement: Callable[[str], Executable]) -> None:
        self._statement: Final = statement
        self._compiled: Final[dict[str, _Compiled]] = {}

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Run it and read all its rows.

        Args:
            connection: in a transaction.
            values: by the parameters' names; more than these do no harm.
        """
        return self._run(connection, values)[0]

    def count(self, connection: Connection, values: Mapping[str, Any]) -> int:
        """Run it and say how many rows it changed."""
        return self._run(connection, values)[1]

    def _run(self, connection: Connection, values: Mapping[str, Any]) -> tuple[list[tuple[Any, ...]], int]:
        dialect = connection.dialect
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = _compile(self._statement(dialect.name), dialect)
        given: Any = dict(compiled.fixed)
        for name, convert in compiled.parameters:
            given[name] = values[name] if convert is None else convert(values[name])
        if compiled.places is not None:
            given = [given[name] for name in compiled.places]
        cursor = connection.connection.cursor()
        try:
            cursor.execute(compiled.sql, given)
            if not compiled.has_rows:
                return [], cursor.rowcount
            rows = [
                tuple(
                    value if convert is None else convert(value)
                    for value, convert in zip(row, compiled.results, strict=True)
                )
                for row in cursor.fetchall()
            ]
            return rows, len(rows)
        except dialect.loaded_dbapi.Error as error:
            driver = connection.connection.dbapi_connection
            if dialect.is_disconnect(error, driver, cursor):
                # The pool's others have gone with it. SQLAlchemy sees to that once it notices by itself.
                with contextlib.suppress(DBAPIError):
                    connection.exec_driver_sql("SELECT 1")
            # Told as SQLAlchemy tells it, so that whoever tries again or explains it need not know of this way.
            raise DBAPIError.instance(
                compiled.sql, given, error, dialect.loaded_dbapi.Error, dialect=dialect
            ) from error
        finally:
            cursor.close()


def _compile(statement: Executable, dialect: Dialect) -> _Compiled:
    compiled: Any = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
    fixed, parameters = {}, []
    for name, bind in compiled.binds.items():
        convert = _to_database(bind.type, dialect)
        if bind.required:
            parameters.append((name, convert))
        else:
            fixed[name] = bind.value if convert is None else convert(bind.value)
    columns: tuple[Any, ...] = ()
    if isinstance(statement, SelectBase):
        columns = tuple(statement.selected_columns)
    elif isinstance(statement, UpdateBase):
        columns = tuple(statement.exported_columns)
    return _Compiled(
        str(compiled),
        fixed,
        tuple(parameters),
        tuple(compiled.positiontup) if compiled.positional else None,
        tuple(_from_database(column.type, dialect) for column in columns),
        bool(columns),
    )


def _to_database(kind: TypeEngine[Any], dialect: Dialect) -> _Convert:
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _from_database(kind: TypeEngine[Any], dialect: Dialect) -> _Convert:
    return kind.dialect_impl(dialect).result_processor(dialect, None)
