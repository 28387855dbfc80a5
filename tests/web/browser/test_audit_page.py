"""Audit log: filters, details, the same on a phone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from shelfwise.workflows.shop import Shop

from .conftest import DESK, PHONE, Tabs


@pytest.fixture(autouse=True)
def written(shop: Shop) -> None:
    """A change with many details, and one with none."""
    details = {"name": "Oat drink", "minimum": "12", "target": "40", "gtin": "4006381333931", "unit": "piece"}
    shop.audit.record("manager", "product.change", "product Oat drink", details, "192.168.1.20")
    shop.audit.record("admin", "store.add", "store Mill Lane")


def test_the_log_is_filtered_as_soon_as_something_is_chosen(tabs: Tabs) -> None:
    page = tabs("admin", DESK)
    page.goto("/audit")
    page.get_by_label("What").select_option(label="Products")
    page.wait_for_url("**/audit?*action=product.*")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.locator("tbody summary").click()
    expect(page.get_by_text("4006381333931")).to_be_visible()
    page.get_by_role("link", name="Clear").click()
    page.wait_for_url("**/audit")


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESK, "light")])
def test_the_log_is_usable_by_all(
    tabs: Tabs, accessible: Callable[[Page], None], size: tuple[int, int], scheme: str
) -> None:
    page = tabs("admin", size, scheme)
    page.goto("/audit")
    page.locator("tbody summary").first.click()
    accessible(page)
