"""What the stock book takes and gives back.

Quantities are :class:`~decimal.Decimal` with up to three places, in the product's unit. Times are aware and in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, Generic, Literal, TypeVar, get_args

__all__ = [
    "KINDS",
    "STATES",
    "Booking",
    "Category",
    "CategoryLevel",
    "Kind",
    "Level",
    "LevelPoint",
    "Line",
    "Location",
    "Movement",
    "NewProduct",
    "Page",
    "Product",
    "Reorder",
    "Shrinkage",
    "State",
    "StockSummary",
    "Store",
]

T = TypeVar("T")

Kind = Literal["received", "sold", "counted", "wasted", "moved", "corrected"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

State = Literal["out", "low", "ok"]
STATES: Final[tuple[State, ...]] = get_args(State)  # a state's place here is its number in the tables


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list.

    Attributes:
        items: what is on this page.
        next: what to give as ``cursor`` for the next page, None on the last one.
        total: how many there are on all pages, None where it was not counted.
    """

    items: tuple[T, ...]
    next: str | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Store:
    """A shop. ``root_id`` is its root location: all of it, with the path ``""``."""

    id: int
    name: str
    root_id: int
    archived: bool = False


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a store; ``path`` holds the names from the top, such as ``Aisle 3 / Shelf 2``."""

    id: int
    store_id: int
    parent_id: int | None
    name: str
    path: str
    archived: bool = False


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of goods; the name may be a path such as ``fruit/apple``."""

    id: int
    name: str
    archived: bool = False


@dataclass(frozen=True, slots=True)
class Product:
    """Something a shop sells.

    Attributes:
        category: the category's name.
        gtin: the number under its barcode, digits only.
        unit: what is counted: ``piece``, ``kg``.
        pack_size: how many units come in one pack when it is ordered.
        minimum: a store that has less is low; None where nobody set it. Holds for each store.
        target: how much a store should have after an order.
        photo: SHA-256 of the photo shown in lists.
        version: one more after each change.
    """

    id: int
    name: str
    category_id: int | None
    category: str | None
    gtin: str | None
    unit: str
    pack_size: Decimal
    minimum: Decimal | None
    target: Decimal | None
    photo: str | None
    version: int
    archived: bool = False


@dataclass(frozen=True, slots=True)
class NewProduct:
    """A product to be added; a category that is not there yet is made."""

    name: str
    category: str | None = None
    gtin: str | None = None
    unit: str = "piece"
    pack_size: Decimal = Decimal(1)
    minimum: Decimal | None = None
    target: Decimal | None = None
    photo: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One movement to be booked.

    Attributes:
        quantity: how much: above 0 for received, sold, wasted and moved; 0 or more for counted (what is there); any
            but 0 for corrected (what is added, or below 0 taken off).
        at: when it happened, None for now.
        photo: SHA-256 of the photo behind it.
        model: name of the model that read the photo.
        confidence: how sure the model was, from 0 to 1.
        to_location_id: where it went, for moved alone.
    """

    kind: Kind
    product_id: int
    location_id: int
    quantity: Decimal
    at: datetime | None = None
    reason: str | None = None
    photo: str | None = None
    model: str | None = None
    confidence: float | None = None
    to_location_id: int | None = None


@dataclass(frozen=True, slots=True)
class Movement:
    """One booked movement.

    Attributes:
        location: the location's path.
        quantity: how much, as it was given; the same in a counter-movement.
        change: what it adds to the level, below 0 for what it takes off; None for a count, which sets the level.
        at: when it happened; a counter-movement has the time of what it undoes.
        booked_at: when it was booked.
        undoes: the movement that this one undoes.
        undone_by: the movement that undoes this one.
        other_location_id: for a move, the location of its other half.
    """

    id: int
    booking_id: int
    kind: Kind
    product_id: int
    product: str
    store_id: int
    store: str
    location_id: int
    location: str
    quantity: Decimal
    change: Decimal | None
    at: datetime
    booked_at: datetime
    user: str
    reason: str | None = None
    photo: str | None = None
    model: str | None = None
    confidence: float | None = None
    undoes: int | None = None
    undone_by: int | None = None
    other_location_id: int | None = None


@dataclass(frozen=True, slots=True)
class Booking:
    """Movements that were booked together; ``repeated`` if its key had been booked already."""

    id: int
    key: str | None
    user: str
    booked_at: datetime
    movements: tuple[Movement, ...]
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Level:
    """How much of a product is in a store, or at one location of it.

    Attributes:
        location_id: None for the whole store.
        state: ``out`` at 0 or below, if the product has a minimum or was ever in stock; ``low`` below the minimum.
        counted_at: when it was last counted.
    """

    product: Product
    store_id: int
    location_id: int | None
    quantity: Decimal
    state: State
    counted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StockSummary:
    """A store, or all of them, in four numbers: products kept, out, low; and units in stock."""

    products: int
    out: int
    low: int
    units: Decimal


@dataclass(frozen=True, slots=True)
class CategoryLevel:
    """A category in one store; ``category`` is None for the products that have none."""

    category: Category | None
    products: int
    out: int
    low: int
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class LevelPoint:
    """A level at a time."""

    at: datetime
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Shrinkage:
    """What a count found missing (below 0) or too many (above 0)."""

    product: Product
    location: Location
    counted_at: datetime
    expected: Decimal
    counted: Decimal
    difference: Decimal
    previous_count_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reorder:
    """What to order of a product.

    Attributes:
        per_day: how much was sold a day.
        days_of_cover: how long the level lasts at that pace, None if nothing was sold.
        order: how much to order, in whole packs.
    """

    product: Product
    level: Decimal
    per_day: Decimal
    days_of_cover: Decimal | None
    order: Decimal
