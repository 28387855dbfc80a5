"""Tests of users, their links, and the audit log over the API."""

import re
from urllib.parse import urlsplit

import pytest

from shelfwise.errors import ConflictError

USERS = "/api/v1/users"


def test_a_user_is_added_with_a_link_by_which_they_sign_in(shop, admin, nobody):
    store = shop.catalogue.stores()[0].id
    answer = admin.post(USERS, json={"name": "Grace", "roles": {str(store): "clerk"}})
    assert answer.status_code == 201
    made = answer.json()
    assert made["user"]["roles"] == {str(store): "clerk"}
    assert made["user"]["has_password"] is False
    assert made["link"].startswith("http://127.0.0.1:8000/invitation/")
    path = urlsplit(made["link"]).path
    csrf = re.search(r'name="csrf" value="([^"]+)"', nobody.get(path).text).group(1)
    assert nobody.post(path, data={"password": "a long enough one", "csrf": csrf}).status_code == 303
    assert nobody.get("/api/v1/me").json()["name"] == "Grace"


def test_a_user_is_added_once_a_key_and_the_link_is_not_kept(shop, admin):
    first = admin.post(USERS, json={"name": "Grace"}, headers={"Idempotency-Key": "k1"})
    again = admin.post(USERS, json={"name": "Grace"}, headers={"Idempotency-Key": "k1"})
    assert first.status_code == again.status_code == 201
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json() == first.json() | {"link": None}
    assert admin.post(USERS, json={"name": "Lin"}, headers={"Idempotency-Key": "k1"}).status_code == 409
    secret = first.json()["link"].rsplit("/", 1)[1]
    with shop.db.read() as connection:
        kept = connection.exec_driver_sql("SELECT body FROM replies").scalars().all()
    assert all(secret.encode() not in body for body in kept)


def test_a_name_is_taken_once(admin):
    taken = admin.post(USERS, json={"name": "CLERK"})
    assert taken.status_code == 409
    assert [each["field"] for each in taken.json()["errors"]] == ["name"]
    answer = admin.post(USERS, json={"name": " "})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "name"


def test_a_store_or_role_that_is_none_is_told_at_its_field(admin):
    for roles in ({"999": "clerk"}, {"1": "owner"}, {"x": "clerk"}):
        answer = admin.post(USERS, json={"name": "Grace", "roles": roles})
        assert answer.status_code == 422, roles
        assert answer.json()["errors"][0]["field"].startswith("roles")


def test_a_user_is_changed(shop, admin):
    user = shop.users.by_name("clerk")
    _, second = sorted(store.id for store in shop.catalogue.stores())
    path = f"{USERS}/{user.id}"
    assert admin.patch(path, json={"name": "Kim"}).json()["name"] == "Kim"
    assert admin.patch(path, json={"roles": {str(second): "reader"}}).json()["roles"] == {
        str(second): "reader"
    }
    assert admin.patch(path, json={"disabled": True}).json()["disabled"] is True
    assert admin.get(path).json()["disabled"] is True
    assert admin.patch(path, json={"disabled": False}).json()["disabled"] is False
    assert admin.patch(path, json={}).json()["name"] == "Kim"
    assert admin.get(f"{USERS}/999").status_code == 404
    assert admin.get(f"{USERS}/{2**63}").status_code == 422


def test_the_last_admin_stays_one(shop, admin):
    path = f"{USERS}/{shop.users.by_name('admin').id}"
    assert admin.patch(path, json={"admin": False}).status_code == 409
    assert admin.patch(path, json={"disabled": True}).status_code == 409


def test_a_change_of_the_last_admin_that_is_refused_in_part_is_refused_whole(shop):
    boss = next(user for user in shop.users.list() if user.admin)
    before = shop.audit.entries().items
    with pytest.raises(ConflictError):
        shop.users.change(boss.id, name="Somebody", disabled=True, by="terminal")
    assert shop.users.get(boss.id) == boss
    assert shop.audit.entries().items == before


def test_a_user_can_be_signed_out_by_an_admin(shop, admin, clerk):
    user = shop.users.by_name("clerk").id
    assert admin.delete(f"{USERS}/{user}/sessions").status_code == 204
    assert clerk.get("/api/v1/me").status_code == 401


def test_a_password_link_is_made(shop, admin):
    user = shop.users.by_name("clerk").id
    answer = admin.post(f"{USERS}/{user}/password-link")
    assert answer.status_code == 201
    assert "/invitation/" in answer.json()["link"]
    assert admin.post(f"{USERS}/999/password-link").status_code == 404


def test_the_audit_log_tells_who_did_what_without_secrets(admin):
    link = admin.post(USERS, json={"name": "Grace"}).json()["link"]
    listed = admin.get("/api/v1/audit").json()["items"]
    assert all(each["address"] for each in listed if each["action"] in ("user.add", "link.make"))
    assert ("admin", "user.add", "Grace") in [
        (each["user"], each["action"], each["subject"]) for each in listed
    ]
    assert link.rsplit("/", 1)[1] not in str(listed)
    only = admin.get("/api/v1/audit?action=user.&user=admin").json()["items"]
    assert {each["action"] for each in only} == {"user.add"}
    assert admin.get("/api/v1/audit?since=2999-01-01T00:00:00Z").json()["items"] == []


def test_the_audit_log_comes_in_pages(admin):
    for number in range(5):
        admin.post(USERS, json={"name": f"user {number}"})
    path = "/api/v1/audit?action=user.add&limit=2"
    seen, cursor = [], ""
    while cursor is not None:
        page = admin.get(path + (f"&cursor={cursor}" if cursor else "")).json()
        seen += [each["subject"] for each in page["items"]]
        cursor = page["next"]
    assert seen == [f"user {number}" for number in range(4, -1, -1)]
    assert admin.get("/api/v1/audit?cursor=nonsense").status_code == 422
    assert admin.get("/api/v1/audit?limit=0").status_code == 422


def test_an_edit_does_not_overwrite_another_admins(admin, shop):
    clerk = f"/api/v1/users/{shop.users.by_name('clerk').id}"
    read = admin.get(clerk)
    tag = {"If-Match": read.headers["etag"]}
    first = admin.patch(clerk, json={"roles": {"1": "reader"}}, headers=tag)
    assert first.status_code == 200
    for change in ({"roles": {"1": "manager"}}, {"disabled": True}):
        assert admin.patch(clerk, json=change, headers=tag).status_code == 412
    again = admin.get(clerk)
    assert again.json()["roles"] == {"1": "reader"}
    assert again.headers["etag"] == first.headers["etag"] != read.headers["etag"]
    fresh = {"If-Match": again.headers["etag"]}
    assert admin.patch(clerk, json={"name": "Clerk Kent"}, headers=fresh).status_code == 200
    assert admin.patch(clerk, json={"admin": False}, headers={"If-Match": "*"}).status_code == 200


def test_an_invitation_is_taken_back_while_it_is_open(admin, manager, shop):
    eve = admin.post(USERS, json={"name": "Eve", "roles": {"1": "clerk"}}).json()
    path, page = f"{USERS}/{eve['user']['id']}/invitation", admin.get("/users").text
    assert "until <time" in page and f'data-api="DELETE {path}"' in page
    assert manager.delete(path).status_code == 403
    assert admin.delete(path).status_code == 204
    assert "Eve" not in [each.name for each in shop.users.list()]
    assert admin.get(eve["link"]).status_code == 404
    assert "Took an invitation back" in admin.get("/audit").text
    clerk = shop.users.by_name("clerk").id
    assert admin.delete(f"{USERS}/{clerk}/invitation").status_code == 409
    assert shop.users.get(clerk).roles
