import csv
import io
import json
import shutil

import pytest
from typer.testing import CliRunner

from shelfwise.accounts.audit import AuditLog
from shelfwise.accounts.invitations import Invitations
from shelfwise.accounts.tokens import Tokens
from shelfwise.accounts.users import Users
from shelfwise.cli.app import app
from shelfwise.database import open_database
from shelfwise.errors import NotFoundError, SignInError
from shelfwise.inventory.catalogue import Catalogue

GOOD = "seven green bottles"


@pytest.fixture
def book(sqlite_template, tmp_path, monkeypatch):
    """A stock book with two stores in the folder that the environment names."""
    monkeypatch.setenv("SHELFWISE_HOME", str(tmp_path / "shop"))
    monkeypatch.delenv("SHELFWISE_DATABASE", raising=False)
    path = tmp_path / "shop" / "stock.db"
    path.parent.mkdir()
    shutil.copy(sqlite_template, path)
    with open_database(path) as database:
        for name in ("Harbour", "Main street"):
            Catalogue(database).add_store(name, "test")
        yield database


def run(*arguments, stdin=None):
    return CliRunner().invoke(app, ["users", *arguments], input=stdin)


def ok(*arguments, stdin=None):
    done = run(*arguments, stdin=stdin)
    assert done.exit_code == 0, done.output
    return done.stdout


def refused(*arguments, stdin=None):
    done = run(*arguments, stdin=stdin)
    assert done.exit_code == 2
    return done.stderr


def secret_of(output):
    start = "http://127.0.0.1:8000/invitation/"
    assert output.startswith(start) and output.count("\n") == 1
    return output.removeprefix(start).strip()


def test_an_invited_user_signs_in_with_the_roles_given(book):
    output = ok("add", "Ana", "--role", "main street=Clerk", "--role", "Harbour=reader")
    Invitations(book).accept(secret_of(output), None, GOOD)
    user = Users(book).check_password("Ana", GOOD)
    assert user.roles == {1: "reader", 2: "clerk"} and not user.admin
    (entry,) = AuditLog(book).entries(action="link.make").items
    assert entry.user.endswith(" (terminal)")


def test_the_link_has_the_servers_address(book):
    output = ok("add", "Ana", "--address", "https://stock.example.org/")
    assert output.startswith("https://stock.example.org/invitation/")


def test_who_is_invited_is_listed_and_can_be_taken_back(book):
    done = run("add", "Eve")
    assert "Eve has no role yet" in done.stderr and "--address" in done.stderr
    (row,) = csv.DictReader(io.StringIO(ok("list", "--format", "csv")))
    assert (row["name"], row["state"]) == ("Eve", "invited") and row["link works until"]
    assert ok("take-back", "eve") == "Took the invitation of Eve back\n"
    assert Users(book).list() == []
    with pytest.raises(NotFoundError):
        Invitations(book).peek(secret_of(done.stdout))
    secret = secret_of(ok("add", "Eve", "--admin"))
    Invitations(book).accept(secret, None, GOOD)
    assert "disable them instead" in refused("take-back", "Eve")
    assert Users(book).check_password("Eve", GOOD)


def test_a_password_is_asked_for_twice(book):
    assert "Added Boss" in ok("add", "Boss", "--admin", "--password", stdin=f"{GOOD}\n{GOOD}\n")
    assert Users(book).check_password("boss", GOOD).admin
    done = run("add", "Mia", "--password", stdin=f"{GOOD}\nsomething else\n")
    assert done.exit_code != 0 and GOOD not in done.output
    assert "commonest" in refused("add", "Mia", "--password", stdin="password123\npassword123\n")
    assert [user.name for user in Users(book).list()] == ["Boss"]


def test_users_are_listed(book):
    ok("add", "Boss", "--admin", "--password", stdin=f"{GOOD}\n{GOOD}\n")
    mia = Users(book).add("Mia", roles={1: "manager"})
    Users(book).disable(Users(book).add("Zoe", GOOD).id)
    rows = list(csv.DictReader(io.StringIO(ok("list", "--format", "csv"))))
    assert [(row["name"], row["roles"], row["state"]) for row in rows] == [
        ("Boss", "admin", "active"),
        ("Mia", "Harbour: manager", "no password yet"),
        ("Zoe", "", "disabled"),
    ]
    assert json.loads(ok("list", "--format", "json").splitlines()[1])["name"] == mia.name
    assert "Harbour: manager" in ok("list")


def test_without_users_it_says_how_to_add_one(book):
    done = run("list")
    assert done.exit_code == 0 and "shelfwise users add" in done.stderr


def test_roles_change_only_where_they_are_named(book):
    Users(book).add("Ana", GOOD, roles={1: "reader", 2: "clerk"})
    assert ok("roles", "ana") == "Ana: Harbour: reader, Main street: clerk\n"
    assert ok("roles", "Ana", "--role", "Harbour=manager") == "Ana: Harbour: manager, Main street: clerk\n"
    assert ok("roles", "Ana", "--role", "Harbour=none") == "Ana: Main street: clerk\n"
    assert ok("roles", "Ana", "--role", "Main street=none") == "Ana: no role\n"
    assert ok("roles", "Ana", "--admin") == "Ana: admin\n"
    assert "last admin" in refused("roles", "Ana", "--no-admin")


@pytest.mark.parametrize(
    ("role", "reason"),
    [
        ("clerk", "STORE=ROLE"),
        ("Nowhere=clerk", "no store"),
        ("Harbour=boss", "no role"),
        ("Harbour=admin", "set admin"),
    ],
)
def test_strange_roles_are_refused(book, role, reason):
    assert reason in " ".join(refused("add", "Ana", "--role", role).split())
    assert Users(book).list() == []


def test_a_user_is_disabled_and_enabled(book):
    Users(book).add("Boss", GOOD, admin=True)
    Users(book).add("Ana", GOOD)
    assert ok("disable", "ana") == "Disabled Ana\n"
    with pytest.raises(SignInError):
        Users(book).check_password("Ana", GOOD)
    assert ok("enable", "ana") == "Enabled Ana\n"
    assert Users(book).check_password("Ana", GOOD)
    assert "last admin" in refused("disable", "Boss")
    assert "no user nobody" in refused("disable", "nobody")


def test_a_password_is_set_anew_by_the_link(book):
    ana = Users(book).add("Ana", GOOD)
    secret = secret_of(ok("reset-password", "Ana"))
    assert Users(book).check_password("Ana", GOOD)
    assert Invitations(book).accept(secret, None, "eight brown bottles").id == ana.id
    with pytest.raises(NotFoundError):
        Invitations(book).peek(secret)


def test_a_token_is_issued_listed_and_revoked(book):
    Users(book).add("Ana", GOOD, roles={1: "clerk", 2: "clerk"})
    secret = ok(
        "tokens",
        "issue",
        "Ana",
        "till",
        "--scope",
        "read",
        "--scope",
        "book",
        "--store",
        "Harbour",
        "--days",
        "9",
    ).strip()
    actor = Tokens(book).actor(secret)
    assert actor.allows("clerk", 1) and not actor.allows("reader", 2)
    (row,) = csv.DictReader(io.StringIO(ok("tokens", "list", "ana", "--format", "csv")))
    assert (row["user"], row["name"], row["scopes"], row["stores"]) == ("Ana", "till", "book read", "Harbour")
    assert row["expires"] > "2026" and row["last used"] and secret not in str(row)
    assert ok("tokens", "revoke", row["id"]) == "Revoked till of Ana\n"
    with pytest.raises(SignInError):
        Tokens(book).actor(secret)
    assert "There is no token" in run("tokens", "list").stderr
    assert "no token 99" in refused("tokens", "revoke", "99")
    assert "no scope" in refused("tokens", "issue", "Ana", "till", "--scope", "fly")


def test_another_book_can_be_named(book, sqlite_template, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(sqlite_template, other / "stock.db")
    ok("add", "Mia", "--password", "--home", str(other), stdin=f"{GOOD}\n{GOOD}\n")
    assert "Mia" in ok("list", "--database", str(other / "stock.db"))
    assert Users(book).list() == []


def test_without_a_book_it_says_how_to_make_one(tmp_path):
    assert "shelfwise db upgrade" in refused("list", "--home", str(tmp_path))


def test_help_shows_examples():
    for arguments in (["--help"], ["add", "--help"], ["tokens", "--help"], ["tokens", "issue", "--help"]):
        assert run(*arguments).exit_code == 0
    assert "shelfwise users roles Ana" in run("--help").output
