"""The counts of a shelf photo booked as a stock-take."""

from decimal import Decimal

import pytest
from sqlalchemy import delete

from shelfwise.accounts.tables import replies
from shelfwise.errors import ChangedError
from shelfwise.workflows.shop_shelf_stock import book_stock_take, plan_stock_take

SHELF = "/api/v1/shelf"


@pytest.fixture
def shelf(clerk, scene, goods):
    """A shelf photo with three facings of tea, two of rice, and one that nobody knows."""
    answer = clerk.post(f"{SHELF}?store={goods.store}", files={"photo": ("a.png", scene.photo)}).json()
    boxes = [{"key": key, "product_id": goods.tea} for key in "123"]
    boxes += [{"key": key, "product_id": goods.rice} for key in "45"]
    boxes.append({"key": "6", "verdict": "unknown"})
    answer = clerk.patch(f"{SHELF}/{answer['id']}", json={"boxes": boxes})
    assert answer.status_code == 200, answer.text
    return answer.json()


def asked(client, shelf, location, **more):
    query = "&".join(f"{name}={value}" for name, value in {"location": location, **more}.items())
    return client.get(f"{SHELF}/{shelf['id']}/stock-take?{query}")


def booked(client, shelf, location, headers=None, **more):
    body = {"location_id": location, **more}
    return client.post(f"{SHELF}/{shelf['id']}/stock-take", json=body, headers=headers)


def test_before_it_is_booked_it_says_what_would_change(clerk, shelf, goods, book):
    book(clerk, "received", 5, location_id=goods.shelf)
    plan = asked(clerk, shelf, goods.shelf, depth=4)
    assert plan.status_code == 200, plan.text
    tea, rice = plan.json()["lines"]
    assert (tea["product"]["name"], tea["facings"], tea["quantity"]) == ("Tea", 3, "12.000")
    assert (tea["expected"], tea["difference"], tea["unit"]) == ("5.000", "7.000", "piece")
    assert (rice["facings"], rice["depth"], rice["quantity"], rice["expected"]) == (
        2,
        "4.000",
        "8.000",
        "0.000",
    )
    assert (plan.json()["unknown"], plan.json()["asked"], plan.json()["unseen"]) == (1, 0, [])
    assert plan.json()["version"] == shelf["version"]


def test_it_is_booked_as_one_count(clerk, shelf, goods, shop):
    depths = [{"product_id": goods.rice, "depth": "2.5"}]
    answer = booked(clerk, shelf, goods.shelf, {"If-Match": f'"v{shelf["version"]}"'}, depth=4, depths=depths)
    assert answer.status_code == 201, answer.text
    tea, rice = answer.json()["movements"]
    assert {tea["kind"], rice["kind"]} == {"counted"}
    assert (tea["quantity"], rice["quantity"]) == ("12.000", "5.000")
    assert (tea["photo"], tea["model"]) == (shelf["photo"], shelf["model"])
    assert tea["reason"] == f"shelf photo {shelf['id']}: 3 facings, 4 deep"
    assert shop.levels.at_location(goods.tea, goods.shelf) == Decimal(12)
    after = clerk.get(f"{SHELF}/{shelf['id']}").json()
    assert after["booking_id"] == answer.json()["id"]
    assert after["version"] == shelf["version"] + 1


def test_sent_again_it_is_booked_once(clerk, shelf, goods, shop):
    key = {"Idempotency-Key": "take-1"}
    first = booked(clerk, shelf, goods.shelf, key)
    again = booked(clerk, shelf, goods.shelf, key)
    assert again.status_code == 201
    assert (first.json()["repeated"], again.json()["repeated"]) == (False, True)
    assert again.json()["id"] == first.json()["id"]
    assert len(shop.history.movements(goods.store).items) == 2
    assert booked(clerk, shelf, goods.shelf, key, depth=2).status_code == 409


def test_a_booking_whose_reply_was_lost_is_told_again(shop, shelf, goods):
    """As after a server died between booking and reply: the photo has another version than the one that was read."""
    seen = shelf["version"]
    for repeated in (False, True):
        plan = plan_stock_take(shop, shelf["id"], goods.shelf)
        booking = book_stock_take(shop, plan, user="clerk", key="take-1", version=seen)
        assert booking.repeated == repeated
    with pytest.raises(ChangedError):
        book_stock_take(shop, plan, user="clerk", key="take-2", version=seen)
    assert len(shop.history.movements(goods.store).items) == 2


def test_what_nobody_sees_stays_unless_it_is_to_be_nothing(clerk, shelf, goods, book, shop):
    other = clerk.patch(
        f"{SHELF}/{shelf['id']}", json={"boxes": [{"key": key, "removed": True} for key in "123"]}
    )
    book(clerk, "received", 5, location_id=goods.shelf)
    (unseen,) = asked(clerk, shelf, goods.shelf).json()["unseen"]
    assert (unseen["product"]["name"], unseen["facings"], unseen["quantity"]) == ("Tea", 0, "0.000")
    assert booked(clerk, other.json(), goods.shelf).status_code == 201
    assert shop.levels.at_location(goods.tea, goods.shelf) == 5
    answer = booked(clerk, other.json(), goods.shelf, rest=True)
    assert answer.json()["movements"][1]["reason"].endswith("not seen")
    assert shop.levels.at_location(goods.tea, goods.shelf) == 0


@pytest.mark.parametrize("seen", [True, False])
def test_sent_again_it_is_told_again_though_nothing_is_unseen_any_more(clerk, shelf, goods, book, shop, seen):
    """As after a server died before it could keep its reply, so that the stock book alone knows of the key."""
    known = "123" if seen else "12345"
    boxes = [{"key": key, "removed": True} for key in known]
    shelf = clerk.patch(f"{SHELF}/{shelf['id']}", json={"boxes": boxes}).json()
    book(clerk, "received", 5, location_id=goods.shelf)
    headers = {"Idempotency-Key": "take-1", "If-Match": f'"v{shelf["version"]}"'}
    first = booked(clerk, shelf, goods.shelf, headers, rest=True)
    assert first.status_code == 201, first.text
    with shop.db.engine.begin() as connection:
        connection.execute(delete(replies))
    again = booked(clerk, shelf, goods.shelf, headers, rest=True)
    assert again.status_code == 201, again.text
    assert again.json() == first.json() | {"repeated": True}
    with shop.db.engine.begin() as connection:
        connection.execute(delete(replies))
    # Boxes that were changed since do not make it another request; another depth does.
    clerk.patch(f"{SHELF}/{shelf['id']}", json={"boxes": [{"key": "1", "removed": False}]})
    assert booked(clerk, shelf, goods.shelf, headers, rest=True).json()["id"] == first.json()["id"]
    for other in ({"rest": False}, {"rest": True, "depth": 2}, {"depths": [{"product_id": 1, "depth": 2}]}):
        assert booked(clerk, shelf, goods.shelf, headers, **other).status_code == 409


def test_what_changed_meanwhile_is_not_booked(clerk, shelf, goods, shop):
    clerk.patch(f"{SHELF}/{shelf['id']}", json={"boxes": [{"key": "1", "removed": True}]})
    answer = booked(clerk, shelf, goods.shelf, {"If-Match": f'"v{shelf["version"]}"'})
    assert answer.status_code == 412, answer.text
    assert shop.history.movements(goods.store).items == ()


def test_where_nothing_is_sure_nothing_is_booked(clerk, scene, goods):
    new = clerk.post(f"{SHELF}?store={goods.store}", files={"photo": ("a.png", scene.photo)}).json()
    boxes = [{"key": box["key"], "verdict": "unknown"} for box in new["boxes"]]
    clerk.patch(f"{SHELF}/{new['id']}", json={"boxes": boxes})
    answer = booked(clerk, new, goods.shelf)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "boxes"


@pytest.mark.parametrize("depth", [0, -1, 1001, "x", "1.2345", None, True, 1e300])
def test_a_wrong_depth_is_refused(clerk, shelf, goods, depth):
    assert booked(clerk, shelf, goods.shelf, depth=depth).status_code == 422
    assert asked(clerk, shelf, goods.shelf, depth=depth).status_code == 422


def test_who_may_book_and_where(clerk, reader, nobody, admin, with_token, shelf, goods):
    assert reader.get(f"{SHELF}/{shelf['id']}/stock-take?location={goods.shelf}").status_code == 200
    assert booked(reader, shelf, goods.shelf).status_code == 403
    assert booked(nobody, shelf, goods.shelf).status_code == 401
    assert booked(with_token("clerk", {"classify", "read"}), shelf, goods.shelf).status_code == 403
    assert booked(clerk, shelf, goods.other_root).status_code == 403
    assert booked(admin, shelf, goods.other_root).status_code == 422
    assert asked(admin, shelf, goods.other_root).status_code == 422
    missing = booked(clerk, shelf, 4711)
    assert missing.status_code == 422
    assert missing.json()["errors"][0]["field"] == "location_id"
    assert asked(clerk, shelf, 4711).status_code == 404
    assert booked(clerk, {"id": 4711}, goods.shelf).status_code == 404
