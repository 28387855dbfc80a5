import threading

import pytest
from sqlalchemy import select

from shelfwise.accounts.passwords import Passwords
from shelfwise.accounts.tables import users
from shelfwise.accounts.users import Users
from shelfwise.errors import ConflictError, EntryError, NotFoundError, SignInError

GOOD = "seven green bottles"


def test_an_added_user_is_found_and_signs_in(accounts):
    first, second = accounts.stores
    ana = accounts.users.add(" Ana  Ruiz ", GOOD, roles={first: "clerk", second: "manager"}, by="Boss")
    assert ana.name == "Ana Ruiz" and not ana.admin and not ana.disabled
    assert ana.roles == {first: "clerk", second: "manager"}
    assert accounts.users.get(ana.id) == accounts.users.by_name("ANA RUIZ") == ana
    assert accounts.users.check_password("ana ruiz", GOOD).id == ana.id
    entry = accounts.audit.entries().items[0]
    assert (entry.user, entry.action, entry.subject) == ("Boss", "user.add", "Ana Ruiz")
    assert GOOD not in str(entry)


def test_users_are_listed_by_name(accounts):
    for name in ("zoe", "Ana", "Mia"):
        accounts.user(name)
    assert [user.name for user in accounts.users.list()] == ["Ana", "Mia", "zoe"]


def test_a_name_is_given_once(accounts):
    accounts.user("Ana")
    mia = accounts.user("Mia")
    with pytest.raises(ConflictError, match="a user Ana already"):
        accounts.user("ANA")
    with pytest.raises(ConflictError):
        accounts.users.change(mia.id, name="ana")
    assert accounts.users.change(mia.id, name="MIA").name == "MIA"


@pytest.mark.parametrize(
    ("roles", "reason"),
    [
        ({999: "clerk"}, "no store 999"),
        ({2**70: "clerk"}, "no store"),
        ({-1: "clerk"}, "no store -1"),
        ({0: "admin"}, "set admin instead"),
        ({0: "boss"}, "no role"),
    ],
)
def test_strange_roles_are_refused_and_nobody_is_added(accounts, roles, reason):
    given = {store or accounts.stores[0]: role for store, role in roles.items()}
    with pytest.raises(EntryError, match=reason):
        accounts.user(roles=given)
    assert accounts.users.list() == []


def test_what_changes_is_told_with_before_and_after(accounts):
    first, second = accounts.stores
    ana = accounts.user(roles={first: "clerk"})
    changed = accounts.users.change(ana.id, name="Ana R.", roles={second: "reader"}, by="Boss")
    assert (changed.name, changed.roles) == ("Ana R.", {second: "reader"})
    details = accounts.audit.entries(action="user.change").items[0].details
    assert details["name"] == {"before": "Ana", "after": "Ana R."}
    assert details["roles"] == {"before": {str(first): "clerk"}, "after": {str(second): "reader"}}
    accounts.users.change(ana.id, name="Ana R.", by="Boss")
    assert len(accounts.audit.entries(action="user.change").items) == 1


def test_unknown_users_are_told(accounts):
    for call in (
        lambda: accounts.users.get(99),
        lambda: accounts.users.by_name("nobody"),
        lambda: accounts.users.change(99, admin=True),
        lambda: accounts.users.disable(99),
        lambda: accounts.users.enable(99),
        lambda: accounts.users.set_password(99, GOOD),
    ):
        with pytest.raises(NotFoundError):
            call()


def test_wrong_name_password_and_disabled_user_get_the_same_answer(accounts):
    accounts.user("Boss", admin=True)
    ana = accounts.user("Ana")
    accounts.users.add("Mia")
    accounts.users.disable(ana.id)
    answers = set()
    for name, password in (("Boss", "wrong wrong wrong"), ("nobody", GOOD), ("Ana", GOOD), ("Mia", GOOD)):
        with pytest.raises(SignInError) as caught:
            accounts.users.check_password(name, password, "10.0.0.7")
        answers.add(str(caught.value))
    assert answers == {"wrong name or password"}
    told = accounts.audit.entries(action="session.fail").items
    assert [entry.subject for entry in told] == ["Mia", "Ana", "", "Boss"]


def test_the_last_admin_stays(accounts):
    boss = accounts.user("Boss", admin=True)
    accounts.users.add("No password yet", admin=True)
    for call in (accounts.users.disable, lambda user_id: accounts.users.change(user_id, admin=False)):
        with pytest.raises(ConflictError, match="last admin"):
            call(boss.id)
    other = accounts.user("Other", admin=True)
    assert not accounts.users.change(boss.id, admin=False).admin
    with pytest.raises(ConflictError, match="last admin"):
        accounts.users.disable(other.id)
    accounts.users.disable(boss.id)
    assert accounts.users.get(boss.id).disabled
    assert accounts.users.disable(boss.id).disabled


def test_two_admins_who_disable_each_other_cannot_both_succeed(accounts):
    for round_ in range(4):
        for user in accounts.users.list():
            accounts.users.enable(user.id)
        pair = accounts.users.list() or [accounts.user(name, admin=True) for name in ("Ana", "Mia")]
        start, results = threading.Barrier(2), []

        def disable(user, start=start, results=results):
            start.wait()
            try:
                accounts.users.disable(user.id)
                results.append(True)
            except ConflictError:
                results.append(False)

        threads = [threading.Thread(target=disable, args=(user,)) for user in pair]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(results) == [False, True], round_


def test_a_disabled_user_comes_back(accounts):
    accounts.user("Boss", admin=True)
    ana = accounts.user("Ana")
    accounts.users.disable(ana.id, by="Boss")
    accounts.users.enable(ana.id, by="Boss")
    assert not accounts.users.check_password("Ana", GOOD).disabled
    assert accounts.actions() == ["user.disable", "user.enable"]


def test_a_new_password_replaces_the_old_one(accounts):
    ana = accounts.user()
    with pytest.raises(EntryError):
        accounts.users.set_password(ana.id, "Ana")
    accounts.users.set_password(ana.id, "eight brown bottles", by="Ana")
    assert accounts.users.check_password("Ana", "eight brown bottles")
    with pytest.raises(SignInError):
        accounts.users.check_password("Ana", GOOD)
    assert "user.password" in accounts.actions()


def test_a_password_of_weaker_parameters_is_hashed_anew_when_it_is_used(accounts):
    ana = accounts.user()
    stronger = Users(accounts.db, passwords=Passwords(time_cost=2, memory_cost=16), now=accounts.clock)

    def kept():
        with accounts.db.read() as connection:
            return connection.execute(select(users.c.password).where(users.c.id == ana.id)).scalar_one()

    before = kept()
    stronger.check_password("Ana", GOOD)
    assert kept() != before and "t=2" in kept()
    assert stronger.check_password("Ana", GOOD) and accounts.users.check_password("Ana", GOOD)


@pytest.mark.parametrize("name", ["", "a\0b", "\ud800", "x" * 1000, "' OR 1=1 --", "\ufdfa" * 64])
def test_strange_names_are_nobodys(accounts, name):
    with pytest.raises(SignInError):
        accounts.users.check_password(name, "\0\ud800" * 9, "\0" * 99)
    with pytest.raises(NotFoundError):
        accounts.users.by_name(name)
