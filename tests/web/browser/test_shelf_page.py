"""Shelf: a photo of a shelf, its boxes corrected by taps and by keys, its counts booked."""

import io
import re
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect

from shelfwise.answers.shelf_records import BoxChange, FoundBox, Saying
from shelfwise.errors import ModelError
from shelfwise.inventory.records import Location, NewProduct
from shelfwise.types import Detections
from shelfwise.workflows.shelf_naming import ClassifierNamer
from shelfwise.workflows.shop import Shop
from shelfwise.workflows.shop_shelf import ShopShelves, add_shelf_photo

from .conftest import DESK, PHONE, Server, Tabs, until

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


@pytest.fixture
def tall_shelf(shop: Shop, place: Location) -> int:
    """A photo that is higher than wide, with a box at its top and one at its foot."""

    class Finder:
        def find(self, image, *, source=None):
            edges = np.array([[200, 50, 400, 250], [200, 950, 400, 1150]], np.float32)
            return Detections(edges, np.array([0.9, 0.8], np.float32), 600, 1200, source)

    shop.shelves.use(Finder())
    out = io.BytesIO()
    Image.new("RGB", (600, 1200), (200, 90, 80)).save(out, "PNG")
    return kept(shop, out.getvalue(), place)


def on_tall_photo(page: Page, x: float, y: float) -> tuple[float, float]:
    box = page.locator(".shelf-sheet img").bounding_box()
    assert box is not None
    return box["x"] + x * box["width"] / 600, box["y"] + y * box["height"] / 1200


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


def name_cola(page: Page) -> None:
    """Say of the chosen box that it is a product, and wait until that is kept."""
    page.locator("#shelf-panel").get_by_role("button", name="Something else…").click()
    page.locator("#picker").get_by_role("button", name="Cola").click()
    saved(page)


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
    expect(dialog.locator("#take-left")).to_contain_text("3 facings are not named")
    dialog.get_by_role("button", name="Book anyway").click()
    expect(page.locator("#flash")).to_contain_text("Booked: 1 product counted.")
    assert shop.levels.at_location(products["Cola"], place.id) == Decimal(6)
    page.goto("/shelf")
    expect(page.locator(".shelf-recent li")).to_contain_text("Booked")


def test_what_looks_the_same_is_named_at_once_where_nothing_is_known(
    shop: Shop, tabs: Tabs, scene, place: Location, products: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    from shelfwise.workflows import shop_shelf_reading

    monkeypatch.setattr(
        shop_shelf_reading,
        "_found",
        lambda box, score, words: FoundBox(tuple(box), score, "unknown", None, 0.1, None, ()),
    )
    page = tabs("clerk", PHONE)
    page.goto("/shelf")
    page.locator("#shelf-choose").set_input_files([sent(scene)])
    page.wait_for_url("**/shelf/1")
    expect(page.locator(".shelf-chip.unknown")).to_have_count(6)
    panel = page.locator("#shelf-panel")
    page.touchscreen.tap(*on_photo(page, 105, 80))
    panel.get_by_role("button", name="Choose the product…").click()
    page.locator("#picker").get_by_role("button", name="Tea").click()
    saved(page)
    panel.get_by_role("button", name="Tea: the 2 beside it").click()
    expect(page.locator(".shelf-chip", has_text="Tea")).to_have_count(3)
    expect(panel.get_by_label("Also the 2 beside it with the same name")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".shelf-chip", has_text="Tea")).to_have_count(1)
    page.touchscreen.tap(*on_photo(page, 245, 80))
    panel.get_by_label("Also the 1 beside it that looks the same").check()
    panel.get_by_role("button", name="Choose the product…").click()
    # What was chosen last stands first.
    expect(page.locator("#picker [data-found] .choice-name").first).to_have_text("Tea")
    page.locator("#picker").get_by_role("button", name="Cola").click()
    expect(page.locator(".shelf-chip", has_text="Cola")).to_have_count(2)
    saved(page)
    assert [boxes(shop, 1)[key].now_product for key in "123456"] == [None, "Tea", None, "Cola", "Cola", None]


def test_what_was_typed_of_a_place_is_there_for_its_next_photo(tabs: Tabs, shelf: int) -> None:
    page = opened(tabs("clerk", DESK), shelf)
    page.mouse.click(*on_photo(page, 45, 80))
    name_cola(page)
    dialog = page.locator("#shelf-take")
    page.get_by_role("button", name="Book the counts").click()
    dialog.get_by_label("Units behind each facing", exact=True).fill("4")
    expect(dialog.locator("tbody tr", has_text="Cola")).to_contain_text("4 more")
    dialog.get_by_role("button", name="Book anyway").click()
    expect(page.locator("#flash")).to_contain_text("Booked")
    page.reload()
    page.get_by_role("button", name="Book the counts").click()
    expect(dialog.get_by_label("Units behind each facing", exact=True)).to_have_value("4")


def test_nothing_moves_when_changes_are_saved(tabs: Tabs, shelf: int) -> None:
    page = opened(tabs("clerk", PHONE), shelf)
    view = page.locator("#shelf-view")
    before = view.bounding_box()
    page.touchscreen.tap(*on_photo(page, 45, 80))
    page.locator("#shelf-panel").get_by_role("button", name="Nobody knows it").click()
    saved(page)
    page.evaluate("scrollTo(0, 0)")
    assert view.bounding_box() == before
    # All that can be said of a box is seen above both bars.
    page.locator("#shelf-rows").get_by_role("button").last.click()
    last = page.locator("#shelf-panel").get_by_role("button", name="No product").bounding_box()
    bar = page.locator("#shelf-bar").bounding_box()
    assert last is not None
    assert bar is not None
    assert last["y"] + last["height"] <= bar["y"]


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
    page.get_by_role("button", name="One shelf").click()
    page.wait_for_url("**/shelf/3")
    expect(page.locator(".shelf-chip")).to_have_count(22)
    assert shop.shelf_photos.get(3).joined_from == (1, 2)


def files(long_shelf, *parts: str) -> list[dict[str, object]]:
    return [
        {"name": f"{part}.png", "mimeType": "image/png", "buffer": long_shelf.photo(part)} for part in parts
    ]


def kept(shop: Shop, data: bytes, place: Location) -> int:
    """The number of a shelf photo that was looked at."""
    from shelfwise.accounts.records import Actor

    user = shop.users.by_name("clerk")
    made = add_shelf_photo(shop, data, Actor(user.name, user.id, False, user.roles), MILL_LANE, place.id)
    future = shop.shelves.future(made.id)
    if future is not None:
        future.result(60)
    return made.id


@pytest.fixture
def stranger() -> bytes:
    """A photo that shows nothing of the long shelf."""
    out = io.BytesIO()
    Image.new("RGB", (400, 300), (40, 60, 90)).save(out, "PNG")
    return out.getvalue()


def finding(shop: Shop, long_shelf, stranger: bytes) -> None:
    """Let the detector find nothing on the stranger."""

    class Finder:
        def find(self, image, *, source=None):
            if image.size == (400, 300):
                return Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), 400, 300, source)
            return long_shelf.find(image, source=source)

    shop.shelves.use(Finder())


def slowly(shop: Shop, long_shelf) -> threading.Event:
    """Let the detector wait until it is let go on."""
    go_on = threading.Event()

    class Finder:
        def find(self, image, *, source=None):
            assert go_on.wait(60)
            return long_shelf.find(image, source=source)

    shop.shelves.use(Finder())
    return go_on


def test_photos_are_put_together_also_after_the_page_was_left_and_loaded_again(
    shop: Shop, tabs: Tabs, long_shelf, place: Location
) -> None:
    go_on = slowly(shop, long_shelf)
    page = tabs("clerk", PHONE)
    page.goto("/shelf")
    page.locator("#shelf-choose").set_input_files(files(long_shelf, "left", "right"))
    page.get_by_role("button", name="One shelf").click()
    line = page.locator("#shelf-queue li")
    expect(line).to_contain_text("Sent. left.png: Finding the products…")
    page.reload()
    expect(line).to_contain_text("Sent. left.png: ")
    # It goes on at the page of one of them too.
    page.goto("/shelf/1")
    told = page.locator("#shelf-together")
    expect(told).to_contain_text("It is to be put together with “right.png”")
    go_on.set()
    expect(told).to_contain_text("It was put together with the other photo")
    assert shop.shelf_photos.get(3).joined_from == (1, 2)
    page.get_by_role("link", name="shelf photo 3").click()
    expect(page.locator(".shelf-chip")).to_have_count(22)
    page.goto("/shelf")
    expect(page.locator("#shelf-sending")).to_be_hidden()


def test_photos_that_do_not_overlap_stay_by_themselves(
    shop: Shop, tabs: Tabs, long_shelf, place: Location, stranger: bytes, accessible: Callable[[Page], None]
) -> None:
    finding(shop, long_shelf, stranger)
    page = tabs("clerk", PHONE)
    page.goto("/shelf")
    other = {"name": "other.png", "mimeType": "image/png", "buffer": stranger}
    page.locator("#shelf-choose").set_input_files([*files(long_shelf, "left"), other])
    page.get_by_role("button", name="One shelf").click()
    line = page.locator("#shelf-queue li")
    expect(line).to_contain_text("“other.png” cannot be joined to “left.png”: ")
    expect(line.get_by_role("button", name="Try again")).to_have_count(0)
    accessible(page)
    page.reload()
    expect(line).to_contain_text("There by themselves: left.png, other.png")
    line.get_by_role("link", name="left.png").click()
    page.wait_for_url("**/shelf/1")
    expect(page.locator(".shelf-chip").first).to_be_visible()
    told = page.locator("#shelf-together")
    expect(told).to_contain_text("It was not put together with “other.png”. “other.png” cannot be joined to ")
    assert re.search(r"[^.]\. All that is on its way$", told.inner_text().strip())
    page.goto("/shelf")
    line.get_by_role("button", name="Remove left.png + other.png").click()
    expect(page.locator("#shelf-sending")).to_be_hidden()
    page.reload()
    expect(page.locator("#shelf-sending")).to_be_hidden()
    assert [each.id for each in shop.shelf_photos.list(None).items] == [2, 1]


def test_why_a_photo_could_not_be_looked_at_is_told_in_sentences(
    shop: Shop, tabs: Tabs, long_shelf, stranger: bytes
) -> None:
    class Finder:
        def find(self, image, *, source=None):
            if image.size == (400, 300):
                raise ModelError("the detector gives nothing but NaN")
            return long_shelf.find(image, source=source)

    shop.shelves.use(Finder())
    page = tabs("clerk", DESK)
    page.goto("/shelf")
    other = {"name": "other.png", "mimeType": "image/png", "buffer": stranger}
    page.locator("#shelf-choose").set_input_files([*files(long_shelf, "left"), other])
    page.get_by_role("button", name="One shelf").click()
    words = "“other.png” could not be looked at: the detector gives nothing but NaN."
    expect(page.locator("#shelf-queue .muted")).to_have_text(words)
    page.goto("/shelf/1")
    told = f"It was not put together with “other.png”. {words} All that is on its way"
    expect(page.locator("#shelf-together")).to_have_text(told)


def test_what_is_no_photo_is_only_to_be_removed(shop: Shop, tabs: Tabs, long_shelf) -> None:
    page = tabs("clerk", DESK)
    page.goto("/shelf")
    broken = {"name": "broken.png", "mimeType": "image/png", "buffer": b"no picture at all"}
    page.locator("#shelf-choose").set_input_files([broken, *files(long_shelf, "left")])
    page.get_by_role("button", name="One shelf").click()
    line = page.locator("#shelf-queue li")
    expect(line).to_contain_text("“broken.png”: ")
    expect(line).to_contain_text("not a picture")
    expect(line).to_contain_text("There by itself: left.png")
    expect(line.get_by_role("button", name="Try again")).to_have_count(0)
    line.get_by_role("button", name="Remove").click()
    expect(page.locator("#shelf-sending")).to_be_hidden()
    assert len(shop.shelf_photos.list(None).items) == 1


def test_what_is_refused_for_now_can_be_tried_again(tabs: Tabs, long_shelf) -> None:
    page = tabs("clerk", DESK)
    problem = '{"status": 403, "detail": "You may not do that in this store."}'
    page.route(
        "**/api/v1/shelf?*",
        lambda route: route.fulfill(status=403, content_type="application/problem+json", body=problem),
    )
    page.goto("/shelf")
    page.locator("#shelf-choose").set_input_files(files(long_shelf, "left"))
    line = page.locator("#shelf-queue li")
    expect(line).to_contain_text("You may not do that")
    page.unroute("**/api/v1/shelf?*")
    line.get_by_role("button", name="Try again").click()
    page.wait_for_url("**/shelf/1")


def test_kept_photos_are_put_together(
    shop: Shop, tabs: Tabs, long_shelf, place: Location, stranger: bytes, accessible: Callable[[Page], None]
) -> None:
    finding(shop, long_shelf, stranger)
    right, left = (kept(shop, long_shelf.photo(part), place) for part in ("right", "left"))
    other = kept(shop, stranger, place)
    page = opened(tabs("clerk", PHONE, "dark"), right)
    page.get_by_role("button", name="Put together with").click()
    dialog = page.locator("#shelf-join")
    expect(dialog.locator(".choice")).to_have_count(2)
    accessible(page)
    dialog.locator(".choice").first.click()
    expect(dialog.get_by_role("alert")).to_contain_text(
        "The photo that you chose cannot be joined to this photo: "
    )
    expect(dialog.get_by_role("link", name=f"shelf photo {other}")).to_have_attribute(
        "href", f"/shelf/{other}"
    )
    accessible(page)
    dialog.locator(".choice").nth(1).click()
    page.wait_for_url("**/shelf/4")
    expect(page.locator(".shelf-chip")).to_have_count(22)
    assert shop.shelf_photos.get(4).joined_from == (right, left)
    expect(page.get_by_role("link", name=f"shelf photo {left}")).to_be_visible()
    # What is in it already is not offered again.
    page.get_by_role("button", name="Put together with").click()
    expect(dialog.locator(".choice")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Put together with")).to_be_focused()


def test_two_tabs_send_each_photo_once(
    shop: Shop, server: Server, tabs: Tabs, long_shelf, place: Location
) -> None:
    first = tabs("clerk", DESK)
    sent: list[str] = []
    first.context.on(
        "request",
        lambda request: (
            sent.append(request.headers["idempotency-key"])
            if request.method == "POST" and "/shelf?" in request.url
            else None
        ),
    )
    second = first.context.new_page()
    for page in (first, second):
        page.goto("/shelf")
        expect(page.locator("html[data-starting]")).to_have_count(0)
    server.stop()
    first.locator("#shelf-choose").set_input_files(files(long_shelf, "left"))
    expect(second.locator("#shelf-queue li")).to_have_count(1)
    second.locator("#shelf-choose").set_input_files(files(long_shelf, "right"))
    for page in (first, second):
        expect(page.locator("#shelf-queue li")).to_have_count(2)
        expect(page.locator("#shelf-state")).to_contain_text("No connection")
    sent.clear()
    server.start()
    for page in (first, second):
        page.evaluate("dispatchEvent(new Event('online'))")
    for page in (first, second):  # the last photo is gone to, in its own tab and in the one that sent it
        until(page, lambda page=page: "/shelf/" in page.url or not page.locator("#shelf-queue li").count())
    assert len(sent) == len(set(sent)) == 2
    assert len(shop.shelf_photos.list(None).items) == 2


def test_what_one_tab_removes_the_other_does_not_send(
    shop: Shop, server: Server, tabs: Tabs, long_shelf, place: Location
) -> None:
    first = tabs("clerk", DESK)
    second = first.context.new_page()
    for page in (first, second):
        page.goto("/shelf")
        expect(page.locator("html[data-starting]")).to_have_count(0)
    server.stop()
    first.locator("#shelf-choose").set_input_files(files(long_shelf, "left"))
    second.get_by_role("button", name="Remove left.png").click()
    expect(first.locator("#shelf-sending")).to_be_hidden()
    server.start()
    for page in (first, second):
        page.evaluate("dispatchEvent(new Event('online'))")
    first.locator("#shelf-choose").set_input_files(files(long_shelf, "right"))
    first.wait_for_url("**/shelf/1")
    assert len(shop.shelf_photos.list(None).items) == 1


def test_a_photo_that_is_removed_before_its_turn_is_not_sent(
    shop: Shop, tabs: Tabs, long_shelf, scene
) -> None:
    page = tabs("clerk", DESK)
    held: list[Route] = []
    page.route("**/api/v1/shelf?*", lambda route: route.continue_() if held else held.append(route))
    page.goto("/shelf")
    page.locator("#shelf-choose").set_input_files([*files(long_shelf, "left", "right"), sent(scene)])
    until(page, lambda: bool(held))  # the first one is being sent, for as long as it takes
    page.get_by_role("button", name="Remove shelf.png").click()
    expect(page.locator("#shelf-queue li")).to_have_count(2)
    held[0].continue_()
    page.wait_for_url("**/shelf/2")
    page.goto("/shelf")
    expect(page.locator("html[data-starting]")).to_have_count(0)
    assert len(shop.shelf_photos.list(None).items) == 2


def test_photos_that_are_removed_while_they_are_looked_at_are_not_put_together(
    shop: Shop, tabs: Tabs, long_shelf
) -> None:
    page = tabs("clerk", DESK)
    held: list[Route] = []
    joins: list[str] = []
    page.on(
        "request", lambda request: joins.append(request.url) if request.url.endswith("/shelf/join") else None
    )
    page.route("**/api/v1/shelf/1", lambda route: route.continue_() if held else held.append(route))
    page.goto("/shelf")
    page.locator("#shelf-choose").set_input_files(files(long_shelf, "left", "right"))
    page.get_by_role("button", name="One shelf").click()
    until(page, lambda: bool(held))
    expect(page.locator("#shelf-queue li")).to_contain_text("Sent. left.png: ")
    page.get_by_role("button", name="Remove left.png + right.png").click()
    expect(page.locator("#shelf-sending")).to_be_hidden()
    held[0].continue_()
    # What is chosen next is sent once that round is over.
    page.locator("#shelf-choose").set_input_files(files(long_shelf, "left"))
    page.wait_for_url("**/shelf/3")
    assert joins == []
    assert all(not each.joined_from for each in shop.shelf_photos.list(None).items)


def test_a_start_at_the_very_end_of_a_run_is_not_lost(tabs: Tabs) -> None:
    page = tabs("clerk", DESK)
    page.goto("/shelf")
    rounds = page.evaluate(
        """async () => {
          const { Sender } = await import("/static/sender.js");
          Object.defineProperty(navigator, "locks", { value: undefined }); // its answer comes in no known tick
          const all = [];
          for (let ticks = 0; ticks < 12; ticks++) {
            let rounds = 0;
            class Counting extends Sender {
              async round() {
                rounds += 1;
                if (rounds > 1) return;
                (async () => {
                  for (let tick = 0; tick < ticks; tick++) await null;
                  this.start();
                })();
              }
            }
            const sender = new Counting("clerk", "test");
            sender.start();
            await new Promise((resolve) => setTimeout(resolve, 50));
            all.push(rounds);
          }
          return all;
        }"""
    )
    assert rounds == [2] * 12


def test_what_could_not_be_kept_is_told_as_it_is(tabs: Tabs, long_shelf) -> None:
    page = tabs("clerk", DESK)
    page.goto("/shelf")
    failing = (
        "name => { IDBObjectStore.prototype.put = () => { throw new DOMException('It is broken.', name); }; }"
    )
    for name, words in (
        ("QuotaExceededError", "no room"),
        ("UnknownError", "kept on this device: It is broken."),
    ):
        page.evaluate(failing, name)
        page.locator("#shelf-choose").set_input_files(files(long_shelf, "left"))
        expect(page.locator("#flash")).to_contain_text(words)


def test_a_tap_brings_up_what_the_box_is_and_leaves_the_box_in_sight(tabs: Tabs, tall_shelf: int) -> None:
    page = opened(tabs("clerk", PHONE, reduced_motion="reduce"), tall_shelf)
    page.evaluate("scrollTo(0, 0)")
    panel = page.locator("#shelf-panel")
    bar = page.locator("#shelf-bar").bounding_box()
    assert bar is not None
    for x, y, height in ((300, 150, 200), (300, 1050, 200)):
        page.evaluate("scrollTo(0, 0)")
        page.touchscreen.tap(*on_tall_photo(page, x, y))
        expect(panel).to_be_visible()
        title, head = page.locator("#shelf-panel-title").bounding_box(), page.locator(".top").bounding_box()
        assert title is not None and head is not None
        assert head["height"] < title["y"] < bar["y"] - 100  # with the first choices
        assert on_tall_photo(page, x, y + height / 2)[1] > head["height"] + 20
        expect(page.locator("#shelf-view")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#shelf-panel-title")).to_be_focused()


def test_undo_is_there_after_the_page_was_loaded_again(shop: Shop, tabs: Tabs, shelf: int) -> None:
    page = opened(tabs("clerk", DESK), shelf)
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_disabled()
    expect(undo).to_have_attribute("title", "Nothing was changed in this tab")
    page.mouse.click(*on_photo(page, 55, 235))
    page.locator("#shelf-panel").get_by_role("button", name="No product").click()
    saved(page)
    page.reload()
    expect(page.locator(".shelf-chip")).to_have_count(5)
    undo.click()
    expect(page.locator(".shelf-chip")).to_have_count(6)
    saved(page)
    assert not boxes(shop, shelf)["6"].removed
    page.reload()
    expect(page.locator(".shelf-chip")).to_have_count(6)
    expect(undo).to_be_disabled()


def test_what_was_taken_away_long_ago_can_be_put_back(shop: Shop, tabs: Tabs, shelf: int) -> None:
    shop.shelf_photos.change(shelf, [BoxChange("6", removed=True)], user="manager")
    page = opened(tabs("clerk", DESK), shelf)
    expect(page.locator("#shelf-rows")).to_contain_text("Taken away · 1")
    page.get_by_role("button", name="Put back: Blue").click()
    expect(page.locator(".shelf-chip")).to_have_count(6)
    expect(page.locator("#shelf-panel-title")).to_be_focused()
    saved(page)
    assert not boxes(shop, shelf)["6"].removed


def test_zooming_in_goes_to_the_chosen_box(tabs: Tabs, shelf: int) -> None:
    page = opened(tabs("clerk", DESK), shelf)
    view = page.locator("#shelf-view").bounding_box()
    assert view is not None

    def inside(x: float, y: float) -> bool:
        there = on_photo(page, x, y)
        assert view is not None
        return (
            view["x"] <= there[0] <= view["x"] + view["width"]
            and view["y"] <= there[1] <= view["y"] + view["height"]
        )

    page.mouse.click(*on_photo(page, 45, 80))
    for _ in range(5):
        page.get_by_role("button", name="Zoom in").click()
        assert inside(45, 80)
    page.get_by_role("button", name="All of the photo").click()
    page.keyboard.press("Escape")
    page.mouse.click(*on_photo(page, 380, 300))  # nothing is there
    for _ in range(5):
        page.get_by_role("button", name="Zoom in").click()
    assert inside(200, 160)
    assert not inside(45, 80)


def test_what_was_taught_since_is_known_once_it_is_looked_at_again(
    shop: Shop, tabs: Tabs, shelf: int, products: dict[str, int], accessible: Callable[[Page], None]
) -> None:
    page = opened(tabs("clerk", PHONE, "dark"), shelf)
    page.touchscreen.tap(*on_photo(page, 45, 80))
    name_cola(page)
    expect(page.locator(".shelf-chip", has_text="Cola")).to_have_count(1)
    page.get_by_role("button", name="Look again").click()
    expect(page.locator("#flash")).to_contain_text("Looked again: of 2 facings something else is said now.")
    expect(page.locator(".shelf-chip", has_text="Cola")).to_have_count(3)
    page.get_by_role("button", name="Look again").click()
    expect(page.locator("#flash")).to_contain_text("Looked again: the same is said of all facings.")
    assert boxes(shop, shelf)["1"].verdict == "corrected"
    accessible(page)


@pytest.fixture
def held_up(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Products are named anew only once this is set."""
    go_on = threading.Event()
    as_it_is = ClassifierNamer.name

    def name(self, *given):
        assert go_on.wait(60)
        return as_it_is(self, *given)

    monkeypatch.setattr(ClassifierNamer, "name", name)
    yield go_on
    go_on.set()


def named(shop: Shop, shelf: int, product: int, keys: str) -> None:
    """A person says what boxes are."""
    changes = [BoxChange(key, saying=Saying("corrected", product_id=product)) for key in keys]
    shop.shelf_photos.change(shelf, changes, user="clerk")


def test_a_server_that_stops_while_it_looks_again_goes_on_afterwards(
    shop: Shop, server: Server, tabs: Tabs, shelf: int, products: dict[str, int], held_up: threading.Event
) -> None:
    page = opened(tabs("clerk", DESK), shelf)
    page.locator(".shelf-chip").first.click()
    name_cola(page)
    page.get_by_role("button", name="Look again").click()
    looking = page.locator("#shelf-again .looking")
    expect(looking).to_be_visible()
    server.stop()
    closing = threading.Thread(target=shop.shelves.close)
    closing.start()
    until(page, lambda: shop.shelves._closed)
    held_up.set()
    closing.join(30)
    shop.shelves = ShopShelves(8, lambda: pytest.fail("no detector is needed"))
    shop.shelves.begin(shop)
    server.start()
    expect(page.locator("#flash")).to_contain_text("Looked again: of 2 facings something else is said now.")
    expect(page.locator(".shelf-chip", has_text="Cola")).to_have_count(3)


def test_looking_again_is_followed_to_its_end_whatever_the_server_answers_meanwhile(
    tabs: Tabs, shelf: int, held_up: threading.Event
) -> None:
    page = opened(tabs("clerk", DESK), shelf)
    refused: list[int] = []

    def refuse(route: Route) -> None:
        if route.request.method != "GET" or len(refused) == 2:
            return route.fallback()
        refused.append((429, 503)[len(refused)])
        problem = '{"detail": "Too many requests."}'
        kind = "application/problem+json"
        route.fulfill(status=refused[-1], content_type=kind, body=problem, headers={"Retry-After": "1"})

    page.get_by_role("button", name="Look again").click()
    expect(page.locator("#shelf-again .looking")).to_be_visible()
    page.route(f"**/api/v1/shelf/{shelf}", refuse)
    expect(page.locator("#flash")).to_contain_text("Too many requests.")
    held_up.set()
    expect(page.locator("#flash")).to_contain_text("Looked again: the same is said of all facings.")
    assert refused == [429, 503]


def test_what_is_booked_while_it_is_looked_at_again_is_shown_and_asked_for_once_at_a_time(
    shop: Shop, tabs: Tabs, shelf: int, products: dict[str, int], held_up: threading.Event
) -> None:
    named(shop, shelf, products["Tea"], "12345")
    page = tabs("clerk", DESK)
    page.clock.install()
    opened(page, shelf)
    page.get_by_role("button", name="Look again").click()
    expect(page.locator("#shelf-again .looking")).to_be_visible()
    page.get_by_role("button", name="Book the counts").click()
    page.get_by_role("button", name="Book anyway").click()
    expect(page.locator("#shelf-sum")).to_contain_text("booked")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for times in (1, 2, 3):
        with page.expect_response(f"**/api/v1/shelf/{shelf}") as answered:
            page.clock.run_for(1000)
        answered.value.finished()
        page.wait_for_timeout(200)
        assert len(asked) == times
    held_up.set()


def test_why_it_could_not_be_looked_at_again_is_told_until_it_can_be(
    tabs: Tabs, shelf: int, monkeypatch: pytest.MonkeyPatch, accessible: Callable[[Page], None]
) -> None:
    def broken(self, *given):
        raise ModelError("the model gives nothing but NaN")

    words = "It could not be looked at again: the model gives nothing but NaN."
    page = opened(tabs("clerk", PHONE), shelf)
    told = page.locator("#shelf-again [data-problem]")
    expect(told).to_be_hidden()
    with monkeypatch.context() as patched:
        patched.setattr(ClassifierNamer, "name", broken)
        page.get_by_role("button", name="Look again").click()
        expect(page.locator("#flash")).to_contain_text(words)
    page.reload()
    expect(told).to_have_text(words)
    expect(page.locator("#flash")).to_be_empty()
    accessible(page)
    page.get_by_role("button", name="Look again").click()
    expect(page.locator("#flash")).to_contain_text("Looked again: ")
    expect(told).to_be_hidden()


def test_photos_that_another_model_looked_at_are_told_where_photos_are_put_together(
    shop: Shop,
    tabs: Tabs,
    long_shelf,
    place: Location,
    products: dict[str, int],
    accessible: Callable[[Page], None],
) -> None:
    right, left = (kept(shop, long_shelf.photo(part), place) for part in ("right", "left"))
    embeddings = shop.shelf_photos.read_whole(left)[2]
    shop.shelf_photos.renamed(left, {}, model="an older one", embeddings=lambda _: embeddings)
    named(shop, left, products["Tea"], boxes(shop, left))
    page = opened(tabs("clerk", DESK), right)
    page.get_by_role("button", name="Put together with").click()
    dialog = page.locator("#shelf-join")
    expect(dialog.locator("[data-told]")).to_contain_text("There is no other photo that fits.")
    expect(dialog.locator("[data-others]")).to_have_text(
        f"1 more photo was looked at by another model than this one: shelf photo {left}. To put this one together"
        " with it, first choose “Look again” on its page."
    )
    accessible(page)
    dialog.get_by_role("link", name=f"shelf photo {left}").click()
    page.wait_for_url(f"**/shelf/{left}")
    expect(page.locator("#shelf-bar")).to_be_visible()
    page.get_by_role("button", name="Put together with").click()
    expect(dialog.locator("[data-others]")).to_contain_text("first choose “Look again” on this page.")
    page.keyboard.press("Escape")
    # All of it is named: another model sees anew which of them look the same.
    page.get_by_role("button", name="Look again").click()
    expect(page.locator("#flash")).to_contain_text("Looked again: ")
    page.get_by_role("button", name="Put together with").click()
    expect(dialog.locator(".choice")).to_have_count(1)
    expect(dialog.locator("[data-others]")).to_be_hidden()


def test_what_stands_there_becomes_the_planogram(
    shop: Shop, tabs: Tabs, shelf: int, place: Location, products: dict[str, int]
) -> None:
    named = [BoxChange(key, saying=Saying("corrected", product_id=products["Tea"])) for key in "12345"]
    named.append(BoxChange("6", saying=Saying("unknown")))
    shop.shelf_photos.change(shelf, named, user="clerk")
    page = opened(tabs("manager", DESK), shelf)
    expect(page.locator("#shelf-counts")).to_contain_text("5 facings · 83 % 78 % of the width")
    page.get_by_role("button", name="Keep this shelf").click()
    question = page.locator("#confirm")
    expect(question).to_contain_text("1 of 6 facings is not named and is left out of the planogram.")
    question.get_by_role("button", name="Yes, what is named").click()
    expect(page.locator("#shelf-plan")).to_contain_text("100 %")
    expect(page.locator("#shelf-plan")).to_contain_text("1 facing is not recognised")
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
