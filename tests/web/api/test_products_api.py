import pytest

from shelfwise.inventory.records import NewProduct

GTIN = "4006381333931"


def test_managers_add_a_product(manager, reader, shop):
    body = {"name": "Oat drink", "category": "drinks/milk", "gtin": GTIN, "minimum": "2.5", "pack_size": 6}
    added = manager.post("/api/v1/products", json=body)
    assert added.status_code == 201
    product = added.json()
    assert added.headers["ETag"] == '"v1"'
    assert product["category"] == "drinks/milk"
    assert (product["minimum"], product["pack_size"], product["target"]) == ("2.500", "6.000", None)
    assert reader.get(f"/api/v1/products/{product['id']}").json() == product
    entry = shop.audit.entries().items[0]
    assert entry.action == "product.add"
    assert set(entry.details) > {"id", "category"}


def test_all_fields_that_are_wrong_are_named(manager):
    body = {"name": "Oat drink", "gtin": "4006381333932", "minimum": "many"}
    answer = manager.post("/api/v1/products", json=body)
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == ["gtin", "minimum"]
    assert "no barcode number (GTIN)" in answer.json()["errors"][0]["message"]


def test_what_the_catalogue_would_refuse_is_named_together_too(manager, goods):
    body = {"name": "", "unit": " ", "pack_size": 0, "minimum": "-1", "target": "1.23456"}
    wrong = [*body]
    assert [each["field"] for each in manager.post("/api/v1/products", json=body).json()["errors"]] == wrong
    path = f"/api/v1/products/{goods.tea}"
    refused = manager.patch(path, json=body, headers={"If-Match": "*"})
    assert [each["field"] for each in refused.json()["errors"]] == wrong
    assert {"field": "minimum", "message": "Give 0 or more."} in refused.json()["errors"]


def test_a_name_or_barcode_number_that_is_taken_is_told_at_its_field(manager, goods):
    first = manager.post("/api/v1/products", json={"name": "Oat drink", "gtin": GTIN}).json()
    for body, field in (({"name": "OAT drink"}, "name"), ({"name": "Soy drink", "gtin": GTIN}, "gtin")):
        taken = manager.post("/api/v1/products", json=body)
        assert taken.status_code == 409
        [only] = taken.json()["errors"]
        assert only["field"] == field
        assert only["message"] == taken.json()["detail"]
        assert f"Oat drink ({first['id']})" in only["message"]


def test_a_quantity_is_asked_for_in_plain_words(manager):
    refused = manager.post("/api/v1/products", json={"name": "Tea", "minimum": "a few"})
    assert refused.json()["errors"] == [
        {"field": "minimum", "message": "Give a number, such as 2.5; at most three digits after the point."}
    ]


def test_a_change_needs_the_version_that_was_read(manager, goods):
    path = f"/api/v1/products/{goods.tea}"
    tag = manager.get(path).headers["ETag"]
    changed = manager.patch(path, json={"name": "Black tea", "minimum": None}, headers={"If-Match": tag})
    assert changed.status_code == 200
    assert changed.json()["name"] == "Black tea"
    assert changed.json()["minimum"] is None
    assert changed.headers["ETag"] != tag
    stale = manager.patch(path, json={"name": "Green tea"}, headers={"If-Match": tag})
    assert stale.status_code == 412
    assert manager.patch(path, json={"name": "Green tea"}).status_code == 428
    assert manager.get(path).json()["name"] == "Black tea"
    assert manager.patch(path, json={"unit": "box"}, headers={"If-Match": "*"}).json()["unit"] == "box"


def test_a_broken_tag_is_said(manager, goods):
    answer = manager.patch(f"/api/v1/products/{goods.tea}", json={}, headers={"If-Match": "v1"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "If-Match"


def test_a_product_is_archived_and_restored(manager, goods):
    path, any_version = f"/api/v1/products/{goods.tea}", {"If-Match": "*"}
    archived = manager.patch(path, json={"archived": True}, headers=any_version)
    assert archived.json()["archived"] is True
    assert [each["name"] for each in manager.get("/api/v1/products").json()["items"]] == ["Rice"]
    gone = manager.get("/api/v1/products", params={"archived": True}).json()["items"]
    assert [each["name"] for each in gone] == ["Tea"]
    assert manager.patch(path, json={"archived": False}, headers=any_version).json()["archived"] is False


def test_products_are_found_by_words_and_gtin_and_category(manager, goods):
    manager.post("/api/v1/products", json={"name": "Oat drink", "category": "drinks/milk", "gtin": GTIN})
    found = {
        query: [
            each["name"] for each in manager.get("/api/v1/products", params={"query": query}).json()["items"]
        ]
        for query in ("oa dri", GTIN, "tea", "nothing")
    }
    assert found == {"oa dri": ["Oat drink"], GTIN: ["Oat drink"], "tea": ["Tea"], "nothing": []}
    drinks = manager.get(f"/api/v1/products/{goods.tea}").json()["category_id"]
    names = [each["name"] for each in manager.get(f"/api/v1/products?category={drinks}").json()["items"]]
    assert names == ["Oat drink", "Tea"]


def test_pages_follow_each_other(reader, shop):
    for number in range(7):
        shop.catalogue.add_product(NewProduct(f"Soap {number}"))
    names, cursor = [], None
    while True:
        params = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        page = reader.get("/api/v1/products", params=params).json()
        names += [each["name"] for each in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert names == [f"Soap {number}" for number in range(7)]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "X", "gtin": "4006381333932"}, "gtin"),
        ({"name": "X", "minimum": "-1"}, "minimum"),
        ({"name": "X", "minimum": "0.0001"}, "minimum"),
        ({"name": "X", "minimum": "1e3"}, "minimum"),
        ({"name": "X", "minimum": True}, "minimum"),
        ({"name": "X", "pack_size": 0}, "pack_size"),
        ({"name": "X" * 300}, "name"),
        ({}, "name"),
    ],
)
def test_what_is_wrong_is_named(manager, body, field):
    answer = manager.post("/api/v1/products", json=body)
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [field]


def test_taken_names_clerks_and_strangers_are_refused(manager, clerk, nobody, goods):
    assert manager.post("/api/v1/products", json={"name": "tea"}).status_code == 409
    assert clerk.post("/api/v1/products", json={"name": "Coffee"}).status_code == 403
    assert nobody.get("/api/v1/products").status_code == 401
    assert clerk.get("/api/v1/products/999").status_code == 404
    unknown = {"photo": "0" * 64}
    answer = manager.patch(f"/api/v1/products/{goods.tea}", json=unknown, headers={"If-Match": "*"})
    assert answer.json()["errors"][0]["field"] == "photo"


def test_only_a_photo_of_the_product_can_be_the_one_that_is_shown(manager, shop, photo, goods):
    other, own = (shop.photos.add(photo(size=size)).sha256 for size in (20, 30))
    shop.catalogue.add_product_photo(goods.rice, other)
    shop.catalogue.add_product_photo(goods.tea, own)
    path = f"/api/v1/products/{goods.tea}"
    for sha256, status in ((other, 422), ("0" * 64, 422), (own, 200)):
        answer = manager.patch(path, json={"photo": sha256}, headers={"If-Match": "*"})
        assert answer.status_code == status, answer.text
    assert manager.get(path).json()["photo"] == own
