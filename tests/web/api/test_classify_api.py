import pytest


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


def test_an_answer_goes_with_what_is_booked(clerk, photo, goods, book):
    (answer,) = clerk.post(f"/api/v1/classify?store={goods.store}", files=sent(photo())).json()["answers"]
    movement = book(clerk, "received", 2, answer_id=answer["id"])
    assert (movement["photo"], movement["model"]) == (answer["photo"], answer["model"])
    assert movement["confidence"] == pytest.approx(answer["confidence"])
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
