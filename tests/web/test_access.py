"""Tests of who may do what: cookies, CSRF, tokens' scopes, roles per store, rates."""

import pytest
from starlette.testclient import TestClient

from shelfwise.errors import ForbiddenError
from shelfwise.web.app import create_app
from shelfwise.web.config import WebConfig

USERS = "/api/v1/users"


def test_who_is_not_signed_in_may_do_nothing(nobody):
    for method, path in [
        ("GET", "/api/v1/me"),
        ("GET", USERS),
        ("POST", USERS),
        ("DELETE", "/api/v1/session"),
    ]:
        answer = nobody.request(method, path)
        assert answer.status_code == 401, path
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"].endswith("sign-in")


def test_every_route_of_the_api_asks_who_it_is_but_signing_in(app, nobody):
    asked = 0
    for route in app.routes:
        path = getattr(route, "path", "")
        if not path.startswith("/api/v1/") or path == "/api/v1/openapi.json":
            continue
        for method in route.methods - {"HEAD"}:
            if (method, path) == ("POST", "/api/v1/session"):
                continue
            address = (
                path.replace("{what}", "products").replace("{format}", "csv").replace("{sha256}", "a" * 64)
            )
            address = "/".join("1" if part.startswith("{") else part for part in address.split("/"))
            assert nobody.request(method, address).status_code == 401, f"{method} {path}"
            asked += 1
    assert asked > 10


def test_a_write_by_cookie_needs_the_csrf_token(admin):
    right = admin.headers.pop("X-CSRF-Token")
    for wrong in (None, "", "x", right[:-1], right.swapcase()):
        headers = {} if wrong is None else {"X-CSRF-Token": wrong}
        answer = admin.post(USERS, json={"name": "Grace"}, headers=headers)
        assert answer.status_code == 403
        assert "X-CSRF-Token" in answer.json()["detail"]
    assert admin.get(USERS).status_code == 200
    assert admin.post(USERS, json={"name": "Grace"}, headers={"X-CSRF-Token": right}).status_code == 201


def test_the_csrf_token_of_another_session_is_worth_nothing(admin, signed_in):
    other = signed_in("admin").headers["X-CSRF-Token"]
    assert admin.post(USERS, json={"name": "Grace"}, headers={"X-CSRF-Token": other}).status_code == 403


def test_a_write_from_another_sites_page_is_refused_even_with_the_token(admin):
    answer = admin.post(USERS, json={"name": "Grace"}, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    answer = admin.post(USERS, json={"name": "Grace"}, headers={"Origin": "null"})
    assert answer.status_code == 403
    answer = admin.post(USERS, json={"name": "Grace"}, headers={"Origin": "http://127.0.0.1:8000"})
    assert answer.status_code == 201


def test_a_token_needs_no_csrf_token_but_its_scope(with_token):
    assert with_token("admin", {"admin"}).post(USERS, json={"name": "Grace"}).status_code == 201
    answer = with_token("admin", {"read", "classify", "book", "manage"}).get(USERS)
    assert answer.status_code == 403


def test_no_scope_makes_more_of_a_user_than_they_are(with_token):
    assert with_token("manager", {"read", "manage"}).get(USERS).status_code == 403


def test_a_token_without_read_may_not_read(with_token):
    assert with_token("clerk", {"book"}).get("/api/v1/stock?store=1").status_code == 403
    assert with_token("clerk", {"read"}).get("/api/v1/stock?store=1").status_code == 200


def test_a_token_beside_a_cookie_counts_and_a_wrong_one_is_refused(admin, with_token):
    admin.headers["Authorization"] = "Bearer wrong"
    assert admin.get("/api/v1/me").status_code == 401
    admin.headers["Authorization"] = with_token("clerk", {"read"}).headers["Authorization"]
    assert admin.get("/api/v1/me").json()["name"] == "clerk"


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer \x7f", "Bearer " + "x" * 5000]
)
def test_a_broken_authorization_header_signs_nobody_in(nobody, header):
    assert nobody.get("/api/v1/me", headers={"Authorization": header}).status_code == 401


@pytest.mark.parametrize("cookie", ["", "x", "é", "a" * 4000, "' OR 1=1 --"])
def test_a_made_up_cookie_signs_nobody_in(nobody, cookie):
    headers = {"Cookie": b"shelfwise_session=" + cookie.encode()}
    assert nobody.get("/api/v1/me", headers=headers).status_code == 401


def test_only_admins_see_users_and_the_audit_log(manager, clerk, reader):
    for client in (manager, clerk, reader):
        for path in (USERS, "/api/v1/audit"):
            assert client.get(path).status_code == 403


def test_a_role_counts_in_its_store_only(shop, manager):
    first, second = sorted(store.id for store in shop.catalogue.stores())
    path = "/api/v1/stores/{}/locations"
    assert manager.post(path.format(first), json={"name": "Aisle"}).status_code == 201
    assert manager.post(path.format(second), json={"name": "Aisle"}).status_code in (403, 404)


def test_a_disabled_user_is_out_at_once(shop, admin, clerk, with_token):
    client = with_token("clerk", {"read"})
    user = shop.users.by_name("clerk")
    assert clerk.get("/api/v1/me").status_code == 200
    assert admin.patch(f"{USERS}/{user.id}", json={"disabled": True}).status_code == 200
    assert clerk.get("/api/v1/me").status_code == 401
    assert client.get("/api/v1/me").status_code == 401


def test_too_many_requests_of_a_user_wait_and_others_do_not(shop, signed_in, with_token):
    config = WebConfig(requests_per_minute=3)
    app = create_app(shop, config)
    one, other = with_token("clerk", {"read"}), with_token("reader", {"read"})
    with TestClient(app, "http://127.0.0.1", headers=dict(one.headers)) as client:
        assert [client.get("/api/v1/me").status_code for _ in range(4)] == [200, 200, 200, 429]
        assert int(client.get("/api/v1/me").headers["Retry-After"]) >= 1
        client.headers["Authorization"] = other.headers["Authorization"]
        assert client.get("/api/v1/me").status_code == 200


def test_guessing_tokens_is_slowed_down(shop):
    app = create_app(shop, WebConfig(anonymous_per_minute=5))
    with TestClient(app, "http://127.0.0.1") as client:
        said = [
            client.get("/api/v1/me", headers={"Authorization": f"Bearer {n}"}).status_code for n in range(7)
        ]
    assert said == [401] * 5 + [429] * 2


def test_a_role_is_asked_of_the_actor_too(shop, signed_in):
    clerk = shop.sessions.actor(signed_in("clerk").cookies["shelfwise_session"])
    first, second = sorted(store.id for store in shop.catalogue.stores())
    clerk.require("clerk", first)
    with pytest.raises(ForbiddenError):
        clerk.require("reader", second)


def test_hashing_passwords_for_one_address_has_an_end(shop):
    entry = {"name": "nobody at all", "password": "x"}
    with TestClient(create_app(shop, WebConfig(sign_ins_per_minute=1)), "http://127.0.0.1") as client:
        assert client.post("/api/v1/session", json=entry).status_code == 401
        answer = client.post("/api/v1/session", json={**entry, "name": "another"})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 1
