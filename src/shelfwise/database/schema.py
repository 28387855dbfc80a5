"""The schema's revisions: which one a database has, and how to bring it to the newest."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

from shelfwise.database.engine import Database
from shelfwise.errors import DatabaseError

__all__ = ["HEAD", "MIGRATIONS", "check_revision", "revision", "upgrade", "upgrade_in"]

HEAD: Final = "0003"
"""The newest revision. Written down, for Alembic takes a while to import and most starts do without it."""

MIGRATIONS: Final = Path(__file__).parent / "migrations"

# Any number will do, as long as nobody else locks it: "shelfwise" on a telephone's keys.
_LOCK: Final = 743539473


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
    """

    def work(connection: Connection) -> str | None:
        if database.dialect == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        before = _revision(connection)
        if before is not None and before > HEAD:
            raise DatabaseError(f"{database.shown} is from a newer Shelfwise ({before}): update Shelfwise")
        if before != HEAD:
            upgrade_in(connection)
        return before

    return database.write(work), HEAD


def upgrade_in(connection: Connection) -> None:
    """Bring the schema to the newest revision within a transaction that writes."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)
