"""Scan: from photos to stock levels, with right and wrong answers, without a connection, by keyboard, on a phone."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from shelfwise.inventory.records import NewProduct, Product
from shelfwise.workflows.shop import Shop

from .conftest import DESK, PHONE, Server, Tabs

MILL_LANE = 1
Photos = Callable[[str], Path]


@pytest.fixture
def colours(shop: Shop) -> dict[str, Product]:
    """A product for each of the toy model's categories."""
    return {
        name: shop.catalogue.add_product(NewProduct(f"{name} paint", category=name))
        for name in ("Red", "Green", "Blue")
    }


def scan(page: Page, *photos: Path) -> None:
    before = page.locator(".scan-card").count()
    page.locator("#scan-choose").set_input_files([str(photo) for photo in photos])
    expect(page.locator(".scan-card")).to_have_count(before + len(photos))


def level(shop: Shop, product: Product) -> Decimal:
    return shop.levels.level(product.id, MILL_LANE)


def test_two_photos_become_two_stock_levels(
    shop: Shop, tabs: Tabs, colours: dict[str, Product], colour_photo: Photos
) -> None:
    page = tabs("clerk", PHONE)
    page.goto("/scan")
    scan(page, colour_photo("Red"), colour_photo("Green"))
    expect(page.get_by_role("radio", name="Red paint").first).to_be_checked()
    expect(page.get_by_role("radio", name="Green paint").nth(1)).to_be_checked()
    page.get_by_role("button", name="One more, photo 1").click()
    page.get_by_role("button", name="One more, photo 1").click()
    page.get_by_role("button", name="Book 2 as received").click()
    expect(page.locator("#scan-done-list")).to_contain_text("Red paint 3, Green paint 1")
    expect(page.locator("#scan-done-list")).to_contain_text("now in stock – Red paint: 3, Green paint: 1")
    expect(page.locator(".scan-card")).to_have_count(0)
    assert level(shop, colours["Red"]) == 3
    assert level(shop, colours["Green"]) == 1
    [newest, _] = shop.history.movements(MILL_LANE).items
    assert newest.photo is not None
    assert newest.model is not None
