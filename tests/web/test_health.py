"""Tests of the probes and figures."""

import re

from starlette.testclient import TestClient

from shelfwise.errors import DatabaseError
from shelfwise.web.app import create_app
from shelfwise.web.config import WebConfig


def test_it_is_up_and_ready(shop, nobody):
    assert nobody.get("/healthz").json() == {"status": "up"}
    shop.models.wait()
    assert nobody.head("/healthz").status_code == 200
    answer = nobody.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "database": "ready", "model": "ready"}


def test_it_is_not_ready_while_the_database_does_not_answer(shop, nobody, monkeypatch):
    def gone(*_: object) -> None:
        raise DatabaseError("postgresql://shop:password@host is gone")

    shop.models.wait()
    monkeypatch.setattr(type(shop.catalogue), "stores", gone)
    answer = nobody.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["database"] == "does not answer"
    assert "password" not in answer.text
    assert answer.headers["Retry-After"]
    assert nobody.get("/healthz").status_code == 200


def test_the_figures_are_for_this_machine_or_a_token_that_may_read(app, nobody, with_token):
    assert nobody.get("/metrics").status_code == 200
    # A proxy on this machine brings others' requests.
    assert nobody.get("/metrics", headers={"X-Forwarded-For": "10.0.0.1"}).status_code == 401
    with TestClient(app, "http://127.0.0.1", client=("10.0.0.1", 1)) as far:
        assert far.get("/metrics").status_code == 401
        for scopes, status in (({"book"}, 403), ({"read"}, 200)):
            far.headers["Authorization"] = with_token("clerk", scopes).headers["Authorization"]
            assert far.get("/metrics").status_code == status


def test_requests_are_counted_by_their_route(shop, admin):
    shop.models.wait()
    admin.get("/api/v1/users/1")
    admin.get("/api/v1/users/999")
    admin.get("/some/thing")
    admin.get("/another/thing")
    text = admin.get("/metrics").text
    assert 'shelfwise_requests_total{method="GET",route="/api/v1/users/{user_id}",status="200"} 1.0' in text
    assert 'shelfwise_requests_total{method="GET",route="/api/v1/users/{user_id}",status="404"} 1.0' in text
    assert "/some/thing" not in text
    assert 'shelfwise_requests_total{method="any",route="(none)",status="404"} 2.0' in text
    assert "shelfwise_photos_waiting 0.0" in text
    assert re.search(r'shelfwise_request_seconds_count\{route="/api/v1/users/\{user_id\}"\} 2\.0', text)


def test_a_proxy_that_says_nothing_is_known_by_the_name_that_it_was_called_by(shop):
    app = create_app(shop, WebConfig(public_address="https://stock.example.org"))
    with TestClient(app, "http://127.0.0.1", client=("127.0.0.1", 1)) as client:
        assert client.get("/metrics").status_code == 200
        assert client.get("/metrics", headers={"Host": "stock.example.org"}).status_code == 401
