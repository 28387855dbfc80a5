"""Which store a page is about, and who may open it."""

import re
from collections.abc import Callable
from importlib.resources import files

import pytest
from starlette.testclient import TestClient

from shelfwise.workflows.shop import Shop


def store_of(client: TestClient, path: str = "/count") -> str:
    page = client.get(path)
    assert page.status_code == 200, page.text
    return page.text.split('<meta name="store" content="')[1].split('"')[0]


def test_a_page_is_about_the_store_asked_for_and_later_ones_too(admin: TestClient) -> None:
    assert store_of(admin, "/count?store=1") == "1"
    assert store_of(admin) == "1"
    assert store_of(admin, "/count?store=2") == "2"
    assert store_of(admin) == "2"


def test_without_a_choice_it_is_the_first_that_one_may_see(admin: TestClient, clerk: TestClient) -> None:
    assert store_of(admin) == "2"  # Harbour, by name
    assert store_of(clerk) == "1"


@pytest.mark.parametrize("asked", ["2", "99", "x", "-1"])
def test_a_store_that_one_may_not_see_is_not_there(clerk: TestClient, admin: TestClient, asked: str) -> None:
    page = clerk.get(f"/count?store={asked}")
    assert page.status_code == 404
    assert "choose one" not in page.text  # they see one store, and have nothing to choose from
    if asked != "2":
        assert "choose one at the top of the page" in admin.get(f"/count?store={asked}").text


def test_a_store_kept_by_the_browser_that_is_gone_is_no_trouble(clerk: TestClient) -> None:
    clerk.cookies.set("shelfwise_store", "2")
    assert store_of(clerk) == "1"


@pytest.mark.parametrize("path", ["/scan", "/count"])
def test_readers_neither_scan_nor_count(reader: TestClient, path: str) -> None:
    assert reader.get(path).status_code == 403
    assert f'href="{path}"' not in reader.get("/").text


def test_the_role_counts_in_the_store_that_is_shown(
    shop: Shop, signed_in: Callable[[str], TestClient]
) -> None:
    user = shop.users.by_name("clerk")
    shop.users.change(user.id, roles={1: "clerk", 2: "reader"})
    client = signed_in("clerk")
    assert client.get("/scan?store=1").status_code == 200
    assert client.get("/scan?store=2").status_code == 403


def test_a_place_of_another_store_is_not_found(shop: Shop, admin: TestClient) -> None:
    other = shop.catalogue.add_location(2, "Back room")
    assert admin.get(f"/count?store=1&location={other.id}").status_code == 404
    assert admin.get(f"/count?store=2&location={other.id}").status_code == 200


def test_who_has_no_role_anywhere_is_told(shop: Shop, signed_in: Callable[[str], TestClient]) -> None:
    user = shop.users.by_name("clerk")
    client = signed_in("clerk")
    shop.users.change(user.id, roles={})
    assert "Ask an admin to give you a role" in client.get("/").text


def test_the_service_worker_may_serve_the_whole_site(nobody: TestClient) -> None:
    worker = nobody.get("/sw.js")
    assert worker.status_code == 200
    assert worker.headers["content-type"].startswith("text/javascript")
    assert worker.headers["cache-control"] == "no-cache"


def kept_by_the_service_worker(name: str) -> set[str]:
    """What a list in the service worker's script names."""
    script = (files("shelfwise.web") / "static/sw.js").read_text("utf-8")
    parts = script.split(f"const {name} = [")[1].split("]")[0].split(",")
    return {part.strip().strip('"') for part in parts if part.strip()}


def test_the_pages_that_open_without_a_connection() -> None:
    assert kept_by_the_service_worker("KEPT_PAGES") == {"/scan", "/shelf"}


@pytest.mark.parametrize("path", sorted(kept_by_the_service_worker("KEPT_PAGES")))
def test_the_service_worker_keeps_all_that_its_pages_are_made_of(clerk: TestClient, path: str) -> None:
    kept = kept_by_the_service_worker("SHELL")
    page = clerk.get(f"{path}?store=1").text
    needed, new = set(), set(re.findall(r'(?:src|href)="(/static/[^"#]+)', page)) - {"/static/icon-180.png"}
    while new:
        needed |= new
        texts = [clerk.get(name).text for name in new if name.endswith(".js")]
        new = {found for text in texts for found in re.findall(r'from "(/static/[^"]+)"', text)} - needed
    assert needed <= kept
    assert f"/static{path}/queue.js" in needed
    for name in kept:
        assert clerk.get(name).status_code == 200, name


def test_a_form_sent_before_the_scripts_run_puts_nothing_into_the_address() -> None:
    for path in sorted((files("shelfwise.web") / "templates").iterdir(), key=lambda one: one.name):
        for tag in re.findall(
            r"<form\b[^>]*(?:>|$)", re.sub(r"\{#.*?#\}", "", path.read_text("utf-8"), flags=re.DOTALL)
        ):
            way = re.search(r'method="(\w+)"', tag)
            assert way, f"{path.name}: {tag} would be sent by GET"
            assert way[1] in ("post", "dialog") or "data-api" not in tag, f"{path.name}: {tag}"


def test_who_sent_a_form_before_the_scripts_ran_is_told_that_nothing_was_saved(clerk: TestClient) -> None:
    page = clerk.post("/account", data={"old": "my secret"}, headers={"Accept": "text/html"})
    assert page.status_code == 405
    assert "Nothing was saved" in page.text
    assert "my secret" not in page.text
    page = clerk.get("/sign-out", headers={"Accept": "text/html"})
    assert page.status_code == 405
    assert "Nothing was saved" not in page.text
