"""What the stock book is asked: kinds of questions, each of them drawn anew for every call."""

from __future__ import annotations

import random
import statistics
import string
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from benchmarks.plans import Planned, planned
from benchmarks.stock_fill import Filled
from shelfwise.database import Database
from shelfwise.inventory.history import History
from shelfwise.inventory.levels import Levels
from shelfwise.inventory.planning import Planning
from shelfwise.inventory.stock_list import CURSORS

__all__ = ["LEVEL", "Timed", "is_page", "questions", "timed"]

LEVEL: Final = "a product's level"
_PAGE: Final = "stock list, "
_WARM: Final = 3

Question = Callable[[random.Random], object]


@dataclass(frozen=True, slots=True)
class Timed:
    """Times of a kind of question in milliseconds, and the plans of its statements."""

    samples: list[float]
    plans: list[Planned]

    @property
    def median(self) -> float:
        return statistics.median(self.samples)

    @property
    def p95(self) -> float:
        return sorted(self.samples)[int(0.95 * len(self.samples))]


def is_page(name: str) -> bool:
    """Whether this kind of question is a page of the stock list."""
    return name.startswith(_PAGE)


def timed(database: Database, filled: Filled, repeats: int) -> dict[str, Timed]:
    """All kinds of questions, each asked often; the first few, which fill the caches, do not count."""
    found = {}
    for name, question in questions(database, filled).items():
        drawn = random.Random(name)  # the same questions for both databases
        plans = planned(database, lambda question=question, drawn=drawn: question(drawn))  # type: ignore[misc]
        for _ in range(_WARM):
            question(drawn)
        found[name] = Timed([_milliseconds(question, drawn) for _ in range(repeats)], plans)
    return found


def _milliseconds(question: Question, drawn: random.Random) -> float:
    started = time.perf_counter()
    question(drawn)
    return 1000 * (time.perf_counter() - started)


def questions(database: Database, filled: Filled) -> Mapping[str, Question]:
    """Kinds of questions by name."""
    levels, planning, history = Levels(database), Planning(database), History(database)
    until, month = filled.until, filled.until - timedelta(days=30)

    def store(drawn: random.Random) -> int:
        return drawn.choice(filled.store_ids)

    def product(drawn: random.Random) -> int:
        return drawn.randint(1, filled.products)

    return {
        LEVEL: lambda drawn: levels.level(product(drawn), store(drawn)),
        "a product's levels by location": lambda drawn: levels.by_location(product(drawn), store(drawn)),
        **{f"{_PAGE}{name}": question for name, question in _pages(levels, filled).items()},
        "summary of a store": lambda drawn: levels.summary(store(drawn)),
        "categories of a store": lambda drawn: levels.by_category(store(drawn)),
        "a past day": lambda drawn: levels.as_of(store(drawn), month),
        "a product's level over a month": lambda drawn: levels.series(
            product(drawn), store(drawn), month, until
        ),
        "shrinkage": lambda drawn: planning.shrinkage(store(drawn), month, until),
        "what to order": lambda drawn: planning.reorder(store(drawn)),
        "history of a store": lambda drawn: history.movements(store_id=store(drawn)),
        "history of a product": lambda drawn: history.movements(product_id=product(drawn)),
    }


def _pages(levels: Levels, filled: Filled) -> Mapping[str, Question]:
    def ask(**filters: Any) -> Question:
        def question(drawn: random.Random) -> object:
            given = {name: value(drawn) if callable(value) else value for name, value in filters.items()}
            return levels.stock_list(**{"store_id": drawn.choice(filled.store_ids), **given})

        return question

    def later(order: Any) -> Callable[[random.Random], str]:
        def cursor(drawn: random.Random) -> str:
            letter = drawn.choice(string.ascii_lowercase)
            key = {
                "urgency": (drawn.randint(0, 2), letter, 0),
                "name": (letter, 0),
                "quantity": (drawn.randint(-50, 100), 0, 0),
            }[order]
            return CURSORS[order].encode([str(key[0]), *key[1:]] if order == "quantity" else key)

        return cursor

    def place(locations: Any) -> dict[str, Any]:
        return {"store_id": None, "location_id": lambda drawn: drawn.choice(locations)}

    shelves = [shelf for of_store in filled.shelves for shelf in of_store]
    return {
        "by urgency": ask(),
        "by urgency, somewhere": ask(cursor=later("urgency")),
        "by name, somewhere": ask(order="name", cursor=later("name")),
        "by quantity, somewhere": ask(order="quantity", cursor=later("quantity")),
        "low": ask(state="low"),
        "a department": ask(category_id=lambda drawn: drawn.choice(filled.department_ids)),
        "a department by name": ask(
            category_id=lambda drawn: drawn.choice(filled.department_ids), order="name"
        ),
        "a department by quantity": ask(
            category_id=lambda drawn: drawn.choice(filled.department_ids), order="quantity"
        ),
        "an aisle": ask(**place(filled.aisle_ids)),
        "a shelf": ask(**place(shelves)),
        "a shelf by quantity": ask(order="quantity", **place(shelves)),
        "a number": ask(query=lambda drawn: f"no {drawn.randint(1, filled.products)}"),
        "two words": ask(query=lambda drawn: drawn.choice(("smoked che", "org tom", "sweet bread"))),
        "one word of many": ask(query=lambda drawn: drawn.choice(("sweet", "dark", "fre"))),
        "two words, a department": ask(
            query="dried pep", category_id=lambda drawn: drawn.choice(filled.department_ids)
        ),
        "all stores": ask(store_id=None),
    }
