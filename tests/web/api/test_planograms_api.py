"""Planograms over the API: given, drafted, compared with."""

import json

import pytest

SHELF = "/api/v1/shelf"


@pytest.fixture
def shelf(clerk, scene, goods):
    """A shelf photo of a place: three facings of tea and two of rice above, one unknown below."""
    new = clerk.post(f"{SHELF}?location={goods.shelf}", files={"photo": ("a.png", scene.photo)}).json()
    boxes = [{"key": key, "product_id": goods.tea} for key in "123"]
    boxes += [{"key": key, "product_id": goods.rice} for key in "45"]
    boxes.append({"key": "6", "verdict": "unknown"})
    return clerk.patch(f"{SHELF}/{new['id']}", json={"boxes": boxes}).json()


@pytest.fixture
def address(goods):
    return f"/api/v1/locations/{goods.shelf}/planogram"


PLAN = {"rows": [[{"product": "Tea", "facings": 3}, {"product": "Rice", "facings": 3}]]}


def test_a_place_has_a_planogram(manager, clerk, address, shop, goods):
    assert clerk.get(address).status_code == 404
    put = manager.put(address, json=PLAN)
    assert put.status_code == 200, put.text
    got = clerk.get(address)
    assert got.json() | {"warnings": []} == put.json()
    assert got.json()["facings"] == 6
    assert got.json()["rows"][0][1] == {"product": "Rice", "facings": 3, "category": None, "gtin": None}
    assert got.headers["etag"] == put.headers["etag"]
    assert next(iter(shop.audit.entries().items)).action == "planogram.put"
    assert manager.delete(address).status_code == 204
    assert clerk.get(address).status_code == 404
    assert manager.delete(address).status_code == 404


def test_it_comes_and_goes_as_csv(manager, clerk, address):
    csv = "row;position;product;facings\n1;1;Tea;2\n1;2;Rice;1\n2;1;Soap;4\n"
    put = manager.put(address, content=csv, headers={"Content-Type": "text/csv"})
    assert put.status_code == 200, put.text
    assert put.json()["warnings"] == ["the shop has no product 'Soap'"]
    got = clerk.get(f"{address}?form=csv")
    assert got.headers["content-type"].startswith("text/csv")
    assert "attachment" in got.headers["content-disposition"]
    again = manager.put(address, content=got.content, headers={"Content-Type": "text/csv"})
    assert again.json() == put.json()
    assert again.headers["etag"] == got.headers["etag"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"\x00\x01\x02",
        b"[" * 100_000,
        b'{"rows": []}',
        b'{"rows": [[]]}',
        b'{"rows": [[{"product": "Tea", "facings": 0}]]}',
        b'{"rows": [[{"product": "Tea", "facings": 1e9}]]}',
        b'{"rows": [[{"product": "Tea", "facings": NaN}]]}',
        b'{"rows": [[{"facings": 1}]]}',
        b'{"rows": [[{"product": 7, "facings": 1}]]}',
        b'{"rows": [[{"product": "' + b"a" * 10_000 + b'", "facings": 1}]]}',
        b"row,position,product\n1,1,Tea\n",
        b"row,position,product,facings\n1,1,Tea,many\n",
        json.dumps({"rows": [[{"product": f"p{n}", "facings": 2} for n in range(500)]] * 4}).encode(),
    ],
    ids=lambda body: repr(body[:30]),
)
def test_a_wrong_one_is_told_with_its_place(manager, clerk, address, body):
    answer = manager.put(address, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == "planogram"
    assert len(answer.content) < 5000
    assert clerk.get(address).status_code == 404


def test_a_photo_is_compared_with_the_planogram_of_its_place(manager, clerk, shelf, address):
    assert shelf["comparison"] is None
    manager.put(address, json=PLAN)
    compared = clerk.get(f"{SHELF}/{shelf['id']}").json()["comparison"]
    assert (compared["planned"], compared["right"]) == (6, 5)
    assert compared["compliance"] == pytest.approx(100 * 5 / 6, abs=0.01)
    tea, rice = compared["entries"]
    assert (tea["state"], rice["state"], rice["right"]) == ("present", "short", 2)
    assert compared["fixes"][0]["kind"] == "short"
    assert "Rice" in compared["fixes"][0]["text"]
    assert compared["compliance_at_best"] == compared["compliance"]
    assert compared["rows"] == [{"planned": 1, "seen": 1}]
    assert (tea["keys"], rice["keys"]) == (["1", "2", "3"], ["4", "5"])
    assert compared["extras"] == []
    assert compared["unnamed"] == [
        {"row": 2, "first": 1, "last": 1, "facings": 1, "category": None, "keys": ["6"]}
    ]
    last = compared["fixes"][-1]
    assert (last["kind"], last["product"]) == ("unnamed", None)
    assert "Take away" not in last["text"]


def test_what_stands_elsewhere_is_told_with_where_it_belongs(manager, clerk, shelf, address):
    rows = [[{"product": "Rice", "facings": 2}], [{"product": "Tea", "facings": 2}]]
    manager.put(address, json={"rows": rows})
    compared = clerk.get(f"{SHELF}/{shelf['id']}").json()["comparison"]
    moved, more = (each for each in compared["extras"] if each["product"] == "Tea")
    assert (moved["row"], moved["keys"], moved["wanted"]) == (1, ["1", "2"], {"row": 2, "position": 1})
    assert (more["keys"], more["planned"], more["wanted"]) == (["3"], True, None)


def test_what_nobody_knows_does_not_count_at_best(manager, clerk, shelf, address):
    clerk.patch(f"{SHELF}/{shelf['id']}", json={"boxes": [{"key": "2", "verdict": "unknown"}]})
    manager.put(
        address, json={"rows": [[{"product": "Tea", "facings": 3}, {"product": "Rice", "facings": 2}]]}
    )
    compared = clerk.get(f"{SHELF}/{shelf['id']}").json()["comparison"]
    assert (compared["compliance"], compared["compliance_at_best"]) == (80, 80)


def test_a_gap_has_the_product_that_belongs_there(manager, clerk, shelf, address, goods):
    assert all(gap["row"] == 2 for gap in shelf["gaps"])
    clerk.patch(f"{SHELF}/{shelf['id']}", json={"boxes": [{"key": "2", "removed": True}]})
    gap = clerk.get(f"{SHELF}/{shelf['id']}").json()["gaps"][0]
    assert (gap["row"], gap["position"], gap["facings"], gap["product"]) == (1, 2, 1, "Tea")
    assert not gap["planned"]
    manager.put(address, json=PLAN)
    gap = clerk.get(f"{SHELF}/{shelf['id']}").json()["gaps"][0]
    assert (gap["product"], gap["planned"]) == ("Tea", True)


def test_a_photo_drafts_what_it_meets(manager, clerk, shelf, address):
    draft = clerk.get(f"{SHELF}/{shelf['id']}/planogram")
    assert [(each["product"], each["facings"]) for each in draft.json()["rows"][0]] == [
        ("Tea", 3),
        ("Rice", 2),
    ]
    assert draft.json()["left_out"] == 1
    csv = clerk.get(f"{SHELF}/{shelf['id']}/planogram?form=csv")
    assert csv.text.splitlines()[1].startswith("1,1,Tea,3")
    assert manager.put(address, json={"rows": draft.json()["rows"]}).status_code == 200
    assert clerk.get(f"{SHELF}/{shelf['id']}").json()["comparison"]["compliance"] == 100


def test_nothing_sure_is_no_draft(clerk, shelf):
    boxes = [{"key": key, "verdict": "unknown"} for key in "123456"]
    clerk.patch(f"{SHELF}/{shelf['id']}", json={"boxes": boxes})
    assert clerk.get(f"{SHELF}/{shelf['id']}/planogram").status_code == 422


def test_two_people_do_not_overwrite_each_other(manager, admin, address):
    tag = manager.put(address, json=PLAN).headers["etag"]
    other = {"rows": [[{"product": "Soap", "facings": 1}]]}
    assert admin.put(address, json=other, headers={"If-Match": tag}).status_code == 200
    assert manager.put(address, json=PLAN, headers={"If-Match": tag}).status_code == 412
    assert manager.delete(address, headers={"If-Match": tag}).status_code == 412


def test_who_may_plan(manager, clerk, reader, nobody, admin, address, goods, shelf):
    assert clerk.put(address, json=PLAN).status_code == 403
    assert nobody.put(address, json=PLAN).status_code == 401
    assert clerk.delete(address).status_code == 403
    there = f"/api/v1/locations/{goods.other_root}/planogram"
    assert manager.put(there, json=PLAN).status_code == 403
    assert admin.put(there, json=PLAN).status_code == 200
    assert reader.get(there).status_code == 403
    assert manager.put("/api/v1/locations/4711/planogram", json=PLAN).status_code == 404
    assert reader.get(f"{SHELF}/{shelf['id']}/planogram").status_code == 200
