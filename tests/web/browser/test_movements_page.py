"""Movements: undone with a reason, by those who may; filtered by people's own days."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from shelfwise.inventory.records import Line, NewProduct, Product
from shelfwise.workflows.shop import Shop

from .conftest import PHONE, Tabs

MILL_LANE, ROOT = 1, 1


@pytest.fixture
def bread(shop: Shop) -> Product:
    """Bread: a manager received 10, a clerk sold 4."""
    made = shop.catalogue.add_product(NewProduct("Bread"))
    at = datetime.now(UTC) - timedelta(hours=1)
    shop.ledger.book([Line("received", made.id, ROOT, Decimal(10), at)], user="manager")
    shop.ledger.book(
        [Line("sold", made.id, ROOT, Decimal(4), photo="ab" * 32, model="toy", confidence=0.875)],
        user="clerk",
    )
    return made


def test_clerks_undo_their_own_with_a_reason(shop: Shop, tabs: Tabs, bread: Product) -> None:
    page = tabs("clerk")
    page.goto("/movements")
    undo = page.locator("main tr button[data-open=undo]")
    expect(undo).to_have_count(1)  # not what the manager booked
    undo.click()
    dialog = page.get_by_role("dialog", name="Undo: sold 4 Bread")
    dialog.get_by_label("Reason").fill("wrong till")
    dialog.get_by_role("button", name="Undo it").click()
    expect(page.locator("#flash")).to_contain_text("Undone.")
    expect(page.locator("tr", has_text="wrong till")).to_contain_text("+4")
    expect(page.locator("tr.undone")).to_contain_text("Undone")
    expect(undo).to_have_count(0)
    assert shop.levels.level(bread.id, MILL_LANE) == 10


def test_managers_undo_everybodys(shop: Shop, tabs: Tabs, bread: Product) -> None:
    page = tabs("manager", PHONE)
    page.goto("/movements")
    expect(page.get_by_label("Kind")).to_be_hidden()  # the list comes first on a phone
    page.get_by_role("searchbox", name="Product").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_label("Kind").select_option(label="Received")
    expect(page.locator("main tbody tr")).to_have_count(1)
    expect(page.get_by_label("Kind")).to_be_visible()
    page.get_by_role("button", name="Undo received 10 Bread").click()
    page.get_by_role("button", name="Undo it").click()
    expect(page.locator("#flash")).to_contain_text("Undone.")
    assert shop.levels.level(bread.id, MILL_LANE) == -4


def test_what_is_undone_meanwhile_is_told(shop: Shop, tabs: Tabs, bread: Product) -> None:
    page = tabs("clerk")
    page.goto("/movements")
    page.get_by_role("button", name="Undo sold 4 Bread").click()
    shop.ledger.undo(2, user="manager")
    page.get_by_role("button", name="Undo it").click()
    expect(page.locator("#undo [data-form-error]")).to_contain_text("undone")
    assert shop.levels.level(bread.id, MILL_LANE) == 10


def test_the_photo_and_the_model_behind_it_are_shown(tabs: Tabs, bread: Product) -> None:
    page = tabs("reader")
    page.goto("/movements")
    row = page.locator("tr", has_text="Sold")
    expect(row).to_contain_text("88 % sure")
    expect(row).to_contain_text("toy")
    expect(row.get_by_role("link", name="Photo of Bread")).to_have_attribute(
        "href", f"/api/v1/photos/{'ab' * 32}"
    )
    # There is no such photo any more: a picture says so, instead of the browser's own for what is broken.
    row.locator("img").scroll_into_view_if_needed()
    expect(row.locator("img")).to_have_attribute("src", "/static/no-photo.svg")
    for name in ("From", "To"):
        box = page.get_by_label(name, exact=True).bounding_box()
        assert box is not None and box["width"] > 150  # so much a date takes


def test_days_are_those_of_the_reader(shop: Shop, tabs: Tabs, bread: Product) -> None:
    # Half past midnight in Auckland: there it is a day later than in UTC.
    shop.ledger.book(
        [Line("wasted", bread.id, ROOT, Decimal(1), datetime(2026, 3, 9, 11, 30, tzinfo=UTC))], user="clerk"
    )
    page = tabs("reader", timezone_id="Pacific/Auckland")
    page.goto("/movements")
    page.get_by_label("From").fill("2026-03-10")
    page.wait_for_url("**since=2026-03-10**")
    page.get_by_label("To", exact=True).fill("2026-03-10")
    page.wait_for_url("**until=2026-03-10**")
    expect(page.locator("main tbody tr")).to_have_count(1)
    expect(page.locator("main tbody tr")).to_contain_text("Wasted")
    page.get_by_role("link", name="Clear").click()
    expect(page.locator("main tbody tr")).to_have_count(3)


def test_nothing_is_wrong_with_it_for_anybody(
    tabs: Tabs, bread: Product, accessible: Callable[[Page], None]
) -> None:
    page = tabs("clerk", PHONE, "dark")
    page.goto("/movements")
    accessible(page)
    page.locator("main tr button[data-open=undo]").first.click()
    accessible(page)
