from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from shelfwise.accounts.records import ROLES, SCOPES, STORE_ROLES
from shelfwise.accounts.tables import tokens
from shelfwise.errors import EntryError, ForbiddenError, NotFoundError, SignInError


def test_a_token_says_who_acts_and_what_it_may(accounts):
    first, second = accounts.stores
    ana = accounts.user(roles={first: "manager", second: "reader"})
    issued = accounts.tokens.issue(ana.id, " Till  one ", ["book", "read"], by="Boss")
    actor = accounts.tokens.actor(issued.secret, "10.0.0.7")
    assert (actor.name, actor.via, actor.token_id, actor.session_id) == (
        "Ana",
        "token",
        issued.token.id,
        None,
    )
    assert actor.scopes == {"book", "read"} and actor.roles == {first: "manager", second: "reader"}
    assert actor.allows("clerk", first) and not actor.allows("manager", first)
    assert actor.allows("reader", second) and not actor.allows("clerk", second)
    assert (issued.token.name, issued.token.user, issued.token.revoked) == ("Till one", "Ana", False)
    entry = accounts.audit.entries(action="token.issue").items[0]
    assert entry.user == "Boss" and issued.secret not in str(entry)


def test_the_secret_is_not_kept(accounts):
    issued = accounts.tokens.issue(accounts.user().id, "till", ["read"])
    with accounts.db.read() as connection:
        assert issued.secret not in str(connection.execute(select(tokens)).all())


def test_a_token_can_be_limited_to_stores(accounts):
    first, second = accounts.stores
    ana = accounts.user(roles={first: "manager"})
    both = accounts.tokens.actor(accounts.tokens.issue(ana.id, "t", ["read"], [first, second]).secret)
    assert both.stores() == {first} and both.role(second) is None
    none = accounts.tokens.actor(accounts.tokens.issue(ana.id, "t", ["read"], [second]).secret)
    assert none.stores() == frozenset() and not none.allows("reader")


def test_an_admins_token_does_what_admins_do_only_with_that_scope(accounts):
    first, second = accounts.stores
    boss = accounts.user("Boss", admin=True)
    scopes = ["read", "book", "manage"]
    usual = accounts.tokens.actor(accounts.tokens.issue(boss.id, "t", scopes).secret)
    assert not usual.admin and not usual.allows("admin") and usual.stores() is None
    assert usual.allows("manager", first) and usual.allows("manager", second)
    full = accounts.tokens.actor(accounts.tokens.issue(boss.id, "t", [*scopes, "admin"]).secret)
    assert full.admin and full.allows("admin")
    one = accounts.tokens.actor(accounts.tokens.issue(boss.id, "t", scopes, [first]).secret)
    assert one.stores() == {first} and one.allows("manager", first) and not one.allows("reader", second)


def test_an_admins_token_says_that_it_is_the_one_that_lacks_something(accounts):
    first, second = accounts.stores
    boss = accounts.user("Boss", admin=True)
    limited = accounts.tokens.actor(accounts.tokens.issue(boss.id, "t", ["read", "book"], [first]).secret)
    with pytest.raises(ForbiddenError, match="this token is not for this store"):
        limited.require("clerk", second)
    with pytest.raises(ForbiddenError, match="this token lacks the scope admin"):
        limited.require("admin")


def test_the_audit_log_tells_where_tokens_are_issued_and_revoked_from(accounts):
    issued = accounts.tokens.issue(accounts.user().id, "till", ["read"], by="Boss", address="10.0.0.7")
    accounts.tokens.revoke(issued.token.id, by="Boss", address="10.0.0.8")
    told = {each.action: each.address for each in accounts.audit.entries(action="token.").items}
    assert told == {"token.issue": "10.0.0.7", "token.revoke": "10.0.0.8"}


def test_it_is_never_more_than_its_user_at_the_time(accounts):
    _, second = accounts.stores
    accounts.user("Other", admin=True)
    boss = accounts.user("Boss", admin=True)
    secret = accounts.tokens.issue(boss.id, "t", SCOPES).secret
    assert accounts.tokens.actor(secret).admin
    accounts.users.change(boss.id, admin=False, roles={second: "reader"})
    actor = accounts.tokens.actor(secret)
    assert not actor.admin and actor.stores() == {second}
    assert actor.allows("reader", second) and not actor.allows("clerk", second)
    accounts.users.disable(boss.id)
    with pytest.raises(SignInError):
        accounts.tokens.actor(secret)
    accounts.users.enable(boss.id)
    assert accounts.tokens.actor(secret).stores() == {second}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=12)
@given(
    st.booleans(),
    st.dictionaries(st.integers(0, 1), st.sampled_from(STORE_ROLES)),
    st.sets(st.sampled_from(SCOPES[:4]), min_size=1),
    st.none() | st.sets(st.integers(0, 1), min_size=1),
)
def test_no_token_allows_what_its_users_session_does_not(accounts, admin, roles, scopes, limited):
    number = len(accounts.users.list())
    held = {accounts.stores[each]: role for each, role in roles.items()}
    user = accounts.users.add(f"user {number}", admin=admin, roles=held)
    stores = None if limited is None else [accounts.stores[each] for each in limited]
    token = accounts.tokens.actor(accounts.tokens.issue(user.id, "t", scopes, stores).secret)
    session = accounts.sessions.actor(accounts.sessions.start(user).secret)
    for role in ROLES:
        for store in (None, *accounts.stores):
            assert session.allows(role, store) or not token.allows(role, store)
            if store is not None and stores is not None and store not in stores:
                assert not token.allows(role, store)


def test_a_revoked_token_is_nobodys_at_once(accounts):
    issued = accounts.tokens.issue(accounts.user().id, "till", ["read"])
    accounts.tokens.actor(issued.secret)
    accounts.tokens.revoke(issued.token.id, by="Boss")
    accounts.tokens.revoke(issued.token.id, by="Boss")
    with pytest.raises(SignInError, match="revoked"):
        accounts.tokens.actor(issued.secret)
    assert accounts.actions() == ["token.revoke"]
    assert accounts.tokens.get(issued.token.id).revoked
    with pytest.raises(NotFoundError):
        accounts.tokens.revoke(99)
    with pytest.raises(NotFoundError):
        accounts.tokens.get(99)


def test_a_token_expires(accounts):
    ana = accounts.user()
    ends = accounts.clock() + timedelta(days=30)
    secret = accounts.tokens.issue(ana.id, "till", ["read"], expires_at=ends).secret
    accounts.clock.go(days=29)
    assert accounts.tokens.actor(secret)
    accounts.clock.go(days=1)
    with pytest.raises(SignInError):
        accounts.tokens.actor(secret)
    with pytest.raises(EntryError, match="a time to come"):
        accounts.tokens.issue(ana.id, "till", ["read"], expires_at=ends)


def test_a_session_ending_does_not_end_tokens(accounts):
    ana = accounts.user()
    secret = accounts.tokens.issue(ana.id, "till", ["read"]).secret
    accounts.users.set_password(ana.id, "eight brown bottles")
    assert accounts.tokens.actor(secret).user_id == ana.id


def test_tokens_are_listed(accounts):
    ana, mia = accounts.user("Ana"), accounts.user("Mia")
    for user, name in ((mia, "one"), (ana, "two"), (ana, "three")):
        accounts.tokens.issue(user.id, name, ["read"], [accounts.stores[0]])
    assert [token.name for token in accounts.tokens.list()] == ["two", "three", "one"]
    two, three = accounts.tokens.list(ana.id)
    accounts.tokens.revoke(two.id)
    assert accounts.tokens.list(ana.id) == [three]
    assert [token.id for token in accounts.tokens.list(ana.id, revoked=True)] == [two.id, three.id]
    assert three.store_ids == {accounts.stores[0]} and three.last_used is None


def test_a_use_is_written_down_once_a_minute(accounts, statements):
    issued = accounts.tokens.issue(accounts.user().id, "till", ["read"])
    accounts.tokens.actor(issued.secret)
    assert accounts.tokens.get(issued.token.id).last_used == accounts.clock()
    statements()
    accounts.clock.go(seconds=59)
    accounts.tokens.actor(issued.secret)
    assert [each.split()[0] for each in statements()] == ["SELECT"]
    accounts.clock.go(seconds=1)
    accounts.tokens.actor(issued.secret)
    assert accounts.users.get(issued.token.user_id).last_seen == accounts.clock()


def test_what_cannot_be_issued_is_told(accounts):
    first, _ = accounts.stores
    accounts.user("Boss", admin=True)
    ana, boss = accounts.user(), accounts.users.by_name("Boss")
    for arguments, reason in (
        ((ana.id, "t", []), "one or more of"),
        ((ana.id, "t", ["fly"]), "no scope"),
        ((ana.id, "t", ["admin"]), "for admins, and Ana is none"),
        ((boss.id, "t", ["admin"], [first]), "not limited to stores"),
        ((ana.id, "t", ["read"], []), "one store or more"),
        ((ana.id, "t", ["read"], [99]), "no store 99"),
        ((ana.id, "t", ["read"], [2**70]), "no store"),
        ((ana.id, " ", ["read"]), "give a name"),
    ):
        with pytest.raises(EntryError, match=reason):
            accounts.tokens.issue(*arguments)
    with pytest.raises(NotFoundError):
        accounts.tokens.issue(99, "t", ["read"])
    accounts.users.disable(ana.id)
    with pytest.raises(ForbiddenError, match="disabled"):
        accounts.tokens.issue(ana.id, "t", ["read"])
    assert accounts.tokens.list(revoked=True) == []


@pytest.mark.parametrize("secret", ["", "wrong", "\ud800", "x" * 5000])
def test_a_wrong_secret_is_nobodys(accounts, secret):
    with pytest.raises(SignInError):
        accounts.tokens.actor(secret)
