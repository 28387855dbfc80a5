"""The planograms of places: what should stand where, as text that only who wrote it can read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from shelfwise.answers.tables import planograms
from shelfwise.database import Database, utc_now
from shelfwise.errors import NotFoundError
from shelfwise.inventory.tables import locations

__all__ = ["KeptPlanogram", "PlanogramBook"]

Check = Callable[["KeptPlanogram | None"], None] | None
"""Raises where what is there may not be changed."""


@dataclass(frozen=True, slots=True)
class KeptPlanogram:
    """A place's planogram.

    Attributes:
        location_id: the place.
        content: the planogram as text.
        user, at: who gave it, and when.
    """

    location_id: int
    content: str
    user: str
    at: datetime

    @property
    def name(self) -> str:
        """What to call it in errors."""
        return f"the planogram of place {self.location_id}"


class PlanogramBook:
    """Keeps at most one planogram a place.

    Args:
        database: where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, location_id: int) -> KeptPlanogram | None:
        """A place's planogram; None where it has none."""
        with self._database.read() as connection:
            return _find(connection, location_id)

    def get(self, location_id: int) -> KeptPlanogram:
        """A place's planogram. Raises NotFoundError where it has none."""
        found = self.find(location_id)
        if found is None:
            raise NotFoundError(f"place {location_id} has no planogram")
        return found

    def put(self, location_id: int, content: str, *, user: str, check: Check = None) -> KeptPlanogram:
        """Keep a place's planogram, in the place of the one before.

        Args:
            location_id: the place.
            content: the planogram as text.
            user: who gives it.
            check: called with the one before, None for none, within the transaction.

        Raises:
            NotFoundError: there is no such place.
        """
        kept = KeptPlanogram(location_id, content, user, utc_now())
        values = {"location_id": location_id, "content": content, "user_name": user, "at": kept.at}

        def work(connection: Connection) -> KeptPlanogram:
            _hold(connection, location_id)
            if check is not None:
                check(_find(connection, location_id))
            connection.execute(delete(planograms).where(planograms.c.location_id == location_id))
            connection.execute(insert(planograms).values(values))
            return kept

        return self._database.write(work)

    def remove(self, location_id: int, check: Check = None) -> None:
        """Take a place's planogram away. Raises NotFoundError where it has none."""

        def work(connection: Connection) -> None:
            _hold(connection, location_id)
            there = _find(connection, location_id)
            if there is None:
                raise NotFoundError(f"place {location_id} has no planogram")
            if check is not None:
                check(there)
            connection.execute(delete(planograms).where(planograms.c.location_id == location_id))

        self._database.write(work)


def _hold(connection: Connection, location_id: int) -> None:
    """Keep others from changing this place's planogram until the transaction ends."""
    place = select(locations.c.id).where(locations.c.id == location_id).with_for_update()
    if connection.execute(place).first() is None:
        raise NotFoundError(f"there is no place {location_id}")


def _find(connection: Connection, location_id: int) -> KeptPlanogram | None:
    row = connection.execute(select(planograms).where(planograms.c.location_id == location_id)).one_or_none()
    return None if row is None else KeptPlanogram(row.location_id, row.content, row.user_name, row.at)
