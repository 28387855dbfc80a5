def sent(*photos):
    return [("photos", (f"{number}.png", data, "image/png")) for number, data in enumerate(photos)]


def answers(client, *photos):
    reply = client.post("/api/v1/classify", files=sent(*photos))
    assert reply.status_code == 200, reply.text
    return reply.json()["answers"]


def test_a_product_is_known_by_its_photos(manager, clerk, goods, photo):
    path = f"/api/v1/products/{goods.tea}/photos"
    added = manager.post(path, files=sent(photo((200, 40, 40)), b"no picture"))
    assert added.status_code == 201, added.text
    reply = added.json()
    assert (reply["new"], len(reply["photos"])) == (1, 1)
    assert [each["number"] for each in reply["errors"]] == [2]
    assert reply["product"]["photo"] == reply["photos"][0]
    assert clerk.get(path).json()["items"] == [{"photo": reply["photos"][0]}]
    (answer,) = answers(clerk, photo((202, 41, 38)))
    assert answer["product"] == {"id": goods.tea, "name": "Tea"}


def test_a_photo_is_forgotten(manager, goods, photo):
    path = f"/api/v1/products/{goods.tea}/photos"
    (sha256,) = manager.post(path, files=sent(photo())).json()["photos"]
    assert manager.delete(f"{path}/{sha256}").status_code == 204
    assert manager.get(path).json()["items"] == []
    assert manager.delete(f"{path}/{sha256}").status_code == 404


def test_a_renamed_product_is_known_by_its_new_name(manager, clerk, goods, photo):
    manager.post(f"/api/v1/products/{goods.tea}/photos", files=sent(photo((200, 40, 40))))
    path, any_version = f"/api/v1/products/{goods.tea}", {"If-Match": "*"}
    manager.patch(path, json={"name": "Black tea"}, headers=any_version)
    (answer,) = answers(clerk, photo((202, 41, 38)))
    assert answer["product"] == {"id": goods.tea, "name": "Black tea"}
    manager.patch(path, json={"archived": True}, headers=any_version)
    (answer,) = answers(clerk, photo((202, 41, 38)))
    assert answer["product"] is None


def test_who_may_and_for_what(manager, clerk, goods, photo):
    assert clerk.post(f"/api/v1/products/{goods.tea}/photos", files=sent(photo())).status_code == 403
    assert manager.post("/api/v1/products/999/photos", files=sent(photo())).status_code == 404
    assert manager.get("/api/v1/products/999/photos").status_code == 404
    assert manager.post(f"/api/v1/products/{goods.tea}/photos", json={}).status_code == 422
