"""The generic sender of forms and buttons, on a page that holds a form of every kind of field."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from .conftest import Tabs

FORM = """
<form id="f" data-api="POST /api/v1/things" data-next="" data-done="{name} is kept." data-query="store">
  <div data-form-error role="alert"></div>
  <label>Name <input name="name" value="Tea"></label><p data-error-for="name"></p>
  <label>Amount <input name="lines.0.quantity" inputmode="decimal" value="1,5"></label>
  <p data-error-for="lines.0.quantity"></p>
  <input name="lines.0.id" data-type="int" value="7"><input name="empty" value="">
  <input name="kept" value="" data-empty="keep">
  <input name="nothing" value="" data-empty="null"><input type="checkbox" name="yes" checked>
  <input type="checkbox" name="no">
  <input type="checkbox" name="many[]" value="a" checked><input type="checkbox" name="many[]" value="b">
  <input type="checkbox" name="many[]" value="c" checked><input type="radio" name="one" value="x">
  <input type="radio" name="one" value="y" checked><input type="hidden" name="store" value="3">
  <button type="submit">Send</button>
</form>
<button id="b" type="button" data-api="DELETE /api/v1/things/9" data-confirm="Really?" data-next="" data-done="Gone."
  data-if-match="v3">Delete</button>
"""


class Things:
    """Plays the server for what the form sends: answers in turn, keeps what it was asked."""

    def __init__(self, page: Page) -> None:
        self.asked: list[Any] = []
        self.answers: list[tuple[int, Any] | None] = []
        page.route("**/api/v1/things**", self.answer)

    def answer(self, route: Route) -> None:
        self.asked.append(route.request)
        next_ = self.answers.pop(0)
        if next_ is None:
            route.abort("connectionreset")
        else:
            route.fulfill(status=next_[0], content_type="application/json", body=json.dumps(next_[1]))

    def keys(self) -> list[str]:
        return [one.headers["idempotency-key"] for one in self.asked]


@pytest.fixture
def page(tabs: Tabs) -> Page:
    opened = tabs("clerk")
    opened.goto("/")
    opened.evaluate("html => document.getElementById('content').insertAdjacentHTML('beforeend', html)", FORM)
    return opened


@pytest.fixture
def things(page: Page) -> Things:
    return Things(page)


def test_fields_become_json_by_their_names_and_kinds(page: Page, things: Things) -> None:
    things.answers = [(201, {"name": "Tea"})]
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#flash")).to_have_text("Tea is kept.")
    [sent] = things.asked
    assert sent.method == "POST"
    assert sent.url.endswith("/api/v1/things?store=3")
    assert sent.headers["x-csrf-token"] == page.locator("meta[name=csrf]").get_attribute("content")
    assert sent.post_data_json == {
        "name": "Tea",
        "lines": [{"quantity": "1.5", "id": 7}],
        "kept": "",
        "nothing": None,
        "yes": True,
        "no": False,
        "many": ["a", "c"],
        "one": "y",
    }


def test_errors_are_told_at_their_fields_and_go_when_it_is_sent_again(page: Page, things: Things) -> None:
    errors = [
        {"field": "lines.0.quantity", "message": "must be more than 0"},
        {"field": "elsewhere", "message": "and this too"},
    ]
    things.answers = [(422, {"detail": "wrong", "errors": errors}), (201, {"name": "Tea"})]
    page.get_by_role("button", name="Send").click()
    amount = page.get_by_label("Amount")
    expect(page.locator("[data-error-for='lines.0.quantity']")).to_have_text("must be more than 0")
    expect(page.locator("[data-form-error]")).to_have_text("and this too")
    expect(amount).to_be_focused()
    expect(amount).to_have_attribute("aria-invalid", "true")
    page.keyboard.press("Enter")
    expect(page.locator("#flash")).to_have_text("Tea is kept.")
    expect(page.locator("[data-error-for='lines.0.quantity']")).to_be_empty()
    expect(amount).not_to_have_attribute("aria-invalid", "true")


def test_the_same_content_keeps_its_key_until_it_is_taken(page: Page, things: Things) -> None:
    things.answers = [None, (201, {"name": "Tea"}), (201, {"name": "Tea"}), None, (201, {"name": "Chai"})]
    send = page.get_by_role("button", name="Send")
    send.click()
    expect(page.locator("[data-form-error]")).to_contain_text("cannot be reached")
    send.click()
    expect(page.locator("#flash")).to_have_text("Tea is kept.")
    send.click()
    expect(send).not_to_have_attribute("aria-busy", "true")
    send.click()
    expect(page.locator("[data-form-error]")).to_contain_text("cannot be reached")
    page.get_by_label("Name").fill("Chai")
    send.click()
    expect(page.locator("#flash")).to_have_text("Chai is kept.")
    first, again, second, third, other = things.keys()
    assert first == again
    assert len({first, second, third, other}) == 4


def test_a_button_asks_first_and_sends_the_version_that_was_read(page: Page, things: Things) -> None:
    things.answers = [(204, None)]
    page.get_by_role("button", name="Delete").click()
    page.locator("#confirm").get_by_role("button", name="Cancel").click()
    expect(page.locator("#confirm")).to_be_hidden()
    assert not things.asked
    page.get_by_role("button", name="Delete").click()
    expect(page.locator("#confirm-text")).to_have_text("Really?")
    page.locator("#confirm").get_by_role("button", name="Delete").click()
    expect(page.locator("#flash")).to_have_text("Gone.")
    [sent] = things.asked
    assert (sent.method, sent.headers["if-match"]) == ("DELETE", '"v3"')


def test_quantities_are_read_and_stepped_as_people_write_them(page: Page) -> None:
    said = page.evaluate("""async () => {
        const { quantityOf, stepped, tidy } = await import("/static/app.js");
        return [["2", "1,5", " 3.250 ", "-1", "1e3", "", "1.2345"].map(quantityOf),
            [stepped("1", 1), stepped("0", -1), stepped("1,5", 1), stepped("", 1), stepped("0.1", 1)],
            ["2.000", "2.500", "100", "0.000"].map(tidy)];
    }""")
    assert said == [
        ["2", "1.5", "3.250", None, None, None, None],
        ["2", "0", "2.5", "1", "1.1"],
        ["2", "2.5", "100", "0"],
    ]
