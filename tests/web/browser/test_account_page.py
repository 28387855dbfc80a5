"""Account: the password, browsers, tokens."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from shelfwise.workflows.shop import Shop

from .conftest import DESK, PASSWORD, PHONE, Tabs


def test_the_password_is_changed_and_a_wrong_one_is_told_at_its_field(shop: Shop, tabs: Tabs) -> None:
    page = tabs("clerk", DESK)
    page.goto("/account")
    page.get_by_label("Current password").fill("not my password")
    page.get_by_label("New password").fill("a chair by the window")
    page.get_by_role("button", name="Change the password").click()
    expect(page.locator("[data-error-for=old]")).to_contain_text("not your password")
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_role("button", name="Change the password").click()
    expect(page.locator("#flash")).to_contain_text("is changed")
    assert shop.users.check_password("clerk", "a chair by the window", "127.0.0.1").name == "clerk"


def test_other_browsers_are_signed_out(tabs: Tabs) -> None:
    other, page = tabs("clerk", PHONE), tabs("clerk", DESK)
    page.goto("/account")
    page.get_by_role("button", name="Sign out everywhere else").click()
    page.locator("#confirm [data-yes]").click()
    expect(page.locator("#flash")).to_contain_text("signed out")
    expect(page.get_by_role("button", name="Sign out everywhere else")).to_have_count(0)
    other.goto("/stock")
    assert "/sign-in" in other.url
    page.reload()
    assert page.url.endswith("/account")


def test_a_token_is_made_works_and_is_revoked(shop: Shop, tabs: Tabs) -> None:
    page = tabs("clerk", DESK)
    page.goto("/account")
    page.get_by_role("button", name="Make a token").click()
    form = page.locator("#add-token")
    form.get_by_label("What it is for").fill("Till 2")
    form.get_by_label("Book").check()
    form.get_by_label("In", exact=True).select_option(label="Mill Lane")
    form.get_by_role("button", name="Make it").click()
    expect(page.locator("#secret")).to_contain_text("Till 2")
    secret = page.locator("#secret-value").inner_text()
    actor = shop.tokens.actor(secret)
    assert (actor.name, actor.scopes, actor.stores()) == ("clerk", {"read", "book"}, {1})
    page.get_by_role("button", name="Done").click()
    row = page.get_by_role("row", name="Till 2")
    expect(row).to_contain_text("read, book")
    expect(row).to_contain_text("Mill Lane")
    (token,) = shop.tokens.list()
    assert token.expires_at is not None
    row.get_by_role("button", name="Revoke").click()
    page.locator("#confirm [data-yes]").click()
    expect(page.get_by_role("heading", name="No tokens")).to_be_visible()


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (DESK, "dark")])
def test_the_account_is_usable_by_all(
    tabs: Tabs, accessible: Callable[[Page], None], size: tuple[int, int], scheme: str
) -> None:
    page = tabs("manager", size, scheme)
    page.goto("/account")
    accessible(page)
    page.get_by_role("button", name="Make a token").click()
    accessible(page)
