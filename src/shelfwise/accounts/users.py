"""Users: adding, changing, disabling them, and checking their passwords.

Whatever changes a user takes ``by``, the name of who does it; with it, the audit log tells of it in the same
transaction, with the network ``address`` that it comes from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, func, select, update

from shelfwise.accounts.audit import record_in
from shelfwise.accounts.names import clean_name, name_key
from shelfwise.accounts.passwords import Passwords
from shelfwise.accounts.records import Role, User
from shelfwise.accounts.tables import invitations, replies, tokens, user_roles, users
from shelfwise.accounts.throttle import Throttle
from shelfwise.accounts.user_rows import (
    add_user,
    end_links_by,
    end_links_of,
    end_sessions,
    has_admin,
    keep_an_admin,
    put_roles,
    read_user,
    read_users,
    refuse_taken,
    set_hash,
)
from shelfwise.database import Database, utc_now
from shelfwise.errors import ConflictError, NotFoundError, SignInError

__all__ = ["Users"]


class Users:
    """The users of a shop.

    Args:
        db: the shop's database.
        passwords: hashes and verifies.
        now: tells the time.
    """

    def __init__(
        self, db: Database, *, passwords: Passwords | None = None, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._db = db
        self._passwords = passwords or Passwords()
        self._throttle = Throttle(db, now=now)
        self._now = now

    def list(self) -> list[User]:
        """All users by name, the disabled ones too."""
        with self._db.read() as connection:
            return read_users(connection)

    def have_admin(self) -> bool:
        """Whether there is an admin who can sign in."""
        with self._db.read() as connection:
            return has_admin(connection)

    def get(self, user_id: int) -> User:
        """The user of an id.

        Raises:
            NotFoundError: there is none.
        """
        with self._db.read() as connection:
            return read_user(connection, user_id)

    def by_name(self, name: str) -> User:
        """The user of a name; capitals do not count.

        Raises:
            NotFoundError: there is none.
        """
        with self._db.read() as connection:
            found = read_users(connection, users.c.name_key == name_key(name))
        if not found:
            raise NotFoundError(f"there is no user {name}. List them: shelfwise users list")
        return found[0]

    def add(
        self,
        name: str,
        password: str | None = None,
        *,
        admin: bool = False,
        roles: Mapping[int, Role] | None = None,
        by: str | None = None,
        address: str | None = None,
    ) -> User:
        """Add a user.

        Args:
            name: their name, unlike any other's.
            password: None for one who sets it by a link (:meth:`Invitations.reset`).
            admin: holds all stores, users and models.
            roles: the role in each store, by the store's id.

        Raises:
            ConflictError: somebody has the name.
            EntryError: the name, the password or a role cannot be taken.
        """
        tidy = clean_name(name)
        kept = None
        if password is not None:
            self._passwords.check(password, tidy)
            kept = self._passwords.hash(password)
        now, given = self._now(), dict(roles or {})

        def work(connection: Connection) -> User:
            user_id = add_user(connection, tidy, kept, admin, given, now)
            self._tell(connection, by, "user.add", tidy, {"admin": admin, "roles": given}, address)
            return read_user(connection, user_id)

        return self._db.write(work)

    def change(
        self,
        user_id: int,
        *,
        name: str | None = None,
        admin: bool | None = None,
        roles: Mapping[int, Role] | None = None,
        disabled: bool | None = None,
        by: str | None = None,
        address: str | None = None,
        check: Callable[[User], None] | None = None,
    ) -> User:
        """Change a user's name or what they may do, disable or enable them; None leaves it. All of it, or nothing.

        Args:
            disabled: keeps them from signing in: their sessions end, their tokens and links no longer work. Enabled
                again, tokens that were not revoked work again too.
            check: looks at the user as they are just before, and raises where they are not to be changed.

        Raises:
            NotFoundError: there is no such user.
            ConflictError: somebody has the name, or it is the last admin.
            EntryError: the name or a role cannot be taken.
        """
        tidy = None if name is None else clean_name(name)
        now = self._now()

        def work(connection: Connection) -> User:
            before = read_user(connection, user_id)
            if check is not None:
                check(before)
            if admin is False and before.admin:
                keep_an_admin(connection, user_id)
                end_links_by(connection, before)
            if tidy is not None:
                refuse_taken(connection, tidy, but=user_id)
            values = {"name": tidy, "name_key": tidy and name_key(tidy), "admin": admin}
            given = {column: value for column, value in values.items() if value is not None}
            if given:
                connection.execute(update(users).where(users.c.id == user_id).values(given))
            if roles is not None:
                put_roles(connection, user_id, roles)
            after = read_user(connection, user_id)
            if after != before:
                self._tell(connection, by, "user.change", before.name, _differences(before, after), address)
            if disabled is None or disabled == after.disabled:
                return after
            if disabled:
                _disable(connection, after, now)
            else:
                connection.execute(update(users).where(users.c.id == user_id).values(disabled_at=None))
            action = "user.disable" if disabled else "user.enable"
            self._tell(connection, by, action, after.name, {}, address)
            return read_user(connection, user_id)

        return self._db.write(work)

    def set_password(
        self, user_id: int, password: str, *, but_session: int | None = None, by: str | None = None
    ) -> None:
        """Give a user another password, and end their sessions; links to set one no longer work.

        Args:
            but_session: id of the session that goes on, that is the one in which they change it.

        Raises:
            NotFoundError: there is no such user.
            EntryError: the password cannot be taken.
        """
        user = self.get(user_id)
        self._passwords.check(password, user.name)
        kept = self._passwords.hash(password)

        def work(connection: Connection) -> None:
            set_hash(connection, user_id, kept)
            end_sessions(connection, user_id, but=but_session)
            end_links_of(connection, user_id)
            self._tell(connection, by, "user.password", user.name, {})

        self._db.write(work)

    def disable(self, user_id: int, *, by: str | None = None) -> User:
        """Keep a user from signing in. See :meth:`change`."""
        return self.change(user_id, disabled=True, by=by)

    def enable(self, user_id: int, *, by: str | None = None) -> User:
        """Let a disabled user sign in again. See :meth:`change`."""
        return self.change(user_id, disabled=False, by=by)

    def take_back(self, user_id: int, *, by: str | None = None, address: str | None = None) -> User:
        """Take the invitation of a user back: remove one who has never chosen a password. Returns who it was.

        Raises:
            NotFoundError: there is no such user.
            ConflictError: they have a password, or tokens.
        """

        def work(connection: Connection) -> User:
            user = read_user(connection, user_id)
            own = select(func.count()).select_from(tokens).where(tokens.c.user_id == user_id)
            if connection.execute(own).scalar_one():
                raise ConflictError(
                    f"the user {user.name} has tokens: revoke them first, or disable the user"
                )
            for table in (invitations, user_roles, replies):
                connection.execute(delete(table).where(table.c.user_id == user_id))
            # The invitation may be accepted in this moment.
            invited = (users.c.id == user_id) & users.c.password.is_(None)
            if user.has_password or connection.execute(delete(users).where(invited)).rowcount == 0:
                raise ConflictError(
                    f"the user {user.name} has accepted the invitation already: disable them instead"
                )
            self._tell(connection, by, "user.take-back", user.name, {}, address)
            return user

        return self._db.write(work)

    def check_password(self, name: str, password: str, address: str | None = None) -> User:
        """Who signs in with a name and a password.

        A wrong name and a wrong password, and a disabled user, get the same answer after the same work. A failure is
        told in the audit log, a name that nobody has is not: some type their password there.

        Raises:
            SignInError: it is nobody's name and password.
            ThrottledError: there were too many tries for this name or from this address.
        """
        key = name_key(name)
        self._throttle.admit(key, address)
        with self._db.read() as connection:
            row = connection.execute(
                select(users.c.id, users.c.name, users.c.password, users.c.disabled_at).where(
                    users.c.name_key == key
                )
            ).first()
        right = self._passwords.verify(row.password if row else None, password)
        if row is None or not right or row.disabled_at is not None:
            subject, now = ("" if row is None else row.name), self._now()
            self._db.write(
                lambda connection: record_in(connection, now, "", "session.fail", subject, {}, address)
            )
            raise SignInError("wrong name or password")
        self._throttle.succeeded(key, address)
        if self._passwords.is_outdated(row.password):
            self._rehash(row.id, row.password, password)
        return self.get(row.id)

    def _rehash(self, user_id: int, before: str, password: str) -> None:
        kept = self._passwords.hash(password)
        # Not over a password that was changed meanwhile.
        same = (users.c.id == user_id) & (users.c.password == before)
        self._db.write(lambda connection: connection.execute(update(users).where(same).values(password=kept)))

    def _tell(
        self,
        connection: Connection,
        by: str | None,
        action: str,
        subject: str,
        details: Mapping[str, object],
        address: str | None = None,
    ) -> None:
        if by is not None:
            record_in(connection, self._now(), by, action, subject, details, address)


def _disable(connection: Connection, user: User, now: datetime) -> None:
    keep_an_admin(connection, user.id)
    connection.execute(update(users).where(users.c.id == user.id).values(disabled_at=now))
    end_sessions(connection, user.id)
    end_links_by(connection, user)


def _differences(before: User, after: User) -> dict[str, object]:
    return {
        name: {"before": getattr(before, name), "after": getattr(after, name)}
        for name in ("name", "admin", "roles")
        if getattr(before, name) != getattr(after, name)
    }
