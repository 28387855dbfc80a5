def test_managers_add_rename_and_archive_a_category(manager, reader):
    added = manager.post("/api/v1/categories", json={"name": "fruit/apple"})
    assert added.status_code == 201
    path = f"/api/v1/categories/{added.json()['id']}"
    assert manager.patch(path, json={"name": "fruit/pear"}).json()["name"] == "fruit/pear"
    assert "fruit/pear" in [each["name"] for each in reader.get("/api/v1/categories").json()["items"]]
    assert manager.patch(path, json={"archived": True}).json()["archived"] is True
    assert "fruit/pear" not in [each["name"] for each in reader.get("/api/v1/categories").json()["items"]]
    assert manager.patch(path, json={"archived": False}).json()["archived"] is False


def test_clerks_do_not(clerk):
    assert clerk.post("/api/v1/categories", json={"name": "fruit"}).status_code == 403


def test_errors_name_the_field(manager):
    for body in ({"name": ""}, {"name": "a\u0000b"}, {"name": 5}, {}):
        answer = manager.post("/api/v1/categories", json=body)
        assert answer.status_code == 422, body
        assert answer.json()["errors"][0]["field"] == "name"
    assert manager.patch("/api/v1/categories/999", json={"name": "x"}).status_code == 404
