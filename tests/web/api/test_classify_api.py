import asyncio
import threading

import httpx2 as httpx
import pytest

from shelfwise.errors import OverloadedError
from shelfwise.inference.classifier import Classifier
from shelfwise.inventory.records import NewProduct
from shelfwise.web.api.uploads import Held


def sent(*photos):
    return [("photos", (f"{number}.png", data, "image/png")) for number, data in enumerate(photos)]


def test_photos_are_answered_in_order(clerk, photo, goods):
    files = sent(photo((250, 10, 10)), photo((10, 250, 10)))
    answer = clerk.post(f"/api/v1/classify?store={goods.store}", files=files)
    assert answer.status_code == 200, answer.text
    first, second = answer.json()["answers"]
    assert [each["category"] for each in (first["candidates"][0], second["candidates"][0])] == [
        "Red",
        "Green",
    ]
    assert first["answer"] in ("accept", "ask", "unknown")
    assert 0 <= first["confidence"] <= 1
    assert first["error"] is None
    assert clerk.get(f"/api/v1/photos/{first['photo']}").status_code == 200


def test_a_broken_photo_does_not_fail_the_others(clerk, photo):
    good, bad, empty = clerk.post("/api/v1/classify", files=sent(photo(), b"no picture", b"")).json()[
        "answers"
    ]
    assert good["id"] is not None
    assert good["error"] is None
    for each in (bad, empty):
        assert each["error"]
        assert each["id"] is each["photo"] is None


def test_an_answer_goes_with_what_is_booked(clerk, photo, goods, book, shop):
    (answer,) = clerk.post(f"/api/v1/classify?store={goods.store}", files=sent(photo())).json()["answers"]
    movement = book(clerk, "received", 2, answer_id=answer["id"])
    assert (movement["photo"], movement["model"]) == (answer["photo"], answer["model"])
    red = shop.catalogue.add_product(NewProduct("Red paint", answer["category"])).id
    movement = book(clerk, "received", 2, answer_id=answer["id"], product_id=red)
    assert movement["confidence"] is None  # it was sure of the category, not of which product it is
    line = {
        "kind": "sold",
        "product_id": goods.tea,
        "location_id": goods.root,
        "quantity": 1,
        "answer_id": 999,
    }
    refused = clerk.post("/api/v1/movements", json={"lines": [line]})
    assert refused.json()["errors"][0]["field"] == "lines.0.answer_id"


def test_sent_again_with_its_key_a_photo_is_answered_once(clerk, photo):
    key = {"Idempotency-Key": "photo-1"}
    first = clerk.post("/api/v1/classify", files=sent(photo()), headers=key).json()
    assert clerk.post("/api/v1/classify", files=sent(photo()), headers=key).json() == first


def test_who_may_ask(reader, nobody, clerk, with_token, photo, goods):
    assert reader.post("/api/v1/classify", files=sent(photo())).status_code == 403
    assert nobody.post("/api/v1/classify", files=sent(photo())).status_code == 401
    assert clerk.post(f"/api/v1/classify?store={goods.other}", files=sent(photo())).status_code == 403
    assert with_token("clerk", {"read"}).post("/api/v1/classify", files=sent(photo())).status_code == 403
    assert with_token("clerk", {"classify"}).post("/api/v1/classify", files=sent(photo())).status_code == 200


def test_other_bodies_are_refused(clerk, photo):
    assert clerk.post("/api/v1/classify", json={"photos": []}).status_code == 422
    assert clerk.post("/api/v1/classify", files=[("pictures", ("a.png", photo()))]).status_code == 422
    assert clerk.post("/api/v1/classify", files=sent(*[b"x"] * 33)).status_code == 422
    assert clerk.post("/api/v1/classify", files=sent(*[b"x"] * 80)).status_code in (400, 422)
    broken = {"Content-Type": "multipart/form-data; boundary=x"}
    assert clerk.post("/api/v1/classify", content=b"--x\r\nbroken", headers=broken).status_code in (400, 422)
    no_boundary = {"Content-Type": "multipart/form-data"}
    assert clerk.post("/api/v1/classify", content=b"--x", headers=no_boundary).status_code in (400, 422)
    no_file = clerk.post("/api/v1/classify", data={"photos": "text"}, files=[("other", ("a.png", b"x"))])
    assert no_file.json()["errors"][0]["field"] == "photos.0"


class Gate:
    """A network that answers when it is let."""

    size, categories = 8, 3

    def __init__(self, session):
        self.session, self.open = session, threading.Event()
        self.open.set()

    def run(self, images):
        assert self.open.wait(30)
        return self.session.run(images)


@pytest.fixture
def gate(shop):
    """The network of the shop's model, which waits for ``open`` to be set."""
    shop.models.wait()
    for thread in list(shop.models._threads):
        thread.join()  # what answers quickest has taken its place
    model = shop.pool.model.many
    gate = Gate(model._session)
    shop.pool.swap(Classifier(model.bundle, gate, threads=1))
    gate.open.clear()
    yield gate
    gate.open.set()


def test_photos_that_wait_hold_up_nobody_and_too_many_are_sent_away(app, with_token, photo, gate):
    headers = {"Authorization": with_token("admin", {"classify", "read"}).headers["Authorization"]}

    async def crowd():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1", headers=headers, timeout=60
        ) as client:
            waiting = [
                asyncio.create_task(client.post("/api/v1/classify", files=sent(photo()))) for _ in range(100)
            ]
            try:
                # More photos than there are threads wait by now; a page is answered all the same.
                await asyncio.wait(waiting, timeout=20, return_when=asyncio.FIRST_COMPLETED)
                stock = await asyncio.wait_for(client.get("/api/v1/stock"), 20)
            finally:
                gate.open.set()
            return stock, [await each for each in waiting]

    stock, answers = asyncio.run(crowd())
    assert stock.status_code == 200
    refused = [each for each in answers if each.status_code == 503]
    assert 100 - 64 - 2 * 8 <= len(refused) < 100 - 40
    assert all(int(each.headers["Retry-After"]) >= 1 for each in refused)
    assert all(each.status_code == 200 for each in answers if each not in refused)


def test_uploads_in_memory_are_bounded():
    held = Held(100)
    held.take(150)  # one alone may be longer
    with pytest.raises(OverloadedError):
        held.take(1)
    held.give_back(150)
    held.take(60)
    held.take(40)
    with pytest.raises(OverloadedError) as refused:
        held.take(1)
    assert refused.value.retry_after > 0


def test_whatever_comes_of_an_upload_it_is_held_no_longer(app, clerk, manager, photo, goods):
    clerk.post("/api/v1/classify", files=sent(photo(), b"no picture"))
    clerk.post("/api/v1/classify?store=999", files=sent(photo()))
    manager.post(f"/api/v1/products/{goods.tea}/photos", files=sent(photo()))
    manager.post("/api/v1/products/999/photos", files=sent(photo()))
    manager.post(f"/api/v1/imports/products?store={goods.store}", files={"file": ("a.xlsx", b"PK no")})
    assert app.state.held.bytes == 0
    app.state.held.take(10**12)
    refused = clerk.post("/api/v1/classify", files=sent(photo()))
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "2")
