import pytest


@pytest.fixture
def answered(clerk, photo, goods):
    files = [("photos", ("a.png", photo((120, 120, 120)))), ("photos", ("b.png", photo((250, 5, 5))))]
    answers = clerk.post(f"/api/v1/classify?store={goods.store}", files=files).json()["answers"]
    return [each["id"] for each in answers]


def test_what_nobody_has_judged_is_listed(clerk, answered):
    listed = clerk.get("/api/v1/review").json()["items"]
    assert {each["id"] for each in listed} == set(answered)
    assert all(each["verdict"] is None for each in listed)


def test_a_verdict_is_kept_and_ends_the_wait(clerk, answered, goods):
    judged = clerk.post(
        f"/api/v1/review/{answered[0]}", json={"verdict": "corrected", "product_id": goods.tea}
    )
    assert judged.status_code == 200, judged.text
    assert judged.json()["right_product"] == {"id": goods.tea, "name": "Tea"}
    assert judged.json()["judged_by"] == "clerk"
    assert [each["id"] for each in clerk.get("/api/v1/review").json()["items"]] == [answered[1]]


def test_an_answer_tells_what_was_said_of_it(clerk, reader, answered, goods):
    path = f"/api/v1/review/{answered[0]}"
    assert clerk.get(path).json()["verdict"] is None
    clerk.post(path, json={"verdict": "corrected", "product_id": goods.tea})
    told = clerk.get(path).json()
    assert (told["verdict"], told["right_product"]["name"], told["judged_by"]) == (
        "corrected",
        "Tea",
        "clerk",
    )
    assert reader.get(path).status_code == 403
    assert clerk.get("/api/v1/review/999").status_code == 404


def test_what_was_said_of_many_answers_is_told_at_once(admin, clerk, reader, answered, photo, goods):
    path = "/api/v1/review/answers"
    files = [("photos", ("a.png", photo()))]
    (elsewhere,) = admin.post(f"/api/v1/classify?store={goods.other}", files=files).json()["answers"]
    clerk.post(f"/api/v1/review/{answered[0]}", json={"verdict": "corrected", "product_id": goods.tea})
    ids = {"ids": [*answered, elsewhere["id"], 999]}
    told = clerk.get(path, params=ids).json()["items"]
    assert told == [clerk.get(f"/api/v1/review/{each}").json() for each in answered]
    assert [each["verdict"] for each in told] == ["corrected", None]
    assert len(admin.get(path, params=ids).json()["items"]) == 3
    assert reader.get(path, params=ids).status_code == 403
    for wrong in ({}, {"ids": [0]}, {"ids": ["x"]}, {"ids": list(range(1, 202))}):
        assert clerk.get(path, params=wrong).status_code == 422


def test_a_category_will_do(clerk, answered):
    judged = clerk.post(f"/api/v1/review/{answered[0]}", json={"verdict": "corrected", "category": "Green"})
    assert judged.json()["right_category"] == "Green"


def test_wrong_verdicts_are_refused(clerk, reader, answered):
    path = f"/api/v1/review/{answered[0]}"
    assert clerk.post(path, json={"verdict": "corrected"}).status_code == 422
    assert clerk.post(path, json={"verdict": "maybe"}).json()["errors"][0]["field"] == "verdict"
    missing = clerk.post(path, json={"verdict": "corrected", "product_id": 999})
    assert missing.status_code in (404, 422)
    assert clerk.post("/api/v1/review/999", json={"verdict": "confirmed"}).status_code == 404
    assert reader.post(path, json={"verdict": "confirmed"}).status_code == 403
    assert reader.get("/api/v1/review").status_code == 403


def test_answers_of_other_stores_are_not_shown(admin, clerk, photo, goods):
    files = [("photos", ("a.png", photo()))]
    (answer,) = admin.post(f"/api/v1/classify?store={goods.other}", files=files).json()["answers"]
    assert clerk.get("/api/v1/review").json()["items"] == []
    assert clerk.get(f"/api/v1/review?store={goods.other}").status_code == 403
    assert clerk.post(f"/api/v1/review/{answer['id']}", json={"verdict": "confirmed"}).status_code == 403
    assert clerk.get(f"/api/v1/review/{answer['id']}").status_code == 403
    assert [each["id"] for each in admin.get("/api/v1/review").json()["items"]] == [answer["id"]]


def test_a_photo_of_no_store_is_judged_and_booked_by_who_took_it(admin, clerk, manager, photo, goods):
    files = [("photos", ("a.png", photo()))]
    own, others = (
        client.post("/api/v1/classify", files=files).json()["answers"][0]["id"] for client in (clerk, admin)
    )
    line = {"kind": "sold", "product_id": goods.tea, "location_id": goods.root, "quantity": 1}
    for answer, statuses in ((own, (200, 201)), (others, (403, 422))):
        judged = clerk.post(f"/api/v1/review/{answer}", json={"verdict": "confirmed"})
        booked = clerk.post("/api/v1/movements", json={"lines": [{**line, "answer_id": answer}]})
        assert (judged.status_code, booked.status_code) == statuses
    assert admin.post(f"/api/v1/review/{others}", json={"verdict": "confirmed"}).status_code == 200
