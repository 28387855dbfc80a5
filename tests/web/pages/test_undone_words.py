"""What was undone is told as such, not as if it had been booked once more."""

import re

from shelfwise.inventory.records import NewProduct


def test_an_undone_count_does_not_read_like_a_second_one(admin, shop):
    store = shop.catalogue.stores()[0]
    soap = shop.catalogue.add_product(NewProduct("Soap"))
    line = {"kind": "counted", "product_id": soap.id, "location_id": store.root_id, "quantity": "7"}
    (counted,) = admin.post("/api/v1/movements", json={"lines": [line]}).json()["movements"]
    assert admin.post(f"/api/v1/movements/{counted['id']}/undo", json={}).status_code in (200, 201)
    for path in ("/", "/movements"):
        text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", admin.get(f"{path}?store={store.id}").text))
        assert text.count("Undone: counted") == 1
        assert re.search(r"no longer (= )?(counted )?7", text)
