"""Scan: from photos to stock levels, with right and wrong answers, without a connection, by keyboard, on a phone."""

import io
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect

from shelfwise.accounts.records import Actor
from shelfwise.inventory.records import NewProduct, Product
from shelfwise.workflows.shop import Shop
from shelfwise.workflows.shop_products import enrol, judge

from .conftest import COLOURS, DESK, PHONE, Server, Tabs, sign_in

MILL_LANE = 1
Photos = Callable[[str], Path]


@pytest.fixture
def colours(shop: Shop) -> dict[str, Product]:
    """A product for each of the toy model's categories, well known by sight."""
    made = {}
    for name, colour in COLOURS.items():
        made[name] = shop.catalogue.add_product(NewProduct(f"{name} paint", category=name))
        enrol(shop, made[name].id, [png(colour, side) for side in (20, 21, 22)])
    return made


def png(colour: tuple[int, int, int], side: int) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(written, "PNG")
    return written.getvalue()


def scan(page: Page, *photos: Path) -> None:
    before = page.locator(".scan-card").count()
    page.locator("#scan-choose").set_input_files([str(photo) for photo in photos])
    expect(page.locator(".scan-card")).to_have_count(before + len(photos))


def wait_for(find: Callable[[], Any]) -> Any:
    """What comes a moment later: verdicts follow a booking."""
    until = time.monotonic() + 10
    while (found := find()) is None:
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.05)
    return found


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
    expect(page.locator("#scan-done-list")).to_contain_text("3 × Red paint, 1 × Green paint")
    expect(page.locator("#scan-done-list")).to_contain_text("now in stock: Red paint: 3, Green paint: 1")
    expect(page.locator(".scan-card")).to_have_count(0)
    assert level(shop, colours["Red"]) == 3
    assert level(shop, colours["Green"]) == 1
    [newest, _] = shop.history.movements(MILL_LANE).items
    assert newest.photo is not None
    assert newest.model is not None


def test_what_could_not_be_kept_is_told_as_it_is(tabs: Tabs, colour_photo: Callable[[str], Path]) -> None:
    page = tabs("clerk", PHONE)
    page.goto("/scan")
    failing = (
        "name => { IDBObjectStore.prototype.put = () => { throw new DOMException('It is broken.', name); }; }"
    )
    for name, words in (
        ("QuotaExceededError", "This device has no room for more photos. Book or remove some first."),
        ("UnknownError", "The photos could not be kept on this device: It is broken."),
    ):
        page.evaluate(failing, name)
        page.locator("#scan-choose").set_input_files([str(colour_photo("Red"))])
        expect(page.locator("#flash")).to_contain_text(words)
    expect(page.locator(".scan-card")).to_have_count(0)


def test_a_booking_can_be_undone_at_once(
    shop: Shop, tabs: Tabs, colours: dict[str, Product], colour_photo: Photos
) -> None:
    page = tabs("clerk")
    page.goto("/scan")
    scan(page, colour_photo("Red"), colour_photo("Blue"))
    page.get_by_role("button", name="Book 2 as received").click()
    page.get_by_role("button", name="Undo: 2 products received").click()
    expect(page.locator("#scan-done-list")).to_contain_text("undone")
    assert level(shop, colours["Red"]) == level(shop, colours["Blue"]) == 0


def test_what_could_not_be_undone_is_told_and_can_be_tried_again(
    shop: Shop, tabs: Tabs, colours: dict[str, Product], colour_photo: Photos
) -> None:
    page = tabs("clerk")
    page.goto("/scan")
    scan(page, colour_photo("Red"), colour_photo("Blue"), colour_photo("Green"))
    page.get_by_role("button", name="Book 3 as received").click()
    expect(page.locator("#scan-done-list")).to_contain_text("now in stock")
    sent = []

    def busy_at_the_second(route: Route) -> None:
        sent.append(route.request.url)
        if len(sent) == 2:
            route.fulfill(status=429, json={"title": "Too many requests", "detail": "Wait a little."})
        else:
            route.continue_()

    page.route("**/undo", busy_at_the_second)
    page.get_by_role("button", name="Undo: 3 products received").click()
    expect(page.locator("#flash")).to_contain_text(
        "Undone: 1 × Red paint. Not undone: 1 × Blue paint, 1 × Green paint. Wait a little."
    )
    expect(page.locator("#scan-done-list")).to_contain_text(
        "1 × Red paint undone, 1 × Blue paint, 1 × Green paint"
    )
    assert len(sent) == 2  # the third would have been refused, too
    assert (level(shop, colours["Red"]), level(shop, colours["Blue"])) == (0, 1)
    page.get_by_role("button", name="Undo: 1 × Blue paint, 1 × Green paint").click()
    expect(page.locator("#scan-done-list s")).to_have_text("1 × Red paint, 1 × Blue paint, 1 × Green paint")
    assert level(shop, colours["Blue"]) == level(shop, colours["Green"]) == 0
    assert len(sent) == 4


def test_after_signing_in_again_what_waited_is_sent(
    shop: Shop, tabs: Tabs, colours: dict[str, Product], colour_photo: Photos
) -> None:
    page = tabs("clerk")
    page.goto("/scan")
    scan(page, colour_photo("Red"))
    expect(page.get_by_role("radio", name="Red paint")).to_be_checked()
    page.context.clear_cookies(name="shelfwise_session")
    page.get_by_role("button", name="Book 1 as received").click()
    expect(page.locator("#scan-state")).to_contain_text("You are signed out")
    assert level(shop, colours["Red"]) == 0
    sign_in(page.context, "clerk")  # in another tab: the page has the token of the session before
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("#scan-done-list")).to_contain_text("1 × Red paint")
    assert level(shop, colours["Red"]) == 1


def test_what_was_booked_keeps_its_photo_and_confirms_or_corrects_the_answer(
    shop: Shop, tabs: Tabs, colours: dict[str, Product], colour_photo: Photos
) -> None:
    page = tabs("clerk")
    page.goto("/scan")
    scan(page, colour_photo("Red"), colour_photo("Red"))
    expect(page.get_by_role("radio", name="Red paint")).to_have_count(2)
    second = page.locator(".scan-card").nth(1)
    second.get_by_role("button", name="Something else…").click()
    page.get_by_role("searchbox").fill("blu")
    page.locator("#picker").get_by_role("button", name="Blue paint").click()
    expect(second.get_by_role("radio", name="Blue paint")).to_be_checked()
    page.get_by_text("Wasted", exact=True).click()
    page.get_by_role("button", name="Book 2 as wasted").click()
    expect(page.locator("#scan-done-list")).to_contain_text("1 × Red paint, 1 × Blue paint")
    assert level(shop, colours["Red"]) == -1
    assert level(shop, colours["Blue"]) == -1
    wrong = wait_for(lambda: next((one for one in shop.answers.judged() if one.right_product_id == 3), None))
    assert (wrong.verdict, wrong.category, wrong.right_category) == ("corrected", "Red", "Blue")
    [first, second_] = sorted(shop.history.movements(MILL_LANE).items, key=lambda one: one.product)
    assert (first.product, second_.product) == ("Blue paint", "Red paint")
    assert first.photo == wrong.photo


def test_a_product_is_made_on_the_spot_for_all_photos_that_show_it(
    shop: Shop, tabs: Tabs, colour_photo: Photos
) -> None:
    page = tabs("manager", PHONE)
    page.goto("/scan")
    scan(page, colour_photo("Green"), colour_photo("Green"))
    guesses = page.get_by_role("button", name="Green – no product yet")
    expect(guesses).to_have_count(2)
    guesses.first.click()
    dialog = page.locator("#picker")
    expect(dialog.get_by_label("Name", exact=True)).to_have_value("Green")
    dialog.get_by_label("Name", exact=True).fill("Garden green")
    dialog.get_by_label("Unit").fill("tin")
    dialog.get_by_label("Minimum").fill("2,5")
    dialog.get_by_role("button", name="Make the product").click()
    expect(page.get_by_role("radio", name="Garden green", checked=True)).to_have_count(2)
    expect(page.get_by_text("Green – no product yet")).to_have_count(0)  # it is the product now
    expect(page.locator("#scan-sum")).to_have_text("1 ready · 1 to check")
    page.get_by_text("Counted", exact=True).click()
    page.get_by_role("button", name="Yes, this one, photo 2").click()
    page.get_by_role("button", name="Book 2 as counted").click()
    expect(page.locator("#scan-done-list")).to_contain_text("2 × Garden green")
    made = shop.catalogue.product_by_name("Garden green")
    assert (made.category, made.unit, made.minimum) == ("Green", "tin", Decimal("2.5"))
    assert level(shop, made) == 2


def test_a_product_that_is_hardly_known_is_proposed_and_booked_only_when_a_person_says_so(
    shop: Shop, tabs: Tabs, colour_photo: Photos
) -> None:
    paint = shop.catalogue.add_product(NewProduct("Red paint", category="Red"))
    enrol(shop, paint.id, [png(COLOURS["Red"], 20)])
    page = tabs("clerk")
    page.goto("/scan")
    scan(page, colour_photo("Red"), colour_photo("Red"))
    first, second = page.locator(".scan-card").all()
    expect(first.get_by_text("Please check")).to_be_visible()
    expect(first.get_by_text("Only few photos of this product are known yet.")).to_be_visible()
    expect(first.get_by_role("radio", name="Red paint")).to_be_checked()
    expect(second.get_by_role("radio", name="Red paint")).to_be_checked()
    expect(page.get_by_role("button", name="Nothing to book yet")).to_be_disabled()
    first.get_by_role("button", name="Yes, this one").click()
    expect(first.get_by_text("Chosen")).to_be_visible()
    second.get_by_text("Red paint").click()  # a tap on what is chosen already says yes, too
    page.get_by_role("button", name="Book 2 as received").click()
    expect(page.locator("#scan-done-list")).to_contain_text("2 × Red paint")
    wait_for(lambda: len(shop.catalogue.product_photos(paint.id)) == 3 or None)  # both were learned
    scan(page, colour_photo("Red"))
    expect(page.locator(".scan-card").get_by_text("Recognised")).to_be_visible()


def test_what_is_judged_on_another_page_is_marked(
    shop: Shop, tabs: Tabs, colours: dict[str, Product], colour_photo: Photos
) -> None:
    page = tabs("clerk")
    page.goto("/scan")
    scan(page, colour_photo("Red"), colour_photo("Red"))
    expect(page.get_by_role("button", name="Book 2 as received")).to_be_enabled()
    ann = Actor("ann", 1, admin=True)
    first, second = sorted(each.id for each in shop.answers.review_queue().items)
    judge(shop, first, "corrected", product_id=colours["Blue"].id, actor=ann)
    judge(shop, second, "unknown", actor=ann)
    asked: list[str] = []
    page.on(
        "request", lambda request: asked.append(request.url) if "/api/v1/review/" in request.url else None
    )
    page.reload()
    expect(page.get_by_text("Judged in Review")).to_have_count(2)
    assert len(asked) == 1  # for all photos
    expect(page.get_by_text("ann has said in Review that it is Blue paint.")).to_be_visible()
    expect(page.get_by_role("radio", name="Blue paint", checked=True)).to_have_count(1)
    expect(page.get_by_text("ann has said in Review that it is none of yours")).to_be_visible()
    expect(page.get_by_role("button", name="Book 1 as received")).to_be_enabled()


def test_coming_back_to_the_page_does_not_ask_for_verdicts_twice_at_once(
    tabs: Tabs, colours: dict[str, Product], colour_photo: Photos
) -> None:
    page = tabs("clerk")
    page.goto("/scan")
    scan(page, colour_photo("Red"))
    expect(page.get_by_role("button", name="Book 1 as received")).to_be_enabled()
    held: list[Route] = []
    page.route("**/api/v1/review/**", lambda route: held.append(route))
    for _ in range(3):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.evaluate("fetch('/static/icon.svg').then(() => true)")  # what was asked before it is known by then
    assert [route.request.url.partition("?")[2] for route in held] == ["ids=1"]
    held[0].fulfill(status=429, json={"title": "Too many requests"})
    expect(page.get_by_role("button", name="Book 1 as received")).to_be_enabled()


def test_the_page_is_marked_as_starting_until_it_has_what_the_device_keeps(tabs: Tabs) -> None:
    page = tabs("clerk")
    page.add_init_script("""{
        const open = indexedDB.open.bind(indexedDB);
        indexedDB.open = (...given) => {
            const asked = {};
            window.openNow = () => {
                const real = open(...given);
                for (const name of ["onupgradeneeded", "onsuccess"])
                    real[name] = () => { asked.result = real.result; asked[name](); };
            };
            return asked;
        };
    }""")
    page.goto("/scan")
    assert page.evaluate("document.readyState") == "complete"
    assert page.evaluate("document.documentElement.hasAttribute('data-starting')")
    page.evaluate("openNow()")
    expect(page.locator("html[data-starting]")).to_have_count(0)


def test_what_is_not_known_is_told_as_mere_guesses_and_a_bad_quantity_in_words(
    tabs: Tabs, colour_photo: Photos
) -> None:
    page = tabs("manager", PHONE)
    guess = {"category": "fruit/royal-gala", "confidence": 0.99, "product": None, "choices": []}
    answer = {"id": 7, "answer": "unknown", "category": None, "product": None, "candidates": [guess]}
    page.route("**/api/v1/classify*", lambda route: route.fulfill(json={"answers": [answer]}))
    page.goto("/scan")
    scan(page, colour_photo("Red"))
    card = page.locator(".scan-card")
    expect(card.get_by_text("It looks most like:")).to_be_visible()
    expect(card.get_by_role("button", name="Royal gala – no product yet")).to_be_visible()
    expect(card.locator("meter")).to_have_count(0)
    expect(card).not_to_contain_text("%")
    expect(page.locator("#scan-bar")).to_contain_text("No products yet: tap a guess to make the first one.")
    quantity = card.get_by_label("Quantity of photo 1")
    quantity.fill("two")
    expect(quantity).to_have_accessible_description(
        "Type a number such as 3 or 1.5, with at most three digits after the point."
    )
    quantity.fill("0")
    expect(card.get_by_text("Type more than 0.")).to_be_visible()
    page.get_by_text("Counted", exact=True).click()
    expect(page.get_by_text("Type more than 0.")).to_have_count(0)


def test_a_clerk_cannot_make_products_but_finds_them(tabs: Tabs, colour_photo: Photos) -> None:
    page = tabs("clerk")
    page.goto("/scan")
    scan(page, colour_photo("Green"))
    page.get_by_role("button", name="Green – no product yet").click()
    expect(page.locator("#picker")).to_contain_text("No product is called “Green”.")
    expect(page.get_by_text("Ask a manager to add it.")).to_be_visible()
    expect(page.get_by_role("button", name="Make the product")).to_have_count(0)


def test_photos_and_bookings_made_without_a_connection_are_sent_later_and_once(
    shop: Shop, server: Server, tabs: Tabs, colours: dict[str, Product], colour_photo: Photos
) -> None:
    page = tabs("clerk", PHONE)
    page.goto("/scan")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()  # through the worker, which keeps the page
    scan(page, colour_photo("Red"))
    expect(page.get_by_role("radio", name="Red paint")).to_be_checked()
    server.stop()
    scan(page, colour_photo("Blue"))
    expect(page.get_by_text("Waits for the connection", exact=True)).to_be_visible()
    page.get_by_role("button", name="Book 1 as received").click()
    expect(page.locator("#scan-state")).to_contain_text("Not sent yet: 1 product received")

    page.reload()  # from what the worker kept
    expect(page.get_by_text("Waits for the connection", exact=True)).to_be_visible()
    expect(page.locator("#scan-state")).to_contain_text("Not sent yet: 1 product received")
    assert level(shop, colours["Red"]) == 0

    server.start()
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("#scan-done-list")).to_contain_text("1 × Red paint")
    expect(page.get_by_role("radio", name="Blue paint")).to_be_checked()
    page.get_by_role("button", name="Book 1 as received").click()
    expect(page.locator("#scan-done-list")).to_contain_text("1 × Blue paint")
    expect(page.locator("#scan-state")).to_be_hidden()
    assert level(shop, colours["Red"]) == 1
    assert level(shop, colours["Blue"]) == 1
    assert len(shop.history.movements(MILL_LANE).items) == 2


def test_a_booking_whose_reply_was_lost_is_not_booked_twice(
    shop: Shop, tabs: Tabs, colours: dict[str, Product], colour_photo: Photos
) -> None:
    page = tabs("clerk")
    page.goto("/scan")
    scan(page, colour_photo("Red"))
    expect(page.get_by_role("radio", name="Red paint")).to_be_checked()
    lost = []

    def lose(route) -> None:
        if lost:
            route.continue_()
            return
        lost.append(route.fetch().status)
        route.abort("connectionreset")

    page.route("**/api/v1/movements", lose)
    page.get_by_role("button", name="Book 1 as received").click()
    expect(page.locator("#scan-done-list")).to_contain_text("1 × Red paint")
    assert lost == [201]
    assert level(shop, colours["Red"]) == 1
    assert len(shop.history.movements(MILL_LANE).items) == 1


def test_a_reload_loses_nothing_that_was_chosen(
    tabs: Tabs, colours: dict[str, Product], colour_photo: Photos
) -> None:
    page = tabs("clerk")
    page.goto("/scan")
    scan(page, colour_photo("Red"), colour_photo("Green"))
    expect(page.get_by_role("radio", name="Green paint", checked=True)).to_have_count(1)
    page.get_by_label("Quantity of photo 2").fill("2,5")
    page.locator(".scan-card").first.get_by_role("radio", name="Blue paint").check()
    page.get_by_text("Sold", exact=True).click()
    # Read after all that is being kept now.
    page.evaluate("import('/static/scan/kept.js').then((kept) => kept.photosOf('clerk'))")
    page.reload()
    expect(page.locator(".scan-card")).to_have_count(2)
    expect(page.locator(".scan-card").first.get_by_role("radio", name="Blue paint")).to_be_checked()
    expect(page.get_by_label("Quantity of photo 2")).to_have_value("2,5")
    expect(page.get_by_role("button", name="Book 2 as sold")).to_be_enabled()
    page.get_by_role("button", name="Remove photo 1").click()
    expect(page.get_by_role("button", name="Book 1 as sold")).to_be_enabled()


def test_what_the_server_refuses_can_be_mended(
    shop: Shop, tabs: Tabs, colours: dict[str, Product], colour_photo: Photos, tmp_path: Path
) -> None:
    page = tabs("clerk")
    page.goto("/scan")
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff\xe0 no picture")
    scan(page, broken, colour_photo("Red"))
    expect(page.get_by_text("Cannot be read")).to_be_visible()
    expect(page.get_by_role("radio", name="Red paint")).to_be_checked()
    shop.catalogue.archive_product(colours["Red"].id)
    page.get_by_role("button", name="Book 1 as received").click()
    expect(page.locator("#flash")).to_contain_text("Not booked")
    expect(page.locator(".scan-card")).to_have_count(2)
    page.locator(".scan-card").nth(1).get_by_role("radio", name="Blue paint").check()
    page.get_by_role("button", name="Book 1 as received").click()
    expect(page.locator("#scan-done-list")).to_contain_text("1 × Blue paint")


def test_photos_can_be_pasted_and_dropped(tabs: Tabs, colours: dict[str, Product]) -> None:
    page = tabs("clerk")
    page.goto("/scan")
    make = """async (kind) => {
        const canvas = new OffscreenCanvas(kind.length * 4, 20);
        canvas.getContext("2d").fillRect(0, 0, 5, 5);
        const blob = await canvas.convertToBlob();
        const data = new DataTransfer();
        data.items.add(new File([blob], `${kind}.png`, { type: "image/png" }));
        data.items.add(new File(["x"], "notes.txt", { type: "text/plain" }));
        const event = kind === "paste" ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true })
            : new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
        document.body.dispatchEvent(event);
    }"""
    expect(page.get_by_role("button", name="Live camera")).to_be_visible()  # all is set up by then
    page.evaluate(make, "paste")
    expect(page.locator(".scan-card")).to_have_count(1)
    page.evaluate(make, "drop")
    expect(page.locator(".scan-card.answered")).to_have_count(2)


def test_the_live_camera_takes_one_photo_a_tap(tabs: Tabs, colours: dict[str, Product]) -> None:
    page = tabs("clerk", PHONE, permissions=["camera"])
    page.goto("/scan")
    page.get_by_role("button", name="Live camera").click()
    page.evaluate("""() => new Promise((resolve) => {
        const video = document.querySelector("#camera video");
        const look = () => (video.videoWidth ? resolve() : setTimeout(look, 20));
        look();
    })""")
    shutter = page.get_by_role("button", name="Take the picture")
    shutter.click()
    shutter.click()
    expect(page.locator("#camera")).to_contain_text("2 photos taken")
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("radio", name="Green paint", checked=True)).to_have_count(2)
    assert page.evaluate("document.querySelector('#camera video').srcObject") is None


def test_it_can_be_worked_by_keyboard_alone(
    shop: Shop, tabs: Tabs, colours: dict[str, Product], colour_photo: Photos
) -> None:
    page = tabs("clerk")
    page.goto("/scan")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, "#scan-choose")
    with page.expect_file_chooser() as chosen:
        page.keyboard.press("Space")
    chosen.value.set_files(str(colour_photo("Red")))
    expect(page.get_by_role("radio", name="Red paint")).to_be_checked()
    tab_to(page, "[name=kind]")
    page.keyboard.press("ArrowRight")
    tab_to(page, ".scan-card input[type=radio]")
    page.keyboard.press("ArrowDown")
    tab_to(page, "[aria-label='One more, photo 1']")
    page.keyboard.press("Enter")
    tab_to(page, "#scan-book")
    page.keyboard.press("Enter")
    expect(page.locator("#scan-done-list")).to_contain_text("2 × Green paint")
    assert level(shop, colours["Green"]) == 2


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wrong_with_it_for_anybody(
    tabs: Tabs,
    colours: dict[str, Product],
    colour_photo: Photos,
    accessible: Callable[[Page], None],
    size: tuple[int, int],
    scheme: str,
) -> None:
    page = tabs("manager", size, scheme)
    page.goto("/scan")
    accessible(page)
    scan(page, colour_photo("Red"), colour_photo("Green"))
    expect(page.get_by_role("button", name="Book 2 as received")).to_be_visible()
    accessible(page)
    page.get_by_role("button", name="Something else…").first.click()
    expect(page.locator("#picker")).to_contain_text("3 products")
    accessible(page)


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the element has the focus, as somebody without a mouse does."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"the keyboard does not reach {selector}")
