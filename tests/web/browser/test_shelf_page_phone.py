"""Shelf as newcomers use it: photos sent together, boxes and gaps brought into sight, what the page says of them."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from shelfwise.answers.records import AnswerCandidate
from shelfwise.answers.shelf_records import FoundBox
from shelfwise.inventory.records import Location, NewProduct
from shelfwise.types import Detections
from shelfwise.workflows import shop_shelf_reading
from shelfwise.workflows.shop import Shop

from .conftest import DESK, PHONE, Tabs, until
from .test_shelf_page import files, kept, name_cola, on_photo, opened, place, products, shelf

__all__ = ["place", "products", "shelf"]

WIDE, HIGH = 1100, 1600
LEAST = 56
"""Pixels of a chosen box that stay in sight, where it has so many."""


def asked(box: list[float], score: float, _: object) -> FoundBox:
    """What a model says that is sure of nothing."""
    left, top, right, bottom = box
    guesses = [AnswerCandidate("red", 0.5), AnswerCandidate("green", 0.3)]
    return FoundBox((left, top, right, bottom), score, "ask", "red", 0.5, None, guesses)


@pytest.fixture
def tall(shop: Shop, place: Location, monkeypatch: pytest.MonkeyPatch) -> int:
    """A photo that is higher than wide, of eight rows of five products that are all to be checked."""
    monkeypatch.setattr(shop_shelf_reading, "_found", asked)
    edges = [[60 + 200 * i, 30 + 190 * j, 230 + 200 * i, 200 + 190 * j] for j in range(8) for i in range(5)]
    return photographed(shop, edges, place)


def photographed(shop: Shop, edges: list[list[int]], place: Location) -> int:
    class Finder:
        def find(self, image, *, source=None):
            scores = np.linspace(0.9, 0.5, len(edges)).astype(np.float32)
            return Detections(np.array(edges, np.float32), scores, WIDE, HIGH, source)

    shop.shelves.use(Finder())
    image = Image.new("RGB", (WIDE, HIGH), (120, 120, 120))
    for box in edges:
        image.paste((250, 10, 10), tuple(box))
    out = io.BytesIO()
    image.save(out, "PNG")
    return kept(shop, out.getvalue(), place)


def standing(page: Page) -> None:
    """Wait until the page scrolls no more."""
    before: list[float] = [-1.0]

    def still() -> bool:
        now = page.evaluate("scrollY")
        same = now == before[0]
        before[0] = now
        page.wait_for_timeout(100)
        return same

    until(page, still)


def in_sight(page: Page, selector: str) -> tuple[float, float]:
    """How high something on the photo is on the screen, and how much of that nothing stands over."""
    return tuple(
        page.evaluate(
            """selector => {
              const box = (one) => document.querySelector(one).getBoundingClientRect();
              const there = box(selector), frame = box("#shelf-view");
              const told = document.querySelector("#flash .flash")?.getBoundingClientRect();
              const over = Math.max(frame.top, box(".top").bottom, told?.bottom ?? 0);
              const under = Math.min(frame.bottom, box("#shelf-bar").top);
              return [there.height, Math.min(there.bottom, under) - Math.max(there.top, over)];
            }""",
            selector,
        )
    )


def stays_in_sight(page: Page) -> None:
    standing(page)
    height, seen = in_sight(page, ".shelf-sheet .chosen rect:not(.halo)")
    assert seen >= min(LEAST, height) - 1
    title = page.locator("#shelf-panel-title").bounding_box()
    bar = page.locator("#shelf-bar").bounding_box()
    assert title is not None and bar is not None
    assert title["y"] + title["height"] < bar["y"]


@pytest.mark.parametrize("closer", [0, 3])
def test_the_chosen_box_stays_below_the_head_of_the_page(tabs: Tabs, tall: int, closer: int) -> None:
    page = opened(tabs("clerk", PHONE), tall)
    chips = page.locator(".shelf-chip")
    for number in (0, 17, 39):
        page.get_by_role("button", name="All of the photo").click()
        for _ in range(closer):
            page.get_by_role("button", name="Zoom in").click()
        chips.nth(number).click()
        stays_in_sight(page)
    following = page.get_by_role("button", name="Next to check")
    for _ in range(3):
        # Faster than the page scrolls, and with what was told last over it.
        following.click()
        following.click()
        stays_in_sight(page)
    page.locator("#shelf-panel").get_by_role("button", name="Yes, Red").click()
    page.evaluate("import('/static/app.js').then(({ flash }) => flash('Looked again: something is said.'))")
    expect(page.locator("#flash")).to_contain_text("Looked again")
    following.click()
    stays_in_sight(page)


def test_a_gap_that_is_to_be_shown_is_brought_into_sight(
    shop: Shop, tabs: Tabs, place: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop_shelf_reading, "_found", asked)
    edges = [[60 + 200 * i, 30 + 190 * j, 230 + 200 * i, 200 + 190 * j] for j in range(4) for i in range(5)]
    page = opened(tabs("clerk", PHONE), photographed(shop, [*edges[:7], *edges[8:]], place))
    page.get_by_role("button", name="Show the gap in row 2").click()
    standing(page)
    height, seen = in_sight(page, ".shelf-sheet rect.gap")
    assert height > LEAST
    assert seen == pytest.approx(height, abs=1)


def test_two_photos_may_be_of_two_shelves_or_not_be_sent_at_all(
    shop: Shop, tabs: Tabs, long_shelf, place: Location
) -> None:
    page = tabs("clerk", PHONE)
    page.goto("/shelf")
    question = page.locator("#confirm")
    page.locator("#shelf-choose").set_input_files(files(long_shelf, "left", "right"))
    expect(question.get_by_role("button")).to_have_text(["Cancel", "Two shelves", "One shelf"])
    question.get_by_role("button", name="Cancel").click()
    expect(question).to_be_hidden()
    expect(page.locator("#shelf-sending")).to_be_hidden()
    page.locator("#shelf-choose").set_input_files(files(long_shelf, "left", "right"))
    question.get_by_role("button", name="Two shelves").click()
    expect(page.locator("#shelf-sending")).to_be_visible()
    until(page, lambda: len(shop.shelf_photos.list(None).items) == 2)
    assert all(not each.joined_from for each in shop.shelf_photos.list(None).items)


def test_photos_that_are_sent_appear_in_the_list_though_another_one_is_bad(
    shop: Shop, tabs: Tabs, long_shelf, place: Location
) -> None:
    page = tabs("clerk", DESK)
    page.goto("/shelf")
    expect(page.locator("#shelf-recent li")).to_have_count(0)
    broken = {"name": "broken.png", "mimeType": "image/png", "buffer": b"no picture at all"}
    page.locator("#shelf-choose").set_input_files([broken, *files(long_shelf, "left", "right")])
    expect(page.locator("#shelf-queue li")).to_have_count(1)
    entries = page.locator("#shelf-recent li")
    expect(entries).to_have_count(2)
    expect(entries.first).to_contain_text("New")  # and no longer that it is being looked at
    expect(entries.first.locator("img")).to_have_attribute(
        "src", f"/api/v1/photos/{shop.shelf_photos.get(2).photo}?size=thumb"
    )
    entries.first.get_by_role("link").click()
    page.wait_for_url("**/shelf/2")


def test_a_new_product_has_no_category_of_what_is_like_nothing_known(
    tabs: Tabs, shop: Shop, place: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        shop_shelf_reading, "_found", lambda *given: replace(asked(*given), kind="unknown", category=None)
    )
    page = opened(tabs("manager", DESK), photographed(shop, [[60, 30, 230, 200]], place))
    page.locator(".shelf-chip").first.click()
    page.locator("#shelf-panel").get_by_role("button", name="Red – choose the product…").click()
    picker = page.locator("#picker")
    picker.get_by_text("New product").click()
    expect(picker.get_by_label("Category")).to_have_value("")


def test_what_is_no_depth_is_told_at_its_field(tabs: Tabs, shelf: int) -> None:
    page = opened(tabs("clerk", PHONE), shelf)
    page.touchscreen.tap(*on_photo(page, 45, 80))
    name_cola(page)
    page.get_by_role("button", name="Book the counts").click()
    dialog = page.locator("#shelf-take")
    every, one = (
        dialog.get_by_label("Units behind each facing", exact=True),
        dialog.get_by_label("Units behind each facing, Cola"),
    )
    every.fill("abc")
    expect(dialog.locator("#take-depth-error")).to_contain_text("Type how many stand behind each facing")
    expect(every).to_have_attribute("aria-invalid", "true")
    expect(dialog.get_by_role("button", name="Book anyway")).to_be_disabled()
    every.fill("2")
    expect(dialog.locator("#take-depth-error")).to_be_empty()
    one.fill("abc")
    words = "Cola: type how many stand behind each facing, such as 4."
    expect(dialog.locator("[data-form-error]")).to_have_text(words)
    expect(dialog.get_by_role("button", name="Book anyway")).to_be_disabled()
    one.fill("4")
    expect(dialog.locator("[data-form-error]")).to_be_empty()
    dialog.get_by_role("button", name="Book anyway").click()
    expect(page.locator("#flash")).to_contain_text("Booked")


def test_undo_chooses_the_box_that_it_puts_back(tabs: Tabs, shelf: int) -> None:
    page = opened(tabs("clerk", DESK), shelf)
    page.mouse.click(*on_photo(page, 45, 80))
    page.locator("#shelf-panel").get_by_role("button", name="No product").click()
    expect(page.locator("#shelf-panel")).to_contain_text("Row 1, place")
    page.get_by_role("button", name="Undo").click()
    chosen = page.locator(".shelf-chip[aria-current]")
    expect(chosen).to_have_count(1)
    expect(chosen).to_have_attribute("data-key", "1")


def test_a_tall_photo_stands_in_the_middle(tabs: Tabs, tall: int) -> None:
    page = opened(tabs("clerk", DESK), tall)
    stage, photo = (page.locator(each).bounding_box() for each in (".shelf-stage", ".shelf-sheet img"))
    assert stage is not None and photo is not None
    assert photo["x"] + photo["width"] / 2 == pytest.approx(stage["x"] + stage["width"] / 2, abs=2)


def of_categories(monkeypatch: pytest.MonkeyPatch, categories: list[str]) -> None:
    """Let the model be sure of a category alone, of one box after the other."""
    left = iter(categories)

    def found(box: list[float], score: float, words: object) -> FoundBox:
        return replace(asked(box, score, words), kind="accept", category=next(left), candidates=[])

    monkeypatch.setattr(shop_shelf_reading, "_found", found)


EDGES = [[60 + 200 * i, 30, 230 + 200 * i, 200] for i in range(5)]


def test_the_only_product_of_a_sure_category_is_booked_and_others_are_passed_to_be_chosen(
    shop: Shop, tabs: Tabs, place: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    tea = shop.catalogue.add_product(NewProduct("Green tea", "tea")).id
    for name in ("Cola", "Cola light"):
        shop.catalogue.add_product(NewProduct(name, "drinks"))
    of_categories(monkeypatch, ["tea", "tea", "drinks", "drinks", "drinks"])
    page = opened(tabs("clerk", PHONE), photographed(shop, EDGES, place))
    expect(page.locator("#shelf-sum")).to_contain_text("choose the product of 3 facings to book them")
    expect(page.locator("#shelf-counts")).to_contain_text("Booked as Green tea, the only one2")
    for key in ("3", "4"):
        page.get_by_role("button", name="Next to check").click()
        expect(page.locator(".shelf-chip[aria-current]")).to_have_attribute("data-key", key)
    page.get_by_role("button", name="Book the counts").click()
    dialog = page.locator("#shelf-take")
    expect(dialog.locator("tbody tr")).to_have_count(1)
    expect(dialog.locator("#take-left")).to_contain_text("3 facings are not named")
    dialog.get_by_role("button", name="Book anyway").click()
    expect(page.locator("#flash")).to_contain_text("Booked: 1 product counted.")
    assert shop.levels.at_location(tea, place.id) == 2


def test_why_nothing_can_be_booked_is_told(
    shop: Shop, tabs: Tabs, place: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_categories(monkeypatch, ["drinks"] * 5)
    page = opened(tabs("clerk", PHONE, "dark"), photographed(shop, EDGES, place))
    expect(page.get_by_role("button", name="Book the counts")).to_be_disabled()
    expect(page.locator("#shelf-sum")).to_contain_text("choose the product of 5 facings to book them")


def test_what_counts_no_more_after_looking_again_is_told_with_the_reason(tabs: Tabs, shelf: int) -> None:
    page = opened(tabs("clerk", PHONE), shelf)
    page.touchscreen.tap(*on_photo(page, 45, 80))
    name_cola(page)
    page.get_by_role("button", name="Look again").click()
    expect(page.locator("#flash")).to_contain_text("2 are to check now, because they may be Cola.")
