"""Import: tried first, every wrong row told with its line, then all of it at once; files taken out again."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from shelfwise.inventory.records import NewProduct
from shelfwise.workflows.shop import Shop

from .conftest import PHONE, Tabs

GOOD = "name,category,gtin,minimum\nOat drink,drinks,4006381333931,5\nRye bread,bread,,2\n"
BAD = "name,category,EAN,minimum\nOat drink,drinks,4006381333932,5\nRye bread,bread,,many\n"


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], str]:
    """Writes a CSV file and gives its path."""

    def write(content: str) -> str:
        path = tmp_path / "list.csv"
        path.write_text(content, "utf-8")
        return str(path)

    return write


def test_every_wrong_row_is_told_and_nothing_is_imported(
    shop: Shop, tabs: Tabs, file: Callable[[str], str], accessible: Callable[[Page], None]
) -> None:
    page = tabs("manager", PHONE, "dark")
    page.goto("/import")
    accessible(page)
    page.get_by_label("File", exact=True).set_input_files(file(BAD))
    page.get_by_role("button", name="Try the file").click()
    report = page.locator("#import-report")
    expect(report).to_contain_text("2 problems in 2 rows")
    expect(report.locator("tbody tr").nth(0).get_by_role("cell").first).to_have_text("EAN")
    expect(report.locator("tbody th").nth(0)).to_have_text("2")
    expect(report.locator("tbody tr").nth(1)).to_contain_text("minimum")
    expect(report.locator("tbody th").nth(1)).to_have_text("3")
    expect(report.get_by_role("button")).to_have_count(0)
    accessible(page)
    assert shop.catalogue.products().items == ()


def test_a_right_file_is_tried_then_imported(
    shop: Shop, tabs: Tabs, file: Callable[[str], str], accessible: Callable[[Page], None]
) -> None:
    shop.catalogue.add_product(NewProduct("Rye bread", "bread", "96385074"))
    page = tabs("manager")
    page.goto("/import")
    page.get_by_label("File", exact=True).set_input_files(file(GOOD))
    page.get_by_role("button", name="Try the file").click()
    expect(page.locator("#import-report")).to_contain_text(
        "1 product new, 1 changed, 0 as they are in the book"
    )
    expect(page.locator("#import-report .flash.low")).to_contain_text("take away the GTIN of 1 product")
    change = page.get_by_role("region", name="Products that change").get_by_role("row").last
    expect(change).to_contain_text("Rye bread")
    expect(change.get_by_role("listitem")).to_have_text(["GTIN: 96385074 → emptied", "Minimum: nothing → 2"])
    accessible(page)
    new = page.get_by_role("region", name="New products").get_by_role("row").last
    expect(new.get_by_role("cell")).to_have_text(["Oat drink", "drinks"])
    expect(page.locator("#import-report")).to_contain_text("New category: drinks.")
    assert len(shop.catalogue.products().items) == 1
    page.get_by_role("button", name="Import 2 rows").click()
    page.wait_for_url("**/products")
    expect(page.locator("#flash")).to_contain_text("Imported: 1 product new, 1 changed")
    assert [one.name for one in shop.catalogue.products().items] == ["Oat drink", "Rye bread"]


def test_names_in_a_file_are_never_markup(tabs: Tabs, file: Callable[[str], str]) -> None:
    page = tabs("manager")
    page.goto("/import")
    page.get_by_label("File", exact=True).set_input_files(file("name,category\n<img src=x>,<b>bold</b>\n"))
    page.get_by_role("button", name="Try the file").click()
    row = page.get_by_role("region", name="New products").get_by_role("row").last
    expect(row.get_by_role("cell")).to_have_text(["<img src=x>", "<b>bold</b>"])


def test_counts_come_in_and_go_out(shop: Shop, tabs: Tabs, file: Callable[[str], str]) -> None:
    bread = shop.catalogue.add_product(NewProduct("Rye bread"))
    shop.catalogue.add_location(1, "Shelf 1")
    page = tabs("manager")
    page.goto("/import")
    page.get_by_role("radio", name="Counts").check()
    page.get_by_label("File", exact=True).set_input_files(
        file("product,location,quantity\nRye bread,Shelf 1,7\n")
    )
    page.get_by_role("button", name="Try the file").click()
    expect(page.locator("#import-report")).to_contain_text("1 differs from what the book expects")
    row = page.get_by_role("region", name="Counts that differ").get_by_role("row").last
    expect(row.get_by_role("cell")).to_have_text(["Rye breadShelf 1", "7 (+7)expected 0"])
    page.get_by_role("button", name="Import 1 row").click()
    page.wait_for_url("**/stock")
    assert shop.levels.level(bread.id, 1) == 7
    page.goto("/import")
    with page.expect_download() as download:
        page.get_by_role("link", name="Counts as CSV").click()
    assert "Rye bread" in download.value.path().read_text("utf-8")


def test_what_is_no_table_is_told_at_the_file(tabs: Tabs, tmp_path: Path) -> None:
    picture = tmp_path / "photo.xlsx"
    picture.write_bytes(b"PK\x03\x04 no spreadsheet")
    page = tabs("manager")
    page.goto("/import")
    page.get_by_label("File", exact=True).set_input_files(str(picture))
    page.get_by_role("button", name="Try the file").click()
    expect(page.locator("#import-file-error")).not_to_be_empty()


def test_clerks_do_not_get_there(tabs: Tabs) -> None:
    page = tabs("clerk")
    page.goto("/import")
    expect(page.locator("main")).to_contain_text("manager")
    expect(page.locator("#import")).to_have_count(0)
