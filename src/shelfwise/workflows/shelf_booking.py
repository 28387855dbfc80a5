"""What was counted on shelf photos as a stock-take of a place: which products are meant, what changes, booking it.

A facing is the unit that is seen from the front. How many stand behind it no photo shows: whoever books says how deep
the goods stand. A stock-take says how much there is of the products that were seen; what was not seen stays as it is,
unless it is said that all of the place is on the photos.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from shelfwise.errors import ConflictError, EntryError, NotFoundError
from shelfwise.inventory.ledger import Ledger
from shelfwise.inventory.levels import Levels
from shelfwise.inventory.records import Line
from shelfwise.text import many
from shelfwise.workflows.stock_categories import StockCategories

if TYPE_CHECKING:
    from shelfwise.database import Database
    from shelfwise.inventory.catalogue import Catalogue
    from shelfwise.inventory.records import Booking, Location, Product
    from shelfwise.shelf.facings import Named, Run
    from shelfwise.workflows.shelf_count import ShelfCount

__all__ = ["Change", "StockTake", "book_stock_take", "plan_stock_take", "unseen_at"]

_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Change:
    """What a stock-take says of one product.

    Attributes:
        product: which.
        facings: how many were seen; 0 for one that the book has at the place and nobody saw.
        quantity: what is counted.
        expected: what the book has at the place.
        confidence: of the least sure run; None without facings.
    """

    product: Product
    facings: int
    quantity: Decimal
    expected: Decimal
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class StockTake:
    """A stock-take that may be booked.

    Attributes:
        location: the place.
        depth: units behind each facing, that one with them.
        seen: products that were seen, by name.
        unseen: products that the book has at the place, and nobody saw, by name.
        left_out: facings that are not booked, by what is wrong with them.
        sources: names of the photos.
        model: name of the model that named the facings.
    """

    location: Location
    depth: int
    seen: tuple[Change, ...]
    unseen: tuple[Change, ...]
    left_out: tuple[tuple[str, int], ...]
    sources: tuple[str, ...]
    model: str | None


def plan_stock_take(
    database: Database,
    catalogue: Catalogue,
    counts: Sequence[ShelfCount],
    location: Location,
    depth: int = 1,
) -> StockTake:
    """What booking the counts of a place's photos would say. Photos of the same goods have to be joined before.

    A facing is a stock product where its run is accepted, and the product is the stock book's by GTIN or by name;
    where a category alone is accepted, it is the only product of that category, if there is but one.

    Args:
        database: the stock book.
        catalogue: its catalogue.
        counts: what was counted at the place.
        location: the place.
        depth: units behind each facing, that one with them.

    Raises:
        EntryError: at ``depth``: it is less than 1.
    """
    if depth < 1:
        raise EntryError("depth", "give 1 or more: the facing itself is one unit")
    finder = _StockProducts(database, catalogue)
    seen: dict[int, list[Run]] = {}
    left_out: Counter[str] = Counter()
    for run in (run for count in counts for run in count.arrangement.runs):
        product = finder.meant(run.named)
        if isinstance(product, str):
            left_out[product] += len(run)
        else:
            seen.setdefault(product, []).append(run)
    levels = Levels(database)
    changes = [
        _change(finder.product(number), runs, depth, levels.at_location(number, location.id))
        for number, runs in seen.items()
    ]
    sources = tuple(source for count in counts for source in count.sources if source is not None)
    return StockTake(
        location=location,
        depth=depth,
        seen=tuple(sorted(changes, key=lambda change: change.product.name)),
        unseen=tuple(unseen_at(levels, location, seen)),
        left_out=tuple(sorted(left_out.items(), key=lambda each: (-each[1], each[0]))),
        sources=sources,
        model=next((count.model[1] for count in counts if count.model is not None), None),
    )


def _change(product: Product, runs: Sequence[Run], depth: int, expected: Decimal) -> Change:
    facings = sum(len(run) for run in runs)
    return Change(
        product, facings, Decimal(facings * depth), expected, min(run.named.confidence for run in runs)
    )


def unseen_at(levels: Levels, location: Location, seen: Iterable[int]) -> Iterator[Change]:
    """Products that the book has at a place itself, in none of the places within it, but for those that were seen.

    Args:
        levels: the stock book's.
        location: the place.
        seen: numbers of products.
    """
    known = set(seen)
    cursor: str | None = None
    while True:
        page = levels.stock_list(location_id=location.id, order="name", cursor=cursor, limit=_PAGE)
        for level in page.items:
            if level.product.id not in known:
                expected = levels.at_location(level.product.id, location.id)
                if expected:
                    yield Change(level.product, 0, Decimal(0), expected)
        cursor = page.next
        if cursor is None:
            return


class _StockProducts:
    """The stock products that names mean; each is asked for once."""

    def __init__(self, database: Database, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._categories = StockCategories(database)
        self._found: dict[tuple[str | None, ...], int | str] = {}
        self._products: dict[int, Product] = {}

    def product(self, number: int) -> Product:
        """The product of a number that :meth:`meant` gave."""
        return self._products[number]

    def meant(self, named: Named) -> int | str:
        """The product's number, or why there is none."""
        if named.answer == "unknown":
            return "unknown"
        if named.answer == "ask":
            return "to ask about"
        key = named.gtin, named.product, None if named.product else named.category
        if key not in self._found:
            found = self._by_name(named) if named.product else self._by_category(named.category or "")
            if not isinstance(found, str):
                self._products[found.id] = found
            self._found[key] = found if isinstance(found, str) else found.id
        return self._found[key]

    def _by_name(self, named: Named) -> Product | str:
        product = named.product or ""
        for ask, text in (
            (self._catalogue.product_by_gtin, named.gtin),
            (self._catalogue.product_by_name, product),
        ):
            try:
                found = None if text is None else ask(text)
            except (NotFoundError, EntryError):
                continue
            if found is not None:
                return f"{product}: archived in the stock book" if found.archived else found
        return f"{product}: not in the stock book"

    def _by_category(self, category: str) -> Product | str:
        numbers = () if self._categories.are_wider(category) else self._categories.meant_by(category)
        there: dict[int, Product] = {}
        for number in numbers:
            there |= {each.id: each for each in self._catalogue.products(category_id=number, limit=2).items}
        if len(there) == 1:
            return next(iter(there.values()))
        return (
            f"{category}: {'several products' if there else 'no product'} of this category in the stock book"
        )


def book_stock_take(
    database: Database,
    plan: StockTake,
    *,
    user: str,
    everything: bool = False,
    at: datetime | None = None,
    key: str | None = None,
) -> Booking:
    """Book a stock-take, all of it or nothing: it sets the level of each product at the place.

    Args:
        database: the stock book.
        plan: what to book.
        user: who books.
        everything: the photos show all of the place: what the book has there and nobody saw is set to 0.
        at: when the photos were taken; None for now.
        key: idempotency key: what is booked twice with one key is booked once.

    Raises:
        ConflictError: there is nothing to book.
        EntryError: the place is archived, or the time is wrong.
        KeyReusedError: the key was used for something else.
    """
    changes = (*plan.seen, *(plan.unseen if everything else ()))
    if not changes:
        raise ConflictError("no facing is a product of the stock book for sure, so there is nothing to book")
    lines = [_line(plan, change, at) for change in changes]
    return Ledger(database).book(lines, user=user, key=key)


def _line(plan: StockTake, change: Change, at: datetime | None) -> Line:
    seen = many(change.facings, "facing") if change.facings else "not seen"
    deep = f", {plan.depth} deep" if plan.depth > 1 and change.facings else ""
    return Line(
        kind="counted",
        product_id=change.product.id,
        location_id=plan.location.id,
        quantity=change.quantity,
        at=at,
        reason=f"shelf photo: {seen}{deep}",
        model=plan.model if change.facings else None,
        confidence=change.confidence,
    )
