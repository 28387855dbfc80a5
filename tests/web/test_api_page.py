"""What docs/api.md says, beside the schema and the server."""

import ast
import re
from pathlib import Path

import pytest
from PIL import Image

from shelfwise.web.api.movement_schemas import MOST_LINES
from shelfwise.web.api.uploads import MOST_PHOTOS

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


def test_python_on_the_page_can_be_read():
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert blocks
    for block in blocks:
        ast.parse(block)


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
