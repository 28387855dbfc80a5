"""Stock: what is low comes first, counting a row where it stands, booking at a product, by roles and on a phone."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from shelfwise.inventory.records import Line, Location, NewProduct, Product
from shelfwise.workflows.shop import Shop

from .conftest import DESK, PHONE, Tabs

MILL_LANE = 1


@pytest.fixture
def shelf(shop: Shop) -> Location:
    return shop.catalogue.add_location(MILL_LANE, "Shelf 1")


@pytest.fixture
def products(shop: Shop, shelf: Location) -> list[Product]:
    """Bread 10 of at least 3, milk 10 of at least 8, tea 10, on the shelf."""
    minimums = {"Bread": Decimal(3), "Milk": Decimal(8), "Tea": None}
    made = [shop.catalogue.add_product(NewProduct(name, minimum=least)) for name, least in minimums.items()]
    shop.ledger.book([Line("received", one.id, shelf.id, Decimal(10)) for one in made], user="clerk")
    return made


def names(page: Page) -> list[str]:
    return page.locator("tr[data-product] th a").all_inner_texts()


def test_what_is_low_comes_first_once_it_is_sold(shop: Shop, tabs: Tabs, products: list[Product]) -> None:
    page = tabs("clerk", PHONE)
    page.goto("/stock")
    assert names(page) == ["Bread", "Milk", "Tea"]
    page.get_by_role("link", name="Milk").click()
    page.get_by_role("button", name="Sold", exact=True).click()
    dialog = page.get_by_role("dialog", name="Sold: Milk")
    dialog.get_by_label("Quantity").fill("2,5")
    dialog.get_by_role("button", name="Book it").click()
    expect(page.locator("#flash")).to_contain_text("Sold: booked.")
    expect(page.locator(".now-number")).to_have_text("7.5")
    assert shop.levels.level(products[1].id, MILL_LANE) == Decimal("7.5")
    page.goto("/stock")
    assert names(page) == ["Milk", "Bread", "Tea"]
    expect(page.locator("tr[data-product]").first).to_contain_text("Low")


def test_a_row_is_counted_where_it_stands(
    shop: Shop, tabs: Tabs, shelf: Location, products: list[Product]
) -> None:
    page = tabs("clerk")
    page.goto("/stock?order=name")
    button = page.get_by_role("button", name="Count Tea")
    button.click()
    form = page.get_by_role("form", name="Count Tea")
    expect(form.locator("[data-expected]")).to_have_text("The book expects 10 there.")
    expect(form.get_by_label("Where?")).to_have_value(str(shelf.id))
    page.keyboard.type("x")
    page.keyboard.press("Enter")
    expect(form).to_contain_text("Give a number of 0 or more")
    form.get_by_label("How many are there?").fill("7")
    page.keyboard.press("Enter")
    expect(page.locator("#flash")).to_contain_text("Tea: 7 counted.")
    row = page.locator(f"tr[data-product='{products[2].id}']")
    expect(row.locator("[data-label=Quantity]")).to_have_text("7")
    expect(row.get_by_role("button", name="Count Tea")).to_be_focused()
    assert shop.levels.at_location(products[2].id, shelf.id) == 7
    assert shop.history.movements(MILL_LANE).items[0].kind == "counted"


def test_counting_can_be_left_without_doing_anything(shop: Shop, tabs: Tabs, products: list[Product]) -> None:
    page = tabs("clerk")
    page.goto("/stock")
    page.get_by_role("button", name="Count Bread").click()
    expect(page.get_by_label("How many are there?")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("form", name="Count Bread")).to_have_count(0)
    expect(page.get_by_role("button", name="Count Bread")).to_be_focused()
    assert len(shop.history.movements(MILL_LANE).items) == 3


def test_filters_apply_as_they_are_chosen(tabs: Tabs, shop: Shop, products: list[Product]) -> None:
    page = tabs("reader")
    page.goto("/stock")
    page.get_by_label("Level", exact=True).select_option(label="Enough (3)")
    page.wait_for_url("**state=ok**")
    page.get_by_label("Search").fill("te")
    page.keyboard.press("Enter")
    page.wait_for_url("**query=te**")
    assert names(page) == ["Tea"]
    with page.expect_download() as download:
        page.get_by_role("link", name="Get as CSV").first.click()
    lines = download.value.path().read_text("utf-8").splitlines()
    assert len(lines) == 2
    assert ",Tea," in lines[1]


def test_goods_are_moved_and_counted_at_a_place(
    shop: Shop, tabs: Tabs, shelf: Location, products: list[Product]
) -> None:
    cool = shop.catalogue.add_location(MILL_LANE, "Cool room")
    page = tabs("clerk")
    page.goto(f"/stock/{products[0].id}")
    page.get_by_role("button", name="Moved", exact=True).click()
    dialog = page.get_by_role("dialog", name="Moved: Bread")
    dialog.get_by_label("Quantity").fill("4")
    dialog.get_by_label("To", exact=True).select_option(label="Cool room")
    dialog.get_by_role("button", name="Move it").click()
    expect(page.get_by_role("button", name="Count at Cool room")).to_be_visible()
    assert shop.levels.at_location(products[0].id, cool.id) == 4
    page.get_by_role("button", name="Count at Cool room").click()
    dialog = page.get_by_role("dialog", name="Counted: Bread")
    expect(dialog.get_by_label("Place")).to_have_value(str(cool.id))
    expect(dialog.get_by_label("How many are there?")).to_have_value("4")
    dialog.get_by_label("How many are there?").fill("3")
    dialog.get_by_role("button", name="Set the level").click()
    expect(page.locator(".now-number")).to_have_text("9")
    assert shop.levels.at_location(products[0].id, cool.id) == 3
    assert shop.levels.at_location(products[0].id, shelf.id) == 6


def test_what_the_server_refuses_is_told_at_its_field(
    shop: Shop, tabs: Tabs, products: list[Product]
) -> None:
    page = tabs("clerk")
    page.goto(f"/stock/{products[0].id}")
    page.get_by_role("button", name="Wasted", exact=True).click()
    dialog = page.get_by_role("dialog", name="Wasted: Bread")
    dialog.get_by_label("Quantity").fill("-2")
    dialog.get_by_role("button", name="Book it").click()
    expect(dialog.get_by_label("Quantity")).to_have_attribute("aria-invalid", "true")
    assert shop.levels.level(products[0].id, MILL_LANE) == 10


def test_a_reader_is_offered_nothing_and_refused_all(
    shop: Shop, tabs: Tabs, shelf: Location, products: list[Product]
) -> None:
    page = tabs("reader")
    for address in ("/stock", f"/stock/{products[0].id}", "/movements", "/products"):
        page.goto(address)
        expect(page.locator("main [data-api], main [data-count], main [data-open]")).to_have_count(0)
    token = page.locator("meta[name=csrf]").get_attribute("content") or ""
    line = {"kind": "sold", "product_id": products[0].id, "location_id": shelf.id, "quantity": "1"}
    headers = {"X-CSRF-Token": token}
    reply = page.request.post("/api/v1/movements", data={"lines": [line]}, headers=headers)
    assert reply.status == 403
    assert "clerk" in reply.json()["detail"]
    assert shop.levels.level(products[0].id, MILL_LANE) == 10


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESK, "light")], ids=["phone", "desk"])
def test_nothing_is_wrong_with_it_for_anybody(
    shop: Shop,
    tabs: Tabs,
    products: list[Product],
    accessible: Callable[[Page], None],
    size: tuple[int, int],
    scheme: str,
) -> None:
    shop.ledger.book([Line("counted", products[1].id, 1, Decimal(0))], user="clerk")
    page = tabs("manager", size, scheme)
    for address in ("/stock", f"/stock/{products[0].id}", "/stock/categories", "/stock/shrinkage", "/orders"):
        page.goto(address)
        accessible(page)
    page.goto("/stock/past")
    accessible(page)
    page.goto("/stock")
    page.get_by_role("button", name="Count Bread").click()
    expect(page.locator("[data-expected]")).to_contain_text("expects")
    accessible(page)
