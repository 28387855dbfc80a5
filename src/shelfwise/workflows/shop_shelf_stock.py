"""The counts of a shelf photo as a stock-take of a place: what would change, and booking it in one step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from shelfwise.errors import ChangedError, ConflictError, EntryError
from shelfwise.inventory.ledger import book_in, booked_before
from shelfwise.inventory.records import Booking, Line
from shelfwise.workflows.category_products import CategoryProducts
from shelfwise.workflows.shop_shelf_view import counts_of
from shelfwise.workflows.stock_lines import Seen, StockLine, stock_lines, stock_movement

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from shelfwise.answers.shelf_records import ShelfBox, ShelfPhoto
    from shelfwise.inventory.records import Location
    from shelfwise.workflows.shop import Shop

__all__ = ["MOST_LINES", "StockTake", "book_stock_take", "plan_stock_take"]

MOST_LINES: Final = 1000
"""How many products one stock-take counts at most."""


@dataclass(frozen=True, slots=True)
class StockTake:
    """A stock-take that may be booked.

    Attributes:
        shelf: the photo that it is of.
        location: the place that is counted.
        lines: the products that are seen, most facings first.
        unseen: products that the book has at the place, and nobody sees.
        asked, unknown: facings that are left out, since nobody has said what they are.
        depth: units that stand behind each facing.
        depths: the same of single products: their numbers, each with its depth.
    """

    shelf: ShelfPhoto
    location: Location
    lines: tuple[StockLine, ...]
    unseen: tuple[StockLine, ...]
    asked: int
    unknown: int
    depth: Decimal
    depths: tuple[tuple[int, Decimal], ...]


def plan_stock_take(
    shop: Shop,
    shelf_id: int,
    location_id: int,
    depth: Decimal = Decimal(1),
    depths: Mapping[int, Decimal] | None = None,
) -> StockTake:
    """What booking the counts of a shelf photo would say. A facing is the front unit alone: depth says how many.

    A facing of which the category alone is sure is the only product of that category, if the book has but one.

    Args:
        shop: the shop.
        shelf_id: the shelf photo.
        location_id: the place that it shows.
        depth: units that stand behind each facing, the front one with them.
        depths: the same of single products, by their numbers.

    Raises:
        NotFoundError: there is no such shelf photo or place.
        ConflictError: its products have not been found yet.
        EntryError: at ``location_id``: the place is in another store than the photo.
    """
    shelf, boxes = shop.shelf_photos.read(shelf_id)
    if shelf.state != "done":
        raise ConflictError(f"{shelf.name}: its products have not been found yet")
    location = shop.catalogue.location(location_id)
    if shelf.store_id not in (None, location.store_id):
        raise EntryError("location_id", "it is in another store than the photo")
    there = [box for box in boxes if not box.removed]
    facings = Counter({each.product_id: each.facings for each in counts_of(boxes)})
    only = _only_products(shop, there)
    facings.update(only)
    given = depths or {}
    seen = {number: Seen(count, given.get(number, depth)) for number, count in facings.items()}
    lines, unseen = stock_lines(shop.levels, location, seen)
    return StockTake(
        shelf=shelf,
        location=location,
        lines=tuple(sorted(lines, key=lambda line: -line.facings)),
        unseen=unseen,
        asked=sum(box.answer == "ask" for box in there),
        unknown=sum(box.answer == "unknown" or not box.now_product_id for box in there if box.answer != "ask")
        - only.total(),
        depth=depth,
        depths=tuple(sorted((depths or {}).items())),
    )


def _only_products(shop: Shop, boxes: Sequence[ShelfBox]) -> Counter[int]:
    """Facings whose category alone is sure, by the product that the book has as the only one of it."""
    products = CategoryProducts(shop.db, shop.catalogue)
    categories = [
        box.now_category
        for box in boxes
        if box.answer == "accept" and box.now_product_id is None and box.now_category
    ]
    found = [products.only(category) for category in categories]
    return Counter(each.id for each in found if each is not None)


def book_stock_take(
    shop: Shop,
    plan: StockTake,
    *,
    user: str,
    key: str | None = None,
    rest: bool = False,
    version: int | None = None,
) -> Booking:
    """Book a stock-take, all of it or nothing: it sets the level of each product that is seen at the place.

    Args:
        shop: the shop.
        plan: what to book; refused where the shelf photo has changed since it was made.
        user: who books.
        key: idempotency key: what is booked twice with one key is booked once. The same is booked where photo, place,
            depths and ``rest`` are the same: what the book had, and what the boxes were, may be different by then.
        rest: set what the book has at the place and nobody sees to 0; else that stays as it is.
        version: the shelf photo's, as who books has read it; None for whichever. What a key has booked already is
            told again all the same: that booking has made it a version more.

    Raises:
        EntryError: there is nothing to book, or a product or the place is archived.
        ChangedError: the shelf photo has been changed.
        KeyReusedError: the key was used for something else.
    """
    content = _content(plan, rest)

    def work(connection: Connection) -> Booking:
        before = booked_before(connection, user=user, key=key, content=content)
        if before is not None:
            return before
        lines = _wanted(plan, rest)
        booking = book_in(connection, lines, user=user, key=key, content=content)
        if not booking.repeated:
            if version not in (None, plan.shelf.version):
                raise ChangedError(f"{plan.shelf.name} has been changed meanwhile: read it again")
            shop.shelf_photos.booked_in(
                connection, plan.shelf.id, booking.id, user=user, version=plan.shelf.version
            )
        return booking

    return shop.db.write(work)


def _content(plan: StockTake, rest: bool) -> tuple[object, ...]:
    """What was asked for. What is booked depends on more: ``rest`` leaves nothing unseen the next time."""
    depths = [[product_id, f"{depth.normalize():f}"] for product_id, depth in plan.depths]
    return "shelf", plan.shelf.id, plan.location.id, f"{plan.depth.normalize():f}", depths, rest


def _wanted(plan: StockTake, rest: bool) -> list[Line]:
    wanted = plan.lines + (plan.unseen if rest else ())
    if not wanted:
        raise EntryError("boxes", "no box has a product that is sure: say first which products these are")
    if len(wanted) > MOST_LINES:
        raise EntryError(
            "boxes", f"{len(wanted):,} products are more than the {MOST_LINES:,} of one stock-take"
        )
    counted, photo, model = f"shelf photo {plan.shelf.id}", plan.shelf.photo, plan.shelf.model
    return [stock_movement(line, plan.location, counted, photo=photo, model=model) for line in wanted]
