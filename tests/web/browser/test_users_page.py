"""Users: invite, hand over the link, change roles, disable; everybody's tokens."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from shelfwise.workflows.shop import Shop

from .conftest import DESK, PHONE, Tabs


def test_somebody_is_invited_by_a_link_that_is_shown_once(shop: Shop, tabs: Tabs) -> None:
    page = tabs("admin", DESK)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/users")
    page.get_by_role("button", name="Invite somebody").click()
    form = page.locator("#invite")
    form.get_by_label("Name").fill("Grace")
    form.get_by_label("Harbour").select_option("reader")
    form.get_by_label("Mill Lane").select_option("manager")
    form.get_by_role("button", name="Make the link").click()
    link = page.locator("#secret-value")
    expect(link).to_contain_text("/invitation/")
    address = link.inner_text()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == address
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("row", name="Grace")).to_contain_text("Invited")
    expect(page.locator("body")).not_to_contain_text(address)
    stores = {store.name: store.id for store in shop.catalogue.stores()}
    grace = shop.users.by_name("Grace")
    assert grace.roles == {stores["Harbour"]: "reader", stores["Mill Lane"]: "manager"}
    theirs = tabs(None)
    theirs.goto(address)
    theirs.get_by_label("Password").fill("a chair by the window")
    theirs.locator("form button[type=submit], form button:not([type])").first.click()
    expect(theirs.get_by_text("Grace").first).to_be_attached()
    assert shop.users.by_name("Grace").has_password


def test_a_name_that_is_taken_is_told(tabs: Tabs) -> None:
    page = tabs("admin", DESK)
    page.goto("/users")
    page.get_by_role("button", name="Invite somebody").click()
    page.locator("#invite").get_by_label("Name").fill("Clerk")
    page.locator("#invite").get_by_role("button", name="Make the link").click()
    expect(page.locator("#invite [data-error-for=name]")).to_contain_text("clerk")


def test_roles_change_and_a_user_is_disabled_and_enabled(
    shop: Shop, tabs: Tabs, accessible: Callable[[Page], None]
) -> None:
    clerk = shop.users.by_name("clerk")
    page = tabs("admin", DESK)
    page.goto(f"/users/{clerk.id}")
    accessible(page)
    page.get_by_label("Mill Lane").select_option("manager")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#flash")).to_contain_text("Saved.")
    assert shop.users.get(clerk.id).roles == {1: "manager"}
    page.get_by_role("button", name="Disable").click()
    page.locator("#confirm [data-yes]").click()
    expect(page.get_by_text("Disabled: clerk may not sign in")).to_be_visible()
    assert shop.users.get(clerk.id).disabled
    page.get_by_role("button", name="Enable").click()
    expect(page.locator("#flash")).to_contain_text("may sign in again")
    assert not shop.users.get(clerk.id).disabled


def test_a_password_link_is_made(shop: Shop, tabs: Tabs) -> None:
    page = tabs("admin", DESK)
    page.goto(f"/users/{shop.users.by_name('reader').id}")
    page.get_by_role("button", name="Make a password link").click()
    expect(page.locator("#secret-value")).to_contain_text("/invitation/")
    expect(page.locator("#secret")).to_contain_text("Link for reader")


def test_any_token_is_revoked(shop: Shop, tabs: Tabs, accessible: Callable[[Page], None]) -> None:
    shop.tokens.issue(shop.users.by_name("clerk").id, "till", {"read", "book"}, by="clerk")
    page = tabs("admin", DESK)
    page.goto("/users/tokens")
    accessible(page)
    page.get_by_role("button", name="Revoke till").click()
    page.locator("#confirm [data-yes]").click()
    expect(page.get_by_role("heading", name="No tokens")).to_be_visible()
    assert shop.tokens.list() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_users_are_usable_by_all_and_on_a_phone(
    tabs: Tabs, accessible: Callable[[Page], None], scheme: str
) -> None:
    page = tabs("admin", PHONE, scheme)
    page.goto("/users")
    accessible(page)
    page.get_by_role("button", name="Invite somebody").click()
    accessible(page)


def test_an_invitation_without_a_role_says_what_that_means(tabs: Tabs) -> None:
    page = tabs("admin", DESK)
    page.goto("/users")
    page.get_by_role("button", name="Invite somebody").click()
    words = page.locator("#invite [data-no-role]")
    expect(words).to_have_text("Without a role they can sign in, but see and do nothing until they get one.")
    page.locator("#invite").get_by_label("Harbour").select_option("reader")
    expect(words).to_have_text("")
    page.locator("#invite").get_by_label("Harbour").select_option("")
    expect(words).not_to_have_text("")
    page.locator("#invite").get_by_label("Admin").check()
    expect(words).to_have_text("")
