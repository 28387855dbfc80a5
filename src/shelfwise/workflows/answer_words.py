"""What a model's numbers say of a photo in a shop's words: the kind of answer, the stock product, the guesses.

A photo that is near enough to a product known by sight (:mod:`shelfwise.inference.products.calibration`) is answered
with that product. That alone is no reason to rely on it: the threshold lies between photos of one product and of the
others *that have been learned*, so a sister product that has not been learned is mostly above it as well, with a
confidence near one. The answer is ``accept`` only where all of this holds, else ``ask``:

- its confidence, in which all other products have their share, is at least :data:`SURE`;
- at least :data:`ENOUGH_PHOTOS` photos of the product are known;
- the photo is at least as near to the product as the least near of the product's own photos, each compared with the
  others. One more photo of the same product is the least near of all n + 1 with chance 1 / (n + 1), so few are asked
  about in vain; a sister product is mostly further away than that.

Measured with the model that comes with Shelfwise on the cartons among Grocery Store's test photos: 30 products, four
photos learned of one and of five of other makers, means of 60 draws. Of other cartons of the same maker 15 % are
accepted, in place of 49 % by the threshold and a confidence of one half; of more photos of the product itself 83 %,
in place of 98 %. With no other product learned it is 16 % in place of 69 %, and 82 % in place of 98 %.

What a person confirms where they were asked is learned (:func:`shelfwise.workflows.shop_products.judge`), so that
products reach the number of photos by being used.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from sqlalchemy import func, select

from shelfwise.answers.records import AnswerCandidate, NewAnswer
from shelfwise.database.lists import among
from shelfwise.errors import ProductError
from shelfwise.inventory.names import name_key
from shelfwise.inventory.tables import categories, products
from shelfwise.text import readable
from shelfwise.types import AnswerKind, Prediction
from shelfwise.workflows.learned_products import stock_number
from shelfwise.workflows.product_answers import embedding_of
from shelfwise.workflows.product_doubt import ENOUGH_PHOTOS, SURE, doubt_about
from shelfwise.workflows.scanning import CANDIDATES, Doubt, ProductChoice, ScanCandidate
from shelfwise.workflows.stock_categories import StockCategories, levels_of, within

if TYPE_CHECKING:
    from shelfwise.inference.products.index import ProductIndex
    from shelfwise.inference.products.matches import Match
    from shelfwise.workflows.learned_products import LearnedProducts
    from shelfwise.workflows.shop import Shop

__all__ = ["ENOUGH_PHOTOS", "SURE", "Speaker", "Words"]

_Alike = tuple["ProductIndex | None", "Sequence[Match]"]

_CHOICES: Final = 6
_WORTH_TELLING: Final = 0.1
_MENTIONED: Final = 0.005  # what rounds to 0 % is no guess
_LOOKED_ALIKE: Final = 5  # products by sight
_LOOKED_AT: Final = 20  # varieties of one thing may be the likeliest ones
# Made once: to put such a question together takes longer than to answer it.
_STOCKED: Final = (
    select(products.c.id, products.c.name, categories.c.name.label("category"))
    .outerjoin(categories, categories.c.id == products.c.category_id)
    .where(products.c.archived_at.is_(None))
)
_BY_NUMBER: Final = _STOCKED.where(among(products.c.id, "numbers"))
_OF_A_CATEGORY: Final = 50
_BY_CATEGORY: Final = (
    _STOCKED.where(among(products.c.category_id, "numbers"))
    .order_by(products.c.name_key)
    .limit(_OF_A_CATEGORY)
)
_PLACED: Final = (
    _STOCKED.where(among(products.c.category_id, "numbers"))
    .add_columns(
        products.c.category_id,
        products.c.name_key,
        func.row_number()
        .over(partition_by=products.c.category_id, order_by=products.c.name_key)
        .label("place"),
    )
    .subquery()
)
# The first products of each category, so that those of several are among them.
_BY_CATEGORIES: Final = select(_PLACED).where(_PLACED.c.place <= _OF_A_CATEGORY)


@dataclass(frozen=True, slots=True)
class Words:
    """What is said of one photo; fields as in :class:`~shelfwise.workflows.scanning.ScanAnswer`."""

    kind: AnswerKind
    category: str | None
    confidence: float
    candidates: tuple[ScanCandidate, ...]
    product_id: int | None
    product: str | None
    doubt: Doubt | None = None

    def record(self, photo: str, model: str, user: str, store_id: int | None) -> NewAnswer:
        """The same for the answer book."""
        return NewAnswer(
            photo=photo,
            model=model,
            kind=self.kind,
            category=self.category,
            confidence=self.confidence,
            candidates=tuple(
                AnswerCandidate(each.category, each.confidence, each.product_id, each.product)
                for each in self.candidates
            ),
            user=user,
            product_id=self.product_id,
            store_id=store_id,
        )


@dataclass(frozen=True, slots=True)
class _Stocked:
    """What is told of a stock product."""

    id: int
    name: str
    category: str | None


@dataclass(frozen=True, slots=True)
class _Seen:
    """A stock product that a photo may show, as known by sight."""

    product: _Stocked
    similarity: float
    confidence: float
    photos: int


class Speaker:
    """Puts predictions into words. It asks the stock book each thing once: make one for each request.

    Args:
        shop: the shop.
        learned: what knows products by sight; by default what belongs to the model that made the prediction.
    """

    def __init__(self, shop: Shop, learned: LearnedProducts | None = None) -> None:
        self._shop = shop
        self._learned = learned
        self._categories = StockCategories(shop.db)
        self._choices: dict[str, list[_Stocked]] = {}
        self._products: dict[int, _Stocked | None] = {}

    def say(self, model: str, prediction: Prediction) -> Words:
        """What is said of one photo.

        Args:
            model: id of the model that made the prediction.
            prediction: what it made of the photo.
        """
        return self._said(prediction, *self._alike(model, [prediction])[0])

    def say_all(self, model: str, predictions: Sequence[Prediction]) -> list[Words]:
        """What is said of each of many photos.

        However many there are, the stock book is asked the same few times, and the products known by sight once.
        Together they are compared in another order than one by one: similarities may differ by rounding.

        Args:
            model: id of the model that made the predictions.
            predictions: what it made of the photos.
        """
        alike = self._alike(model, predictions)
        self._ask_for({stock_number(match.product) for _, matches in alike for match in matches})
        self._choose_for({category for each in predictions for category, _ in _guesses(each)})
        return [self._said(each, *found) for each, found in zip(predictions, alike, strict=True)]

    def _said(self, prediction: Prediction, index: ProductIndex | None, matches: Sequence[Match]) -> Words:
        seen = self._seen(matches)
        kind, category, confidence = _decided(prediction)
        best = seen[0] if index and seen and seen[0].similarity >= index.calibration.threshold else None
        candidates = tuple(self._candidates(prediction, seen, best))
        if best is None:
            return Words(kind, category, confidence, candidates, None, None)
        product = best.product
        others = sum(each.confidence for each in seen[1:])
        doubt = None
        if index is not None:
            key = f"{product.id:012x}"
            doubt = doubt_about(index, key, best.photos, best.similarity, best.confidence, others)
        return Words(
            kind="ask" if doubt else "accept",
            category=category or product.category,
            confidence=best.confidence,
            candidates=candidates,
            product_id=product.id,
            product=product.name,
            doubt=doubt,
        )

    def _alike(self, model: str, predictions: Sequence[Prediction]) -> list[_Alike]:
        """Of each photo, the known products that look most alike, and the index that knows them; None: none does."""
        found: list[_Alike] = [(None, ())] * len(predictions)
        learned = self._learned or self._shop.products.of(model)
        if learned is None or not found:
            return found
        index = learned.index
        embeddings = np.stack([embedding_of(each) for each in predictions])
        lengths = np.linalg.norm(embeddings.astype(np.float64), axis=1)
        # Where the network saw nothing at all, that is no reason to fail the photos beside it.
        there = np.flatnonzero(np.isfinite(lengths) & (lengths > 0))
        with contextlib.suppress(ProductError):  # the index is of a network with more or fewer features
            for place, finding in zip(there, index.search(embeddings[there], _LOOKED_ALIKE), strict=True):
                found[place] = index, finding.matches
        return found

    def _seen(self, matches: Sequence[Match]) -> list[_Seen]:
        """Of these products, those that are in the stock book."""
        self._ask_for({stock_number(match.product) for match in matches})
        return [
            _Seen(product, match.similarity, match.confidence, len(match.product.photos))
            for match in matches
            if (product := self._products[stock_number(match.product)])
        ]

    def _ask_for(self, numbers: Set[int]) -> None:
        """Ask the stock book for products; None stands for one that is archived, or not of this stock book."""
        unknown = numbers - self._products.keys()
        if not unknown:
            return
        self._products |= dict.fromkeys(unknown)
        with self._shop.db.read() as connection:
            for row in connection.execute(_BY_NUMBER, {"numbers": list(unknown)}):
                self._products[row.id] = _Stocked(*row)

    def _candidates(
        self, prediction: Prediction, seen: Sequence[_Seen], best: _Seen | None
    ) -> Iterator[ScanCandidate]:
        """The best guesses: products first where one is near enough to be named, else by confidence."""
        guesses = list(_guesses(prediction))
        told = [each for each in seen if each is best or each.confidence >= _WORTH_TELLING][:CANDIDATES]
        named = {each.product.id for each in told}
        found: list[ScanCandidate] = []
        for each in told:
            category = each.product.category or guesses[0][0]
            found.append(
                ScanCandidate(category, each.confidence, each.product.id, each.product.name, by_sight=True)
            )
        for category, confidence in guesses:
            guess = self._of_category(category, confidence, seen, named)
            # Products that are all named by sight already are not named again for their category.
            if not guess.choices or not named.issuperset(each.product_id for each in guess.choices):
                found.append(guess)
        if best is None:
            found.sort(key=lambda each: -each.confidence)
        yield from [each for each in found if each.confidence >= _MENTIONED][:CANDIDATES]

    def _of_category(
        self, category: str, confidence: float, seen: Sequence[_Seen], named: set[int]
    ) -> ScanCandidate:
        """A guess of a category, with the stock products that it may mean."""
        nearest = {each.product.id: place for place, each in enumerate(seen)}
        there = sorted(self._in_category(category), key=lambda each: nearest.get(each.id, len(nearest)))
        own = there
        if there and self._categories.are_wider(category):
            # Oat drink among the drinks is no coffee, whatever else the shop has of these.
            own = [each for each in there if _is_named_after(each.name, category)]
            there = own + [each for each in there if each not in own]
        choices = tuple(ProductChoice(each.id, each.name) for each in there[:_CHOICES])
        # One that is known by sight, but is not named for that, does not look like it.
        meant = own[0] if len(own) == 1 and own[0].id not in named | nearest.keys() else None
        if meant is None:
            return ScanCandidate(category, confidence, choices=choices, wider=bool(there) and not own)
        return ScanCandidate(category, confidence, meant.id, meant.name, choices)

    def _in_category(self, category: str) -> list[_Stocked]:
        """Products of the stock book's categories that mean the model's; enough of them to choose from."""
        if category not in self._choices:
            numbers = self._categories.meant_by(category)
            self._choices[category] = self._products_of(numbers) if numbers else []
        return self._choices[category]

    def _choose_for(self, names: Set[str]) -> None:
        """Ask for the products of many of the model's categories at once."""
        meant = {name: self._categories.meant_by(name) for name in names - self._choices.keys()}
        numbers = {number for each in meant.values() for number in each}
        if not numbers:
            self._choices |= {name: [] for name in meant}
            return
        with self._shop.db.read() as connection:
            rows = connection.execute(_BY_CATEGORIES, {"numbers": list(numbers)}).all()
        for name, its in meant.items():
            chosen = sorted((row for row in rows if row.category_id in its), key=lambda row: row.name_key)
            self._choices[name] = [
                _Stocked(row.id, row.name, row.category) for row in chosen[:_OF_A_CATEGORY]
            ]

    def _products_of(self, numbers: Sequence[int]) -> list[_Stocked]:
        with self._shop.db.read() as connection:
            return [_Stocked(*row) for row in connection.execute(_BY_CATEGORY, {"numbers": numbers})]


def _is_named_after(product: str, category: str) -> bool:
    """Whether a product's name has all words of a category's last level, in singular or plural."""
    return _words_of(readable(category.split("/")[-1])) <= _words_of(product)


def _words_of(text: str) -> set[str]:
    return {word.removesuffix("s") for word in re.findall(r"\w+", name_key(text))}


def _decided(prediction: Prediction) -> tuple[AnswerKind, str | None, float]:
    """Kind, category and confidence of what the model says by itself. One that decides nothing accepts all."""
    decision = prediction.decision
    if decision is None:
        return "accept", prediction.category, prediction.confidence
    if decision.answer == "unknown":
        return "unknown", None, prediction.confidence
    if decision.answer == "accept" and decision.node is not None and decision.probability is not None:
        return "accept", decision.node, decision.probability
    category, confidence = next(_guesses(prediction))
    return "ask", category, confidence


def _guesses(prediction: Prediction) -> Iterator[tuple[str, float]]:
    """The likeliest categories, at most three: what the decision says first, then what else is likely."""
    decision = prediction.decision
    told: list[str] = []
    offered: list[tuple[str, float]] = []
    if decision is not None:
        if decision.answer == "accept" and decision.node is not None and decision.probability is not None:
            offered.append((decision.node, decision.probability))
        offered += [(each.category, each.confidence) for each in decision.candidates]
    offered += [(each.category, each.confidence) for each in prediction.top(_LOOKED_AT)]
    for category, confidence in offered:
        # A variety of what is told already says nothing new.
        if not any(within(levels_of(category), levels_of(each)) for each in told) and len(told) < CANDIDATES:
            told.append(category)
            yield category, confidence
