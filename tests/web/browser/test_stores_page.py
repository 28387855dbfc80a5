"""Stores, the tree of their places, and categories: added, renamed, archived, taken back, by those who may."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from shelfwise.workflows.shop import Shop

from .conftest import PHONE, Tabs

MILL_LANE = 1


def test_places_are_added_below_each_other_and_renamed(shop: Shop, tabs: Tabs) -> None:
    page = tabs("manager", PHONE)
    page.goto("/stores")
    page.get_by_role("button", name="Add a place", exact=True).click()
    page.get_by_role("dialog", name="Add a place").get_by_label("Name").fill("Aisle 1")
    page.get_by_role("button", name="Add the place").click()
    expect(page.locator("#flash")).to_contain_text("Aisle 1 is added.")
    page.get_by_role("button", name="Add a place in Aisle 1").click()
    page.get_by_role("dialog", name="Add a place in Aisle 1").get_by_label("Name").fill("Shelf 2")
    page.get_by_role("button", name="Add the place").click()
    expect(page.locator(".tree .depth-1")).to_contain_text("Shelf 2")
    # Told by the script of the page that was loaded anew: from now on its buttons do something.
    expect(page.locator("#flash")).to_contain_text("Shelf 2 is added.")
    page.get_by_role("button", name="Rename Aisle 1", exact=True).click()
    dialog = page.get_by_role("dialog", name="Rename Aisle 1")
    expect(dialog.get_by_label("Name")).to_have_value("Aisle 1")
    dialog.get_by_label("Name").fill("Cool room")
    dialog.get_by_role("button", name="Rename").click()
    expect(page.locator("#flash")).to_contain_text("It is called Cool room now.")
    assert [place.path for place in shop.catalogue.locations(MILL_LANE)] == [
        "",
        "Cool room",
        "Cool room / Shelf 2",
    ]


def test_a_place_is_archived_and_taken_back(shop: Shop, tabs: Tabs) -> None:
    shop.catalogue.add_location(MILL_LANE, "Aisle 1")
    page = tabs("manager")
    page.goto("/stores")
    page.get_by_role("button", name="Archive Aisle 1").click()
    page.locator("#confirm [data-yes]").click()
    page.get_by_text("Archived places (1)").click()
    page.get_by_role("button", name="Take back Aisle 1").click()
    expect(page.locator(".tree")).to_contain_text("Aisle 1")


def test_admins_add_stores_and_managers_do_not(shop: Shop, tabs: Tabs) -> None:
    page = tabs("manager")
    page.goto("/stores")
    expect(page.get_by_role("button", name="Add a store")).to_have_count(0)
    expect(page.get_by_role("button", name="Rename Mill Lane")).to_have_count(0)
    page = tabs("admin")
    page.goto("/stores")
    page.get_by_role("button", name="Add a store").click()
    page.get_by_role("dialog", name="Add a store").get_by_label("Name").fill("Mill Lane")
    page.get_by_role("button", name="Add the store").click()
    expect(page.locator("#add-store")).to_contain_text("Mill Lane")
    page.get_by_role("dialog", name="Add a store").get_by_label("Name").fill("Hill Top")
    page.get_by_role("button", name="Add the store").click()
    expect(page.get_by_role("heading", name="Places in Hill Top")).to_be_visible()
    page.get_by_role("button", name="Archive Hill Top").click()
    page.locator("#confirm [data-yes]").click()
    expect(page.get_by_text("Archived stores (1)")).to_be_visible()
    assert [store.name for store in shop.catalogue.stores()] == ["Harbour", "Mill Lane"]


def test_categories_are_kept(shop: Shop, tabs: Tabs) -> None:
    page = tabs("manager")
    page.goto("/stores/categories")
    page.get_by_role("button", name="Add a category").click()
    page.get_by_role("dialog", name="Add a category").get_by_label("Name").fill("fruit/apple")
    page.get_by_role("button", name="Add the category").click()
    expect(page.get_by_role("link", name="fruit/apple")).to_be_visible()
    page.get_by_role("button", name="Rename fruit/apple").click()
    page.get_by_role("dialog", name="Rename fruit/apple").get_by_label("Name").fill("fruit/pear")
    page.get_by_role("button", name="Rename", exact=True).click()
    expect(page.get_by_role("link", name="fruit/pear")).to_be_visible()
    page.get_by_role("button", name="Archive fruit/pear").click()
    page.locator("#confirm [data-yes]").click()
    expect(page.get_by_text("Archived categories (1)")).to_be_visible()
    assert shop.catalogue.categories() == []


def test_nothing_is_wrong_with_it_for_anybody(
    shop: Shop, tabs: Tabs, accessible: Callable[[Page], None]
) -> None:
    aisle = shop.catalogue.add_location(MILL_LANE, "Aisle 1")
    shop.catalogue.add_location(MILL_LANE, "Shelf 2", aisle.id)
    shop.catalogue.add_category("fruit/apple")
    page = tabs("admin", PHONE, "dark")
    for address in ("/stores?store=1", "/stores/categories"):
        page.goto(address)
        accessible(page)
    page = tabs("manager")
    page.goto("/stores")
    page.get_by_role("button", name="Add a place in Aisle 1 / Shelf 2").click()
    accessible(page)
