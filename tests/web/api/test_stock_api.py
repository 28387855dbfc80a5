import csv
import io
from datetime import UTC, datetime

import pytest

from shelfwise.inventory.records import NewProduct


def names(client, query=""):
    return [each["product"]["name"] for each in client.get(f"/api/v1/stock?{query}").json()["items"]]


@pytest.fixture
def stocked(clerk, goods, book):
    """Tea is low, rice is there; on the shelf are 2 kg of rice."""
    book(clerk, "received", 3, at="2026-01-01T08:00:00Z")
    book(clerk, "received", 2, product_id=goods.rice, location_id=goods.shelf, at="2026-02-01T08:00:00Z")
    return goods


def test_the_stock_lists_what_is_low_first(reader, stocked):
    listed = reader.get(f"/api/v1/stock?store={stocked.store}").json()["items"]
    assert [(each["product"]["name"], each["quantity"], each["state"]) for each in listed] == [
        ("Tea", "3.000", "low"),
        ("Rice", "2.000", "ok"),
    ]
    assert names(reader, "order=name") == ["Rice", "Tea"]
    assert names(reader, "state=low") == ["Tea"]
    assert names(reader, "query=ri") == ["Rice"]
    assert names(reader, f"category={listed[0]['product']['category_id']}") == ["Tea"]


def test_one_sees_the_stores_that_one_may(reader, admin, stocked):
    assert len(reader.get("/api/v1/stock").json()["items"]) == 2
    assert len(admin.get("/api/v1/stock").json()["items"]) == 4
    assert reader.get(f"/api/v1/stock?store={stocked.other}").status_code == 403
    assert reader.get(f"/api/v1/stock?location={stocked.other_root}").status_code == 403
    assert admin.get("/api/v1/stock?store=999").status_code == 404


def test_the_summary(reader, admin, stocked):
    summary = reader.get(f"/api/v1/stock/summary?store={stocked.store}").json()
    assert (summary["products"], summary["low"], summary["units"]) == (2, 1, "5.000")
    assert [(each["category"], each["low"]) for each in summary["categories"]] == [("drinks", 1), ("food", 0)]
    everything = admin.get("/api/v1/stock/summary").json()
    assert (everything["products"], everything["units"], everything["categories"]) == (4, "5.000", [])


def test_the_past(reader, stocked):
    query = {"store": stocked.store, "at": "2026-01-15T00:00:00Z"}
    past = reader.get("/api/v1/stock/past", params=query).json()["items"]
    quantities = {each["product"]["name"]: each["quantity"] for each in past}
    assert quantities["Tea"] == "3.000"
    assert quantities.get("Rice", "0.000") == "0.000"
    answer = reader.get("/api/v1/stock/past", params=query | {"at": "yesterday"})
    assert answer.json()["errors"][0]["field"] == "at"


def test_the_series_ends_with_the_level(reader, stocked):
    series = reader.get(f"/api/v1/stock/products/{stocked.tea}/series?store={stocked.store}&days=7").json()
    assert series["points"][-1]["quantity"] == "3.000"
    moments = [each["at"] for each in series["points"]]
    assert moments == sorted(moments)
    assert reader.get(f"/api/v1/stock/products/999/series?store={stocked.store}").status_code == 404
    assert reader.get(f"/api/v1/stock/products/{stocked.tea}?store={stocked.other}").status_code == 403


def test_csv_has_what_one_sees(reader, stocked, shop):
    shop.catalogue.add_product(NewProduct('=HYPERLINK("http://x")', category="+1", unit="-piece"))
    answer = reader.get("/api/v1/stock.csv?order=name")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["product"] for row in rows] == ['\'=HYPERLINK("http://x")', "Rice", "Tea"]
    assert (rows[0]["category"], rows[0]["unit"]) == ("'+1", "'-piece")
    assert (rows[2]["quantity"], rows[2]["state"], rows[2]["minimum"]) == ("3.000", "low", "5.000")
    assert reader.get(f"/api/v1/stock.csv?store={stocked.other}").status_code == 403


def test_csv_has_all_pages(manager, goods):
    names = [f"Soap {number:03}" for number in range(520)]
    file = {"file": ("soap.csv", "\n".join(["name", *names]).encode())}
    assert manager.post(f"/api/v1/imports/products?store={goods.store}", files=file).json()["added"] == 520
    rows = list(csv.DictReader(io.StringIO(manager.get("/api/v1/stock.csv?query=soap&order=name").text)))
    assert [row["product"] for row in rows] == names


def test_shrinkage(clerk, reader, stocked, book):
    book(clerk, "counted", 1)
    (row,) = reader.get(f"/api/v1/stock/shrinkage?store={stocked.store}").json()["items"]
    assert (row["product"]["name"], row["expected"], row["counted"]) == ("Tea", "3.000", "1.000")
    assert row["difference"] == "-2.000"
    until = datetime(2026, 1, 1, tzinfo=UTC).isoformat()
    past = reader.get("/api/v1/stock/shrinkage", params={"store": stocked.store, "until": until})
    assert past.json()["items"] == []


def test_managers_see_what_to_order(manager, clerk, stocked):
    path = f"?store={stocked.store}"
    (row,) = manager.get(f"/api/v1/stock/reorder{path}").json()["items"]
    # From 3 up to 20 are 17, which are three packs of 6.
    assert (row["product"]["name"], row["quantity"], row["order"]) == ("Tea", "3.000", "18.000")
    (cells,) = csv.DictReader(io.StringIO(manager.get(f"/api/v1/stock/reorder.csv{path}").text))
    assert (cells["product"], cells["order"]) == ("Tea", "18.000")
    assert clerk.get(f"/api/v1/stock/reorder{path}").status_code == 403
    assert clerk.get(f"/api/v1/stock/reorder.csv{path}").status_code == 403
    assert manager.get(f"/api/v1/stock/reorder?store={stocked.other}").status_code == 403
