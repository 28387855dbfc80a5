"""The pages of the stock as the server gives them: for whom, with which filters, in which words."""

import io
import re
from decimal import Decimal

import openpyxl
import pytest

from shelfwise.workflows.answer_words import ENOUGH_PHOTOS

PAGES = [
    "/stock",
    "/stock/categories",
    "/stock/past",
    "/stock/shrinkage",
    "/stock/1",
    "/orders",
    "/products",
    "/products/1",
    "/movements",
]


def rows(answer) -> list[str]:
    """The names in the rows of a page's table, in their order."""
    assert answer.status_code == 200, answer.text
    body = answer.text.partition("<tbody>")[2].partition("</tbody>")[0]
    return re.findall(r'<a href="/(?:stock|products)/\d+">([^<]*)</a>', body)


@pytest.mark.parametrize("address", PAGES)
def test_readers_see_everything_and_change_nothing(stocked, reader, address):
    answer = reader.get(address)
    assert answer.status_code == 200
    assert "data-api=" not in answer.text
    assert "data-count" not in answer.text
    assert 'type="file"' not in answer.text


@pytest.mark.parametrize("address", [*PAGES, "/import", "/stores", "/stores/categories"])
def test_nobody_sees_anything_without_signing_in(stocked, nobody, address):
    answer = nobody.get(address)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")


@pytest.mark.parametrize(
    "address", ["/import", "/stores", "/stores/categories", "/import/products-template.csv"]
)
def test_who_does_not_manage_does_not_get_there(clerk, reader, address):
    assert clerk.get(address).status_code == 403
    assert reader.get(address).status_code == 403


@pytest.mark.parametrize("address", [*PAGES[:4], "/orders", "/movements"])
def test_another_stores_pages_are_not_theirs_to_see(stocked, clerk, address):
    assert clerk.get(f"{address}?store=2").status_code == 404


@pytest.mark.parametrize(
    "address", ["/stock", "/stock/past", "/orders", "/movements", "/count", "/scan", "/review"]
)
def test_without_a_store_it_is_said_what_to_do_first(shop, admin, clerk, address):
    for store in shop.catalogue.stores():
        shop.catalogue.archive_store(store.id)
    page = admin.get(address)
    assert page.status_code == 200
    assert "No store yet" in page.text and "Name your store" in page.text
    assert "Ask an admin" in clerk.get(address).text


def test_what_is_out_or_low_comes_first(stocked, reader):
    assert rows(reader.get("/stock")) == ["Tea", "Milk", "Bread"]
    assert rows(reader.get("/stock?order=name")) == ["Bread", "Milk", "Tea"]


def test_the_filter_and_the_list_call_a_level_by_the_same_word(stocked, reader):
    page = reader.get("/stock?state=ok").text
    assert rows(reader.get("/stock?state=ok")) == ["Bread"]
    assert "Enough (1)" in page and '<span class="badge ok">Enough</span>' in page


def test_the_stock_is_filtered(stocked, reader):
    assert rows(reader.get("/stock?state=low&query=&location=&category=")) == ["Milk"]
    assert rows(reader.get("/stock?query=4006381333931")) == ["Milk"]
    assert rows(reader.get(f"/stock?location={stocked.shelf.id}&order=name")) == ["Bread", "Milk"]
    assert rows(reader.get(f"/stock?category={stocked.tea.category_id}&order=name")) == ["Milk", "Tea"]
    assert "Nothing matches" in reader.get("/stock?query=nothing").text


def test_the_csv_is_what_one_sees(stocked, reader):
    page = reader.get(f"/stock?category={stocked.tea.category_id}&order=name").text
    csv = re.search(r'href="(/api/v1/stock\.csv[^"]*)"', page)
    lines = reader.get(csv.group(1).replace("&amp;", "&")).text.splitlines()
    assert [line.split(",")[2] for line in lines[1:]] == ["Milk", "Tea"]


def test_filters_that_cannot_be_are_told(stocked, reader):
    assert reader.get("/stock?order=colour").status_code == 422
    assert reader.get("/stock?cursor=broken").status_code == 422
    assert reader.get("/stock?location=999").status_code == 404
    assert reader.get("/stock/999").status_code == 404
    assert reader.get("/products/999").status_code == 404
    assert reader.get("/stock/past?day=31.12.2026").status_code == 422
    assert reader.get("/stock/shrinkage?since=2026-02-02&until=2026-02-01").status_code == 422


def test_a_day_before_anything_was_there_is_empty(stocked, reader):
    assert "knows of nothing by then" in reader.get("/stock/past?day=2020-01-01").text
    assert rows(reader.get("/stock/past")) == ["Bread", "Milk"]
    assert rows(reader.get("/stock/past?day=9999-12-31")) == ["Bread", "Milk"]  # as of now


def test_a_product_that_a_few_words_mean_has_its_movements_shown(stocked, reader):
    assert set(rows(reader.get("/movements?product=mil"))) == {"Milk"}
    assert set(rows(reader.get("/movements?product=4006381333931"))) == {"Milk"}
    several = reader.get("/movements?product=drinks&kind=received").text
    assert "Which product?" in several
    assert "/movements?product=Tea&amp;kind=received" in several
    assert "No product is called" in reader.get("/movements?product=wine").text


def test_movements_are_filtered(stocked, reader):
    assert rows(reader.get("/movements?kind=received&user=clerk&since=&until=")) == ["Milk", "Bread"]
    assert "Nothing matches" in reader.get("/movements?kind=sold").text
    assert "Nothing matches" in reader.get("/movements?user=manager").text
    assert "Nothing matches" in reader.get("/movements?until=2020-01-01").text


@pytest.mark.parametrize(
    ("page", "in_use"),
    [
        ("/movements", "kind=received"),
        ("/stock", "state=low"),
        ("/products", "archived=true"),
        ("/audit", "action=store."),
    ],
)
def test_filters_that_a_phone_folds_away_are_open_while_they_are_in_use(stocked, admin, page, in_use):
    fold = re.compile(r'<details class="fold filter-fold"( open)?>')
    assert fold.findall(admin.get(page).text) == [""]
    assert fold.findall(admin.get(f"{page}?{in_use}").text) == [" open"]


def test_the_list_tells_the_minimum_on_a_phone_too(stocked, reader):
    page = reader.get("/stock").text
    assert len(re.findall(r'only-narrow">min <span class="qty">[145]<', page)) == 3


def test_orders_have_a_column_of_packs_only_where_there_are_some(stocked, shop, manager):
    shop.catalogue.change_product(stocked.tea.id, {"target": Decimal(12)}, None)
    assert [re.sub("<[^>]*>", "", cell) for cell in _cells(manager, "Packs")] == ["2 × 6", "–"]
    shop.catalogue.change_product(stocked.tea.id, {"pack_size": Decimal(1)}, None)
    assert "Packs" not in manager.get("/orders").text


def _cells(client, column):
    return re.findall(rf'<td data-label="{column}"[^>]*>(.*?)</td>', client.get("/orders").text, re.DOTALL)


def test_what_to_order_is_told_in_packs(stocked, shop, reader, manager):
    page = manager.get("/orders").text
    assert "/api/v1/stock/reorder.csv?store=1&amp;days=28" in page
    assert rows(manager.get("/orders")) == ["Tea", "Milk"]
    # Readers may not get the file, so they are not led to it.
    assert "reorder.csv" not in reader.get("/orders").text


def test_without_products_the_pages_say_what_to_do_first(manager, reader):
    for address in ("/stock", "/products", "/orders", "/movements", "/stock/categories"):
        assert 'class="empty"' in manager.get(address).text, address
        assert reader.get(address).status_code == 200
    assert "Add products" in manager.get("/stock").text
    assert "Ask a manager" in reader.get("/stock").text


def test_what_people_wrote_is_never_markup(shop, stocked, reader, manager):
    name = "<script>alert('x')</script>\"quotes\""
    shop.catalogue.change_product(stocked.milk.id, {"name": name}, None)
    shop.catalogue.rename_location(stocked.shelf.id, "<b>shelf")
    for client in (reader, manager):
        for address in (*PAGES, f"/stock/{stocked.milk.id}", f"/products/{stocked.milk.id}"):
            text = client.get(address).text
            assert "<script>alert" not in text, address
            assert "<b>shelf" not in text, address
    assert "<b>shelf" not in manager.get("/stores").text


def test_an_empty_file_to_begin_with_has_the_headings(manager):
    csv = manager.get("/import/counts-template.csv")
    assert csv.text.lstrip("\ufeff").strip() == "product,gtin,location,quantity,time,reason"
    sheet = openpyxl.load_workbook(io.BytesIO(manager.get("/import/products-template.xlsx").content)).active
    assert [cell.value for cell in sheet[1]][:3] == ["name", "category", "gtin"]
    assert manager.get("/import/users-template.csv").status_code == 404


def test_admins_begin_with_a_store(shop, admin):
    for store in shop.catalogue.stores():
        shop.catalogue.archive_store(store.id)
    page = admin.get("/stores")
    assert page.status_code == 200
    assert "No store yet" in page.text
    assert "Archived stores (2)" in page.text


def test_a_products_page_says_from_how_many_photos_on_scan_does_not_ask(stocked, manager):
    page = manager.get(f"/products/{stocked.milk.id}").text
    numbers = {2: "two", 3: "three", 4: "four"}
    assert f"With fewer than {numbers[ENOUGH_PHOTOS]} it asks each time" in page
