"""Count: what is at a place, typed and tapped, kept on the device, booked as one count."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from playwright.sync_api import Page, Route, expect

from shelfwise.inventory.records import Line, Location, NewProduct, Product
from shelfwise.workflows.shop import Shop

from .conftest import DESK, PHONE, Server, Tabs, until

MILL_LANE = 1


@pytest.fixture
def shelf(shop: Shop) -> Location:
    return shop.catalogue.add_location(MILL_LANE, "Shelf 1")


@pytest.fixture
def products(shop: Shop, shelf: Location) -> list[Product]:
    """Bread 10, milk 4 and tea 2.5 on the shelf; soap, which is nowhere."""
    made = [shop.catalogue.add_product(NewProduct(name)) for name in ("Bread", "Milk", "Tea", "Soap")]
    amounts = (Decimal(10), Decimal(4), Decimal("2.5"))
    lines = [
        Line("received", one.id, shelf.id, amount) for one, amount in zip(made[:3], amounts, strict=True)
    ]
    shop.ledger.book(lines, user="clerk")
    return made


def test_what_was_counted_becomes_the_level_and_the_rest_stays(
    shop: Shop, tabs: Tabs, shelf: Location, products: list[Product]
) -> None:
    page = tabs("clerk", PHONE)
    page.goto("/count")
    page.get_by_label("Place").select_option(label="Shelf 1")
    expect(page.locator(".count-row")).to_have_count(3)
    page.get_by_label("Counted, Bread").fill("8")
    expect(page.locator(".count-row", has_text="Bread")).to_contain_text("2 missing")
    page.get_by_role("button", name="Tea: 2.5 as expected").click()
    expect(page.locator(".count-row", has_text="Tea")).to_contain_text("as expected")
    page.get_by_role("button", name="Another product").click()
    page.get_by_role("searchbox").fill("soap")
    page.locator("#picker").get_by_role("button", name="Soap").click()
    for _ in range(3):
        page.get_by_role("button", name="One more, Soap").click()
    book = page.get_by_role("button", name="Book the count")
    box = book.bounding_box()
    assert box is not None and box["width"] > PHONE[0] - 40  # it fills its row
    book.click()
    expect(page.locator("#flash")).to_contain_text("3 products counted and booked.")
    here = [shop.levels.at_location(one.id, shelf.id) for one in products]
    assert here == [Decimal(8), Decimal(4), Decimal("2.5"), Decimal(3)]
    assert len({one.booking_id for one in shop.history.movements(MILL_LANE, kind="counted").items}) == 1
    expect(page.get_by_label("Counted, Bread")).to_have_value("")


def test_numbers_stay_through_a_reload_and_a_lost_connection(
    shop: Shop, server: Server, tabs: Tabs, shelf: Location, products: list[Product]
) -> None:
    page = tabs("clerk")
    page.goto(f"/count?location={shelf.id}")
    page.get_by_label("Counted, Milk").fill("5")
    page.reload()
    expect(page.get_by_label("Counted, Milk")).to_have_value("5")
    expect(page.locator("#count-draft")).to_be_visible()
    server.stop()
    page.get_by_role("button", name="Book the count").click()
    expect(page.locator("#flash")).to_contain_text("kept on this device")
    server.start()
    page.get_by_role("button", name="Book the count").click()
    expect(page.locator("#flash")).to_contain_text("1 product counted and booked.")
    assert shop.levels.at_location(products[1].id, shelf.id) == 5


def test_what_is_typed_and_chosen_before_the_page_s_scripts_run_counts(
    shop: Shop, tabs: Tabs, shelf: Location, products: list[Product]
) -> None:
    page = tabs("clerk", service_workers="block")  # so that every request can be held up

    def open_without(script: str) -> Route:
        held: list[Route] = []
        page.unroute_all()
        page.route(f"**/static/{script}", lambda route: route.continue_() if held else held.append(route))
        with page.expect_request(f"**/static/{script}"):
            page.goto(f"/count?location={shelf.id}", wait_until="commit")
        until(page, lambda: page.evaluate("!!document.querySelector('#count-bar')"))
        return held[0]

    # Unlike an action of Playwright, evaluate does not wait for the scripts.
    script = open_without("count.js")
    page.evaluate("document.querySelector('[aria-label=\"Counted, Bread\"]').value = '8'")
    assert page.evaluate("'starting' in document.documentElement.dataset")
    script.continue_()
    page.get_by_role("button", name="One more, Milk").click()
    expect(page.locator(".count-row", has_text="Bread")).to_contain_text("2 missing")
    expect(page.locator("#count-sum")).to_have_text("2 of 3 counted")
    expect(page.locator("html[data-starting]")).to_have_count(0)

    script = open_without("app.js")
    root = str(shop.catalogue.store(MILL_LANE).root_id)
    page.evaluate("root => document.querySelector('#count-place').value = root", root)
    script.continue_()
    page.wait_for_url(f"**/count?location={root}")
    expect(page.get_by_text("The book knows of nothing here")).to_be_visible()


def test_enter_goes_on_and_what_is_no_number_is_marked(
    tabs: Tabs, shelf: Location, products: list[Product]
) -> None:
    page = tabs("clerk")
    page.goto(f"/count?location={shelf.id}")
    page.get_by_label("Counted, Bread").fill("many")
    expect(page.get_by_label("Counted, Bread")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("button", name="Book the count")).to_be_disabled()
    page.get_by_label("Counted, Bread").fill("0")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Counted, Milk")).to_be_focused()
    expect(page.get_by_role("button", name="Book the count")).to_be_enabled()


def test_a_place_with_others_in_it_lists_only_what_is_in_none_of_them(
    shop: Shop, tabs: Tabs, products: list[Product]
) -> None:
    root = shop.catalogue.store(MILL_LANE).root_id
    shop.ledger.book([Line("received", products[3].id, root, Decimal(6))], user="clerk")
    page = tabs("clerk")
    page.goto("/count")
    expect(page.locator(".count-row")).to_have_count(1)
    expect(page.locator(".count-row")).to_contain_text("Soap")


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wrong_with_it_for_anybody(
    tabs: Tabs,
    shelf: Location,
    products: list[Product],
    accessible: Callable[[Page], None],
    size: tuple[int, int],
    scheme: str,
) -> None:
    page = tabs("manager", size, scheme)
    page.goto(f"/count?location={shelf.id}")
    page.get_by_label("Counted, Bread").fill("8")
    page.get_by_label("Counted, Milk").fill("4")
    accessible(page)


def test_what_is_no_number_says_what_to_type_and_keeps_nothing_else_back(
    shop: Shop, tabs: Tabs, shelf: Location, products: list[Product], accessible: Callable[[Page], None]
) -> None:
    page = tabs("clerk", PHONE)
    page.goto(f"/count?location={shelf.id}")
    bread, book = page.get_by_label("Counted, Bread"), page.get_by_role("button", name="Book the count")
    bread.fill("many")
    expect(bread).to_have_accessible_description(
        "Type a number such as 3 or 1.5, with at most three digits after the point."
    )
    expect(book).to_be_disabled()
    expect(book).to_have_accessible_description("1 number to correct")
    page.get_by_label("Counted, Milk").fill("3")
    expect(page.locator("#count-sum")).to_have_text("1 of 3 counted · 1 number to correct")
    accessible(page)
    book.click()
    expect(page.locator("#flash")).to_contain_text("1 product counted and booked.")
    assert [shop.levels.at_location(one.id, shelf.id) for one in products[:2]] == [10, 3]
    expect(bread).to_have_value("many")  # it stays to be corrected
    expect(bread).to_have_attribute("aria-invalid", "true")
    bread.fill("8")
    expect(bread).to_have_accessible_description("")
    book.click()
    expect(bread).to_have_value("")  # the same words as before are told
    assert shop.levels.at_location(products[0].id, shelf.id) == 8
