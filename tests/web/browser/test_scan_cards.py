"""Cards of Scan on which only the kind of product is known."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from shelfwise.inventory.records import NewProduct
from shelfwise.workflows.shop import Shop
from tests.web.browser.conftest import PHONE, Tabs

Photos = Callable[[str], Path]


def test_of_a_kind_with_products_one_more_is_made_in_one_step(
    shop: Shop, tabs: Tabs, colour_photo: Photos
) -> None:
    for name in ("Red paint", "Ruby paint"):
        shop.catalogue.add_product(NewProduct(name, category="Red"))
    page = tabs("manager", PHONE)
    page.goto("/scan")
    page.locator("#scan-choose").set_input_files([str(colour_photo("Red")), str(colour_photo("Red"))])
    expect(page.get_by_text(re.compile(r"This is Red \(\d+ %\)\. Which one is it\?"))).to_have_count(2)
    expect(page.locator(".scan-card :checked")).to_have_count(0)
    page.get_by_role("button", name="New product in Red, photo 1").click()
    dialog = page.locator("#picker")
    expect(dialog.get_by_label("Category")).to_have_value("Red")
    dialog.get_by_label("Name", exact=True).fill("Cherry paint")
    dialog.get_by_role("button", name="Make the product").click()
    expect(page.get_by_role("radio", name="Cherry paint")).to_have_count(
        2
    )  # the other photo may show it, too
    expect(page.locator(".scan-card :checked")).to_have_count(1)


def test_a_product_of_a_wider_category_is_not_chosen_for_what_has_none(
    shop: Shop, tabs: Tabs, colour_photo: Photos
) -> None:
    shop.catalogue.add_product(NewProduct("Oat drink", category="drinks"))
    page = tabs("clerk", PHONE)

    def as_coffee(route) -> None:
        reply = route.fetch()
        body = reply.json()
        for answer in body["answers"]:
            oat = {"id": 1, "name": "Oat drink"}
            guess = {"category": "Drinks/Coffee", "confidence": 0.95, "product": None, "choices": [oat]}
            guesses = [{**guess, "by_sight": False, "wider": True}]
            answer.update(answer="accept", category="Drinks/Coffee", confidence=0.95, candidates=guesses)
        route.fulfill(response=reply, json=body)

    page.route("**/api/v1/classify*", as_coffee)
    page.goto("/scan")
    page.locator("#scan-choose").set_input_files([str(colour_photo("Red"))])
    card = page.locator(".scan-card")
    expect(card.get_by_text("This is Coffee, of which there is no product yet.")).to_be_visible()
    expect(card.locator(".choice").first).to_contain_text("Coffee – no product yet")
    expect(card.get_by_role("radio", name="Oat drink")).not_to_be_checked()
    expect(card.get_by_role("button", name="New product in")).to_have_count(0)


def test_a_product_made_of_a_guess_is_of_that_category_also_without_one_of_its_own(
    shop: Shop, tabs: Tabs, colour_photo: Photos
) -> None:
    page = tabs("manager", PHONE)
    page.goto("/scan")
    page.locator("#scan-choose").set_input_files([str(colour_photo("Red"))])
    page.get_by_role("button", name="Red – no product yet").click()
    dialog = page.locator("#picker")
    dialog.get_by_label("Category").fill("")
    dialog.get_by_role("button", name="Make the product").click()
    expect(page.locator(".scan-card :checked")).to_have_count(1)
    waiting = page.locator(".side [data-waiting]")
    expect(waiting).to_have_text("1")
    page.get_by_role("button", name="Book 1 as received").click()
    expect(page.locator("#flash")).to_contain_text("Booked: 1 product received.")
    expect(waiting).to_have_text("0")  # what was booked has judged the answer
    answer = shop.answers.get(1)
    assert (answer.verdict, answer.right_category) == ("corrected", "Red")
    page.goto("/movements")
    expect(page.locator(".behind")).not_to_contain_text("corrected")


def test_what_cannot_be_read_has_its_file_s_name(tabs: Tabs) -> None:
    page = tabs("clerk", PHONE)
    page.goto("/scan")
    file = {"name": "holiday.jpg", "mimeType": "image/jpeg", "buffer": b"no picture"}
    page.locator("#scan-choose").set_input_files([file])
    expect(page.locator(".scan-card.bad")).to_contain_text("holiday.jpg: ")


def test_one_esc_closes_the_search_for_a_product(tabs: Tabs, colour_photo: Photos) -> None:
    page = tabs("clerk")
    page.goto("/scan")
    page.locator("#scan-choose").set_input_files([str(colour_photo("Red"))])
    page.get_by_role("button", name="Something else…").click()
    page.get_by_role("searchbox").fill("bread")
    page.keyboard.press("Escape")
    expect(page.locator("#picker")).to_be_hidden()


def test_what_happened_is_chosen_by_words_that_have_room(tabs: Tabs) -> None:
    for width in (320, 360, 390, 640):
        page = tabs("clerk", (width, 800))
        page.goto("/scan")
        tight = "each => each.scrollWidth > each.clientWidth"
        for words in page.locator(".segments span").all():
            assert not words.evaluate(tight), f"{words.inner_text()} at {width}"


def test_the_button_at_the_bottom_has_all_the_room_where_there_is_no_camera_beside_it(
    tabs: Tabs, colour_photo: Photos
) -> None:
    page = tabs("clerk", (420, 800))
    page.goto("/scan")
    page.locator("#scan-choose").set_input_files([str(colour_photo("Red"))])
    box = page.locator("#scan-book").bounding_box()
    assert box is not None and box["width"] > 420 - 40
