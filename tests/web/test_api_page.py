"""What docs/api.md says, beside the schema and the server."""

import contextlib
import io
import re
import sys
import types
from pathlib import Path
from typing import get_args

import httpx2 as httpx
import pytest
from PIL import Image

from shelfwise.answers.records import AnswerKind, Verdict
from shelfwise.web.api.answer_schemas import CandidateOut, PhotoAnswerOut
from shelfwise.web.api.movement_schemas import MOST_LINES
from shelfwise.web.api.uploads import MOST_PHOTOS
from shelfwise.web.problems import KINDS, PHRASES
from shelfwise.workflows.scanning import Doubt

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")
NAMED = set(re.findall(r"^\| `([A-Z]+) (/\S+)` \|", PAGE, re.MULTILINE))


@pytest.fixture
def endpoints(schema):
    paths = schema["paths"]
    return {
        (method.upper(), path.removeprefix("/api/v1"))
        for path, operations in paths.items()
        for method in operations
    }


def test_the_page_names_every_endpoint_and_no_other(endpoints):
    assert endpoints - NAMED == set()
    assert NAMED - endpoints == set()


def test_addresses_in_examples_are_there(endpoints):
    patterns = [re.sub(r"\\\{.*?\\\}", "[^/]+", re.escape(path)) for _, path in endpoints]
    for path in re.findall(r"\$SHOP/api/v1(/[\w./-]+)", PAGE):
        assert any(re.fullmatch(pattern, path) for pattern in patterns), path


def table_after(words):
    """The first column of the first table that follows some words."""
    rows = PAGE.split(words, 1)[1].split("\n\n|", 1)[1].split("\n\n")[0]
    return {
        name
        for row in rows.splitlines()
        for name in re.findall("`([a-z_]+)`", row.split("|")[0] or row.split("|")[1])
    }


def test_every_field_of_an_answer_is_explained():
    assert table_after("## What an answer says") == set(PhotoAnswerOut.model_fields)
    assert table_after("A candidate has:") == set(CandidateOut.model_fields)
    for kind in (*get_args(AnswerKind), *get_args(Doubt), *get_args(Verdict)):
        assert f"`{kind}`" in PAGE or f'"{kind}"' in PAGE, kind


def test_who_and_which_scope_each_endpoint_asks_for(with_token):
    """The column *who* and the table of scopes, by what an admin's tokens of one scope are told."""
    scope_of = {"reader": "read", "manager": "manage", "admin": "admin"}
    clients = {scope: with_token("admin", {scope}) for scope in ("read", "admin")}
    rows = re.findall(r"^\| `([A-Z]+) (/\S+)` \| ([^|]+) \|", PAGE, re.MULTILINE)
    for method, path, who in rows:
        least = re.match(r"\w+", who)[0]
        if least in ("anybody", "all"):
            continue
        filled = path.replace("{what}", "products").replace("{form}", "csv").replace("{sha256}", "a" * 64)
        filled = re.sub(r"\{model_id\}", "0" * 12, filled)
        filled = re.sub(r"\{\w+\}", "99", filled)
        judging = path.startswith(("/review", "/classify", "/shelf")) and not path.endswith("/stock-take")
        wanted = scope_of.get(least) or ("classify" if judging else "book")
        client = clients["admin" if wanted == "read" else "read"]
        refused = client.request(method, f"/api/v1{filled}")
        words = f"This token lacks the scope {wanted}: issue one that has it."
        assert refused.json()["detail"] == words, (method, path)


def example(client, photo, monkeypatch, tmp_path):
    """Run the page's Python as it stands there, against a client of the tests; gives what it prints."""
    [block] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)

    class Client:
        def __init__(self, base_url, headers):
            assert headers["Authorization"].startswith("Bearer ")
            self.prefix = httpx.URL(base_url).path

        def post(self, path, **more):
            return client.post(self.prefix + path, **more)

        def get(self, path):
            return client.get(self.prefix + path)

    stand_in = types.SimpleNamespace(Client=Client, TransportError=httpx.TransportError)
    monkeypatch.setitem(sys.modules, "httpx", stand_in)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shelf.jpg").write_bytes(photo)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block, "docs/api.md", "exec"), {})
    return printed.getvalue()


def test_the_python_on_the_page_books_what_is_relied_on(
    manager, with_token, goods_of_the_walk, photos_of, monkeypatch, tmp_path
):
    photo, product, root = goods_of_the_walk
    assert root == 1  # as the page has it
    assert manager.post(
        f"/api/v1/products/{product}/photos", files=photos_of((200, 42, 40), (198, 40, 44))
    ).is_success
    till = with_token("clerk", {"read", "classify", "book"}, store_ids=[1])
    assert example(till, photo, monkeypatch, tmp_path) == "Oat drink 12.000\n"


def test_the_python_on_the_page_books_nothing_doubtful(
    with_token, goods_of_the_walk, monkeypatch, tmp_path, clerk
):
    photo, product, _ = goods_of_the_walk  # known by a single photo: that is no reason to rely on it
    till = with_token("clerk", {"read", "classify", "book"}, store_ids=[1])
    printed = example(till, photo, monkeypatch, tmp_path)
    assert "has to be looked at" in printed
    assert "Oat drink" in printed
    assert till.get(f"/api/v1/stock/products/{product}?store=1").json()["quantity"] == "0.000"
    assert [each["product"]["id"] for each in clerk.get("/api/v1/review?store=1").json()["items"]] == [
        product
    ]


def test_the_python_on_the_page_says_what_cannot_be_read(
    with_token, goods_of_the_walk, monkeypatch, tmp_path
):
    till = with_token("clerk", {"read", "classify", "book"}, store_ids=[1])
    assert example(till, b"no picture", monkeypatch, tmp_path).startswith("The photo cannot be read: ")


def test_statuses_of_the_schema_are_explained(app):
    told = set(re.findall(r"^\| (\d{3}) \|", PAGE, re.MULTILINE))
    given = {
        status
        for operations in app.openapi()["paths"].values()
        for operation in operations.values()
        for status in operation["responses"]
        if status >= "400"
    }
    assert given <= told


def test_every_status_of_a_problem_is_explained():
    told = {int(status) for status in re.findall(r"^\| (\d{3}) \|", PAGE, re.MULTILINE)}
    assert {status for _, status, _, _ in KINDS} | set(PHRASES) <= told


def test_limits_are_the_real_ones():
    assert f"at most {MOST_PHOTOS} photos" in PAGE
    assert f"at most {MOST_LINES:,} lines" in PAGE


def test_the_walk_works(manager, with_token, goods_of_the_walk):
    photo, product, root = goods_of_the_walk
    till = with_token("clerk", {"read", "classify", "book"})
    files = [("photos", ("shelf.jpg", photo))]
    (answer,) = till.post("/api/v1/classify?store=1", files=files).json()["answers"]
    assert answer["product"]["id"] == product
    line = {"kind": "received", "product_id": product, "location_id": root, "quantity": "12"}
    line["answer_id"] = answer["id"]
    booked = till.post("/api/v1/movements", json={"lines": [line]}, headers={"Idempotency-Key": "walk"})
    assert booked.status_code == 201
    assert till.get(f"/api/v1/stock/products/{product}?store=1").json()["quantity"] == "12.000"


@pytest.fixture
def goods_of_the_walk(shop, manager, tmp_path):
    path = tmp_path / "shelf.jpg"
    Image.new("RGB", (32, 32), (200, 40, 40)).save(path, quality=95)
    product = manager.post("/api/v1/products", json={"name": "Oat drink"}).json()["id"]
    files = [("photos", ("a.jpg", path.read_bytes()))]
    assert manager.post(f"/api/v1/products/{product}/photos", files=files).json()["new"] == 1
    return path.read_bytes(), product, shop.catalogue.store(1).root_id


@pytest.fixture
def photos_of(tmp_path):
    """Photos of one colour each, as files to send."""

    def make(*colours):
        files = []
        for number, colour in enumerate(colours):
            kept = io.BytesIO()
            Image.new("RGB", (32, 32), colour).save(kept, "JPEG", quality=95)
            files.append(("photos", (f"{number}.jpg", kept.getvalue())))
        return files

    return make
