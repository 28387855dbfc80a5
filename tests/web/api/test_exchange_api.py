import io

import openpyxl
import pytest


def sent(text, name="list.csv"):
    return {"file": (name, text.encode(), "text/csv")}


def test_products_are_imported_and_exported(manager, reader, goods, shop):
    path = f"/api/v1/imports/products?store={goods.store}"
    text = "name,category,minimum\nOat drink,drinks,4\nTea,drinks,6\n"
    tried = manager.post(f"{path}&dry_run=true", files=sent(text))
    assert tried.status_code == 200, tried.text
    assert (tried.json()["added"], tried.json()["changed"], tried.json()["done"]) == (1, 1, False)
    assert len(manager.get("/api/v1/products").json()["items"]) == 2
    done = manager.post(path, files=sent(text)).json()
    assert (done["rows"], done["done"], done["problems"]) == (2, True, [])
    assert shop.audit.entries().items[0].action == "import"
    exported = reader.get(f"/api/v1/exports/products.csv?store={goods.store}")
    assert exported.headers["content-type"].startswith("text/csv")
    assert [line.split(",")[0] for line in exported.text.split()][-1] == "Tea"
    again = manager.post(path, files={"file": ("products.csv", exported.content)}).json()
    assert (again["unchanged"], again["changed"], again["problems"]) == (3, 0, [])


def test_a_dry_run_says_what_would_change(manager, goods):
    def tried(what, text):
        path = f"/api/v1/imports/{what}?store={goods.store}&dry_run=true"
        return manager.post(path, files=sent(text)).json()

    manager.post(
        f"/api/v1/imports/products?store={goods.store}", files=sent("name,category,minimum\nTea,drinks,6\n")
    )
    report = tried("products", "name,category,minimum\nTea,,7.5\n")
    (change,) = report["changes"]
    assert (change["line"], change["product"]) == (2, "Tea")
    assert change["fields"] == [
        {"column": "category", "before": "drinks", "after": ""},
        {"column": "minimum", "before": "6", "after": "7.5"},
    ]
    assert (report["changes_total"], report["emptied"], report["done"]) == (1, {"category": 1}, False)
    report = tried("products", "name,category\nCocoa,sweets\n")
    assert report["new"] == [{"line": 2, "product": "Cocoa", "category": "sweets"}]
    assert (report["new_categories"], report["new_categories_total"]) == (["sweets"], 1)
    report = tried("counts", "product,quantity\nTea,7\n")
    (change,) = report["changes"]
    assert (change["location"], change["difference"]) == ("", "7.000")
    assert change["fields"] == [{"column": "quantity", "before": "0", "after": "7"}]
    report = tried("movements", "kind,product,quantity\nsold,Tea,2\nsold,Tea,1.5\n")
    assert report["kinds"] == [{"kind": "sold", "rows": 2, "quantity": "3.500"}]


def test_a_report_given_again_says_that_the_file_was_imported_before(manager, goods):
    path = f"/api/v1/imports/products?store={goods.store}"
    key = {"Idempotency-Key": "list-1"}
    first, again = (manager.post(path, files=sent("name\nOat drink\n"), headers=key) for _ in range(2))
    assert (first.json()["done"], first.json()["repeated"]) == (True, False)
    assert again.json() == first.json() | {"repeated": True}
    trial = {"Idempotency-Key": "trial"}
    for _ in range(2):
        tried = manager.post(f"{path}&dry_run=true", files=sent("name\nRye\n"), headers=trial).json()
        assert (tried["done"], tried["repeated"]) == (False, False)


def test_what_is_wrong_is_told_by_line_and_nothing_is_done(manager, goods):
    text = "name,EAN\nOat drink,\nMilk,123\n"
    report = manager.post(f"/api/v1/imports/products?store={goods.store}", files=sent(text)).json()
    assert report["done"] is False
    assert [(each["line"], each["column"], each["heading"]) for each in report["problems"]] == [
        (3, "gtin", "EAN")
    ]
    assert len(manager.get("/api/v1/products").json()["items"]) == 2


def test_counts_and_movements_are_booked_once(manager, goods):
    text = "product,location,quantity\nTea,,7\n"
    for _ in range(2):
        report = manager.post(f"/api/v1/imports/counts?store={goods.store}", files=sent(text))
        assert report.status_code == 200, report.text
    assert len(manager.get("/api/v1/movements").json()["items"]) == 1
    assert (
        manager.get(f"/api/v1/stock/products/{goods.tea}?store={goods.store}").json()["quantity"] == "7.000"
    )


@pytest.mark.parametrize("what", ["products", "counts", "movements"])
def test_tables_are_exported_as_workbooks(reader, clerk, goods, book, what):
    book(clerk, "received", 3)
    answer = reader.get(f"/api/v1/exports/{what}.xlsx?store={goods.store}")
    assert answer.status_code == 200
    assert f'filename="{what}.xlsx"' in answer.headers["content-disposition"]
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content), read_only=True).worksheets[0]
    assert sum(1 for _ in sheet.iter_rows()) >= 2


def test_movements_of_a_time(reader, clerk, goods, book):
    book(clerk, "received", 3, at="2026-01-01T08:00:00Z")
    path = f"/api/v1/exports/movements.csv?store={goods.store}"
    assert len(reader.get(path).text.splitlines()) == 2
    assert len(reader.get(f"{path}&since=2026-01-02T00:00:00Z").text.splitlines()) == 1


def test_who_may_and_what_is_refused(manager, clerk, reader, goods):
    path = f"/api/v1/imports/products?store={goods.store}"
    assert clerk.post(path, files=sent("name\nX\n")).status_code == 403
    assert manager.post("/api/v1/imports/products", files=sent("name\nX\n")).status_code == 422
    other = f"/api/v1/imports/products?store={goods.other}"
    assert manager.post(other, files=sent("name\nX\n")).status_code == 403
    for data in (b"", b"\x00\xff\xfe", b"PK\x03\x04broken", b"no such column\n1\n"):
        answer = manager.post(path, files={"file": ("list.csv", data)})
        assert answer.status_code == 422 or answer.json()["problems"], data
    assert manager.post(path, json={}).json()["errors"][0]["field"] == "file"
    two = [("file", ("a.csv", b"name\nX\n")), ("file", ("b.csv", b"name\nY\n"))]
    assert manager.post(path, files=two).status_code == 422
    assert reader.get(f"/api/v1/exports/products.csv?store={goods.other}").status_code == 403
    assert reader.get("/api/v1/exports/products.csv").status_code == 422
    assert reader.get(f"/api/v1/exports/secrets.csv?store={goods.store}").status_code == 422
    assert reader.get(f"/api/v1/exports/products.exe?store={goods.store}").status_code == 422
