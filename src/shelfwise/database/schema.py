"""The schema's revisions: which one a database has, and how to bring it to the newest."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

from shelfwise.database.engine import Database
from shelfwise.errors import ConflictError, DatabaseError

__all__ = ["HEAD", "MIGRATIONS", "check_revision", "revision", "upgrade", "upgrade_in"]

HEAD: Final = "0008"
"""The newest revision. Written down, for Alembic takes a while to import and most starts do without it."""

MIGRATIONS: Final = Path(__file__).parent / "migrations"

# Any number will do, as long as nobody else locks it: "shelfwise" on a telephone's keys.
_LOCK: Final = 743539473


_OURS: Final = frozenset(
    (
        "alembic_version",
        "answers",
        "audit_log",
        "bookings",
        "categories",
        "invitations",
        "levels",
        "locations",
        "movements",
        "planograms",
        "product_photos",
        "product_words",
        "products",
        "replies",
        "sessions",
        "shadow_answers",
        "shelf_boxes",
        "shelf_photos",
        "store_levels",
        "stores",
        "throttles",
        "tokens",
        "user_roles",
        "users",
    )
)
"""The names of our tables, which are not all loaded here."""


def revision(database: Database) -> str | None:
    """The revision of the database's schema, or None where it has none of ours."""
    with database.read() as connection:
        return _revision(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def check_revision(database: Database) -> None:
    """Refuse a database whose schema is not this version's.

    Raises:
        DatabaseError: it has no schema yet, an older one or a newer one.
    """
    found = revision(database)
    if found == HEAD:
        return
    if found is None:
        raise DatabaseError(f"{database.shown} holds no stock book yet. Run: shelfwise db upgrade")
    if found < HEAD:
        raise DatabaseError(f"{database.shown} is from an older Shelfwise. Run: shelfwise db upgrade")
    raise DatabaseError(f"{database.shown} is from a newer Shelfwise ({found}): update Shelfwise")


def upgrade(database: Database) -> tuple[str | None, str]:
    """Bring the schema to the newest revision, all or nothing; two programs that do it at once wait for each other.

    Returns:
        the revision before (None: there was none) and now.

    Raises:
        DatabaseError: the database is from a newer Shelfwise, or cannot be reached.
        ConflictError: it is another program's.
    """

    def work(connection: Connection) -> str | None:
        if database.dialect == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        before = _revision(connection)
        if before is not None and before > HEAD:
            raise DatabaseError(f"{database.shown} is from a newer Shelfwise ({before}): update Shelfwise")
        if before is None:
            _refuse_others(connection, database.shown)
        if before != HEAD:
            upgrade_in(connection)
        return before

    return database.write(work), HEAD


def _refuse_others(connection: Connection, shown: str) -> None:
    found = set(inspect(connection).get_table_names())
    # Several programs may share a database of PostgreSQL, as long as their tables have other names.
    if found if connection.dialect.name == "sqlite" else found & _OURS:
        raise ConflictError(
            f"{shown} holds another program's tables: give the stock book a database of its own"
        )


def upgrade_in(connection: Connection) -> None:
    """Bring the schema to the newest revision within a transaction that writes."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)
