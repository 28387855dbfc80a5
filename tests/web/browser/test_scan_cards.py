"""Cards of Scan on which only the kind of product is known."""

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
    expect(page.get_by_text("This is Red. Which one is it?")).to_have_count(2)
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
