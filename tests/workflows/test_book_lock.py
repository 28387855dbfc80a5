"""One server for a SQLite book: whoever comes second is told, by whatever name; a killed one holds nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from shelfwise.errors import ConflictError, StorageError
from shelfwise.workflows.book_lock import keep_others_out
from shelfwise.workflows.shop import ShopSettings, one_server

HOLD = """
import sys, time
from shelfwise.workflows.book_lock import keep_others_out
with keep_others_out(sys.argv[1], ""):
    print("held", flush=True)
    time.sleep(60)
"""


def test_the_second_is_told_what_to_do_and_the_next_may(tmp_path: Path) -> None:
    book = tmp_path / "shop" / "stock.db"
    (tmp_path / "link").symlink_to(tmp_path / "shop")
    with keep_others_out(book, "end it first"):
        for name in (book, f"sqlite:///{book}", tmp_path / "link" / "stock.db"):
            refused = pytest.raises(ConflictError, match=f"^a server is running on {book}: end it first$")
            with refused, keep_others_out(name, "end it first"):
                pass
        with keep_others_out(tmp_path / "shop" / "other.db", ""):
            pass
    with keep_others_out(book, "end it first"):
        pass
    assert book.with_name("stock.db.lock").stat().st_mode & 0o077 == 0


def test_postgresql_may_have_several(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    url = "postgresql://shop@localhost/shop"
    with keep_others_out(url, ""), keep_others_out(url, ""):
        assert list(tmp_path.iterdir()) == []


def test_a_killed_one_holds_nothing(tmp_path: Path) -> None:
    book = tmp_path / "stock.db"
    with subprocess.Popen([sys.executable, "-c", HOLD, str(book)], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(ConflictError), keep_others_out(book, ""):
            pass
        process.kill()
    with keep_others_out(book, ""):
        pass


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError), keep_others_out(tmp_path / "file" / "stock.db", ""):
        pass


def test_a_shop_has_one_server_and_its_folder_stays_private(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    for settings in (ShopSettings(home), ShopSettings(home, str(home / "own.db"))):
        with one_server(settings):
            assert home.stat().st_mode & 0o777 == 0o700
            with pytest.raises(ConflictError, match="--home"), one_server(settings):
                pass
