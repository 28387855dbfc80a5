"""Tests of signing in over the API, one's sessions and one's password."""

PASSWORD = "correct horse battery"
SESSION = "/api/v1/session"


def test_signing_in_over_the_api(nobody):
    answer = nobody.post(SESSION, json={"name": "CLERK", "password": PASSWORD})
    assert answer.status_code == 201
    csrf = answer.json()["csrf"]
    me = nobody.get("/api/v1/me").json()
    assert me["name"] == "clerk"
    assert me["csrf"] == csrf
    assert me["scopes"] is None
    assert nobody.delete(SESSION, headers={"X-CSRF-Token": csrf}).status_code == 204
    assert nobody.get("/api/v1/me").status_code == 401


def test_a_wrong_name_and_a_wrong_password_are_told_alike(nobody):
    one = nobody.post(SESSION, json={"name": "clerk", "password": "x"})
    other = nobody.post(SESSION, json={"name": "nobody", "password": "x"})
    assert one.status_code == other.status_code == 401
    assert one.json()["detail"] == other.json()["detail"]


def test_signing_in_is_throttled(nobody):
    said = [nobody.post(SESSION, json={"name": "clerk", "password": "x"}).status_code for _ in range(30)]
    assert said[0] == 401
    assert said[-1] == 429


def test_signing_in_from_another_sites_page_is_refused(nobody):
    answer = nobody.post(
        SESSION, json={"name": "clerk", "password": PASSWORD}, headers={"Origin": "https://evil.example"}
    )
    assert answer.status_code == 403


def test_a_password_is_never_said_back(nobody):
    answer = nobody.post(SESSION, json={"name": "clerk", "password": ["hunter2hunter2"]})
    assert answer.status_code == 422
    assert "hunter2" not in answer.text
    assert answer.json()["errors"][0]["field"] == "password"


def test_changing_the_password_ends_the_other_sessions_only(clerk, signed_in):
    other = signed_in("clerk")
    change = {"old": PASSWORD, "new": "something else entirely"}
    assert (
        clerk.post("/api/v1/me/password", json={**change, "old": "x"}).json()["errors"][0]["field"] == "old"
    )
    assert (
        clerk.post("/api/v1/me/password", json={**change, "new": "short"}).json()["errors"][0]["field"]
        == "new"
    )
    assert clerk.post("/api/v1/me/password", json=change).status_code == 204
    assert clerk.get("/api/v1/me").status_code == 200
    assert other.get("/api/v1/me").status_code == 401


def test_ones_sessions_are_listed_and_ended(clerk, signed_in, reader):
    other = signed_in("clerk")
    listed = clerk.get("/api/v1/me/sessions").json()["items"]
    assert sorted(each["current"] for each in listed) == [False, True]
    theirs = reader.get("/api/v1/me/sessions").json()["items"][0]["id"]
    assert clerk.delete(f"/api/v1/me/sessions/{theirs}").status_code == 404
    mine = next(each["id"] for each in listed if not each["current"])
    assert clerk.delete(f"/api/v1/me/sessions/{mine}").status_code == 204
    assert other.get("/api/v1/me").status_code == 401
    again = signed_in("clerk")
    assert clerk.delete("/api/v1/me/sessions").status_code == 204
    assert again.get("/api/v1/me").status_code == 401
    assert clerk.get("/api/v1/me").status_code == 200


def test_a_token_may_not_change_passwords_or_see_sessions(with_token):
    client = with_token("clerk", {"read", "book", "manage", "classify"})
    assert client.post("/api/v1/me/password", json={"old": PASSWORD, "new": "x" * 20}).status_code == 403
    assert client.get("/api/v1/me/sessions").status_code == 403
    assert client.get("/api/v1/me").json()["scopes"] == ["book", "classify", "manage", "read"]
