"""Home: the first steps, for whoever takes which of them, and until they are done."""

from decimal import Decimal

import pytest

from shelfwise.inventory.records import Line, NewProduct
from shelfwise.web.pages.home import NO_PLACES_COOKIE

MILL_LANE = 1
PLACES = "Say where things are"


@pytest.fixture
def booked(shop):
    """Something is booked in Mill Lane, which has no places."""
    bread = shop.catalogue.add_product(NewProduct("Bread"))
    root = shop.catalogue.store(MILL_LANE).root_id
    shop.ledger.book([Line("received", bread.id, root, Decimal(2))], user="clerk")


def test_in_an_empty_store_each_is_shown_what_they_can_do(manager, clerk, reader):
    page = manager.get("/").text
    assert "Three short steps" in page
    assert "Import a list instead" in page
    assert PLACES in page
    page = clerk.get("/").text
    assert "Nothing is booked in Mill Lane yet" in page
    assert "Scan the first product" in page
    assert "steps" not in page
    assert PLACES not in page
    page = reader.get("/").text
    assert "Nothing is booked in Mill Lane yet" in page
    assert "Scan the first product" not in page


def test_the_last_step_stays_until_there_is_a_place(shop, booked, manager, clerk):
    assert PLACES in manager.get("/").text
    assert PLACES not in clerk.get("/").text
    shop.catalogue.add_location(MILL_LANE, "Shelf 1")
    assert PLACES not in manager.get("/").text


def test_or_until_it_is_said_that_none_is_needed(booked, manager):
    manager.cookies.set(NO_PLACES_COOKIE, "2-11")
    assert PLACES in manager.get("/").text
    manager.cookies.set(NO_PLACES_COOKIE, "2-1")
    assert PLACES not in manager.get("/").text
