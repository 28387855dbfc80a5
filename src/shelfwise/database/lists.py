"""Conditions on many numbers at once, given as one parameter.

SQLAlchemy's ``in_`` makes a parameter of each number: putting such a statement together takes longer than answering
it, and PostgreSQL's driver can prepare none of them, for each length is another statement.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, ColumnElement, Dialect, Text, bindparam
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

__all__ = ["among"]


class _Numbers(TypeDecorator[Iterable[int]]):
    """Whole numbers in one parameter: an array on PostgreSQL, JSON on SQLite."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.ARRAY(BigInteger()))
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: Iterable[int] | None, dialect: Dialect) -> Any:
        numbers = [] if value is None else list(value)
        return numbers if dialect.name == "postgresql" else json.dumps(numbers)


_NUMBERS: Final = _Numbers()


class _Among(FunctionElement[bool]):
    inherit_cache = True
    type = Boolean()

    def self_group(self, against: Any = None) -> _Among:
        """Itself: SQLite would be asked for ``... = 1`` else, and find nothing by an index."""
        return self


@compiles(_Among, "sqlite")
def _among_sqlite(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, numbers = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({numbers}))"  # noqa: S608  # a column and a parameter


@compiles(_Among, "postgresql")
def _among_postgresql(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, numbers = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} = ANY ({numbers})"


def among(column: ColumnElement[int], name: str) -> ColumnElement[bool]:
    """That a column's number is one of those in the parameter ``name``, which takes any number of them.

    None of them, or no numbers at all, is no row; the numbers may come in any order and more than once.
    """
    return _Among(column, bindparam(name, type_=_NUMBERS))
