"""``shelfwise stock`` and ``shelfwise db`` as a person would use them."""

import json
import shutil
import time
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from shelfwise.accounts.audit import AuditLog
from shelfwise.cli.app import app
from shelfwise.database import open_database
from shelfwise.inventory.catalogue import Catalogue


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SHELFWISE_HOME", str(tmp_path / "shop"))
    monkeypatch.delenv("SHELFWISE_DATABASE", raising=False)

    def call(*args: str, code: int = 0) -> Result:
        result = CliRunner().invoke(app, list(args))
        assert result.exit_code == code, result.output
        return result

    return call


@pytest.fixture(scope="module")
def opened(tmp_path_factory) -> Path:
    """A shop's folder whose book has a store and two products, made once; tests work on copies of it."""
    home = tmp_path_factory.mktemp("opened") / "shop"
    tea = ("Tea", "--minimum", "2", "--target", "12", "--pack-size", "5")
    oat = ("Oat drink", "--category", "drinks/milk", "--gtin", "4006381333931", "--minimum", "6")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHELFWISE_HOME", str(home))
        patch.delenv("SHELFWISE_DATABASE", raising=False)
        for arguments in (
            ("db", "upgrade"),
            ("stock", "add-store", "Corner shop"),
            ("stock", "add-product", *oat),
            ("stock", "add-product", *tea),
        ):
            result = CliRunner().invoke(app, list(arguments))
            assert result.exit_code == 0, result.output
    return home


@pytest.fixture
def stock(run, opened, tmp_path):
    """``shelfwise stock``, on a book with a store and two products."""
    shutil.copytree(opened, tmp_path / "shop")

    def call(*args: str, code: int = 0) -> Result:
        return run("stock", *args, code=code)

    return call


def lines(result: Result) -> list[dict]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_without_a_book_it_says_what_to_run(run) -> None:
    assert "shelfwise db upgrade" in run("stock", "list", code=2).output


def test_without_a_store_it_says_what_to_run(run) -> None:
    run("db", "upgrade")
    assert "shelfwise stock add-store" in run("stock", "list", code=2).output


def test_what_is_booked_is_in_the_list_low_first(stock) -> None:
    assert "now 24" in stock("received", "oat drink", "24", "--reason", "delivery 118").stdout
    stock("sold", "4006381333931", "20.5")
    found = lines(stock("list", "--format", "json"))
    assert [(row["product"], row["level"], row["state"]) for row in found] == [
        ("Tea", "0", "out"),
        ("Oat drink", "3.5", "low"),
    ]
    assert lines(stock("list", "oat", "--state", "ok", "--format", "json")) == []


def test_a_key_books_once(stock) -> None:
    stock("received", "Tea", "5", "--key", "d-1")
    assert "Booked before" in stock("received", "Tea", "5", "--key", "d-1").stdout
    assert "another booking" in stock("received", "Tea", "6", "--key", "d-1", code=2).output
    assert lines(stock("level", "Tea", "--format", "json"))[0]["level"] == "5"


def test_a_move_a_count_and_an_undo(stock) -> None:
    stock("add-place", "Aisle 1 / Shelf 2")
    stock("received", "Tea", "9")
    stock("move", "Tea", "4", "--to", "aisle 1/shelf 2")
    stock("count", "Tea", "3", "--place", "Aisle 1 / Shelf 2")
    stock("undo", "1", "--reason", "mistyped")
    found = {row["place"]: row["level"] for row in lines(stock("level", "Tea", "--format", "json"))}
    assert found == {"(the store itself)": "-4", "Aisle 1 / Shelf 2": "3"}
    stock("undo", "1", code=2)
    assert [row["number"] for row in lines(stock("history", "--kind", "moved", "--format", "json"))] == [3, 2]
    short = lines(stock("shrinkage", "--format", "json"))
    assert [(row["expected"], row["counted"], row["difference"]) for row in short] == [("4", "3", "-1")]


def test_corrections_may_be_below_zero(stock) -> None:
    stock("correct", "Tea", "--", "-2")
    stock("correct", "Tea", "-0.5", "--reason", "-3")
    stock("correct", "--reason=slip", "Tea", "-1")
    assert lines(stock("level", "Tea", "--format", "json"))[0]["level"] == "-3.5"
    assert [row["reason"] for row in lines(stock("history", "--format", "json"))] == ["slip", "-3", None]


@pytest.mark.parametrize("kind", ["received", "sold", "wasted", "count"])
def test_a_quantity_has_no_sign(stock, kind: str) -> None:
    assert "error: quantity: give 3, without a sign: " in stock(kind, "Tea", "-3", code=2).output
    assert "give 2.5, without a sign" in stock("move", "Tea", "-2.5", "--to", "", code=2).output
    assert "No such option" in stock(kind, "Tea", "-x", code=2).output


def test_a_level_below_zero_is_pointed_out(stock) -> None:
    stock("add-place", "Aisle 1")
    stock("received", "Tea", "55")
    moved = stock("move", "Tea", "500", "--to", "Aisle 1")
    assert "now -445" in moved.stdout
    assert moved.stderr == (
        "note: Tea is below 0 at Corner shop now: count it there, or take a slip back with: shelfwise stock undo 2\n"
    )
    assert stock("received", "Tea", "5").stderr == ""
    assert stock("undo", "2").stderr == ""


def test_the_past_is_told_as_of_a_days_end(stock) -> None:
    stock("received", "Tea", "9", "--at", "2026-03-01T18:00Z")
    stock("sold", "Tea", "2", "--at", "2026-03-02T08:00Z")
    assert lines(stock("past", "2026-03-01", "--format", "json"))[0]["level"] == "9"
    assert lines(stock("past", "2026-03-02", "--format", "json"))[0]["level"] == "7"


def test_what_to_order_comes_in_whole_packs(stock) -> None:
    found = {row["product"]: row["order"] for row in lines(stock("reorder", "--format", "json"))}
    assert found["Tea"] == "15"


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_files_go_out_and_come_back(stock, tmp_path: Path, suffix: str) -> None:
    stock("received", "Tea", "9")
    sheet = tmp_path / f"counts.{suffix}"
    stock("export", "counts", str(sheet))
    tried = stock("import", "counts", str(sheet), "--dry-run").stdout
    assert "Would import 1 row: 1 to book, 0 other than expected" in tried
    assert "1 booked" in stock("import", "counts", str(sheet)).stdout
    assert "Booked before" in stock("import", "counts", str(sheet)).stdout


def test_a_dry_run_tells_what_would_change_and_warns_of_what_would_be_lost(stock, tmp_path: Path) -> None:
    file = tmp_path / "p.csv"
    file.write_text("name,category,minimum\nOat drink,,8\nTea,,2\n")
    result = stock("import", "products", str(file), "--dry-run")
    assert "line 2: Oat drink: category drinks/milk -> (emptied), minimum 6 -> 8\n" in result.stdout
    assert "Would import 2 rows: 0 new, 1 changed, 1 as they were" in result.stdout
    assert "empty cells would take away the category of 1 product; leave a column out" in result.stderr
    assert "empty cells took away the category of 1 product" in stock("import", "products", str(file)).stderr
    sheet = tmp_path / "c.csv"
    sheet.write_text("product,quantity\nTea,7\n")
    result = stock("import", "counts", str(sheet), "--dry-run")
    assert "line 2: Tea: expected 0, counted 7 (+7)\n" in result.stdout
    moved = tmp_path / "m.csv"
    moved.write_text("kind,product,quantity\nreceived,Tea,7\nreceived,Oat drink,1.5\n")
    assert "received: 2 rows, 8.5 in all\n" in stock("import", "movements", str(moved), "--dry-run").stdout


def test_a_misspelt_name_is_answered_with_the_nearest(stock) -> None:
    stock("add-place", "Aisle 1 / Shelf 2")
    assert "Did you mean 'Oat drink'?" in stock("received", "Oat drnik", "1", code=2).output
    assert "Did you mean 'Oat drink'?" in stock("received", "Aot dirnk", "1", code=2).output
    assert "Did you mean" not in stock("received", "Xylophone", "1", code=2).output
    for name in ("Arla milk", "Arla oat"):
        stock("add-product", name, "--category", "drinks")
    assert "Did you mean 'Arla milk' or 'Arla oat'?" in stock("sold", "Arla", "1", code=2).output
    assert "Value error" not in stock("list", "--state", "lo", code=2).output
    placed = ("received", "Tea", "1", "--place")
    for path in ("Aisle1/Shelf 2", "Shelf 2", "aisle 1 / shlef 2"):
        assert "Did you mean 'Aisle 1 / Shelf 2'?" in stock(*placed, path, code=2).output
    assert "Did you mean 'drinks/milk'?" in stock("list", "--category", "drinks/mlik", code=2).output
    assert "stock categories" in stock("list", "--category", "Other", code=2).output


def test_bad_rows_are_named_and_the_exit_code_is_1(stock, tmp_path: Path) -> None:
    file = tmp_path / "p.csv"
    file.write_text("name,minimum\nRice,many\n,2\n")
    result = stock("import", "products", str(file), code=1)
    assert "line 2: minimum 'many' is no number" in result.output
    assert "line 3: name is empty" in result.output
    assert "Nothing imported" in result.output


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("received", "Coffee", "1"), "no product"),
        (("received", "Tea", "one"), "no number"),
        (("received", "Tea", "0"), "error: quantity: give more than 0"),
        (("received", "Tea", "1", "--at", "2999-01-01"), "future"),
        (("received", "Tea", "1", "--place", "Cellar"), "Cellar"),
        (("list", "--store", "Other"), "no store"),
        (("list", "--category", "Other"), "no category"),
        (("change-product", "Tea"), "nothing to change"),
        (("export", "products", "x.pdf"), ".csv or .xlsx"),
        (("import", "products", "nowhere.csv"), "cannot be read"),
    ],
)
def test_mistakes_are_told_in_a_line(stock, args: tuple[str, ...], words: str) -> None:
    result = stock(*args, code=2)
    assert words in result.output
    assert "Traceback" not in result.output


def test_products_are_imported_for_all_stores(stock, tmp_path: Path) -> None:
    stock("add-store", "Mill Lane")
    (tmp_path / "more.csv").write_text("name\nCoffee\n")
    stock("import", "products", str(tmp_path / "more.csv"))
    assert "Coffee" in stock("list", "--store", "Mill Lane").stdout
    (tmp_path / "counts.csv").write_text("product,quantity\nCoffee,3\n")
    assert "--store" in stock("import", "counts", str(tmp_path / "counts.csv"), code=2).output
    assert (
        "nowhere"
        in stock("import", "products", str(tmp_path / "more.csv"), "--store", "nowhere", code=2).output
    )


def test_two_stores_need_a_name(stock) -> None:
    stock("add-store", "Harbour")
    assert "--store" in stock("list", code=2).output
    assert lines(stock("list", "--store", "harbour", "--format", "json"))


def test_catalogue_commands_change_and_put_away(stock) -> None:
    stock("change-product", "Tea", "--name", "Green tea", "--category", "drinks", "--minimum", "")
    assert lines(stock("products", "green", "--format", "json"))[0]["minimum"] is None
    stock("archive-product", "Green tea")
    assert lines(stock("products", "green", "--format", "json")) == []
    assert lines(stock("products", "--archived", "--format", "json"))[0]["product"] == "Green tea"
    stock("restore-product", "Green tea")
    stock("rename-category", "drinks", "beverages")
    assert "beverages" in stock("categories").stdout
    stock("add-place", "A / B")
    stock("rename-place", "A", "Aisle")
    assert "Aisle / B" in stock("places").stdout
    stock("archive-place", "Aisle / B")
    stock("rename-store", "Corner shop", "Shop")
    assert "Shop" in stock("stores", "--format", "csv").stdout


def test_backup_restore_and_check(run, stock, tmp_path: Path) -> None:
    stock("received", "Tea", "9")
    assert "1 movements" in run("db", "backup", str(tmp_path / "b.db")).stdout
    missing = tmp_path / "mistyped" / "b.db"
    assert "no such folder" in run("db", "backup", str(missing), code=2).output
    assert not missing.parent.exists()
    assert "balances" in run("db", "check").stdout
    stock("sold", "Tea", "9")
    assert "--replace" in run("db", "restore", str(tmp_path / "b.db"), code=2).output
    told = run("db", "restore", str(tmp_path / "b.db"), "--replace").stdout
    assert "Restored 1 movements" in told
    kept = Path(told.splitlines()[-1].partition("there before: ")[2])
    assert kept.is_file() and kept.parent == tmp_path / "shop"
    assert lines(stock("level", "Tea", "--format", "json"))[0]["level"] == "9"
    assert "up to date" in run("db", "upgrade").stdout


def test_a_book_that_does_not_balance_leaves_with_1(run, stock, tmp_path: Path) -> None:
    import sqlite3

    stock("received", "Tea", "9")
    with sqlite3.connect(tmp_path / "shop" / "stock.db") as raw:
        raw.execute("UPDATE levels SET quantity = 1")
    assert "level" in run("db", "check", code=1).stdout


def test_a_date_bounds_whole_days(stock, tmp_path: Path) -> None:
    for at in ("2026-02-28T23:00Z", "2026-03-01T07:00Z", "2026-03-01T20:00Z", "2026-03-02T07:00Z"):
        stock("sold", "Tea", "1", "--at", at)
    day = ("--since", "2026-03-01", "--until", "2026-03-02")
    assert [row["number"] for row in lines(stock("history", *day, "--format", "json"))] == [3, 2]
    stock("export", "movements", str(tmp_path / "day.csv"), *day)
    assert len((tmp_path / "day.csv").read_text().splitlines()) == 3
    stock("count", "Tea", "5", "--at", "2026-03-02T08:00Z")
    asked = ("shrinkage", "--since", "2026-03-02", "--until", "2026-03-03")
    assert len(lines(stock(*asked, "--format", "json"))) == 1
    assert "since" in stock("history", "--since", "lately", code=2).output


def test_times_are_shown_as_they_can_be_typed(stock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        stock("sold", "Tea", "1", "--at", "2026-03-01T07:30:00+00:00")
        assert "2026-03-01 07:30Z" in stock("history").stdout
        assert lines(stock("history", "--since", "2026-03-01 07:30Z", "--format", "json"))
    finally:
        monkeypatch.undo()
        time.tzset()


def test_sums_by_store_and_by_category_and_a_series(stock) -> None:
    stock("add-store", "Harbour")
    stock("received", "Tea", "9", "--store", "Harbour", "--at", "2026-03-01T12:00Z")
    found = lines(stock("summary", "--format", "json"))
    assert [(row["store"], row["products"], row["out"], row["units"]) for row in found] == [
        ("Corner shop", 2, 2, "0"),
        ("Harbour", 2, 1, "9"),
    ]
    parts = lines(stock("summary", "--store", "Harbour", "--by-category", "--format", "json"))
    assert [(row["category"], row["units"]) for row in parts] == [("drinks/milk", "0"), ("(none)", "9")]
    everywhere = lines(stock("list", "tea", "--all-stores", "--format", "json"))
    assert [(row["store"], row["level"]) for row in everywhere] == [("Corner shop", "0"), ("Harbour", "9")]
    assert "--all-stores" in stock("list", "--all-stores", "--store", "Harbour", code=2).output
    asked = ("--store", "Harbour", "--since", "2026-03-01", "--until", "2026-03-02", "--points", "3")
    assert [row["level"] for row in lines(stock("series", "Tea", *asked, "--format", "json"))] == [
        "0",
        "9",
        "9",
    ]


def test_the_past_says_where_and_may_be_of_one_product(stock) -> None:
    stock("add-place", "Aisle 1")
    for product, place in (("Tea", "Aisle 1"), ("Tea", ""), ("Oat drink", "")):
        stock("received", product, "9", "--place", place, "--at", "2026-03-01T18:00Z")
    found = lines(stock("past", "2026-03-01", "--product", "Tea", "--format", "json"))
    assert sorted((row["product"], row["place"]) for row in found) == [("Tea", ""), ("Tea", "Aisle 1")]


def test_what_is_put_away_comes_back(stock) -> None:
    stock("add-category", "Old")
    stock("add-place", "Cellar / Rack")
    for what, name in (("place", "Cellar"), ("category", "Old")):
        stock(f"archive-{what}", name)
        assert name in stock(f"{'places' if what == 'place' else 'categories'}", "--archived").stdout
        stock(f"restore-{what}", name.lower() if what == "category" else name)
        assert "no archived" in stock(f"restore-{what}", name, code=2).output
    assert "Cellar" in stock("places").stdout
    stock("archive-store", "Corner shop")
    assert "no store yet" in stock("list", code=2).output
    stock("restore-store", "corner shop")
    stock("list")


def test_the_days_to_cover_may_be_given(stock) -> None:
    stock("received", "Oat drink", "40", "--at", "2026-01-01T12:00Z")
    stock("sold", "Oat drink", "14")

    def ordered(days: str) -> list[str]:
        found = lines(stock("reorder", "--cover", days, "--format", "json"))
        return [row["product"] for row in found if row["product"] == "Oat drink"]

    assert (ordered("7"), ordered("60")) == ([], ["Oat drink"])


def test_changes_of_the_catalogue_are_in_the_audit_log(run, stock, tmp_path: Path) -> None:
    stock("rename-store", "Corner shop", "Mill Lane")
    stock("add-place", "Aisle 1 / Shelf 2")
    stock("add-place", "Aisle 1 / Shelf 2")
    stock("change-product", "Tea", "--minimum", "3")
    stock("archive-product", "Oat drink")
    (tmp_path / "more.csv").write_text("name\nCoffee\n")
    stock("import", "products", str(tmp_path / "more.csv"))
    with open_database(tmp_path / "shop" / "stock.db") as book:
        entries = AuditLog(book).entries().items[::-1]
    assert all(entry.user.endswith(" (terminal)") for entry in entries)
    assert entries[1].details == {"id": 1, "category": "drinks/milk", "gtin": "4006381333931", "minimum": "6"}
    told = [(entry.action, entry.subject, entry.details) for entry in entries[3:]]
    assert told == [
        (
            "store.change",
            "store Corner shop",
            {"id": 1, "name": {"before": "Corner shop", "after": "Mill Lane"}},
        ),
        ("location.add", "location Aisle 1", {"id": 2, "store_id": 1}),
        ("location.add", "location Aisle 1 / Shelf 2", {"id": 3, "store_id": 1}),
        ("product.change", "product Tea", {"id": 2, "minimum": {"before": "2", "after": "3"}}),
        ("product.change", "product Oat drink", {"id": 1, "archived": {"before": False, "after": True}}),
        ("import", "products", {"file": "more.csv", "rows": 1}),
    ]


def test_a_product_is_given_a_photo(stock, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Camera"
    picture = tmp_path / "tea.jpg"
    Image.new("RGB", (40, 30), (20, 90, 20)).save(picture, exif=exif)
    stock("change-product", "Tea", "--photo", str(picture))
    (kept,) = (tmp_path / "shop" / "photos").rglob("*.jpg")
    with Image.open(kept) as image:
        assert dict(image.getexif()) == {}

    stock("add-product", "Mint tea", "--photo", str(picture))
    with open_database(tmp_path / "shop" / "stock.db") as book:
        catalogue, entries = Catalogue(book), AuditLog(book).entries(action="product.").items
        tea, mint = catalogue.product_by_name("Tea"), catalogue.product_by_name("Mint tea")
        assert (mint.photo, catalogue.product_photos(mint.id)) == (kept.stem, (kept.stem,))
        assert (tea.photo, catalogue.product_photos(tea.id)) == (None, ())  # a photo shows one product
    told = [(entry.action, entry.subject) for entry in entries[::-1]]
    assert ("product.learn", "product Tea") in told
    assert ("product.forget", "product Tea") in told
    assert ("product.learn", "product Mint tea") in told


def test_a_product_whose_photo_is_no_picture_is_not_added(stock, tmp_path: Path) -> None:
    (tmp_path / "tea.jpg").write_text("no picture")
    assert "tea.jpg" in stock("add-product", "Mint tea", "--photo", str(tmp_path / "tea.jpg"), code=2).output
    assert "Mint tea" not in stock("products").output
