import contextlib
import threading

import pytest
from sqlalchemy import select

from shelfwise.accounts.tables import invitations
from shelfwise.errors import (
    ConflictError,
    EntryError,
    ForbiddenError,
    NotFoundError,
    ShelfwiseError,
    SignInError,
)

GOOD = "seven green bottles"


def test_the_first_admin_is_made_by_a_link(accounts):
    secret = accounts.invitations.first_admin()
    link = accounts.invitations.peek(secret)
    assert (link.kind, link.name, link.admin, link.created_by) == ("first", None, True, "")
    boss = accounts.invitations.accept(secret, "Boss", GOOD, "10.0.0.7")
    assert boss.admin and accounts.users.check_password("Boss", GOOD) == boss
    assert accounts.invitations.first_admin() is None
    (entry,) = accounts.audit.entries(action="link.use").items
    assert (entry.user, entry.details["kind"], entry.address) == ("Boss", "first", "10.0.0.7")


def test_a_second_first_link_replaces_the_one_before(accounts):
    one, other = accounts.invitations.first_admin(), accounts.invitations.first_admin()
    with pytest.raises(NotFoundError):
        accounts.invitations.peek(one)
    assert accounts.invitations.peek(other)


def test_a_first_link_is_worth_nothing_once_there_is_an_admin(accounts):
    secret = accounts.invitations.first_admin()
    accounts.user("Boss", admin=True)
    with pytest.raises(ConflictError, match="an admin already"):
        accounts.invitations.accept(secret, "Intruder", GOOD)
    assert [user.name for user in accounts.users.list()] == ["Boss"]


def test_an_admin_without_a_password_is_none_yet(accounts):
    accounts.users.add("Boss", admin=True)
    assert accounts.invitations.first_admin() is not None


def test_an_invited_user_gets_the_name_and_the_roles_of_the_invitation(accounts):
    first, second = accounts.stores
    secret = accounts.invitations.invite("Ana Ruiz", {first: "clerk", second: "reader"}, "Boss")
    link = accounts.invitations.peek(secret)
    assert (link.kind, link.name, link.created_by) == ("invite", "Ana Ruiz", "Boss")
    assert link.roles == {first: "clerk", second: "reader"}
    with pytest.raises(EntryError, match="for Ana Ruiz"):
        accounts.invitations.accept(secret, "Boss", GOOD)
    ana = accounts.invitations.accept(secret, None, GOOD)
    assert (ana.name, ana.roles, ana.admin) == ("Ana Ruiz", link.roles, False)
    assert accounts.actions() == ["link.make", "link.use"]


def test_who_is_invited_without_a_name_chooses_one(accounts):
    secret = accounts.invitations.invite(None, by="Boss", admin=True)
    with pytest.raises(EntryError, match="give a name"):
        accounts.invitations.accept(secret, None, GOOD)
    assert accounts.invitations.accept(secret, "Mia", GOOD).admin


def test_a_link_is_used_once(accounts):
    secret = accounts.invitations.invite(None)
    accounts.invitations.accept(secret, "Ana", GOOD)
    with pytest.raises(NotFoundError, match="ask for a new one"):
        accounts.invitations.accept(secret, "Mia", GOOD)
    with pytest.raises(NotFoundError):
        accounts.invitations.peek(secret)


def test_of_many_at_once_one_uses_it(accounts):
    secret = accounts.invitations.invite(None)
    start, made = threading.Barrier(6), []

    def use(number):
        start.wait()
        with contextlib.suppress(ShelfwiseError):
            made.append(accounts.invitations.accept(secret, f"user {number}", GOOD))

    threads = [threading.Thread(target=use, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1 and accounts.users.list() == made


def test_of_two_first_links_used_at_once_one_makes_an_admin(accounts):
    start, made = threading.Barrier(2), []

    def race(name):
        secret = accounts.invitations.first_admin()
        start.wait()
        with contextlib.suppress(ShelfwiseError):
            made.append(accounts.invitations.accept(secret, name, GOOD))

    threads = [threading.Thread(target=race, args=(name,)) for name in ("Ana", "Mia")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1 and accounts.users.list() == made


def test_a_mistake_does_not_use_the_link_up(accounts):
    accounts.user("Mia")
    secret = accounts.invitations.invite(None)
    for name, password, error in (
        ("Ana", "short", EntryError),
        ("mia", GOOD, ConflictError),
        ("", GOOD, EntryError),
    ):
        with pytest.raises(error):
            accounts.invitations.accept(secret, name, password)
    assert accounts.invitations.accept(secret, "Ana", GOOD).name == "Ana"


@pytest.mark.parametrize(("kind", "days"), [("first", 1), ("invite", 7), ("reset", 1)])
def test_links_expire(accounts, kind, days):
    ana = accounts.user()
    secret = {
        "first": accounts.invitations.first_admin,
        "invite": lambda: accounts.invitations.invite("Mia"),
        "reset": lambda: accounts.invitations.reset(ana.id),
    }[kind]()
    accounts.clock.go(days=days, seconds=-1)
    assert accounts.invitations.peek(secret).kind == kind
    accounts.clock.go(seconds=1)
    with pytest.raises(NotFoundError):
        accounts.invitations.accept(secret, None if kind == "reset" else "Mia", GOOD)


def test_a_reset_sets_the_password_and_ends_the_sessions(accounts):
    ana = accounts.user()
    session = accounts.session_of(ana)
    secret = accounts.invitations.reset(ana.id, "Boss")
    assert accounts.invitations.peek(secret).name == "Ana"
    assert accounts.sessions.actor(session)
    assert accounts.invitations.accept(secret, "ana", "eight brown bottles").id == ana.id
    with pytest.raises(SignInError):
        accounts.sessions.actor(session)
    assert accounts.users.check_password("Ana", "eight brown bottles")


def test_the_first_link_of_a_user_without_a_password_is_an_invitation(accounts):
    mia = accounts.users.add("Mia", roles={accounts.stores[0]: "clerk"}, by="Boss")
    secret = accounts.invitations.reset(mia.id, "Boss")
    assert accounts.invitations.peek(secret).kind == "invite"
    accounts.clock.go(days=6)
    assert accounts.invitations.accept(secret, None, GOOD).roles == mia.roles
    accounts.invitations.reset(mia.id, "Boss")
    told = [
        (entry.action, entry.details["kind"]) for entry in accounts.audit.entries(action="link.").items[::-1]
    ]
    assert told == [("link.make", "invite"), ("link.use", "invite"), ("link.make", "reset")]


def test_a_later_reset_replaces_the_one_before(accounts):
    ana = accounts.user()
    one, other = accounts.invitations.reset(ana.id), accounts.invitations.reset(ana.id)
    with pytest.raises(NotFoundError):
        accounts.invitations.peek(one)
    accounts.users.change(ana.id, name="Anna")
    assert accounts.invitations.peek(other).name == "Anna"
    assert accounts.invitations.accept(other, None, GOOD).name == "Anna"


def test_a_reset_gives_a_user_without_a_password_their_first(accounts):
    mia = accounts.users.add("Mia")
    assert not mia.has_password
    secret = accounts.invitations.reset(mia.id)
    accounts.clock.go(days=6)
    assert accounts.invitations.accept(secret, None, GOOD).has_password


def test_a_disabled_user_gets_no_link_and_loses_those_they_had_or_made(accounts):
    accounts.user("Boss", admin=True)
    ana = accounts.user(admin=True)
    theirs, made = accounts.invitations.reset(ana.id, "Boss"), accounts.invitations.invite("Mia", by="Ana")
    kept = accounts.invitations.invite("Zoe", by="Boss")
    accounts.users.disable(ana.id)
    for secret in (theirs, made):
        with pytest.raises(NotFoundError):
            accounts.invitations.accept(secret, None, GOOD)
    with pytest.raises(ForbiddenError, match="disabled"):
        accounts.invitations.reset(ana.id)
    assert accounts.invitations.accept(kept, None, GOOD).name == "Zoe"


def test_who_is_an_admin_no_more_has_invited_nobody(accounts):
    accounts.user("Boss", admin=True)
    ana = accounts.user(admin=True)
    secret = accounts.invitations.invite("Mia", by="Ana", admin=True)
    accounts.users.change(ana.id, admin=False)
    with pytest.raises(NotFoundError):
        accounts.invitations.peek(secret)


def test_what_cannot_be_invited_is_told(accounts):
    accounts.user()
    with pytest.raises(ConflictError):
        accounts.invitations.invite("ANA")
    with pytest.raises(EntryError, match="no store 99"):
        accounts.invitations.invite("Mia", {99: "clerk"})
    with pytest.raises(NotFoundError):
        accounts.invitations.reset(99)
    for secret in ("", "wrong", "\ud800"):
        with pytest.raises(NotFoundError):
            accounts.invitations.peek(secret)


def test_secrets_are_not_kept_and_old_links_are_cleared_away(accounts):
    secret = accounts.invitations.invite("Ana")

    def kept():
        with accounts.db.read() as connection:
            return connection.execute(select(invitations)).all()

    assert secret not in str(kept()) and secret not in str(accounts.audit.entries())
    accounts.clock.go(days=38)
    accounts.invitations.invite("Mia")
    assert [row.name for row in kept()] == ["Mia"]


def test_a_new_password_takes_links_for_another_one_back(accounts):
    ana = accounts.user()
    secret = accounts.invitations.reset(ana.id)
    accounts.users.set_password(ana.id, "eight brown bottles")
    with pytest.raises(NotFoundError):
        accounts.invitations.peek(secret)
