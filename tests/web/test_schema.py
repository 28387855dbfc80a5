"""Requests drawn from the API's own schema: none fails on the server, and each answer is as the schema says."""

import sys
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:  # the benchmarks are no part of the installed package
    sys.path.append(str(ROOT))

from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)

from benchmarks.schema_cases import LEFT_OUT, cases_of
from shelfwise.inventory.records import NewProduct
from shelfwise.web.app import create_app
from shelfwise.web.config import WebConfig

BASE = "http://127.0.0.1:8000"
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EACH = 2
SCOPES = {"read", "classify", "book", "manage", "admin"}
MANY = 1_000_000


@pytest.fixture
def app(shop):
    config = WebConfig(
        requests_per_minute=MANY,
        photos_per_minute=MANY,
        anonymous_per_minute=MANY,
        session_lasts=timedelta(hours=1),
    )
    return create_app(shop, config)


def test_requests_drawn_from_the_schema_never_fail_on_the_server(shop, app):
    shop.catalogue.add_product(NewProduct("Tea", "drinks"))
    caller = shop.users.add("caller", None, admin=True)
    # Nobody is left to lock the caller out: its number is beyond those that are drawn.
    token = shop.tokens.issue(caller.id, "schema", SCOPES).secret
    statuses = []

    def send(drawn):
        answer = client.request(drawn.method, drawn.url, headers=drawn.headers, content=drawn.body)
        statuses.append(answer.status_code)
        drawn.case.validate_response(answer, checks=CHECKS)

    headers = {"Authorization": f"Bearer {token}"}
    with TestClient(app, BASE, client=("127.0.0.1", 50000), raise_server_exceptions=True) as client:
        sent = cases_of(app.openapi(), EACH, send, base=BASE, headers=headers, leave_out=LEFT_OUT)
    assert sent == len(statuses) > 100
    # Most of it is worth sending: much of it does something, and little is turned away at the door.
    assert sum(status < 300 for status in statuses) > sent / 8
    assert statuses.count(401) < sent / 10


def test_the_schema_tells_how_to_write_safely(app):
    for path, operations in app.openapi()["paths"].items():
        if not path.startswith("/api/v1"):
            continue
        for method, operation in operations.items():
            assert operation["summary"], path
            assert {"401", "422", "429"} <= set(operation["responses"]), (method, path)
            if "{" in path and method != "get":
                assert "404" in operation["responses"], (method, path)
