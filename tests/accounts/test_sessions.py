from datetime import timedelta

import pytest
from sqlalchemy import event, select

from shelfwise.accounts.sessions import Sessions
from shelfwise.accounts.tables import sessions
from shelfwise.accounts.users import Users
from shelfwise.errors import NotFoundError, SignInError, StorageError

GOOD = "seven green bottles"


def test_a_session_says_who_acts(accounts):
    first, second = accounts.stores
    ana = accounts.user(roles={first: "clerk", second: "reader"})
    started = accounts.sessions.start(ana, "10.0.0.7", "Firefox")
    actor = accounts.sessions.actor(started.secret, "10.0.0.7")
    assert (actor.name, actor.user_id, actor.admin, actor.via) == ("Ana", ana.id, False, "session")
    assert actor.roles == {first: "clerk", second: "reader"}
    assert actor.scopes is None and actor.token_id is None and actor.session_id == started.id
    assert accounts.sessions.actor(accounts.session_of(accounts.user("Boss", admin=True))).admin


def test_roles_hold_from_the_next_request_on(accounts):
    first, _ = accounts.stores
    ana = accounts.user(roles={first: "clerk"})
    secret = accounts.session_of(ana)
    accounts.users.change(ana.id, roles={first: "reader"})
    assert accounts.sessions.actor(secret).roles == {first: "reader"}
    accounts.users.change(ana.id, roles={})
    assert accounts.sessions.actor(secret).roles == {}


@pytest.mark.parametrize("secret", ["", "wrong", "\ud800", "x" * 5000, "' OR 1=1 --"])
def test_a_wrong_secret_is_nobodys(accounts, secret):
    accounts.session_of(accounts.user())
    with pytest.raises(SignInError, match="sign in"):
        accounts.sessions.actor(secret)


def test_the_secret_is_not_kept(accounts):
    secret = accounts.session_of(accounts.user())
    with accounts.db.read() as connection:
        kept = str(connection.execute(select(sessions)).all())
    assert secret not in kept and accounts.sessions.csrf(secret) not in kept
    assert secret not in str(accounts.audit.entries())


def test_it_is_one_indexed_query_and_a_write_a_minute(accounts, statements):
    ana = accounts.user(roles={accounts.stores[0]: "clerk"})
    secret = accounts.session_of(ana)
    statements()
    for _ in range(3):
        accounts.sessions.actor(secret, "10.0.0.7")
    assert [each.split()[0] for each in statements()] == ["SELECT"] * 3
    accounts.clock.go(seconds=61)
    accounts.sessions.actor(secret, "10.0.0.9")
    assert [each.split()[0] for each in statements()] == ["SELECT", "UPDATE", "UPDATE"]
    accounts.sessions.actor(secret, "10.0.0.9")
    assert len(statements()) == 1
    assert accounts.users.get(ana.id).last_seen == accounts.clock()
    (listed,) = accounts.sessions.list(ana.id)
    assert (listed.last_used, listed.address) == (accounts.clock(), "10.0.0.9")


def test_the_query_uses_the_index_on_secrets(sqlite_database, clock):
    plan = "EXPLAIN QUERY PLAN SELECT 1 FROM sessions JOIN users ON users.id = sessions.user_id "
    plan += "LEFT JOIN user_roles ON user_roles.user_id = sessions.user_id WHERE sessions.secret_hash = 'x'"
    with sqlite_database.read() as connection:
        steps = [row[3] for row in connection.exec_driver_sql(plan)]
    assert all(step.startswith("SEARCH") for step in steps) and "secret_hash" in steps[0]


def test_it_ends_after_a_time_without_use(accounts):
    secret = accounts.session_of(accounts.user())
    for _ in range(5):
        accounts.clock.go(hours=11)
        accounts.sessions.actor(secret)
    accounts.clock.go(hours=12, seconds=1)
    with pytest.raises(SignInError):
        accounts.sessions.actor(secret)


def test_it_ends_at_the_latest_after_a_fixed_time(accounts):
    started = accounts.sessions.start(accounts.user(), lasts=timedelta(days=2))
    for _ in range(7):
        accounts.clock.go(hours=6)
        accounts.sessions.actor(started.secret)
    accounts.clock.go(hours=6)
    assert accounts.clock() == started.expires_at
    with pytest.raises(SignInError):
        accounts.sessions.actor(started.secret)


def test_sessions_that_have_ended_are_cleared_away(accounts):
    ana = accounts.user()
    accounts.session_of(ana)
    accounts.clock.go(days=1)
    assert accounts.sessions.list(ana.id) == []
    accounts.session_of(ana)
    with accounts.db.read() as connection:
        assert len(connection.execute(select(sessions)).all()) == 1


def test_signing_out_ends_this_session_alone(accounts):
    ana = accounts.user()
    one, other = accounts.session_of(ana), accounts.session_of(ana)
    accounts.sessions.end(one)
    accounts.sessions.end(one)
    with pytest.raises(SignInError):
        accounts.sessions.actor(one)
    assert accounts.sessions.actor(other)


def test_a_new_password_ends_all_sessions_but_the_one_that_set_it(accounts):
    ana, mia = accounts.user("Ana"), accounts.user("Mia")
    here, there, other = accounts.session_of(ana), accounts.session_of(ana), accounts.session_of(mia)
    accounts.users.set_password(
        ana.id, "eight brown bottles", but_session=accounts.sessions.actor(here).session_id
    )
    assert accounts.sessions.actor(here) and accounts.sessions.actor(other)
    with pytest.raises(SignInError):
        accounts.sessions.actor(there)
    accounts.users.set_password(ana.id, GOOD)
    assert accounts.sessions.list(ana.id) == []


def test_a_disabled_user_has_no_session_and_gets_none(accounts):
    accounts.user("Boss", admin=True)
    ana = accounts.user()
    secret = accounts.session_of(ana)
    accounts.users.disable(ana.id)
    with pytest.raises(SignInError):
        accounts.sessions.actor(secret)
    with pytest.raises(SignInError):
        accounts.sessions.start(ana)
    accounts.users.enable(ana.id)
    with pytest.raises(SignInError):
        accounts.sessions.actor(secret)


def test_a_user_sees_and_ends_their_own_sessions_only(accounts):
    ana, mia = accounts.user("Ana"), accounts.user("Mia")
    accounts.sessions.start(ana, "10.0.0.7", "Firefox\x1b[31m " + "x" * 900)
    accounts.clock.go(minutes=1)
    accounts.session_of(ana)
    listed = accounts.sessions.list(ana.id)
    assert [each.device[:7] for each in listed] == ["Firefox", "Firefox"]
    assert all(len(each.device) <= 200 and each.device.isprintable() for each in listed)
    with pytest.raises(NotFoundError):
        accounts.sessions.end_one(mia.id, listed[1].id)
    accounts.sessions.end_one(ana.id, listed[1].id)
    assert [each.id for each in accounts.sessions.list(ana.id)] == [listed[0].id]
    assert accounts.sessions.end_all(ana.id) == 1


def test_ids_are_not_given_twice(accounts):
    ana = accounts.user()
    first = accounts.sessions.start(ana)
    accounts.sessions.end(first.secret)
    assert accounts.sessions.start(ana).id > first.id


def test_a_csrf_token_is_good_for_its_session_alone(accounts):
    ana = accounts.user()
    one, other = accounts.sessions.start(ana), accounts.sessions.start(ana)
    assert accounts.sessions.csrf(one.secret) == one.csrf != other.csrf
    assert accounts.sessions.csrf_ok(one.secret, one.csrf)
    for token in (other.csrf, "", one.secret, one.csrf + "x", "\ud800"):
        assert not accounts.sessions.csrf_ok(one.secret, token)


def test_starting_is_told(accounts):
    ana = accounts.user()
    accounts.session_of(ana)
    (entry,) = accounts.audit.entries(action="session.start").items
    assert (entry.user, entry.address, entry.details) == (
        "Ana",
        "10.0.0.7",
        {"device": "Firefox on Android"},
    )


def test_where_nothing_can_be_written_people_stay_signed_in(sqlite_database, clock, passwords):
    user = Users(sqlite_database, passwords=passwords, now=clock).add("Ana", GOOD)
    ways = Sessions(sqlite_database, now=clock)
    secret = ways.start(user).secret
    clock.go(minutes=5)
    sqlite_database.engine.dispose()
    event.listen(sqlite_database.engine, "connect", lambda made, _: made.execute("PRAGMA query_only = ON"))
    with pytest.raises(StorageError):
        ways.end(secret)
    assert ways.actor(secret).name == "Ana"
