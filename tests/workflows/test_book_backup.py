"""Backups: whole, while others write, from either database into either; a damaged one is refused."""

import contextlib
import sqlite3
import threading
from decimal import Decimal
from pathlib import Path

import pytest

from shelfwise.accounts.audit import AuditLog
from shelfwise.accounts.users import Users
from shelfwise.database import Database, open_database
from shelfwise.errors import ConflictError, DatabaseError
from shelfwise.inventory.catalogue import Catalogue
from shelfwise.inventory.ledger import Ledger
from shelfwise.inventory.levels import Levels
from shelfwise.inventory.records import Line, NewProduct
from shelfwise.workflows.book_backup import back_up, restore
from shelfwise.workflows.book_check import check_all
from shelfwise.workflows.book_lock import keep_others_out


def filled(database: Database) -> tuple[int, int]:
    book = Catalogue(database)
    store = book.add_store("Shop")
    shelf = book.location_at(store.id, "A / B", create=True)
    tea = book.add_product(NewProduct("Tea", "drinks"))
    ledger = Ledger(database)
    booked = ledger.book([Line("received", tea.id, store.root_id, Decimal("9.5"))], user="ana", key="k")
    ledger.book([Line("moved", tea.id, store.root_id, Decimal(2), to_location_id=shelf.id)], user="ana")
    ledger.undo(booked.movements[0].id, user="ana")
    Users(database).add("ana", None, admin=True)
    return tea.id, store.id


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "new" / "stock.db")
    found: str = request.getfixturevalue("empty_postgresql_url")
    return found


def test_a_backup_of_either_goes_into_either(database: Database, target: str, tmp_path: Path) -> None:
    tea, store = filled(database)
    written = back_up(database, tmp_path / "backup.db")
    assert written.movements == 4
    done = restore(target, written.path, by="ana (terminal)")
    assert (done.movements, done.kept) == (4, None)
    with open_database(target) as new:
        [told] = AuditLog(new).entries(action="book.restore").items
        assert (told.user, told.subject, told.details) == ("ana (terminal)", "backup.db", {"movements": 4})
        assert Levels(new).level(tea, store) == Levels(database).level(tea, store) == 0
        assert check_all(new) == ()
        # It goes on: numbers that are counted up do not meet those that are there.
        Catalogue(new).add_product(NewProduct("Rice"))
        Ledger(new).book([Line("received", tea, 1, Decimal(1))], user="ana")
        assert Ledger(new).book([Line("received", tea, 1, Decimal("9.5"))], user="ana", key="k").repeated
        assert check_all(new) == ()


def test_a_book_is_replaced_on_request_alone_and_kept(database: Database, tmp_path: Path) -> None:
    tea, store = filled(database)
    where = database.url.render_as_string(hide_password=False)
    written = back_up(database, tmp_path / "backup.db")
    Ledger(database).book([Line("received", tea, 1, Decimal(100))], user="ana")
    with pytest.raises(ConflictError, match="--replace"):
        restore(where, written.path)
    assert Levels(database).level(tea, store) == 100
    done = restore(where, written.path, replace=True)
    with open_database(where) as back:
        assert Levels(back).level(tea, store) == 0
    assert done.kept.is_absolute()
    book = database.url.database
    assert done.kept.parent == (Path(book).parent if database.dialect == "sqlite" else tmp_path)
    with open_database(done.kept) as kept:
        assert Levels(kept).level(tea, store) == 100


def test_a_book_that_a_server_runs_on_is_not_replaced(sqlite_database: Database, tmp_path: Path) -> None:
    tea, store = filled(sqlite_database)
    where = sqlite_database.url.render_as_string()
    written = back_up(sqlite_database, tmp_path / "backup.db")
    Ledger(sqlite_database).book([Line("received", tea, 1, Decimal(100))], user="ana")
    with (
        keep_others_out(where, ""),
        pytest.raises(ConflictError, match=r"a server is running on .*: end it first, then restore again"),
    ):
        restore(where, written.path, replace=True)
    assert Levels(sqlite_database).level(tea, store) == 100
    assert list(tmp_path.glob("**/before-restore-*")) == []
    restore(where, written.path, replace=True)


def test_a_backup_is_of_one_moment_while_others_book(database: Database, tmp_path: Path) -> None:
    tea, _ = filled(database)
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            Ledger(database).book([Line("received", tea, 1, Decimal(1))], user="ana")

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for number in range(3):
            back_up(database, tmp_path / f"{number}.db")
    finally:
        stop.set()
        thread.join()
    for number in range(3):
        with open_database(tmp_path / f"{number}.db") as copy:
            assert check_all(copy) == ()


@pytest.mark.parametrize("content", [b"", b"no database" * 50], ids=["empty", "text"])
def test_what_is_no_backup_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "b.db").write_bytes(content)
    with pytest.raises(DatabaseError, match=r"b\.db is no backup of a stock book"):
        restore(tmp_path / "stock.db", tmp_path / "b.db")
    assert not (tmp_path / "stock.db").exists()


def test_a_damaged_backup_leaves_the_book_as_it_is(sqlite_database: Database, tmp_path: Path) -> None:
    tea, store = filled(sqlite_database)
    written = back_up(sqlite_database, tmp_path / "backup.db")
    data = bytearray(written.path.read_bytes())
    data[4096:12288] = b"\xff" * 8192
    written.path.write_bytes(data)
    where = sqlite_database.url.render_as_string()
    with pytest.raises(DatabaseError, match="damaged"):
        restore(where, written.path, replace=True)
    assert Levels(sqlite_database).level(tea, store) == 0


def test_a_book_that_does_not_balance_is_found(sqlite_database: Database) -> None:
    filled(sqlite_database)
    assert check_all(sqlite_database) == ()
    with sqlite3.connect(str(sqlite_database.url.database)) as raw:
        raw.execute("UPDATE levels SET quantity = quantity + 1000")
    assert any("Tea" in problem or "level" in problem for problem in check_all(sqlite_database))


def test_a_copy_goes_on_where_it_was_while_others_book(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tea, _ = filled(sqlite_database)
    monkeypatch.setattr("shelfwise.workflows.book_backup._PAGES", 4)
    copied: list[int] = []

    def book_something(done: int, total: int) -> None:
        copied.append(done)
        Ledger(sqlite_database).book([Line("received", tea, 1, Decimal(1))], user="ana")
        assert len(copied) < total, "each booking begins the copy anew"

    written = back_up(sqlite_database, tmp_path / "backup.db", book_something)
    assert len(copied) > 5
    assert copied == sorted(copied)
    assert written.movements == 4
    with open_database(written.path) as copy:
        assert check_all(copy) == ()


@pytest.mark.parametrize("replace", [False, True])
def test_another_programs_database_is_left_alone(
    sqlite_database: Database, tmp_path: Path, replace: bool
) -> None:
    filled(sqlite_database)
    written = back_up(sqlite_database, tmp_path / "backup.db")
    other = tmp_path / "other.db"
    with contextlib.closing(sqlite3.connect(other)) as raw:
        raw.execute("CREATE TABLE letters (text)")
    before = other.read_bytes()
    with pytest.raises(ConflictError, match="another program's tables"):
        restore(other, written.path, replace=replace)
    assert other.read_bytes() == before


def test_a_damaged_book_gives_way_once_it_is_moved(sqlite_database: Database, tmp_path: Path) -> None:
    tea, store = filled(sqlite_database)
    written = back_up(sqlite_database, tmp_path / "backup.db")
    broken = tmp_path / "broken.db"
    data = bytearray(written.path.read_bytes())
    data[8192:16384] = b"\xff" * 8192
    for content in (bytes(data), b"no database" * 50):
        broken.write_bytes(content)
        with pytest.raises(DatabaseError, match="move it away"):
            restore(broken, written.path, replace=True)
        assert broken.read_bytes() == content
        broken.unlink()
    restore(broken, written.path)
    with open_database(broken) as back:
        assert Levels(back).level(tea, store) == 0
