"""Shelf: a photo of a shelf, its boxes corrected by taps and by keys, its counts booked."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from shelfwise.inventory.records import Location, NewProduct
from shelfwise.workflows.shop import Shop
from shelfwise.workflows.shop_shelf import add_shelf_photo

from .conftest import DESK, PHONE, Server, Tabs

MILL_LANE = 1


@pytest.fixture
def place(shop: Shop) -> Location:
    return shop.catalogue.add_location(MILL_LANE, "Shelf 1")


@pytest.fixture
def products(shop: Shop) -> dict[str, int]:
    return {name: shop.catalogue.add_product(NewProduct(name, "drinks")).id for name in ("Cola", "Tea")}


@pytest.fixture
def shelf(shop: Shop, scene, place: Location, products: dict[str, int]) -> int:
    """A shelf photo that was looked at."""
    from shelfwise.accounts.records import Actor

    user = shop.users.by_name("clerk")
    actor = Actor(user.name, user.id, False, user.roles)
    made = add_shelf_photo(shop, scene.photo, actor, MILL_LANE, place.id)
    future = shop.shelves.future(made.id)
    if future is not None:
        future.result(60)
    return made.id


def sent(scene) -> dict[str, object]:
    return {"name": "shelf.png", "mimeType": "image/png", "buffer": scene.photo}


def opened(page: Page, shelf: int) -> Page:
    page.goto(f"/shelf/{shelf}")
    expect(page.locator("#shelf-bar")).to_be_visible()
    return page


def on_photo(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a place of the photo is on the screen."""
    box = page.locator(".shelf-sheet img").bounding_box()
    assert box is not None
    return box["x"] + x * box["width"] / 400, box["y"] + y * box["height"] / 320


def boxes(shop: Shop, shelf: int) -> dict[str, object]:
    return {box.key: box for box in shop.shelf_photos.read(shelf)[1]}


def saved(page: Page) -> None:
    expect(page.locator("#shelf-saved")).to_have_text("Saved")


def until(page: Page, true: Callable[[], bool]) -> None:
    """Wait until it is so. The page's own way to wait for an expression is not allowed by its security policy."""
    for _ in range(300):
        if true():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it never came to that")


def test_from_a_photo_to_a_booked_stock_take_on_a_phone(
    shop: Shop, tabs: Tabs, scene, place: Location, products: dict[str, int]
) -> None:
    page = tabs("clerk", PHONE)
    page.goto("/shelf")
    page.get_by_label("Where is it?").select_option(label="Shelf 1")
    page.locator("#shelf-choose").set_input_files([sent(scene)])
    page.wait_for_url("**/shelf/1")
    expect(page.locator("#shelf-bar")).to_be_visible()
    expect(page.locator(".shelf-chip")).to_have_count(6)
    assert shop.shelf_photos.get(1).location_id == place.id
    page.touchscreen.tap(*on_photo(page, 45, 80))
    panel = page.locator("#shelf-panel")
    expect(panel).to_contain_text("Row 1, place 1")
    panel.get_by_label("Also the 2 beside it").check()
    panel.get_by_role("button", name="Something else…").click()
    page.locator("#picker").get_by_role("button", name="Cola").click()
    expect(page.locator("#shelf-counts")).to_contain_text("Cola")
    expect(page.locator(".shelf-chip", has_text="Cola")).to_have_count(3)
    saved(page)
    assert [boxes(shop, 1)[key].now_product for key in "123"] == ["Cola"] * 3
    page.touchscreen.tap(*on_photo(page, 55, 235))
    panel.get_by_role("button", name="No product").click()
    expect(page.locator(".shelf-chip")).to_have_count(5)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".shelf-chip")).to_have_count(6)
    saved(page)
    page.get_by_role("button", name="Book the counts").click()
    dialog = page.locator("#shelf-take")
    expect(dialog.locator("tbody tr")).to_have_count(1)
    dialog.get_by_role("button", name="One more").click()
    row = dialog.locator("tbody tr", has_text="Cola")
    expect(row).to_contain_text("6 more")
    expect(dialog.locator("#take-left")).to_contain_text("Not booked")
    dialog.get_by_role("button", name="Book", exact=True).click()
    expect(page.locator("#flash")).to_contain_text("Booked: 1 product counted.")
    assert shop.levels.at_location(products["Cola"], place.id) == Decimal(6)
    page.goto("/shelf")
    expect(page.locator(".shelf-recent li")).to_contain_text("Booked")


def test_all_of_it_can_be_done_by_keys(shop: Shop, tabs: Tabs, shelf: int) -> None:
    page = opened(tabs("clerk", DESK), shelf)
    chips = page.locator("#shelf-rows").get_by_role("button")
    expect(chips.first).to_have_accessible_name("Place 1: Red, no product chosen")
    chips.nth(5).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#shelf-panel-title")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#shelf-view")).to_be_focused()
    page.keyboard.press("n")
    expect(page.locator("#shelf-panel")).to_contain_text("Row 1, place 1")
    page.keyboard.press("Delete")
    expect(page.locator(".shelf-chip")).to_have_count(5)
    saved(page)
    assert boxes(shop, shelf)["1"].removed
    page.keyboard.press("Control+z")
    expect(page.locator(".shelf-chip")).to_have_count(6)
    page.locator("#shelf-view").focus()
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    corner = page.get_by_role("button", name="Top left corner")
    expect(corner).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    saved(page)
    expect(page.locator(".shelf-chip")).to_have_count(7)
    page.wait_for_timeout(700)
    saved(page)
    (fresh,) = [box for key, box in boxes(shop, shelf).items() if key.startswith("n")]
    assert fresh.moved
    assert not boxes(shop, shelf)["1"].removed


def test_the_photo_is_zoomed_and_boxes_are_drawn_on_it(shop: Shop, tabs: Tabs, shelf: int) -> None:
    page = opened(tabs("clerk", DESK), shelf)
    sheet = page.locator(".shelf-sheet img")

    def width() -> float:
        box = sheet.bounding_box()
        assert box is not None
        return box["width"]

    whole = width()
    page.get_by_role("button", name="Zoom in").click()
    assert width() > whole * 1.3
    page.get_by_role("button", name="All of the photo").click()
    assert width() == pytest.approx(whole, abs=2)
    page.mouse.click(*on_photo(page, 45, 80))
    page.mouse.wheel(0, -400)
    until(page, lambda: width() > whole * 1.3)
    page.keyboard.press("0")
    assert width() == pytest.approx(whole, abs=2)
    page.get_by_role("button", name="Add a box").click()
    page.mouse.move(*on_photo(page, 200, 180))
    page.mouse.down()
    page.mouse.move(*on_photo(page, 240, 250), steps=4)
    page.mouse.move(*on_photo(page, 260, 290), steps=4)
    page.mouse.up()
    expect(page.locator(".shelf-chip")).to_have_count(7)
    expect(page.locator("#shelf-panel")).to_contain_text("Added by hand")
    saved(page)
    (fresh,) = [box for key, box in boxes(shop, shelf).items() if key.startswith("n")]
    assert fresh.box == pytest.approx((200, 180, 260, 290), abs=3)


def test_corrections_stay_through_a_lost_connection_and_a_reload(
    shop: Shop, server: Server, tabs: Tabs, shelf: int
) -> None:
    page = opened(tabs("clerk", DESK), shelf)
    server.stop()
    page.mouse.click(*on_photo(page, 55, 235))
    page.locator("#shelf-panel").get_by_role("button", name="No product").click()
    expect(page.locator(".shelf-chip")).to_have_count(5)
    expect(page.locator("#shelf-state")).to_contain_text("1 change is kept here")
    server.start()
    page.reload()
    expect(page.locator("#shelf-bar")).to_be_visible()
    expect(page.locator(".shelf-chip")).to_have_count(5)
    until(page, lambda: page.evaluate(f"localStorage.getItem('shelfwise.shelf.clerk.{shelf}')") is None)
    assert boxes(shop, shelf)["6"].removed


def test_a_photo_that_could_not_be_looked_at_is_looked_at_again(
    shop: Shop, tabs: Tabs, shelf: int, scene
) -> None:
    from shelfwise.answers.shelf_records import AddedShelf

    first = shop.shelf_photos.get(shelf)
    new = AddedShelf(first.photo, first.width, first.height, "clerk", MILL_LANE)
    failed = shop.shelf_photos.add(new)
    shop.shelf_photos.fail(failed.id, "there was no detector")
    page = tabs("clerk", PHONE)
    page.goto(f"/shelf/{failed.id}")
    expect(page.locator("#shelf-progress")).to_contain_text("there was no detector")
    page.get_by_role("button", name="Look again").click()
    expect(page.locator(".shelf-chip")).to_have_count(6)


def test_a_refused_change_takes_no_other_with_it(shop: Shop, tabs: Tabs, shelf: int) -> None:
    page = tabs("clerk", DESK)
    page.goto("/shelf")
    gone = {"key": "2", "verdict": "corrected", "product": {"id": 4711, "name": "Gone", "category": None}}
    waiting = [{"key": "1", "removed": True}, gone, {"key": "6", "removed": True}]
    page.evaluate(
        "waiting => localStorage.setItem('shelfwise.shelf.clerk."
        + str(shelf)
        + "', JSON.stringify(waiting))",
        waiting,
    )
    opened(page, shelf)
    expect(page.locator("#flash")).to_contain_text("Not saved: ")
    until(page, lambda: page.evaluate(f"localStorage.getItem('shelfwise.shelf.clerk.{shelf}')") is None)
    expect(page.locator(".shelf-chip")).to_have_count(4)
    assert [key for key, box in boxes(shop, shelf).items() if box.removed] == ["1", "6"]
    assert boxes(shop, shelf)["2"].verdict is None


def test_what_somebody_else_changes_is_kept_too(shop: Shop, tabs: Tabs, shelf: int) -> None:
    page = opened(tabs("clerk", DESK), shelf)
    from shelfwise.answers.shelf_records import BoxChange

    shop.shelf_photos.change(shelf, [BoxChange("1", removed=True)], user="manager")
    page.mouse.click(*on_photo(page, 55, 235))
    page.locator("#shelf-panel").get_by_role("button", name="No product").click()
    saved(page)
    expect(page.locator(".shelf-chip")).to_have_count(4)
    assert boxes(shop, shelf)["1"].removed
    assert boxes(shop, shelf)["6"].removed


def test_two_photos_of_one_shelf_are_put_together(
    shop: Shop, tabs: Tabs, long_shelf, place: Location
) -> None:
    page = tabs("clerk", DESK)
    page.goto("/shelf")
    page.locator("#shelf-choose").set_input_files(
        [
            {"name": f"{part}.png", "mimeType": "image/png", "buffer": long_shelf.photo(part)}
            for part in ("left", "right")
        ]
    )
    page.get_by_role("button", name="Yes, one shelf").click()
    page.wait_for_url("**/shelf/3")
    expect(page.locator(".shelf-chip")).to_have_count(22)
    assert shop.shelf_photos.get(3).joined_from == (1, 2)


def test_what_stands_there_becomes_the_planogram(
    shop: Shop, tabs: Tabs, shelf: int, place: Location, products: dict[str, int]
) -> None:
    from shelfwise.answers.shelf_records import BoxChange, Saying

    named = [BoxChange(key, saying=Saying("corrected", product_id=products["Tea"])) for key in "12345"]
    shop.shelf_photos.change(shelf, named, user="clerk")
    page = opened(tabs("manager", DESK), shelf)
    page.get_by_role("button", name="Keep this shelf").click()
    expect(page.locator("#shelf-plan")).to_contain_text("100 %")
    page.locator(".shelf-chip").nth(1).click()
    page.locator("#shelf-panel").get_by_role("button", name="No product").click()
    expect(page.locator("#shelf-gaps")).to_contain_text("Room for 1 facing, planned for Tea")
    expect(page.locator("#shelf-plan")).to_contain_text("Tea")
    assert shop.planograms.get(place.id).user == "manager"


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (DESK, "dark")])
def test_everybody_can_use_it(
    tabs: Tabs, shelf: int, accessible: Callable[[Page], None], size: tuple[int, int], scheme: str
) -> None:
    page = tabs("clerk", size, scheme)
    page.goto("/shelf")
    accessible(page)
    opened(page, shelf)
    accessible(page)
    page.locator(".shelf-chip").first.click()
    page.locator("#shelf-panel").get_by_role("button", name="Move its edges").click()
    expect(page.locator(".shelf-handle")).to_have_count(4)
    accessible(page)
    small = page.evaluate(
        "[...document.querySelectorAll('#shelf-work button, #shelf-bar button')].filter((one) => one.offsetHeight && "
        "(one.offsetHeight < 44 || one.offsetWidth < 44)).map((one) => one.outerHTML)"
    )
    assert small == []
