"""Shelf photos over the API: what is on them, what people correct, and who may do that."""

import io
import threading
import time

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import event, update

from shelfwise.answers.tables import shelf_boxes, shelf_photos
from shelfwise.errors import ModelError
from shelfwise.inventory.records import NewProduct
from shelfwise.workflows.shelf_naming import ClassifierNamer
from shelfwise.workflows.shop_shelf import ShopShelves

SHELF = "/api/v1/shelf"


def sent(scene, photo=None):
    return {"photo": ("shelf.png", scene.photo if photo is None else photo, "image/png")}


@pytest.fixture
def shelf(clerk, scene, goods):
    """A shelf photo of the first store that was looked at."""
    answer = clerk.post(f"{SHELF}?store={goods.store}", files=sent(scene))
    assert answer.status_code == 201, answer.text
    return answer.json()


def changed(client, shelf, *boxes, **more):
    return client.patch(f"{SHELF}/{shelf['id']}", json={"boxes": list(boxes), **more})


def test_a_photo_comes_back_with_its_boxes_in_rows(shelf, scene, clerk):
    assert (shelf["state"], shelf["width"], shelf["height"]) == ("done", *scene.size)
    assert [box["box"] for box in shelf["boxes"]] == scene.boxes
    assert [(box["row"], box["position"], box["level"]) for box in shelf["boxes"]] == [
        *((1, position, 1) for position in range(1, 6)),
        (2, 1, 1),
    ]
    likeliest = [box["candidates"][0]["category"] for box in shelf["boxes"]]
    assert likeliest == ["Red"] * 3 + ["Green"] * 2 + ["Blue"]
    assert [row["keys"] for row in shelf["rows"]] == [["1", "2", "3", "4", "5"], ["6"]]
    assert [run["keys"] for run in shelf["runs"]] == [["1", "2", "3"], ["4", "5"], ["6"]]
    assert shelf["counts"]["facings"] == 6
    assert clerk.get(f"/api/v1/photos/{shelf['photo']}").status_code == 200
    again = clerk.get(f"{SHELF}/{shelf['id']}")
    assert again.json() == shelf
    assert again.headers["etag"] == '"v2"'


@pytest.mark.parametrize("answer", ["ask", "unknown"])
def test_a_doubtful_box_between_two_of_a_category_is_in_no_run_of_it_and_in_no_count(
    clerk, shelf, shop, answer
):
    doubtful = shelf["boxes"][1]
    assert (doubtful["key"], doubtful["candidates"][0]["category"]) == ("2", "Red")
    with shop.db.engine.begin() as connection:
        connection.execute(update(shelf_boxes).where(shelf_boxes.c.key == "2").values(kind=answer))
    seen = clerk.get(f"{SHELF}/{shelf['id']}").json()
    runs = [(run["keys"], run["answer"]) for run in seen["runs"][:3]]
    assert runs == [(["1"], "accept"), (["2"], answer), (["3"], "accept")]
    assert {each["category"]: each["facings"] for each in seen["counts"]["categories"]}["Red"] == 2
    assert seen["counts"]["asked" if answer == "ask" else "unknown"] == 1


def test_shares_go_by_count_and_by_width(clerk, shelf):
    wide, slim = shelf["boxes"][0], shelf["boxes"][3]
    left, top, _, bottom = wide["box"]
    width = slim["box"][2] - slim["box"][0]
    seen = changed(
        clerk,
        shelf,
        {"key": wide["key"], "category": "Red", "box": [left, top, left + width / 2, bottom]},
        {"key": slim["key"], "category": "Green"},
        *({"key": box["key"], "verdict": "unknown"} for box in shelf["boxes"][4:]),
        *({"key": box["key"], "removed": True} for box in shelf["boxes"][1:3]),
    ).json()
    widths = {box["key"]: box["box"][2] - box["box"][0] for box in seen["boxes"] if not box["removed"]}
    shares = {each["category"]: (each["share"], each["linear"]) for each in seen["counts"]["categories"]}
    assert shares["Red"] == pytest.approx((1 / 4, widths[wide["key"]] / sum(widths.values())), abs=1e-4)
    assert shares["Green"] == pytest.approx((1 / 4, width / sum(widths.values())), abs=1e-4)
    assert shares["Red"][1] < shares["Green"][1]


def test_it_can_be_asked_for_before_it_is_done(clerk, scene, shop, goods):
    begun, go_on = threading.Event(), threading.Event()

    class Slow:
        def find(self, image, *, source=None):
            begun.set()
            assert go_on.wait(30)
            return scene.find(image, source=source)

    shop.shelves.use(Slow())
    first = clerk.post(f"{SHELF}?store={goods.store}&wait=0", files=sent(scene)).json()
    assert (first["state"], first["boxes"]) == ("waiting", [])
    assert begun.wait(30)
    second = clerk.post(f"{SHELF}?store={goods.store}&wait=0", files=sent(scene)).json()
    assert clerk.get(f"{SHELF}/{first['id']}").json()["progress"] == {"ahead": 0, "done": 0, "total": 0}
    assert clerk.get(f"{SHELF}/{second['id']}").json()["progress"]["ahead"] == 1
    refused = changed(clerk, first, {"key": "1", "removed": True})
    assert refused.status_code == 409, refused.text
    go_on.set()
    for each in (first, second):
        future = shop.shelves.future(each["id"])
        if future is not None:
            future.result(30)
        assert clerk.get(f"{SHELF}/{each['id']}").json()["state"] == "done"


def test_only_so_many_wait(clerk, scene, shop, goods):
    go_on = threading.Event()

    class Slow:
        def find(self, image, *, source=None):
            assert go_on.wait(60)
            return scene.find(image, source=source)

    shop.shelves.use(Slow())
    answers = [clerk.post(f"{SHELF}?wait=0", files=sent(scene)) for _ in range(12)]
    refused = [answer for answer in answers if answer.status_code == 503]
    go_on.set()
    assert refused
    assert int(refused[0].headers["retry-after"]) >= 1
    assert len(clerk.get(SHELF).json()["items"]) == len(answers) - len(refused)


def test_what_fails_is_told(clerk, scene, shop):
    class Broken:
        def find(self, image, *, source=None):
            raise ModelError("the detector gives nothing but NaN")

    shop.shelves.use(Broken())
    answer = clerk.post(SHELF, files=sent(scene)).json()
    assert (answer["state"], answer["problem"]) == ("failed", "the detector gives nothing but NaN")


def test_a_photo_that_cannot_be_read_is_refused_by_its_field(clerk, scene):
    refused = clerk.post(SHELF, files=sent(scene, b"no picture"))
    assert refused.status_code == 422
    assert refused.json()["type"].endswith(":photo")
    assert [error["field"] for error in refused.json()["errors"]] == ["photo"]
    assert "not a picture" in refused.json()["errors"][0]["message"]
    assert clerk.get(SHELF).json()["items"] == []


def test_what_failed_is_looked_at_again(clerk, reader, scene, shop, goods):
    class Broken:
        def find(self, image, *, source=None):
            raise ModelError("the detector gives nothing but NaN")

    shop.shelves.use(Broken())
    failed = clerk.post(f"{SHELF}?store={goods.store}", files=sent(scene)).json()
    assert failed["state"] == "failed"
    shop.shelves.use(scene)
    address = f"{SHELF}/{failed['id']}"
    assert reader.post(f"{address}/look").status_code == 403
    again = clerk.post(f"{address}/look")
    assert again.status_code == 200, again.text
    assert (again.json()["problem"], again.json()["version"]) != (failed["problem"], failed["version"])
    future = shop.shelves.future(failed["id"])
    if future is not None:
        future.result(30)
    assert len(clerk.get(address).json()["boxes"]) == 6
    assert clerk.post(f"{SHELF}/4711/look").status_code == 404


def looked_again(client, shelf, shop):
    """Look again at a shelf photo; as it is once that is done."""
    address = f"{SHELF}/{shelf['id']}"
    answer = client.post(f"{address}/look")
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "done"
    future = shop.shelves.future(shelf["id"])
    if future is not None:
        future.result(30)
    return client.get(address).json()


def test_what_was_taught_since_is_known_when_a_photo_is_looked_at_again(clerk, shelf, goods, shop):
    changed(clerk, shelf, {"key": "1", "product_id": goods.tea}, {"key": "2", "verdict": "unknown"})
    changed(clerk, shelf, {"key": "6", "removed": True}, {"key": "4", "box": [215, 30, 275, 130]})
    before = changed(clerk, shelf, {"key": "mine", "box": [20, 180, 90, 290]}).json()
    embeddings = np.frombuffer(shop.shelf_photos.read_whole(shelf["id"])[2], np.float16).reshape(6, -1)
    after = looked_again(clerk, shelf, shop)
    there = {box["key"]: box for box in before["boxes"]}
    boxes = {box["key"]: box for box in after["boxes"]}
    assert boxes["3"]["product"] == {"id": goods.tea, "name": "Tea"}
    assert boxes["3"]["answer"] == "ask"  # one photo does not make it sure
    assert [boxes[key] for key in "12"] == [there[key] for key in "12"]
    assert (boxes["4"]["box"], boxes["4"]["moved"], boxes["6"]["removed"]) == (
        [215, 30, 275, 130],
        True,
        True,
    )
    assert boxes["mine"]["candidates"][0]["category"] == "Blue"
    assert (boxes["mine"]["score"], boxes["mine"]["verdict"]) == (None, None)
    assert after["version"] == before["version"] + 1
    again = np.frombuffer(shop.shelf_photos.read_whole(shelf["id"])[2], np.float16).reshape(6, -1)
    np.testing.assert_array_equal(again[[0, 1, 2, 4, 5]], embeddings[[0, 1, 2, 4, 5]])
    # What it was taught with is its own still.
    assert len(shop.catalogue.product_photos(goods.tea)) == 1
    back = changed(clerk, shelf, {"key": "1", "verdict": "open"}).json()["boxes"][0]
    assert back["answer"] == next(box["answer"] for box in shelf["boxes"] if box["key"] == "1")


def test_another_model_names_a_photo_that_is_looked_at_again(clerk, shelf, shop):
    changed(clerk, shelf, {"key": "1", "verdict": "unknown"})
    with shop.db.engine.begin() as connection:
        connection.execute(
            update(shelf_photos).values(model="another", embeddings=np.ones(18, np.float16).tobytes())
        )
    after = looked_again(clerk, shelf, shop)
    assert after["model"] == shelf["model"]
    assert after["boxes"][0]["verdict"] == "unknown"
    assert after["alike"] == shelf["alike"]


@pytest.mark.parametrize("asked", ["seen", "joined"])
def test_a_photo_is_read_as_it_was_at_one_time(clerk, shelf, shop, scene, goods, asked):
    """Another model names it between two statements that read it; that model's embeddings are longer."""
    other = clerk.post(f"{SHELF}?store={goods.store}", files=sent(scene)).json()
    before = clerk.get(f"{SHELF}/{shelf['id']}").json()
    longer = np.ones(6 * 4 + 1, np.float16).tobytes()

    def rename(connection, cursor, statement, parameters, context, many):
        if "FROM shelf_boxes" in statement and not renamed:
            renamed.append(shelf["id"])
            shop.shelf_photos.renamed(shelf["id"], {}, model="another", embeddings=lambda there: longer)

    renamed = []
    event.listen(shop.db.engine, "after_cursor_execute", rename)
    try:
        if asked == "seen":
            assert clerk.get(f"{SHELF}/{shelf['id']}").json() == before
        else:
            answer = clerk.post(f"{SHELF}/join", json={"ids": [shelf["id"], other["id"]]})
            assert answer.status_code in (201, 422), answer.text
    finally:
        event.remove(shop.db.engine, "after_cursor_execute", rename)
    assert renamed
    assert shop.shelf_photos.get(shelf["id"]).model == "another"


def test_it_is_named_once_however_often_that_is_asked_for(clerk, reader, shelf, shop, monkeypatch):
    from shelfwise.workflows import shop_shelf_reading

    go_on = threading.Event()
    named = []
    as_it_is = shop_shelf_reading.name_again

    def slow(shop, shelf_id, progress):
        named.append(shelf_id)
        assert go_on.wait(30)
        as_it_is(shop, shelf_id, progress)

    monkeypatch.setattr(shop_shelf_reading, "name_again", slow)
    address = f"{SHELF}/{shelf['id']}"
    assert reader.post(f"{address}/look").status_code == 403
    for _ in range(2):
        answer = clerk.post(f"{address}/look").json()
        assert (answer["state"], answer["progress"]["done"]) == ("done", 0)
    # Boxes can be corrected meanwhile, and what is said of them then stays.
    assert changed(clerk, shelf, {"key": "3", "verdict": "unknown"}).status_code == 200
    future = shop.shelves.future(shelf["id"])
    go_on.set()
    future.result(30)
    after = clerk.get(address).json()
    assert named == [shelf["id"]]
    assert after["progress"] is None
    assert after["boxes"][2]["verdict"] == "unknown"


@pytest.mark.parametrize("model", [None, "another"])
def test_a_box_that_is_moved_while_it_is_named_keeps_what_was_said_of_it(
    clerk, shelf, goods, shop, monkeypatch, model
):
    if model:
        with shop.db.engine.begin() as connection:
            connection.execute(update(shelf_photos).values(model=model))
    changed(clerk, shelf, {"key": "1", "product_id": goods.tea})
    before = {box["key"]: box for box in clerk.get(f"{SHELF}/{shelf['id']}").json()["boxes"]}
    as_it_is = ClassifierNamer.name

    def name(self, *given):
        names = as_it_is(self, *given)
        changed(clerk, shelf, {"key": "2", "box": [20, 180, 90, 290]})
        return names

    monkeypatch.setattr(ClassifierNamer, "name", name)
    embeddings = np.frombuffer(shop.shelf_photos.read_whole(shelf["id"])[2], np.float16).reshape(6, -1)
    after = {box["key"]: box for box in looked_again(clerk, shelf, shop)["boxes"]}
    assert after["2"]["box"] == [20, 180, 90, 290]
    for said in ("answer", "product", "category", "candidates"):
        assert after["2"][said] == before["2"][said]
    assert after["3"]["product"] == {"id": goods.tea, "name": "Tea"}
    again = np.frombuffer(shop.shelf_photos.read_whole(shelf["id"])[2], np.float16).reshape(6, -1)
    np.testing.assert_array_equal(again[[0, 2, 3, 4, 5]], embeddings[[0, 2, 3, 4, 5]])
    np.testing.assert_array_equal(again[1], np.zeros(3) if model else embeddings[1])
    monkeypatch.undo()
    last = {box["key"]: box for box in looked_again(clerk, shelf, shop)["boxes"]}
    assert last["2"]["candidates"][0]["category"] == "Blue"


def test_a_photo_that_cannot_be_named_again_stays_as_it_is(clerk, shelf, shop, monkeypatch):
    from shelfwise.workflows import shop_shelf_reading

    def broken(shop, shelf_id, progress):
        raise ModelError("the model gives nothing but NaN")

    with monkeypatch.context() as patched:
        patched.setattr(shop_shelf_reading, "name_again", broken)
        after = looked_again(clerk, shelf, shop)
    assert (after["problem"], after["boxes"]) == ("the model gives nothing but NaN", shelf["boxes"])
    assert after["version"] == shelf["version"] + 1
    assert looked_again(clerk, shelf, shop)["problem"] is None


def test_a_defect_fails_the_photo_and_not_the_next(clerk, scene, shop):
    class Broken:
        def find(self, image, *, source=None):
            raise ZeroDivisionError

    shop.shelves.use(Broken())
    answer = clerk.post(SHELF, files=sent(scene)).json()
    assert answer["state"] == "failed"
    assert "log" in answer["problem"]
    shop.shelves.use(scene)
    assert clerk.post(SHELF, files=sent(scene)).json()["state"] == "done"


def test_a_photo_that_a_server_left_behind_is_looked_at_when_asked_for(clerk, scene, shop, goods):
    from shelfwise.answers.shelf_records import AddedShelf

    stored = shop.photos.add(scene.photo)
    left = shop.shelf_photos.add(AddedShelf(stored.sha256, *scene.size, "clerk", goods.store))
    assert clerk.get(f"{SHELF}/{left.id}").json()["progress"] is not None
    future = shop.shelves.future(left.id)
    if future is not None:
        future.result(30)
    assert len(clerk.get(f"{SHELF}/{left.id}").json()["boxes"]) == 6


def test_what_a_server_left_to_be_looked_at_again_is_named_when_asked_for(
    clerk, shelf, shop, goods, monkeypatch
):
    begun, go_on = threading.Event(), threading.Event()
    as_it_is = ClassifierNamer.name

    def slow(self, *given):
        begun.set()
        assert go_on.wait(30)
        return as_it_is(self, *given)

    changed(clerk, shelf, {"key": "1", "product_id": goods.tea})
    address = f"{SHELF}/{shelf['id']}"
    with monkeypatch.context() as patched:
        patched.setattr(ClassifierNamer, "name", slow)
        assert clerk.post(f"{address}/look").status_code == 200
        assert begun.wait(30)
        closing = threading.Thread(target=shop.shelves.close)
        closing.start()
        while not shop.shelves._closed:
            time.sleep(0.01)
        go_on.set()
        closing.join(30)
    left = clerk.get(address).json()
    assert (left["state"], left["boxes"][2]["product"]) == ("done", None)
    assert left["progress"] is not None
    shop.shelves = ShopShelves(8, lambda: pytest.fail("no detector is needed"))
    shop.shelves.begin(shop)
    assert clerk.get(address).json()["progress"] is not None
    future = shop.shelves.future(shelf["id"])
    if future is not None:
        future.result(30)
    after = clerk.get(address).json()
    assert (after["progress"], after["boxes"][2]["product"]["name"]) == (None, "Tea")


def test_a_photo_that_waits_to_be_looked_at_again_says_so_while_no_more_can_wait(clerk, shelf, shop):
    shop.shelf_photos.again(shelf["id"])
    shop.shelves = ShopShelves(1, lambda: pytest.fail("no detector is needed"))
    shop.shelves.begin(shop)
    shop.shelves.reserve()
    address = f"{SHELF}/{shelf['id']}"
    assert clerk.get(address).json()["progress"]["ahead"] == 1
    shop.shelves.release()
    assert clerk.get(address).json()["progress"]["ahead"] == 0
    future = shop.shelves.future(shelf["id"])
    if future is not None:
        future.result(30)
    assert clerk.get(address).json()["progress"] is None


def test_a_photo_that_somebody_asks_for_while_it_is_kept_is_looked_at_once(clerk, scene, shop, goods):
    from shelfwise.answers.shelf_records import AddedShelf

    go_on = threading.Event()
    looked = []

    class Slow:
        def find(self, image, *, source=None):
            looked.append(source)
            assert go_on.wait(30)
            return scene.find(image, source=source)

    shop.shelves.use(Slow())
    stored = shop.photos.add(scene.photo)
    shop.shelves.reserve()
    shelf = shop.shelf_photos.add(AddedShelf(stored.sha256, *scene.size, "clerk", goods.store))
    # Between the two, a list on another screen shows it.
    assert shop.shelves.resume(shelf) is not None
    future = shop.shelves.look(shelf.id)
    go_on.set()
    future.result(30)
    assert looked == [shelf.name]
    again = clerk.post(f"{SHELF}?store={goods.store}", files=sent(scene)).json()
    assert again["state"] == "done"


def test_boxes_are_corrected(clerk, shelf, goods):
    answer = changed(
        clerk,
        shelf,
        {"key": "1", "product_id": goods.tea},
        {"key": "2", "verdict": "corrected", "product_id": goods.tea},
        {"key": "6", "removed": True},
        {"key": "5", "verdict": "unknown"},
        {"key": "4", "box": [215, 30, 270, 130]},
        {"key": "mine-1", "box": [340, 30, 390, 130], "category": "drinks"},
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] == '"v3"'
    boxes = {box["key"]: box for box in answer.json()["boxes"]}
    assert (boxes["1"]["answer"], boxes["1"]["product"]["name"], boxes["1"]["category"]) == (
        "accept",
        "Tea",
        "drinks",
    )
    assert (boxes["6"]["removed"], boxes["6"]["row"]) == (True, None)
    assert (boxes["5"]["answer"], boxes["5"]["product"]) == ("unknown", None)
    assert (boxes["4"]["moved"], boxes["4"]["box"]) == (True, [215, 30, 270, 130])
    assert (boxes["mine-1"]["score"], boxes["mine-1"]["category"], boxes["mine-1"]["position"]) == (
        None,
        "drinks",
        6,
    )
    counts = answer.json()["counts"]
    assert counts["facings"] == 6
    assert counts["products"] == [
        {"product": {"id": goods.tea, "name": "Tea"}, "category": "drinks", "facings": 2}
    ]
    back = changed(clerk, shelf, {"key": "6", "removed": False}, {"key": "5", "verdict": "open"}).json()
    boxes = {box["key"]: box for box in back["boxes"]}
    assert not boxes["6"]["removed"]
    assert boxes["5"]["verdict"] is None


def test_a_named_box_teaches_its_product(clerk, shelf, goods, shop):
    every = [{"key": key, "product_id": goods.tea} for key in ("1", "2", "3")]
    changed(clerk, shelf, *every, {"key": "mine", "box": [20, 30, 70, 131], "product_id": goods.tea})
    photos = shop.catalogue.product_photos(goods.tea)
    assert 1 <= len(photos) <= 3
    assert clerk.get(f"/api/v1/photos/{photos[0]}").status_code == 200
    changed(clerk, shelf, *({"key": key, "verdict": "open"} for key in ("1", "2", "3", "mine")))
    assert shop.catalogue.product_photos(goods.tea) == ()


def test_a_photo_moves_to_the_product_that_it_shows_after_all(clerk, shelf, goods, shop):
    changed(clerk, shelf, {"key": "6", "product_id": goods.tea})
    (photo,) = shop.catalogue.product_photos(goods.tea)
    changed(clerk, shelf, {"key": "6", "product_id": goods.rice})
    assert shop.catalogue.product_photos(goods.tea) == ()
    assert shop.catalogue.product_photos(goods.rice) == (photo,)


def test_what_was_learned_is_named_on_the_next_photo(clerk, shelf, goods, scene):
    changed(clerk, shelf, {"key": "6", "product_id": goods.tea})
    again = clerk.post(f"{SHELF}?store={goods.store}", files=sent(scene)).json()
    blue = again["boxes"][-1]
    assert blue["product"] == {"id": goods.tea, "name": "Tea"}
    assert blue["answer"] == "ask"  # one photo does not make it sure


def test_two_people_do_not_overwrite_each_other(clerk, manager, shelf):
    seen = {"If-Match": '"v2"'}
    address = f"{SHELF}/{shelf['id']}"
    body = {"boxes": [{"key": "1", "removed": True}]}
    assert clerk.patch(address, json=body, headers=seen).status_code == 200
    refused = manager.patch(address, json={"boxes": [{"key": "2", "removed": True}]}, headers=seen)
    assert refused.status_code == 412, refused.text
    assert clerk.patch(address, json=body, headers={"If-Match": "v2"}).status_code == 422


HOSTILE = [
    {"key": "1", "box": [0, 0, 10]},
    {"key": "1", "box": [0, 0, 10, 10, 10]},
    {"key": "1", "box": [-5, 0, 10, 10]},
    {"key": "1", "box": [0, 0, 1e9, 10]},
    {"key": "1", "box": [0, 0, 401, 10]},
    {"key": "1", "box": [50, 0, 10, 10]},
    {"key": "1", "box": [0, 0, 0.5, 10]},
    {"key": "1", "box": [True, "a", None, {}]},
    {"key": "1", "box": "0,0,10,10"},
    {"key": "1", "removed": "perhaps"},
    {"key": 1},
    {"key": "x" * 41, "box": [0, 0, 10, 10]},
    {"key": "../1", "box": [0, 0, 10, 10]},
    {"key": "nobody"},
    {"key": "1", "verdict": "right"},
    {"key": "1", "category": "a" * 5000},
    {"key": "1", "category": "a\x00b"},
    {"key": "1", "category": "../../etc"},
    {"key": "1", "product_id": -1},
    {"key": "1", "product_id": 10**30},
    {"key": "1", "product_id": 4711},
    {"key": "1", "surprise": 1},
    "1",
    None,
]


@pytest.mark.parametrize("change", HOSTILE, ids=lambda each: repr(each)[:40])
def test_a_hostile_change_is_told_and_changes_nothing(clerk, shelf, change):
    answer = changed(clerk, shelf, {"key": "2", "removed": True}, change)
    assert answer.status_code == 422, answer.text
    assert len(answer.content) < 5000
    assert clerk.get(f"{SHELF}/{shelf['id']}").json()["version"] == shelf["version"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "9" * 5000])
def test_numbers_that_are_none_are_refused(clerk, shelf, number):
    body = '{"boxes": [{"key": "1", "box": [0, 0, ' + number + ", 10]}]}"
    answer = clerk.patch(f"{SHELF}/{shelf['id']}", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422), answer.text


def test_ten_thousand_boxes_are_refused(clerk, shelf):
    many = [{"key": f"n{number}", "box": [0, 0, 10, 10]} for number in range(10_000)]
    answer = changed(clerk, shelf, *many)
    assert answer.status_code == 422
    assert len(answer.content) < 5000


def test_other_bodies_are_refused(clerk, scene):
    assert clerk.post(SHELF, json={"photo": "x"}).status_code == 422
    assert clerk.post(SHELF, files={"picture": ("a.png", scene.photo)}).status_code == 422
    assert clerk.post(SHELF, files=[("photo", ("a.png", scene.photo))] * 2).status_code == 422
    assert clerk.post(SHELF, files=sent(scene, b"no picture")).status_code == 422
    assert clerk.post(SHELF, files=sent(scene, b"")).status_code == 422
    assert clerk.get(SHELF).json()["items"] == []


def test_a_photo_that_is_too_large_is_refused_before_it_is_kept(clerk, scene, shop):
    out = io.BytesIO()
    Image.new("1", (8001, 8000)).save(out, "PNG")
    answer = clerk.post(SHELF, files=sent(scene, out.getvalue()))
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert error["field"] == "photo"
    assert (
        "8,001 × 8,000 pixels are 64.0 megapixels, over the limit of 64: send it smaller" in error["message"]
    )
    assert not shop.photos.folder.exists() or not any(shop.photos.folder.rglob("*.png"))
    assert clerk.get(SHELF).json()["items"] == []
    out = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(out, "PNG")  # more than any photo may have
    assert clerk.post(SHELF, files=sent(scene, out.getvalue())).status_code == 422
    # None of them took a place in the queue.
    assert all(clerk.post(SHELF, files=sent(scene)).status_code == 201 for _ in range(9))


def test_who_may_see_and_correct(clerk, manager, reader, nobody, admin, with_token, scene, goods, shelf):
    address = f"{SHELF}/{shelf['id']}"
    assert reader.get(address).status_code == 200
    assert changed(reader, shelf, {"key": "1", "removed": True}).status_code == 403
    assert reader.post(f"{SHELF}?store={goods.store}", files=sent(scene)).status_code == 403
    assert nobody.get(address).status_code == 401
    assert nobody.post(SHELF, files=sent(scene)).status_code == 401
    assert clerk.post(f"{SHELF}?store={goods.other}", files=sent(scene)).status_code == 403
    assert clerk.post(f"{SHELF}?location={goods.other_root}", files=sent(scene)).status_code == 403
    assert clerk.post(f"{SHELF}?store=77", files=sent(scene)).status_code in (403, 404)
    wrong = admin.post(f"{SHELF}?store={goods.other}&location={goods.shelf}", files=sent(scene))
    assert wrong.status_code == 422
    there = admin.post(f"{SHELF}?store={goods.other}", files=sent(scene)).json()
    assert reader.get(f"{SHELF}/{there['id']}").status_code == 403
    assert changed(manager, there, {"key": "1", "removed": True}).status_code == 403
    assert clerk.get(f"/api/v1/photos/{there['photo']}").status_code == 200  # the same photo as their own
    assert {each["id"] for each in reader.get(SHELF).json()["items"]} == {shelf["id"]}
    assert reader.get(f"{SHELF}?store={goods.other}").status_code == 403
    assert with_token("clerk", {"read"}).get(address).status_code == 200
    assert changed(with_token("clerk", {"read"}), shelf, {"key": "1", "removed": True}).status_code == 403
    assert changed(with_token("clerk", {"classify"}), shelf, {"key": "1", "removed": True}).status_code == 200
    assert clerk.get(f"{SHELF}/4711").status_code == 404


def test_a_photo_of_no_store_is_its_owners(clerk, manager, admin, scene):
    own = clerk.post(SHELF, files=sent(scene)).json()
    assert manager.get(f"{SHELF}/{own['id']}").status_code == 403
    assert clerk.get(f"{SHELF}/{own['id']}").status_code == 200
    assert admin.get(f"{SHELF}/{own['id']}").status_code == 200
    assert manager.get(f"/api/v1/photos/{own['photo']}").status_code == 404
    assert [each["id"] for each in clerk.get(SHELF).json()["items"]] == [own["id"]]
    assert manager.get(SHELF).json()["items"] == []


def test_a_token_for_one_store_keeps_and_sees_nothing_of_no_store(clerk, with_token, scene, goods):
    own = clerk.post(SHELF, files=sent(scene)).json()
    till = with_token("clerk", {"read", "classify"}, store_ids=[goods.store])
    assert till.get(f"{SHELF}/{own['id']}").status_code == 403
    assert changed(till, own, {"key": "1", "removed": True}).status_code == 403
    assert till.get(f"/api/v1/photos/{own['photo']}").status_code == 404
    assert till.get(SHELF).json()["items"] == []
    anywhere = with_token("clerk", {"read", "classify"})
    assert [each["id"] for each in anywhere.get(SHELF).json()["items"]] == [own["id"]]
    sent_there = till.post(SHELF, files=sent(scene)).json()
    assert sent_there["store_id"] == goods.store
    assert [each["id"] for each in till.get(SHELF).json()["items"]] == [sent_there["id"]]
    assert anywhere.post(SHELF, files=sent(scene)).json()["store_id"] is None


def test_a_token_for_several_stores_says_of_which_a_photo_is(admin, with_token, scene, goods):
    till = with_token("admin", {"read", "classify"}, store_ids=[goods.store, goods.other])
    refused = till.post(SHELF, files=sent(scene))
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "store")
    assert till.post(f"{SHELF}?store={goods.other}", files=sent(scene)).json()["store_id"] == goods.other
    there = till.post(f"{SHELF}?location={goods.shelf}", files=sent(scene)).json()
    assert (there["store_id"], there["location_id"]) == (goods.store, goods.shelf)


def test_the_place_can_be_said_afterwards(clerk, shelf, goods):
    assert changed(clerk, shelf, location_id=goods.shelf).json()["location_id"] == goods.shelf
    assert changed(clerk, shelf, location_id=goods.other_root).status_code == 422
    assert changed(clerk, shelf, location_id=4711).status_code in (404, 422)


def test_sent_again_with_its_key_a_photo_is_kept_once(clerk, scene):
    key = {"Idempotency-Key": "shelf-1"}
    first = clerk.post(SHELF, files=sent(scene), headers=key).json()
    assert clerk.post(SHELF, files=sent(scene), headers=key).json() == first
    assert len(clerk.get(SHELF).json()["items"]) == 1


def test_a_correction_is_done_again_rather_than_kept(clerk, shelf, shop):
    key = {"Idempotency-Key": "change-1"}
    body = {"boxes": [{"key": "1", "removed": True}]}
    first = clerk.patch(f"{SHELF}/{shelf['id']}", json=body, headers=key)
    again = clerk.patch(f"{SHELF}/{shelf['id']}", json=body, headers=key)
    assert again.json() == first.json()
    assert "idempotency-replayed" not in again.headers


def test_products_follow_the_stock_book(clerk, shelf, goods, shop):
    changed(clerk, shelf, {"key": "1", "product_id": goods.tea})
    shop.catalogue.change_product(goods.tea, {"name": "Green tea"}, None)
    box = clerk.get(f"{SHELF}/{shelf['id']}").json()["boxes"][0]
    assert box["product"]["name"] == "Green tea"
    other = shop.catalogue.add_product(NewProduct("Loose", None)).id
    box = changed(clerk, shelf, {"key": "1", "product_id": other}).json()["boxes"][0]
    assert (box["product"]["name"], box["category"]) == ("Loose", None)
