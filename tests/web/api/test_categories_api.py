from shelfwise.inventory.records import NewProduct


def test_managers_add_rename_and_archive_a_category(manager, reader):
    added = manager.post("/api/v1/categories", json={"name": "fruit/apple"})
    assert added.status_code == 201
    path = f"/api/v1/categories/{added.json()['id']}"
    assert manager.patch(path, json={"name": "fruit/pear"}).json()["name"] == "fruit/pear"
    assert "fruit/pear" in [each["name"] for each in reader.get("/api/v1/categories").json()["items"]]
    assert manager.patch(path, json={"archived": True}).json()["archived"] is True
    assert "fruit/pear" not in [each["name"] for each in reader.get("/api/v1/categories").json()["items"]]
    assert manager.patch(path, json={"archived": False}).json()["archived"] is False


def test_a_change_that_is_refused_in_part_is_refused_whole(manager, shop):
    category = shop.catalogue.add_category("Drinks")
    shop.catalogue.add_product(NewProduct(name="Cola", category="Drinks"))
    before = shop.audit.entries().items
    answer = manager.patch(f"/api/v1/categories/{category.id}", json={"name": "Beverages", "archived": True})
    assert answer.status_code == 409
    assert shop.catalogue.category(category.id) == category
    assert shop.audit.entries().items == before


def test_a_change_is_one_entry_of_the_audit_log_and_no_change_is_none(manager, shop):
    path = f"/api/v1/categories/{shop.catalogue.add_category('Drinks').id}"
    for _ in range(2):
        assert manager.patch(path, json={"name": "Beverages", "archived": True}).status_code == 200
    entry, *before = shop.audit.entries(action="category.").items
    assert before == []
    assert (entry.action, entry.subject) == ("category.change", "category Drinks")
    assert entry.details["name"] == {"before": "Drinks", "after": "Beverages"}
    assert entry.details["archived"] == {"before": False, "after": True}


def test_clerks_do_not(clerk):
    assert clerk.post("/api/v1/categories", json={"name": "fruit"}).status_code == 403


def test_errors_name_the_field(manager):
    for body in ({"name": ""}, {"name": "a\u0000b"}, {"name": 5}, {}):
        answer = manager.post("/api/v1/categories", json=body)
        assert answer.status_code == 422, body
        assert answer.json()["errors"][0]["field"] == "name"
    manager.post("/api/v1/categories", json={"name": "fruit"})
    taken = manager.post("/api/v1/categories", json={"name": "Fruit"})
    assert taken.status_code == 409
    assert taken.json()["errors"] == [{"field": "name", "message": "There is a category fruit already."}]
    assert manager.patch("/api/v1/categories/999", json={"name": "x"}).status_code == 404
