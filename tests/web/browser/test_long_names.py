"""Names of any length: nothing lies over anything else, and no page grows wider than the screen."""

from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from shelfwise.answers.records import NewAnswer
from shelfwise.inventory.records import Line, Location, NewProduct
from shelfwise.workflows.shop import Shop

from .conftest import DESK, Tabs

MILL_LANE = 1
LONG = "Very long product name with Bio-Vollmilchschokoladenaufstrich ohne Palmöl extra cremig 750 g Familienpackung"
WORD = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz"
PHOTO = "ab" * 32
NARROW = (320, 800)

SPILLED = """() => [...document.querySelectorAll("main *")].filter(each => {
  const style = getComputedStyle(each);
  if (!each.checkVisibility() || style.display === "inline" || style.overflowX !== "visible") return false;
  if (each.closest(".hidden, dialog, svg") || each.matches("thead, thead *")) return false;
  return each.clientWidth > 0 && each.scrollWidth > each.clientWidth + 1;
}).map(each => `${each.tagName}.${each.className}: ${each.textContent.trim().slice(0, 60)}`)"""
"""What is wider than the box it stands in."""
SCROLLED = """() => [...document.querySelectorAll(".table-wrap")]
  .filter(each => each.scrollWidth > each.clientWidth + 1).length"""


@pytest.fixture
def shelf(shop: Shop) -> Location:
    """A place with a long name, on which two products with long names lie, far below their minimum, by photos."""
    shelf = shop.catalogue.location_at(MILL_LANE, f"{WORD} / {WORD}", create=True)
    model = shop.shelf.active().id
    for name in (LONG, WORD):
        new = NewProduct(name, category=f"food/{WORD}", minimum=Decimal(1_000_000), target=Decimal(1_000_000))
        product = shop.catalogue.add_product(new).id
        shop.answers.record(
            [NewAnswer(PHOTO, model, "accept", f"food/{WORD}", 1.0, (), "clerk", None, MILL_LANE)]
        )
        line = Line("received", product, shelf.id, Decimal(1), photo=PHOTO, model=model)
        shop.ledger.book([line], user="clerk")
    shop.users.add(WORD, None, roles={MILL_LANE: "clerk"}, by="admin")
    return shelf


def fits(page: Page) -> None:
    over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert over <= 0, f"{page.url} is {over} pixels wider than the screen"
    spilled = page.evaluate(SPILLED)
    assert not spilled, f"{page.url}: {spilled}"
    assert not page.evaluate(SCROLLED), f"a table of {page.url} has to be scrolled"


@pytest.mark.parametrize("size", [NARROW, DESK], ids=["narrow", "desk"])
def test_names_break_where_they_must(tabs: Tabs, shelf: Location, size: tuple[int, int]) -> None:
    page = tabs("admin", size)
    page.goto("/?store=1")
    for path in (
        "/",
        "/stock",
        "/stock/categories",
        "/stock/past",
        "/stock/1",
        "/products",
        "/products/1",
        "/orders",
        "/movements",
        "/stores",
        "/stores/categories",
        "/users",
        "/audit",
        f"/count?location={shelf.id}",
    ):
        page.goto(path)
        fits(page)


def test_a_found_product_and_a_title_break_too(tabs: Tabs, shelf: Location) -> None:
    page = tabs("manager", NARROW)
    page.goto("/count")
    page.get_by_role("button", name="Another product").click()
    expect(page.locator("#picker .choice")).to_have_count(2)
    inside = "document.querySelector('#picker').scrollWidth <= document.querySelector('#picker').clientWidth"
    assert page.evaluate(inside)
    page.goto("/stock/1")
    page.get_by_role("button", name="Received", exact=True).click()
    assert page.evaluate(inside.replace("#picker", "#book-received"))
