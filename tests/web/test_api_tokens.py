"""Tests of tokens over the API."""

TOKENS = "/api/v1/tokens"


def issue(client, **more):
    """Issue a token for reading."""
    return client.post(TOKENS, json={"name": "till", "scopes": ["read"], **more})


def test_a_token_is_issued_used_and_revoked(clerk, browser):
    made = issue(clerk).json()
    client = browser()
    client.headers["Authorization"] = f"Bearer {made['secret']}"
    assert client.get("/api/v1/me").json()["scopes"] == ["read"]
    assert [each["name"] for each in clerk.get(TOKENS).json()["items"]] == ["till"]
    assert made["secret"] not in clerk.get(TOKENS).text
    assert clerk.delete(f"{TOKENS}/{made['token']['id']}").status_code == 204
    assert client.get("/api/v1/me").status_code == 401


def test_the_secret_is_not_kept_for_a_write_that_is_sent_again(clerk):
    first = clerk.post(
        TOKENS, json={"name": "till", "scopes": ["read"]}, headers={"Idempotency-Key": "a"}
    ).json()
    again = clerk.post(
        TOKENS, json={"name": "till", "scopes": ["read"]}, headers={"Idempotency-Key": "a"}
    ).json()
    assert first["secret"]
    assert again == first | {"secret": None}


def test_the_audit_log_has_the_address_that_a_token_was_made_from(clerk, admin):
    made = issue(clerk).json()["token"]["id"]
    clerk.delete(f"{TOKENS}/{made}")
    entries = admin.get("/api/v1/audit").json()["items"]
    told = {each["action"]: each["address"] for each in entries}
    assert told["token.issue"] == told["token.revoke"] == told["session.start"]
    assert told["token.issue"]


def test_what_a_token_lacks_is_told_and_not_a_role_that_its_user_has(with_token):
    token = with_token("admin", {"read", "book"}, store_ids=[1])
    for address, words in [
        ("/api/v1/stock?store=2", "This token is not for this store: issue one that is."),
        ("/api/v1/users", "This token lacks the scope admin: issue one that has it."),
        ("/api/v1/audit", "This token lacks the scope admin: issue one that has it."),
        ("/api/v1/review", "This token lacks the scope classify: issue one that has it."),
    ]:
        refused = token.get(address)
        assert (refused.status_code, refused.json()["detail"]) == (403, words)


def test_a_token_may_not_issue_or_see_tokens(with_token):
    client = with_token("admin", {"read", "admin"})
    assert issue(client).status_code == 403
    assert client.get(TOKENS).status_code == 403


def test_nobody_issues_more_than_they_may(shop, clerk, admin):
    second = shop.catalogue.stores()[-1].id if shop.catalogue.stores()[-1].name == "Harbour" else None
    second = second or next(store.id for store in shop.catalogue.stores() if store.name == "Harbour")
    assert issue(clerk, scopes=["admin"]).json()["errors"][0]["field"] == "scopes"
    assert issue(clerk, scopes=["everything"]).status_code == 422
    assert issue(clerk, scopes=[]).status_code == 422
    assert issue(clerk, store_ids=[second]).json()["errors"][0]["field"] == "store_ids.0"
    assert issue(clerk, expires_at="2001-01-01T00:00:00Z").json()["errors"][0]["field"] == "expires_at"
    assert issue(clerk, expires_at="2999-01-01T00:00:00").status_code == 422
    assert issue(admin, scopes=["admin"]).status_code == 201


def test_others_tokens_are_not_there_but_for_admins(clerk, reader, admin):
    made = issue(clerk).json()["token"]["id"]
    assert reader.get(TOKENS).json()["items"] == []
    assert reader.get(f"{TOKENS}?everybody=true").status_code == 403
    assert reader.delete(f"{TOKENS}/{made}").status_code == 404
    assert [each["user"] for each in admin.get(f"{TOKENS}?everybody=true").json()["items"]] == ["clerk"]
    assert admin.delete(f"{TOKENS}/{made}").status_code == 204
