import json
from datetime import UTC, datetime, timedelta

import pytest

from shelfwise.answers.records import AnswerCandidate, NewAnswer
from shelfwise.inventory.records import NewProduct


def level(client, goods):
    return client.get(f"/api/v1/stock/products/{goods.tea}?store={goods.store}").json()["quantity"]


def test_what_is_booked_changes_the_level(clerk, goods, book):
    booked = book(clerk, "received", "12")
    assert (booked["quantity"], booked["change"], booked["user"]) == ("12.000", "12.000", "clerk")
    assert booked["at"].endswith("Z")
    book(clerk, "sold", 2.5)
    assert level(clerk, goods) == "9.500"
    listed = clerk.get("/api/v1/movements").json()["items"]
    assert [each["kind"] for each in listed] == ["sold", "received"]


def test_all_lines_are_booked_or_none(clerk, goods):
    lines = [
        {"kind": "received", "product_id": goods.tea, "location_id": goods.root, "quantity": "1"},
        {"kind": "sold", "product_id": 999, "location_id": goods.root, "quantity": "1"},
    ]
    answer = clerk.post("/api/v1/movements", json={"lines": lines})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "lines.1.product_id"
    assert level(clerk, goods) == "0.000"


@pytest.mark.parametrize("quantity", ["0", "-1", "1.0001", "NaN", "1e5", 1e300, "", None, True, [1]])
def test_a_wrong_quantity_is_named(clerk, goods, quantity):
    line = {"kind": "sold", "product_id": goods.tea, "location_id": goods.root, "quantity": quantity}
    answer = clerk.post("/api/v1/movements", json={"lines": [line]})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "lines.0.quantity"


def test_numbers_that_are_none_are_refused(clerk, goods):
    line = {"kind": "sold", "product_id": goods.tea, "location_id": goods.root, "quantity": 0}
    for word in ("NaN", "Infinity", "-Infinity"):
        body = json.dumps({"lines": [line]}).replace('"quantity": 0', f'"quantity": {word}')
        headers = {"Content-Type": "application/json"}
        assert clerk.post("/api/v1/movements", content=body, headers=headers).status_code == 422


def test_a_key_books_once(clerk, goods):
    line = {"kind": "received", "product_id": goods.tea, "location_id": goods.root, "quantity": "3"}
    for _ in range(2):
        answer = clerk.post("/api/v1/movements", json={"lines": [line]}, headers={"Idempotency-Key": "k1"})
        assert answer.status_code == 201
    assert level(clerk, goods) == "3.000"


def test_a_reply_given_again_says_that_it_is_no_new_booking(clerk, goods):
    lines = [{"kind": "received", "product_id": goods.tea, "location_id": goods.root, "quantity": "3"}]
    count = {"location_id": goods.root, "lines": [{"product_id": goods.tea, "quantity": "1"}]}
    for path, body in (("/api/v1/movements", {"lines": lines}), ("/api/v1/counts", count)):
        first, again = (clerk.post(path, json=body, headers={"Idempotency-Key": path}) for _ in range(2))
        assert first.json()["repeated"] is False
        assert again.json() == first.json() | {"repeated": True}
        assert again.headers["Idempotency-Replayed"] == "true"


def test_a_key_of_one_user_is_not_another_users(clerk, manager, goods):
    line = {"kind": "received", "product_id": goods.tea, "location_id": goods.root, "quantity": "3"}
    for client in (clerk, manager):
        client.post("/api/v1/movements", json={"lines": [line]}, headers={"Idempotency-Key": "k1"})
    assert level(clerk, goods) == "6.000"


def test_times_may_have_any_offset_and_lie_in_the_past(clerk, book):
    assert book(clerk, "received", 1, at="2026-01-31T10:30:00+01:00")["at"] == "2026-01-31T09:30:00Z"


@pytest.mark.parametrize(
    "at", ["2026-01-31", "2026-01-31T10:30:00", "2026-02-30T10:30:00Z", "0001-01-01T00:00:00+14:00", 5]
)
def test_other_times_are_refused(clerk, goods, at):
    line = {"kind": "sold", "product_id": goods.tea, "location_id": goods.root, "quantity": 1, "at": at}
    answer = clerk.post("/api/v1/movements", json={"lines": [line]})
    assert answer.json()["errors"][0]["field"] == "lines.0.at"


def test_the_future_is_refused(clerk, goods):
    at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    line = {"kind": "sold", "product_id": goods.tea, "location_id": goods.root, "quantity": 1, "at": at}
    assert clerk.post("/api/v1/movements", json={"lines": [line]}).status_code == 422


def test_goods_are_moved(clerk, goods, book):
    book(clerk, "received", 5)
    book(clerk, "moved", 2, to_location_id=goods.shelf)
    stock = clerk.get(f"/api/v1/stock/products/{goods.tea}?store={goods.store}").json()
    assert stock["quantity"] == "5.000"
    at = {each["location_id"]: each["quantity"] for each in stock["locations"]}
    assert at == {goods.root: "3.000", goods.shelf: "2.000"}


def test_nobody_books_in_a_store_that_is_not_theirs(clerk, reader, goods):
    line = {"kind": "sold", "product_id": goods.tea, "location_id": goods.other_root, "quantity": 1}
    assert clerk.post("/api/v1/movements", json={"lines": [line]}).status_code == 403
    line |= {"kind": "moved", "location_id": goods.root, "to_location_id": goods.other_root}
    assert clerk.post("/api/v1/movements", json={"lines": [line]}).status_code == 403
    line |= {"kind": "sold", "to_location_id": None}
    assert reader.post("/api/v1/movements", json={"lines": [line]}).status_code == 403


def test_a_missing_location_is_named(clerk, goods):
    line = {"kind": "sold", "product_id": goods.tea, "location_id": 999, "quantity": 1}
    answer = clerk.post("/api/v1/movements", json={"lines": [line]})
    assert answer.json()["errors"][0]["field"] == "lines.0.location_id"


def test_clerks_undo_their_own_and_managers_all(clerk, manager, goods, book):
    own, others = book(clerk, "received", 4), book(manager, "received", 2)
    undone = clerk.post(f"/api/v1/movements/{own['id']}/undo", json={"reason": "typo"})
    assert undone.status_code == 201
    assert undone.json()["movements"][0]["undoes"] == own["id"]
    assert level(clerk, goods) == "2.000"
    assert clerk.post(f"/api/v1/movements/{own['id']}/undo").status_code == 409
    assert clerk.post(f"/api/v1/movements/{others['id']}/undo").status_code == 403
    mine = book(clerk, "sold", 1)
    assert manager.post(f"/api/v1/movements/{mine['id']}/undo").status_code == 201
    assert clerk.post("/api/v1/movements/999999/undo").status_code == 404


def test_a_move_is_undone_by_who_may_in_both_stores(admin, manager, goods, book):
    book(admin, "received", 4)
    moved = book(admin, "moved", 3, to_location_id=goods.other_root)
    assert manager.post(f"/api/v1/movements/{moved['id']}/undo").status_code == 403
    assert len(admin.post(f"/api/v1/movements/{moved['id']}/undo").json()["movements"]) == 2
    assert level(admin, goods) == "4.000"


def test_movements_are_filtered(clerk, manager, admin, goods, book):
    book(clerk, "received", 5)
    book(manager, "sold", 1, location_id=goods.shelf)
    count = {
        query: len(clerk.get(f"/api/v1/movements?{query}").json()["items"])
        for query in (
            "kind=sold",
            "user=clerk",
            f"location={goods.shelf}",
            f"location={goods.root}",
            f"product={goods.rice}",
            "since=2099-01-01T00:00:00Z",
            f"store={goods.store}",
        )
    }
    assert list(count.values()) == [1, 1, 1, 2, 0, 0, 2]
    assert clerk.get(f"/api/v1/movements?store={goods.other}").status_code == 403
    assert admin.get(f"/api/v1/movements?store={goods.other}").json()["items"] == []
    assert clerk.get(f"/api/v1/movements?store={goods.other}&location={goods.root}").status_code == 422


def test_pages_of_movements(clerk, book):
    for number in range(1, 6):
        book(clerk, "received", number)
    first = clerk.get("/api/v1/movements?limit=3").json()
    second = clerk.get("/api/v1/movements", params={"limit": 3, "cursor": first["next"]}).json()
    quantities = [each["quantity"] for each in first["items"] + second["items"]]
    assert quantities == ["5.000", "4.000", "3.000", "2.000", "1.000"]
    assert second["next"] is None
    assert clerk.get("/api/v1/movements?cursor=nonsense").json()["errors"][0]["field"] == "cursor"


def test_a_token_books_only_with_its_scope(with_token, goods):
    line = {"kind": "received", "product_id": goods.tea, "location_id": goods.root, "quantity": 1}
    for scopes, status in (({"read"}, 403), ({"book"}, 201)):
        client = with_token("clerk", scopes)
        assert client.post("/api/v1/movements", json={"lines": [line]}).status_code == status


def test_a_write_by_cookie_needs_its_csrf_token(clerk, goods):
    del clerk.headers["X-CSRF-Token"]
    line = {"kind": "received", "product_id": goods.tea, "location_id": goods.root, "quantity": 1}
    assert clerk.post("/api/v1/movements", json={"lines": [line]}).status_code == 403


def test_the_confidence_is_kept_only_where_the_model_answered_what_is_booked(shop, clerk, goods, book):
    new = NewAnswer("ab" * 32, "toy", "accept", "drinks", 0.97, (), "clerk", goods.tea, goods.store)
    [answer] = shop.answers.record([new])
    said = book(clerk, "received", 1, answer_id=answer)
    assert (said["model"], said["confidence"]) == ("toy", 0.97)
    corrected = book(clerk, "received", 1, answer_id=answer, product_id=goods.rice)
    assert (corrected["photo"], corrected["model"], corrected["confidence"]) == ("ab" * 32, "toy", None)


def test_how_sure_the_model_was_of_a_category_says_nothing_of_the_product(shop, clerk, goods, book):
    """Scan said "Milk, 100 %" and asked which one; the clerk chose."""
    product = shop.catalogue.add_product(NewProduct("Whole milk", "Dairy/Milk")).id
    guesses = (AnswerCandidate("Dairy/Milk", 0.4, product, "Whole milk"),)
    new = NewAnswer("ab" * 32, "toy", "accept", "Dairy/Milk", 0.999, guesses, "clerk", store_id=goods.store)
    [answer] = shop.answers.record([new])
    said = book(clerk, "received", 1, answer_id=answer, product_id=product)
    assert (said["model"], said["confidence"]) == ("toy", None)


def test_a_product_that_was_asked_about_keeps_its_own_confidence(shop, clerk, goods, book):
    new = NewAnswer("ab" * 32, "toy", "ask", "drinks", 0.4, (), "clerk", goods.tea, goods.store)
    [answer] = shop.answers.record([new])
    assert book(clerk, "received", 1, answer_id=answer)["confidence"] == 0.4
