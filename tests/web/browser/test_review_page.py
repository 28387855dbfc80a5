"""Review: one photo at a time, by keys at a desk and by thumbs on a phone."""

import io
from collections.abc import Callable

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from shelfwise.answers.records import AnswerCandidate, NewAnswer
from shelfwise.inventory.records import NewProduct
from shelfwise.workflows.shop import Shop

from .conftest import DESK, PHONE, Tabs

MILL_LANE = 1


@pytest.fixture
def waiting(shop: Shop) -> list[int]:
    """Four unsure answers, the worst first: one not known, three that ask for Red."""
    shop.models.wait()
    answers = []
    for place, (kind, confidence) in enumerate([("unknown", 0.2), ("ask", 0.3), ("ask", 0.4), ("ask", 0.6)]):
        out = io.BytesIO()
        Image.new("RGB", (400, 300 + place), (120, 110, 100 + 30 * place)).save(out, "PNG")
        photo = shop.photos.add(out.getvalue()).sha256
        guesses = [
            AnswerCandidate(each, confidence / (1 + n)) for n, each in enumerate(("Red", "Green", "Blue"))
        ]
        category = None if kind == "unknown" else "Red"
        answers.append(
            NewAnswer(photo, "toy", kind, category, confidence, guesses, "clerk", store_id=MILL_LANE)
        )
    return list(shop.answers.record(answers))


def verdict(shop: Shop, number: int) -> tuple[str | None, str | None]:
    answer = shop.answers.get(number)
    return answer.verdict, answer.right_category


def left(page: Page, count: int) -> None:
    expect(page.locator("[data-left]")).to_have_text(str(count))


def test_keys_judge_and_the_next_photo_comes(
    shop: Shop, tabs: Tabs, waiting: list[int], accessible: Callable[[Page], None]
) -> None:
    page = tabs("clerk", DESK)
    page.goto("/review")
    expect(page.locator("[data-answer]:visible")).to_have_count(1)
    accessible(page)
    page.keyboard.press("c")
    trouble = page.locator("[data-answer]:visible [data-trouble]")
    expect(trouble).to_have_text(
        "There is no answer to confirm: press 1 to 3 for what it looks most like, / to search for the product, "
        "or U if it is not yours."
    )
    left(page, 4)
    page.keyboard.press("2")
    left(page, 3)
    assert verdict(shop, waiting[0]) == ("corrected", "Green")
    page.keyboard.press("c")
    left(page, 2)
    assert verdict(shop, waiting[1]) == ("confirmed", "Red")
    page.keyboard.press("ArrowRight")
    expect(page.locator(f"[data-answer='{waiting[3]}']")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("s")
    left(page, 1)
    assert verdict(shop, waiting[2])[0] == "skipped"
    page.keyboard.press("u")
    expect(page.get_by_role("heading", name="Nothing to review")).to_be_visible()
    assert verdict(shop, waiting[3])[0] == "unknown"


def test_a_product_that_is_found_is_known_by_sight_at_once(
    shop: Shop, tabs: Tabs, waiting: list[int]
) -> None:
    product = shop.catalogue.add_product(NewProduct("Tomato paste", "food"))
    page = tabs("clerk", DESK)
    page.goto("/review")
    page.keyboard.press("/")
    page.keyboard.type("tomato")
    page.get_by_role("button", name="Tomato paste").click()
    left(page, 3)
    answer = shop.answers.get(waiting[0])
    assert (answer.verdict, answer.right_product, answer.right_category) == (
        "corrected",
        "Tomato paste",
        "food",
    )
    assert answer.photo in shop.catalogue.product_photos(product.id)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_all_answers_are_big_buttons(
    shop: Shop, tabs: Tabs, waiting: list[int], accessible: Callable[[Page], None], scheme: str
) -> None:
    page = tabs("clerk", PHONE, scheme)
    page.goto("/review")
    accessible(page)
    bottom = page.locator("nav.bottom").bounding_box()
    for button in page.locator("[data-answer]:visible button").all():
        box = button.bounding_box()
        assert box is not None
        assert bottom is not None
        assert box["height"] >= 44
        assert box["y"] + box["height"] <= bottom["y"], "no scrolling to judge"
    page.get_by_role("button", name="Not ours").click()
    left(page, 3)
    assert verdict(shop, waiting[0])[0] == "unknown"


def test_who_was_slower_is_told_and_goes_on(shop: Shop, tabs: Tabs, waiting: list[int]) -> None:
    page = tabs("clerk", DESK)
    page.goto("/review")
    shop.answers.judge(waiting[0], "unknown", user="manager")
    page.keyboard.press("1")
    expect(page.locator("#flash")).to_contain_text("manager has said that it is unknown")
    left(page, 3)
    assert verdict(shop, waiting[0])[0] == "unknown"


def test_what_the_server_refuses_is_said_once(tabs: Tabs, waiting: list[int]) -> None:
    page = tabs("clerk", DESK)
    page.goto("/review")
    refusal = {
        "detail": "verdict: Give another.",
        "errors": [{"field": "verdict", "message": "Give another."}],
    }
    page.route("**/api/v1/review/*", lambda route: route.fulfill(status=422, json=refusal))
    page.keyboard.press("1")
    expect(page.locator("[data-answer]:visible [data-trouble]")).to_have_text("Give another.")


def test_without_a_connection_nothing_is_lost(tabs: Tabs, waiting: list[int]) -> None:
    page = tabs("clerk", DESK)
    page.goto("/review")
    page.context.set_offline(True)
    page.keyboard.press("1")
    expect(page.locator("[data-answer]:visible [data-trouble]")).to_contain_text("cannot be reached")
    left(page, 4)
    page.context.set_offline(False)
    page.keyboard.press("1")
    left(page, 3)


def test_all_figures_follow_what_was_said(tabs: Tabs, waiting: list[int]) -> None:
    page = tabs("clerk", DESK)
    page.goto("/review")
    badge, tabs_ = page.locator(".side [data-waiting]"), page.locator(".tabs [data-waiting]")
    expect(badge).to_have_text("4")
    page.keyboard.press("u")
    expect(badge).to_have_text("3")
    expect(tabs_).to_have_text(["3", "3"])
    left(page, 3)
