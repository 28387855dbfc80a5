def test_a_count_sets_the_levels(clerk, goods, book):
    book(clerk, "received", 12)
    lines = [{"product_id": goods.tea, "quantity": "10"}, {"product_id": goods.rice, "quantity": 2.25}]
    counted = clerk.post("/api/v1/counts", json={"location_id": goods.root, "lines": lines})
    assert counted.status_code == 201
    assert [each["kind"] for each in counted.json()["movements"]] == ["counted", "counted"]
    stock = clerk.get(f"/api/v1/stock?store={goods.store}&order=name").json()["items"]
    assert {each["product"]["name"]: each["quantity"] for each in stock} == {"Rice": "2.250", "Tea": "10.000"}


def test_a_count_of_the_past_is_before_what_came_after(clerk, goods, book):
    book(clerk, "received", 12)
    body = {"location_id": goods.root, "at": "2026-01-01T08:00:00Z"}
    clerk.post("/api/v1/counts", json=body | {"lines": [{"product_id": goods.tea, "quantity": 3}]})
    assert clerk.get(f"/api/v1/stock/products/{goods.tea}?store={goods.store}").json()["quantity"] == "15.000"


def test_wrong_counts_are_refused(clerk, reader, goods):
    line = {"product_id": goods.tea, "quantity": 1}
    negative = {"location_id": goods.root, "lines": [line | {"quantity": -1}]}
    answer = clerk.post("/api/v1/counts", json=negative)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "lines.0.quantity"
    assert clerk.post("/api/v1/counts", json={"location_id": goods.root, "lines": []}).status_code == 422
    missing = clerk.post("/api/v1/counts", json={"location_id": 999, "lines": [line]})
    assert missing.json()["errors"][0]["field"] == "location_id"
    assert (
        clerk.post("/api/v1/counts", json={"location_id": goods.other_root, "lines": [line]}).status_code
        == 403
    )
    assert reader.post("/api/v1/counts", json={"location_id": goods.root, "lines": [line]}).status_code == 403
