"""What was counted on shelf photos as a stock-take of a place: which products are meant, what changes, booking it.

A facing is the unit that is seen from the front. How many stand behind it no photo shows: whoever books says how deep
the goods stand. A stock-take says how much there is of the products that were seen; what was not seen stays as it is,
unless it is said that all of the place is on the photos.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from shelfwise.errors import ConflictError, EntryError
from shelfwise.inventory.ledger import book_in, booked_before
from shelfwise.inventory.levels import Levels
from shelfwise.workflows.category_products import CategoryProducts
from shelfwise.workflows.shelf_sight import find_product
from shelfwise.workflows.stock_lines import Seen, StockLine, stock_lines, stock_movement

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from shelfwise.database import Database
    from shelfwise.inventory.catalogue import Catalogue
    from shelfwise.inventory.records import Booking, Line, Location, Product
    from shelfwise.shelf.facings import Named, Run
    from shelfwise.workflows.shelf_count import ShelfCount

__all__ = ["StockTake", "book_stock_take", "booked_stock_take", "plan_stock_take"]


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
    seen: tuple[StockLine, ...]
    unseen: tuple[StockLine, ...]
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
    lines, unseen = stock_lines(
        Levels(database), location, {number: _seen(runs, depth) for number, runs in seen.items()}
    )
    return StockTake(
        location=location,
        depth=depth,
        seen=lines,
        unseen=unseen,
        left_out=tuple(sorted(left_out.items(), key=lambda each: (-each[1], each[0]))),
        sources=_sources(counts),
        model=next((count.model[1] for count in counts if count.model is not None), None),
    )


def _sources(counts: Sequence[ShelfCount]) -> tuple[str, ...]:
    return tuple(source for count in counts for source in count.sources if source is not None)


def _seen(runs: Sequence[Run], depth: int) -> Seen:
    """What was seen of a product, as sure as its least sure run."""
    facings = sum(len(run) for run in runs)
    return Seen(facings, Decimal(depth), min(run.named.confidence for run in runs))


class _StockProducts:
    """The stock products that names mean; each is asked for once."""

    def __init__(self, database: Database, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._products = CategoryProducts(database, catalogue)
        self._found: dict[tuple[str | None, ...], int | str] = {}

    def meant(self, named: Named) -> int | str:
        """The product's number, or why there is none."""
        if named.answer == "unknown":
            return "unknown"
        if named.answer == "ask":
            return "to ask about"
        key = named.gtin, named.product, None if named.product else named.category
        if key not in self._found:
            found = self._by_name(named) if named.product else self._by_category(named.category or "")
            self._found[key] = found if isinstance(found, str) else found.id
        return self._found[key]

    def _by_name(self, named: Named) -> Product | str:
        product = named.product or ""
        found = find_product(self._catalogue, product, named.gtin)
        if found is None:
            return f"{product}: not in the stock book"
        return f"{product}: archived in the stock book" if found.archived else found

    def _by_category(self, category: str) -> Product | str:
        there = self._products.some(category)
        if len(there) == 1:
            return there[0]
        return (
            f"{category}: {'several products' if there else 'no product'} of this category in the stock book"
        )


def booked_stock_take(
    database: Database,
    counts: Sequence[ShelfCount],
    location: Location,
    depth: int = 1,
    *,
    user: str,
    everything: bool = False,
    at: datetime | None = None,
    key: str | None = None,
) -> Booking | None:
    """What a key has booked already; None where there is no key, or it has booked nothing yet.

    To be asked before a stock-take is planned anew: what the book has by then is no longer what it had.

    Args:
        database: the stock book.
        counts, location, depth: as for :func:`plan_stock_take`.
        user, everything, at, key: as for :func:`book_stock_take`.

    Raises:
        EntryError: the user or the key cannot be taken.
        KeyReusedError: the key was used for something else.
    """
    content = _content(location, depth, _sources(counts), everything, at)
    with database.read() as connection:
        return booked_before(connection, user=user, key=key, content=content)


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
        key: idempotency key: what is booked twice with one key is booked once. The same is booked where the photos'
            names, the place, the depth, ``everything`` and ``at`` are the same: what the book had may be different
            by then.

    Raises:
        ConflictError: there is nothing to book.
        EntryError: the place is archived, or the time is wrong.
        KeyReusedError: the key was used for something else.
    """
    content = _content(plan.location, plan.depth, plan.sources, everything, at)

    def work(connection: Connection) -> Booking:
        before = booked_before(connection, user=user, key=key, content=content)
        if before is not None:
            return before
        return book_in(connection, _wanted(plan, everything, at), user=user, key=key, content=content)

    return database.write(work)


def _content(
    location: Location, depth: int, sources: Sequence[str], everything: bool, at: datetime | None
) -> tuple[object, ...]:
    """What was asked for. What is booked depends on more: ``everything`` leaves nothing unseen the next time."""
    # One moment is the same in every time zone; one without a zone is refused where it would be booked.
    when = at if at is None or at.tzinfo is None else at.timestamp()
    return "shelf", location.id, depth, everything, when, list(sources)


def _wanted(plan: StockTake, everything: bool, at: datetime | None) -> list[Line]:
    wanted = (*plan.seen, *(plan.unseen if everything else ()))
    if not wanted:
        raise ConflictError("no facing is a product of the stock book for sure, so there is nothing to book")
    return [
        stock_movement(line, plan.location, "shelf photo", at=at, model=plan.model if line.seen else None)
        for line in wanted
    ]
