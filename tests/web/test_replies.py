"""Tests of writes that are sent again with the same key."""

import threading

USERS = "/api/v1/users"


def keyed(key):
    return {"Idempotency-Key": key}


def test_a_write_sent_again_is_answered_the_same_and_not_done_again(shop, admin):
    before = len(shop.users.list())
    first = admin.post(USERS, json={"name": "Grace"}, headers=keyed("a"))
    again = admin.post(USERS, json={"name": "Grace"}, headers=keyed("a"))
    assert (first.status_code, again.status_code) == (201, 201)
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["content-type"] == first.headers["content-type"]
    assert len(shop.users.list()) == before + 1


def test_the_same_key_for_something_else_is_refused(admin):
    assert admin.post(USERS, json={"name": "Grace"}, headers=keyed("a")).status_code == 201
    assert admin.post(USERS, json={"name": "Lin"}, headers=keyed("a")).status_code == 409
    assert admin.post("/api/v1/tokens", json={"name": "Grace"}, headers=keyed("a")).status_code == 409


def test_anothers_same_key_is_another_one(admin, clerk):
    body = {"name": "till", "scopes": ["read"]}
    one = admin.post("/api/v1/tokens", json=body, headers=keyed("a")).json()
    other = clerk.post("/api/v1/tokens", json=body, headers=keyed("a")).json()
    assert one["token"]["id"] != other["token"]["id"]


def test_what_failed_may_be_sent_again_put_right(admin):
    assert admin.post(USERS, json={"name": ""}, headers=keyed("a")).status_code == 422
    assert admin.post(USERS, json={"name": "Grace"}, headers=keyed("a")).status_code == 201


def test_a_reply_without_a_body_is_kept_too(shop, admin, clerk):
    path = f"{USERS}/{shop.users.by_name('clerk').id}/sessions"
    assert admin.delete(path, headers=keyed("a")).status_code == 204
    again = admin.delete(path, headers=keyed("a"))
    assert again.status_code == 204
    assert again.content == b""
    assert again.headers["Idempotency-Replayed"] == "true"


def test_a_key_that_is_none_is_told(admin):
    for key in ("", "x" * 201, "a b"):
        answer = admin.post(USERS, json={"name": "Grace"}, headers=keyed(key))
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "Idempotency-Key"


def test_who_may_not_does_not_get_a_kept_reply_either(shop, admin):
    assert admin.post(USERS, json={"name": "Grace"}, headers=keyed("a")).status_code == 201
    del admin.headers["X-CSRF-Token"]
    assert admin.post(USERS, json={"name": "Grace"}, headers=keyed("a")).status_code == 403


def test_of_many_at_the_same_time_one_is_done(shop, signed_in):
    clients = [signed_in("admin") for _ in range(6)]
    answers = []

    def send(client):
        answers.append(client.post(USERS, json={"name": "Grace"}, headers=keyed("same")))

    threads = [threading.Thread(target=send, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statuses = sorted(answer.status_code for answer in answers)
    # The others get its reply, or are asked to come again while it is done.
    assert set(statuses) <= {201, 503}
    assert 201 in statuses
    done = [answer for answer in answers if answer.status_code == 201]
    assert sum("Idempotency-Replayed" not in answer.headers for answer in done) == 1
    assert [user.name for user in shop.users.list()].count("Grace") == 1


def form(boundary, name, content):
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
        + content
        + f"\r\n--{boundary}--\r\n".encode()
    )
    return {"content": body, "headers": {"Content-Type": f"multipart/form-data; boundary={boundary}"}}


def test_a_form_sent_again_with_another_boundary_is_the_same_write(admin, shop, tmp_path, toy):
    import io
    import zipfile

    folder = toy.write_toy_bundle(tmp_path / "another", name="another").path
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in folder.iterdir():
            archive.write(path, path.name)

    def send(boundary, content):
        sent = form(boundary, "model.zip", content)
        sent["headers"].update(keyed("a"))
        return admin.post("/api/v1/models", **sent)

    assert send("one", packed.getvalue()).status_code == 201
    again = send("two", packed.getvalue())
    assert again.status_code == 201
    assert again.headers["Idempotency-Replayed"] == "true"
    assert send("two", packed.getvalue() + b"x").status_code == 409
    assert len(shop.shelf.models()) == 3
