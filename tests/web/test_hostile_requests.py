"""Tests of requests that nobody sends by mistake: none of them is a fault of the server."""

import pytest

USERS = "/api/v1/users"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"name": ' + b"9" * 10_000 + b"}",
        b'{"name": NaN}',
        b'{"name": "\\ud800"}',
        b'{"\\ud800": 1, "name": "a"}',
        b'{"name": "a\\u0000b"}',
        b'{"name": "a", "roles": {"9999999999999999999999": "clerk"}}',
        b'{"name": "a", "name": ["b"]}',
        b'{"name": "' + b"a" * 1_000_000 + b'"}',
    ],
    ids=lambda body: repr(body[:24]),
)
def test_a_hostile_body_is_told_as_a_problem(admin, body):
    answer = admin.post(USERS, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422), answer.text[:300]
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]
    assert len(answer.content) < 5000


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "multipart/form-data", "", "application/json; charset=x"]
)
def test_a_body_of_another_kind_is_told_as_a_problem(admin, kind):
    answer = admin.post(USERS, content=b"<name>a</name>", headers={"Content-Type": kind})
    assert answer.status_code in (400, 415, 422)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "header", ["X-CSRF-Token", "Idempotency-Key", "Origin", "Authorization", "Cookie", "User-Agent"]
)
@pytest.mark.parametrize(
    "value", [b"\xe9", b"\xff" * 300, b"%s%n" * 50, b"a, b", b"=;=;=", b"http://[", b"http://a:b"]
)
def test_a_hostile_header_is_no_fault(admin, header, value):
    answer = admin.post(USERS, json={"name": "Grace"}, headers={header: value})
    assert answer.status_code in (201, 401, 403, 422), answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/%00",
        "/%ff%fe",
        "/api/v1/%00",
        "/api/v1/users/%00",
        "/api/v1/users/-1",
        "/api/v1/users/1e3",
        "/api/v1/audit?user=%00",
        "/api/v1/audit?user=%ff",
        "/api/v1/audit?cursor=%00",
        "/api/v1/audit?since=0001-01-01T00:00:00%2B14:00",
        "/api/v1/audit?until=9999-12-31T23:59:59-14:00",
        "/api/v1/audit?limit=" + "9" * 5000,
        "/api/v1/models/%2e%2e",
        "/invitation/%00",
        "/invitation/" + "x" * 5000,
        "/sign-in?next=%00",
        "/static/%00",
        "/static/" + "x" * 5000,
        "//evil.example/%2f..",
    ],
)
def test_a_hostile_address_is_no_fault(admin, path):
    answer = admin.get("http://127.0.0.1:8000" + path)
    assert answer.status_code in (200, 303, 307, 400, 404, 405, 422), answer.text[:300]
    if answer.status_code in (303, 307):
        assert not answer.headers["location"].startswith(("//", "http"))


def test_a_form_with_a_thousand_fields_is_refused(nobody):
    answer = nobody.post("/sign-in", data={f"f{number}": "x" for number in range(5000)})
    assert answer.status_code in (400, 403, 422)
