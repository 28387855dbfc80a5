"""Tests of what is around every request: headers, Host, body limits, the log, and defects."""

import logging

import pytest
from starlette.testclient import TestClient

from shelfwise.web.app import create_app
from shelfwise.web.config import WebConfig
from shelfwise.web.middleware import CSP

SMALL = WebConfig(max_body=1000, max_upload=5000)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/healthz", 200),
        ("GET", "/sign-in", 200),
        ("GET", "/static/icon.svg", 200),
        ("GET", "/static/nothing", 404),
        ("GET", "/nothing", 404),
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/v1/me", 401),
        ("PUT", "/api/v1/me", 405),
        ("GET", "/", 303),
        ("GET", "/api/v1/openapi.json", 200),
    ],
)
def test_every_answer_has_the_headers_for_browsers(nobody, method, path, status):
    answer = nobody.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-security-policy"] == CSP
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert len(answer.headers["x-request-id"]) == 16
    assert "cache-control" in answer.headers
    assert "server" not in answer.headers
    assert "strict-transport-security" not in answer.headers


def test_the_policy_lets_no_inline_script_or_style_run():
    assert "unsafe" not in CSP
    assert CSP.startswith("default-src 'none';")
    assert "frame-ancestors 'none'" in CSP


def test_behind_https_browsers_are_told_to_stay_there(shop):
    app = create_app(shop, WebConfig(public_address="https://stock.example.org"))
    with TestClient(app, "http://stock.example.org") as client:
        answer = client.get("/sign-in")
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    assert all("Secure" in cookie for cookie in answer.headers.get_list("set-cookie"))


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:8000", "", "127.0.0.1.evil.example", "[::2]", "192.168.0.9"),
        *("[::1].evil.example", "127.0.0.1:80/evil.example", "localhost:evil", "evil@localhost"),
    ],
)
def test_another_name_is_refused_with_the_headers_too(nobody, host):
    for path in ("/healthz", "/sign-in", "/api/v1/me", "/static/icon.svg"):
        answer = nobody.get(path, headers={"Host": host})
        assert answer.status_code == 421
        assert answer.json()["type"].endswith("host")
        assert answer.headers["content-security-policy"] == CSP


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:1", "[::1]:8000", "[::1]"])
def test_this_machines_names_are_taken(nobody, host):
    assert nobody.get("/healthz", headers={"Host": host}).status_code == 200


def chunks(size: int):
    """A body that comes in pieces, without its length being told."""
    for _ in range(size // 100):
        yield b"x" * 100


def test_a_body_over_the_limit_is_refused_announced_or_not(shop, with_token):
    token = with_token("admin", {"admin", "classify"}).headers["Authorization"]
    json = {"Authorization": token, "Content-Type": "application/json"}
    form = {"Authorization": token, "Content-Type": "multipart/form-data; boundary=b"}
    with TestClient(create_app(shop, SMALL), "http://127.0.0.1") as client:
        for headers, limit in ((json, 1000), (form, 5000)):
            for content in (b"x" * (limit + 100), chunks(limit + 100)):
                path = "/api/v1/users" if headers is json else "/api/v1/classify"
                answer = client.post(path, content=content, headers=headers)
                assert answer.status_code == 413, answer.text
                assert answer.headers["content-type"] == "application/problem+json"
                assert answer.headers["content-security-policy"] == CSP
        keyed = client.post("/api/v1/users", content=chunks(2000), headers={**json, "Idempotency-Key": "k"})
        assert keyed.status_code == 413
        fits = b'{"name": "Grace"}' + b" " * 980
        assert client.post("/api/v1/users", content=fits, headers=json).status_code == 201


def test_a_form_of_a_page_has_a_limit_too(shop):
    with TestClient(create_app(shop, SMALL), "http://127.0.0.1") as client:
        answer = client.post("/sign-in", data={"name": "x" * 2000})
        as_upload = client.post("/sign-in", files={"name": ("a.txt", b"x" * 2000)})
    assert answer.status_code == as_upload.status_code == 413
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=b", "application/zip", "application/json"])
@pytest.mark.parametrize("path", ["/api/v1/session", "/api/v1/movements", "/api/v1/models/../session"])
def test_only_uploads_may_be_large_whatever_a_body_says_that_it_is(shop, with_token, path, kind):
    token = with_token("admin", {"admin", "book"}).headers["Authorization"]
    with TestClient(create_app(shop, SMALL), "http://127.0.0.1") as client:
        headers = {"Authorization": token, "Content-Type": kind}
        assert client.post(path, content=b"x" * 2000, headers=headers).status_code == 413


def test_made_up_methods_are_one_figure(nobody):
    for number in range(3):
        assert nobody.request(f"METHOD{number}", "/healthz").status_code == 405
    figures = [line for line in nobody.get("/metrics").text.splitlines() if "METHOD" in line]
    assert figures == []


def test_the_body_of_who_is_not_signed_in_is_not_read(shop):
    read = 0

    def counted():
        nonlocal read
        for _ in range(40):
            read += 1
            yield b"x" * 100

    with TestClient(create_app(shop, SMALL), "http://127.0.0.1") as client:
        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        assert client.post("/api/v1/users", content=counted(), headers=headers).status_code == 401
    assert read <= 1


def test_a_defect_shows_no_traceback_and_is_logged(app, shop, admin, monkeypatch, caplog):
    def broken(*_: object) -> None:
        raise RuntimeError("the secret inside")

    monkeypatch.setattr(type(shop.users), "list", broken)
    with caplog.at_level(logging.ERROR, "shelfwise.web"):
        answer = admin.get("/api/v1/users")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["content-security-policy"] == CSP
    assert "secret inside" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["x-request-id"] in answer.json()["detail"]
    assert "the secret inside" in caplog.text
    assert answer.headers["x-request-id"] in caplog.text


def test_each_request_is_logged_without_secrets(clerk, nobody, caplog):
    with caplog.at_level(logging.INFO, "shelfwise.access"):
        clerk.get("/api/v1/me?token=hidden")
        nobody.get("/invitation/verysecretindeed")
        nobody.get("/a%0Ab")
    first, second, third = (
        record.getMessage() for record in caplog.records if record.name == "shelfwise.access"
    )
    assert first.startswith("127.0.0.1 GET /api/v1/me 422 ")
    assert "user=clerk" in first
    assert "hidden" not in first
    assert "/invitation/{secret} 404" in second
    assert "\n" not in third


def test_the_log_can_be_left_out(shop, caplog):
    with caplog.at_level(logging.INFO, "shelfwise.access"):
        TestClient(create_app(shop, WebConfig(access_log=False)), "http://127.0.0.1").get("/healthz")
    assert not [record for record in caplog.records if record.name == "shelfwise.access"]
