import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelfwise.accounts.records import ROLES, SCOPES, Actor
from shelfwise.errors import ForbiddenError

stores = st.integers(1, 4)
roles = st.dictionaries(stores, st.sampled_from(ROLES[:3]))


def test_a_role_in_a_store_allows_what_is_below_it_there_and_nothing_elsewhere():
    clerk = Actor("Ana", 1, admin=False, roles={7: "clerk"})
    assert clerk.allows("reader", 7) and clerk.allows("clerk", 7) and not clerk.allows("manager", 7)
    assert not clerk.allows("reader", 8)
    assert clerk.allows("clerk") and not clerk.allows("manager")
    assert clerk.role(7) == "clerk" and clerk.role(8) is None
    assert clerk.stores() == {7}


def test_an_admin_may_do_all_everywhere():
    admin = Actor("Ana", 1, admin=True)
    assert all(admin.allows(role, store) for role in ROLES for store in (None, 1, 99))
    assert admin.stores() is None


def test_who_has_no_role_may_do_nothing():
    nobody = Actor("Ana", 1, admin=False)
    assert not nobody.allows("reader") and nobody.stores() == frozenset()
    with pytest.raises(ForbiddenError, match="needs the role reader"):
        nobody.require("reader")


def test_a_token_needs_the_scope_too():
    token = Actor("Ana", 1, admin=False, roles={7: "manager"}, scopes=frozenset({"read", "classify"}))
    assert token.allows("reader", 7)
    assert not token.allows("clerk", 7)
    assert token.allows("clerk", 7, scope="classify")
    with pytest.raises(ForbiddenError, match="lacks the scope manage"):
        token.require("manager", 7)
    with pytest.raises(ForbiddenError, match="needs the role admin"):
        token.require("admin")


@pytest.mark.parametrize(
    ("role", "store", "scope", "words"),
    [
        ("clerk", 7, None, "this token lacks the scope book: issue one that has it"),
        ("reader", 8, None, "this token is not for this store: issue one that is"),
        ("manager", None, None, "this token lacks the scope manage: issue one that has it"),
        ("clerk", 9, "classify", "this needs the role clerk in this store: ask an admin for it"),
        ("admin", None, None, "this needs the role admin: ask an admin for it"),
        (
            "manager",
            None,
            "read",
            "this needs the role manager in one of this token's stores: issue one for another store",
        ),
    ],
)
def test_a_token_is_told_to_be_at_fault_where_its_user_may(role, store, scope, words):
    ana = Actor("Ana", 1, admin=False, roles={7: "clerk", 8: "manager"})
    scopes = frozenset({"read", "classify"})
    token = Actor("Ana", 1, admin=False, roles={7: "clerk"}, scopes=scopes, owner=ana)
    with pytest.raises(ForbiddenError) as refused:
        token.require(role, store, scope=scope)
    assert str(refused.value) == words


@given(roles, st.sampled_from(ROLES), st.none() | stores, st.sets(st.sampled_from(SCOPES)))
def test_scopes_only_ever_take_away(held, role, store, scopes):
    session = Actor("Ana", 1, admin=False, roles=held)
    token = Actor("Ana", 1, admin=False, roles=held, scopes=frozenset(scopes))
    for scope in (None, *SCOPES):
        assert session.allows(role, store, scope=scope) or not token.allows(role, store, scope=scope)
    assert not Actor("Ana", 1, admin=True, scopes=frozenset()).allows(role, store)


@given(roles, stores)
def test_roles_are_ordered(held, store):
    actor = Actor("Ana", 1, admin=False, roles=held)
    allowed = [actor.allows(role, store) for role in ROLES]
    assert allowed == sorted(allowed, reverse=True)
    assert allowed[0] == (store in actor.stores())
