"""Tests of stores and locations over HTTP."""

import pytest


def test_stores_are_listed_by_who_may_see_them(admin, clerk):
    assert [each["name"] for each in admin.get("/api/v1/stores").json()["items"]] == ["Harbour", "Mill Lane"]
    assert [each["name"] for each in clerk.get("/api/v1/stores").json()["items"]] == ["Mill Lane"]


def test_admins_add_rename_and_archive_a_store(admin, shop):
    added = admin.post("/api/v1/stores", json={"name": "  Quay "})
    assert added.status_code == 201
    assert added.json()["name"] == "Quay"
    path = f"/api/v1/stores/{added.json()['id']}"
    assert admin.patch(path, json={"name": "Old Quay"}).json()["name"] == "Old Quay"
    assert admin.patch(path, json={"archived": True}).json()["archived"] is True
    assert "Old Quay" not in [each["name"] for each in admin.get("/api/v1/stores").json()["items"]]
    archived = admin.get("/api/v1/stores", params={"archived": True}).json()["items"]
    assert [each["name"] for each in archived] == ["Old Quay"]
    assert admin.patch(path, json={"archived": False}).json()["archived"] is False
    assert [entry.action for entry in shop.audit.entries().items[:2]] == ["store.change", "store.change"]


def test_a_place_is_not_renamed_where_it_cannot_be_taken_back(manager, shop):
    store = manager.get("/api/v1/stores").json()["items"][0]["id"]
    place = shop.catalogue.location_at(store, "Cellar / Rack", create=True)
    shop.catalogue.archive_location(place.parent_id)
    before = shop.audit.entries().items
    answer = manager.patch(f"/api/v1/locations/{place.id}", json={"name": "Shelf", "archived": False})
    assert answer.status_code == 409
    assert shop.catalogue.location(place.id).path == "Cellar / Rack"
    assert shop.audit.entries().items == before


def test_others_may_not_add_a_store(manager, clerk, nobody):
    for client, status in ((manager, 403), (clerk, 403), (nobody, 401)):
        answer = client.post("/api/v1/stores", json={"name": "Quay"})
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_taken_name_is_refused(admin):
    taken = admin.post("/api/v1/stores", json={"name": "mill lane"})
    assert taken.status_code == 409
    assert taken.json()["errors"] == [{"field": "name", "message": "There is a store Mill Lane already."}]


def test_the_name_of_a_place_that_is_taken_is_told_at_its_field(manager, goods):
    taken = manager.post(f"/api/v1/stores/{goods.store}/locations", json={"name": "shelf 1"})
    assert taken.status_code == 409
    assert taken.json()["errors"] == [{"field": "name", "message": "This store has Shelf 1 already."}]


def test_a_key_adds_one_store(admin):
    key = {"Idempotency-Key": "store-1"}
    first = admin.post("/api/v1/stores", json={"name": "Quay"}, headers=key)
    again = admin.post("/api/v1/stores", json={"name": "Quay"}, headers=key)
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert admin.post("/api/v1/stores", json={"name": "Pier"}, headers=key).status_code == 409


def test_unknown_fields_are_refused(admin):
    answer = admin.post("/api/v1/stores", json={"name": "Quay", "colour": "red"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "colour"


def test_managers_keep_the_locations_of_their_store(manager, goods):
    path = f"/api/v1/stores/{goods.store}/locations"
    shelf = manager.post(path, json={"name": "Box", "parent_id": goods.shelf})
    assert shelf.status_code == 201
    assert shelf.json()["path"] == "Shelf 1 / Box"
    assert [each["path"] for each in manager.get(path).json()["items"]] == ["", "Shelf 1", "Shelf 1 / Box"]
    renamed = manager.patch(f"/api/v1/locations/{goods.shelf}", json={"name": "Rack"})
    assert renamed.json()["path"] == "Rack"
    archived = manager.patch(f"/api/v1/locations/{goods.shelf}", json={"archived": True})
    assert archived.json()["archived"] is True
    assert [each["path"] for each in manager.get(path).json()["items"]] == [""]


def test_locations_of_another_store_are_not_theirs(manager, goods):
    assert manager.get(f"/api/v1/stores/{goods.other}/locations").status_code == 403
    assert manager.post(f"/api/v1/stores/{goods.other}/locations", json={"name": "X"}).status_code == 403
    assert manager.patch(f"/api/v1/locations/{goods.other_root}", json={"archived": True}).status_code == 403


def test_clerks_change_no_locations(clerk, goods):
    assert clerk.post(f"/api/v1/stores/{goods.store}/locations", json={"name": "X"}).status_code == 403
    assert clerk.get(f"/api/v1/stores/{goods.store}/locations").status_code == 200


def test_what_is_not_there_is_404(admin):
    assert admin.patch("/api/v1/stores/999", json={"name": "X"}).status_code == 404
    assert admin.get("/api/v1/stores/999/locations").status_code == 404
    assert admin.patch("/api/v1/locations/999", json={"name": "X"}).status_code == 404


@pytest.mark.parametrize("kind", ["stores", "locations", "categories"])
def test_an_edit_does_not_overwrite_anothers(admin, goods, kind):
    if kind == "categories":
        path = f"/api/v1/categories/{admin.post('/api/v1/categories', json={'name': 'tea'}).json()['id']}"
    elif kind == "locations":
        below = admin.post(f"/api/v1/stores/{goods.store}/locations", json={"name": "Shelf"}).json()["id"]
        path = f"/api/v1/locations/{below}"
    else:
        path = f"/api/v1/stores/{goods.store}"
    read = admin.get(path).headers["etag"]
    changed = admin.patch(path, json={"name": "One"}, headers={"If-Match": read})
    assert changed.status_code == 200
    assert changed.headers["etag"] == admin.get(path).headers["etag"] != read
    for late in ({"name": "Other"}, {"archived": True}):
        answer = admin.patch(path, json=late, headers={"If-Match": read})
        assert answer.status_code == 412
        assert answer.json()["detail"] == "One has been changed meanwhile: read it again."
    assert admin.get(path).json()["name"] == "One"
    assert admin.patch(path, json={"name": "Two"}).json()["name"] == "Two"
    again = admin.patch(path, json={"archived": True}, headers={"If-Match": admin.get(path).headers["etag"]})
    assert again.json()["archived"] is True


def test_the_audit_log_tells_what_a_change_changed(admin, goods):
    admin.patch(f"/api/v1/stores/{goods.store}", json={"name": "Quay", "archived": False})
    (entry,) = admin.get("/api/v1/audit?action=store.change").json()["items"]
    assert entry["details"] == {"id": goods.store, "name": {"before": "Mill Lane", "after": "Quay"}}
    assert entry["subject"] == "store Mill Lane"
