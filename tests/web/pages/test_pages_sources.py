"""What the list of movements says of the model and the photo behind a movement."""

import re
from dataclasses import replace
from decimal import Decimal

import pytest

from shelfwise.answers.records import NewAnswer
from shelfwise.inventory.records import Line, NewProduct

MILL_LANE = 1
PHOTO = "ab" * 32


def behind(page: str) -> str:
    """The words of the first movement's photo."""
    cell = page.split('<span class="behind">')[1].split("</td>")[0]
    return " ".join(re.sub(r"<[^>]*>", " ", cell).split())


@pytest.mark.parametrize(
    ("kind", "category", "product", "booked", "words"),
    [
        ("accept", "bakery", "bread", 0.97, "97 % sure"),
        ("ask", "bakery", "bread", 0.97, "Model was unsure · booked as it said"),
        ("accept", "bakery", "milk", None, "Model said Milk, 97 % · corrected"),
        ("accept", "dairy", None, None, "Model said Dairy, 97 % · corrected"),
        ("accept", "bakery", None, None, "Model said Bakery, 97 % · product chosen in the booking"),
        ("accept", "bakery", None, 0.97, "Model said Bakery, 97 % · product chosen in the booking"),
        (
            "accept",
            "bakery/rye-bread",
            None,
            None,
            "Model said Rye bread, 97 % · product chosen in the booking",
        ),
        ("ask", "bakery", None, None, "Model was unsure · product chosen in the booking"),
        ("unknown", None, None, None, "Not known to the model, chosen in the booking"),
    ],
)
def test_it_is_said_what_the_model_answered(shop, stocked, reader, kind, category, product, booked, words):
    answered = None if product is None else getattr(stocked, product).id
    model = shop.shelf.active()
    shop.answers.record([NewAnswer(PHOTO, model.id, kind, category, 0.97, (), "clerk", answered, MILL_LANE)])
    line = Line("received", stocked.bread.id, stocked.shelf.id, Decimal(1), photo=PHOTO, model=model.id)
    shop.ledger.book([replace(line, confidence=booked)], user="clerk")
    for address in ("/movements", f"/stock/{stocked.bread.id}"):
        page = reader.get(address).text
        assert behind(page) == words  # of the active model the name goes without saying
        assert f'title="{model.name}, {model.id}"' in page  # which one exactly


@pytest.mark.parametrize(
    ("verdict", "right", "words"),
    [
        ("confirmed", None, "Model was unsure · confirmed"),
        ("corrected", "bread", "Model was unsure · confirmed"),
        ("skipped", None, "Model was unsure · booked as it said"),
        ("corrected", "milk", "Model was unsure · booked as it said, found wrong later"),
        ("unknown", None, "Model was unsure · booked as it said, found wrong later"),
    ],
)
def test_a_doubtful_answer_is_confirmed_only_by_a_verdict(shop, stocked, reader, verdict, right, words):
    model = shop.shelf.active()
    new = NewAnswer(PHOTO, model.id, "ask", "bakery", 0.76, (), "clerk", stocked.bread.id, MILL_LANE)
    [answer] = shop.answers.record([new])
    line = Line("received", stocked.bread.id, stocked.shelf.id, Decimal(1), photo=PHOTO, model=model.id)
    shop.ledger.book([line], user="clerk")
    product = None if right is None else getattr(stocked, right).id
    shop.answers.judge(answer, verdict, user="clerk", product_id=product)
    assert behind(reader.get("/movements").text) == words


def test_a_product_without_a_category_is_not_called_corrected(shop, stocked, reader):
    """Made of the model's guess, with the category left empty: nothing says that the guess was wrong."""
    loose = shop.catalogue.add_product(NewProduct("House blend"))
    model = shop.shelf.active().id
    shop.answers.record([NewAnswer(PHOTO, model, "accept", "Coffee", 1.0, (), "clerk", None, MILL_LANE)])
    line = Line("received", loose.id, stocked.shelf.id, Decimal(1), photo=PHOTO, model=model)
    shop.ledger.book([line], user="clerk")
    assert behind(reader.get("/movements").text) == "Model said Coffee, 100 % · product chosen in the booking"


def test_what_was_said_elsewhere_or_afterwards_changes_no_word(shop, stocked, reader):
    harbour = next(store.id for store in shop.catalogue.stores() if store.name == "Harbour")
    model = shop.shelf.active().id
    new = NewAnswer(PHOTO, model, "accept", "bakery", 0.97, (), "clerk", stocked.milk.id, MILL_LANE)
    [answer] = shop.answers.record([new])
    secret = replace(new, category="secret", product_id=None, confidence=0.99, store_id=harbour)
    shop.answers.record([secret])
    line = Line("received", stocked.bread.id, stocked.shelf.id, Decimal(1), photo=PHOTO, model=model)
    shop.ledger.book([line], user="clerk")
    words = behind(reader.get("/movements").text)
    assert words.startswith("Model said Milk, 97 % · corrected")
    shop.answers.record([secret, replace(new, product_id=stocked.bread.id)])
    shop.answers.judge(answer, "corrected", user="Ada", product_id=stocked.bread.id)
    assert behind(reader.get("/movements").text) == words


def test_a_product_of_the_category_is_not_called_corrected(shop, stocked, clerk):
    """Scan says which product it is; its category is the shop's, the model writes it otherwise."""
    new = NewAnswer(
        PHOTO, shop.shelf.active().id, "accept", "Food/BAKERY", 0.97, (), "clerk", None, MILL_LANE
    )
    [answer] = shop.answers.record([new])
    line = {
        "kind": "received",
        "product_id": stocked.bread.id,
        "location_id": stocked.shelf.id,
        "quantity": 1,
    }
    booked = clerk.post("/api/v1/movements", json={"lines": [{**line, "answer_id": answer}]})
    assert booked.status_code == 201, booked.text
    shop.answers.judge(answer, "corrected", user="clerk", product_id=stocked.bread.id)
    assert behind(clerk.get("/movements").text).startswith("Model said BAKERY, 97 % · product chosen by hand")


@pytest.mark.parametrize(
    ("model", "name"), [("other", "other"), ("0f" * 6, "Model that was removed")], ids=["named", "removed"]
)
def test_a_movement_of_elsewhere_says_how_sure_its_model_was(shop, stocked, reader, model, name):
    line = Line(
        "received", stocked.bread.id, stocked.shelf.id, Decimal(1), photo=PHOTO, model=model, confidence=0.5
    )
    shop.ledger.book([line], user="clerk")
    assert behind(reader.get("/movements").text) == f"50 % sure {name}"


def test_on_a_phone_a_movement_says_nothing_of_what_it_has_not(shop, stocked, reader):
    root = shop.catalogue.store(MILL_LANE).root_id
    shop.ledger.book([Line("received", stocked.tea.id, root, Decimal(1))], user="clerk")
    row = reader.get("/movements?product=Tea").text.split("<tr")[2]
    assert re.findall(r'<td data-label="(\w+)" class="words none"', row) == ["Place", "Photo"]
