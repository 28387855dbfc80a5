"""A stock book with two stores and two products, which answers speak of."""

import itertools

import pytest

from shelfwise.answers.book import AnswerBook
from shelfwise.answers.records import AnswerCandidate, NewAnswer
from shelfwise.answers.shadow import ShadowBook
from shelfwise.inventory.catalogue import Catalogue
from shelfwise.inventory.records import NewProduct


@pytest.fixture
def stocked(database):
    """Stores 1 and 2; product 1 of category fruit/apple, product 2 of none."""
    catalogue = Catalogue(database)
    assert [catalogue.add_store(name, "Ada").id for name in ("North", "South")] == [1, 2]
    assert catalogue.add_product(NewProduct("Gala", category="fruit/apple")).id == 1
    assert catalogue.add_product(NewProduct("Oat drink")).id == 2
    return database


@pytest.fixture
def book(stocked):
    return AnswerBook(stocked)


@pytest.fixture
def shadow(stocked):
    return ShadowBook(stocked)


@pytest.fixture
def new():
    """Makes an answer to record; its photo is told by a number, by default one of its own."""
    own = itertools.count(1_000_000)

    def made(kind="accept", confidence=0.9, category="fruit/apple", photo=None, **changes):
        photo = next(own) if photo is None else photo
        values = {
            "photo": f"{photo:064x}",
            "model": "aaaa",
            "kind": kind,
            "category": category,
            "confidence": confidence,
            "candidates": (AnswerCandidate("fruit/pear", 0.1),),
            "user": "Ada",
        }
        return NewAnswer(**{**values, **changes})

    return made
