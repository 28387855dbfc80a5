"""Sign in, first start, home, and the first stock level of an empty shop."""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pytest
from playwright.sync_api import Browser, Page, expect

from shelfwise.inventory.records import Line, NewProduct
from shelfwise.web.app import create_app
from shelfwise.web.config import WebConfig
from shelfwise.workflows.model_shelf import ModelShelf
from shelfwise.workflows.shop import Shop, ShopSettings, open_shop

from .conftest import DESK, PASSWORD, PHONE, Server, Tabs

MILL_LANE = 1
BOTH = pytest.mark.parametrize(
    ("size", "scheme"), [(PHONE, "dark"), (DESK, "light")], ids=["phone-dark", "desk-light"]
)


@BOTH
def test_sign_in_says_what_was_wrong_and_leads_to_where_one_wanted(
    tabs: Tabs, accessible: Callable[[Page], None], size: tuple[int, int], scheme: str
) -> None:
    page = tabs(None, size, scheme)
    page.goto("/scan?store=1")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    accessible(page)
    page.get_by_label("Name").fill("clerk")
    page.get_by_label("Password", exact=True).fill("wrong words here")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("clerk")
    accessible(page)
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_label("Password", exact=True)).to_have_attribute("type", "text")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Scan")).to_be_visible()


def test_signing_out_ends_it_and_drops_the_kept_page(tabs: Tabs) -> None:
    page = tabs("clerk")
    page.goto("/scan")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()
    expect(page.get_by_role("heading", name="Scan")).to_be_visible()
    kept = "caches.open('shelfwise-pages').then(cache => cache.keys()).then(keys => keys.length)"
    assert page.evaluate(kept) == 1
    page.get_by_label("Your account: clerk").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert page.evaluate(kept) == 0
    page.goto("/")
    expect(page).to_have_url(re.compile("/sign-in"))


@pytest.fixture
def empty_shop(shop: Shop) -> Shop:
    """The shop with its stores put away and nobody in it but the admin."""
    for store in shop.catalogue.stores():
        shop.catalogue.archive_store(store.id)
    return shop


def test_an_empty_shop_leads_to_its_first_level(
    empty_shop: Shop, tabs: Tabs, colour_photo: Callable[[str], Path], accessible: Callable[[Page], None]
) -> None:
    page = tabs("admin", PHONE)
    page.goto("/")
    accessible(page)
    page.get_by_label("Name of the store").fill("Corner shop")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("link", name="Scan the first product")).to_be_visible()
    accessible(page)
    page.get_by_label("Name of a place").fill("Shelf 1")
    page.get_by_role("button", name="Add the place").click()
    expect(page.locator("#flash")).to_contain_text("Shelf 1 is added.")
    page.get_by_role("link", name="Scan the first product").click()
    page.locator("#scan-choose").set_input_files(str(colour_photo("Red")))
    page.get_by_role("button", name="Red – no product yet").click()
    page.locator("#picker").get_by_role("button", name="Make the product").click()
    page.get_by_label("Where?").select_option(label="Shelf 1")
    page.get_by_role("button", name="Book 1 as received").click()
    expect(page.locator("#scan-done-list")).to_contain_text("now in stock: Red: 1")
    page.goto("/")
    expect(page.get_by_role("heading", name="Corner shop")).to_be_visible()
    expect(page.get_by_role("heading", name="What changed")).to_be_visible()


def test_a_name_that_is_taken_is_told_at_its_field(empty_shop: Shop, tabs: Tabs) -> None:
    page = tabs("admin")
    page.goto("/")
    page.get_by_label("Name of the store").fill("Mill Lane")
    page.get_by_role("button", name="Go on").click()
    expect(
        page.locator("[data-form-error], [data-error-for=name]").filter(has_text="Mill Lane")
    ).to_be_visible()


@BOTH
def test_home_shows_what_is_short_and_what_changed(
    shop: Shop, tabs: Tabs, accessible: Callable[[Page], None], size: tuple[int, int], scheme: str
) -> None:
    tea = shop.catalogue.add_product(
        NewProduct("Green tea with a name that is rather long", minimum=Decimal(5))
    )
    root = shop.catalogue.store(MILL_LANE).root_id
    shop.ledger.book([Line("received", tea.id, root, Decimal(2))], user="clerk")
    page = tabs("clerk", size, scheme)
    page.goto("/")
    short = page.get_by_role("region", name="Out or low")
    expect(short).to_contain_text("Green tea")
    expect(short).to_contain_text("Low")
    expect(page.get_by_role("region", name="What changed")).to_contain_text("Received")
    expect(page.get_by_role("link", name="1 running low")).to_be_visible()
    accessible(page)
    if size == PHONE:
        page.get_by_text("More", exact=True).click()
        expect(page.get_by_role("link", name="Movements", exact=True)).to_be_visible()
        accessible(page)
        page.keyboard.press("Escape")
        expect(page.get_by_role("link", name="Movements", exact=True)).to_be_hidden()


def test_the_store_that_was_chosen_stays(tabs: Tabs) -> None:
    page = tabs("admin")
    page.goto("/scan")
    page.get_by_label("Store").select_option(label="Mill Lane")
    expect(page).to_have_url(re.compile("store=1"))
    page.goto("/count")
    expect(page.get_by_label("Store")).to_have_value("1")


def test_what_is_not_there_or_not_allowed_is_told_on_a_page(
    tabs: Tabs, accessible: Callable[[Page], None]
) -> None:
    page = tabs("reader")
    reply = page.goto("/scan")
    assert reply is not None and reply.status == 403
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    accessible(page)
    reply = page.goto("/nothing-here")
    assert reply is not None and reply.status == 404
    expect(page.get_by_role("link", name="Go home")).to_be_visible()


@BOTH
def test_an_invitation_leads_into_the_shop(
    shop: Shop,
    tabs: Tabs,
    accessible: Callable[[Page], None],
    size: tuple[int, int],
    scheme: str,
) -> None:
    secret = shop.invitations.invite(None, {MILL_LANE: "clerk"}, "admin")
    page = tabs(None, size, scheme)
    page.goto(f"/invitation/{secret}")
    accessible(page)
    page.get_by_label("Your name").fill("ana")
    page.get_by_label("Password", exact=True).fill("password123")
    page.get_by_role("button", name="Join").click()
    expect(page.locator("#password-error")).not_to_be_empty()
    accessible(page)
    page.get_by_label("Password", exact=True).fill("seven brown owls")
    page.get_by_role("button", name="Join").click()
    expect(page.get_by_label("Your account: ana")).to_be_visible()


@pytest.fixture
def new_shop(tmp_path: Path, toy: ModuleType) -> Iterator[Shop]:
    """A shop that nobody has been in yet."""
    shelf = ModelShelf(tmp_path / "home" / "models")
    shelf.activate(shelf.add(toy.write_toy_bundle(tmp_path / "toy").path).id)
    with open_shop(ShopSettings(tmp_path / "home")) as opened:
        yield opened


@BOTH
def test_the_first_start_makes_the_admin_and_goes_on_to_the_first_step(
    new_shop: Shop,
    chromium: Browser,
    accessible: Callable[[Page], None],
    size: tuple[int, int],
    scheme: str,
) -> None:
    server = Server(create_app(new_shop, WebConfig()))
    server.start()
    tabs = Tabs(chromium, server.url)
    page = tabs(None, size, scheme)
    page.goto(f"/first/{new_shop.invitations.first_admin()}")
    accessible(page)
    page.get_by_label("Your name").fill("ana")
    page.get_by_label("Password", exact=True).fill("seven brown owls")
    page.get_by_role("button", name="Open the shop").click()
    expect(page.get_by_role("heading", name="Welcome, ana")).to_be_visible()
    expect(page.get_by_label("Name of the store")).to_be_focused()
    tabs.close()
    server.stop()


def test_who_needs_no_places_is_not_asked_for_them_again(
    shop: Shop, tabs: Tabs, accessible: Callable[[Page], None]
) -> None:
    bread = shop.catalogue.add_product(NewProduct("Bread"))
    root = shop.catalogue.store(MILL_LANE).root_id
    shop.ledger.book([Line("received", bread.id, root, Decimal(2))], user="clerk")
    page = tabs("manager", PHONE)
    page.goto("/")
    accessible(page)
    page.get_by_role("button", name="We need no places").click()
    asked = page.get_by_role("heading", name="Say where things are")
    expect(asked).to_have_count(0)
    page.reload()
    expect(page.get_by_role("heading", name="What changed")).to_be_visible()
    expect(asked).to_have_count(0)
