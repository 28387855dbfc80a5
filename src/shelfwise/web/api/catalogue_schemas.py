"""What the API takes and gives of stores, locations, categories and products."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Self

from pydantic import AfterValidator, Field

from shelfwise.errors import ProductError
from shelfwise.gtin import parse_gtin
from shelfwise.inventory.records import Category, Location, Product, Store
from shelfwise.web.api.fields import Amount, Id, Name, Words, amount_text
from shelfwise.web.api.schemas import Entry, Reply

__all__ = [
    "CategoryChange",
    "CategoryIn",
    "CategoryOut",
    "LocationChange",
    "LocationIn",
    "LocationOut",
    "ProductChange",
    "ProductIn",
    "ProductOut",
    "StoreChange",
    "StoreIn",
    "StoreOut",
]


class StoreIn(Entry):
    """A new store."""

    name: Annotated[Name, Field(examples=["Mill Lane"])]


class StoreChange(Entry):
    """What to change of a store; what is left out stays."""

    name: Name | None = None
    archived: bool | None = None


class StoreOut(Reply):
    """A store; its root location is where goods are that have no shelf."""

    id: int
    name: str
    archived: bool
    root_location_id: int

    @classmethod
    def of(cls, store: Store) -> Self:
        """Shape a store."""
        return cls(id=store.id, name=store.name, archived=store.archived, root_location_id=store.root_id)


class LocationIn(Entry):
    """A new location; without a parent it is put directly under the store."""

    name: Annotated[Name, Field(examples=["Aisle 3"])]
    parent_id: Id | None = None


class LocationChange(Entry):
    """What to change of a location; what is left out stays."""

    name: Name | None = None
    archived: bool | None = None


class LocationOut(Reply):
    """A place in a store; its path has the names from the store down."""

    id: int
    store_id: int
    parent_id: int | None
    name: str
    path: str
    archived: bool

    @classmethod
    def of(cls, location: Location) -> Self:
        """Shape a location."""
        return cls(
            id=location.id,
            store_id=location.store_id,
            parent_id=location.parent_id,
            name=location.name,
            path=location.path,
            archived=location.archived,
        )


class CategoryIn(Entry):
    """A new category; a name may be a path."""

    name: Annotated[Name, Field(examples=["fruit/apple"])]


class CategoryChange(Entry):
    """What to change of a category; what is left out stays."""

    name: Name | None = None
    archived: bool | None = None


class CategoryOut(Reply):
    """A category."""

    id: int
    name: str
    archived: bool

    @classmethod
    def of(cls, category: Category) -> Self:
        """Shape a category."""
        return cls(id=category.id, name=category.name, archived=category.archived)


def _checked_gtin(value: str) -> str:
    # Here already, so that it is told together with the other fields that are wrong.
    if value.strip():
        try:
            parse_gtin(value)
        except ProductError as error:
            raise ValueError(str(error)) from error
    return value


Gtin = Annotated[Words, AfterValidator(_checked_gtin)]


class ProductIn(Entry):
    """A new product; a category that is not there yet is made."""

    name: Annotated[Name, Field(examples=["Oat drink"])]
    category: Annotated[Name | None, Field(examples=["drinks/milk"])] = None
    gtin: Annotated[Gtin | None, Field(description="8, 12, 13 or 14 digits", examples=["4006381333931"])] = (
        None
    )
    unit: Annotated[Name, Field(max_length=40, examples=["piece"])] = "piece"
    pack_size: Annotated[Amount, Field(description="Units in an ordered pack.")] = Decimal(1)
    minimum: Annotated[Amount | None, Field(description="Below it the product is low.")] = None
    target: Annotated[Amount | None, Field(description="What an order fills up to.")] = None


class ProductChange(Entry):
    """What to change of a product; what is left out stays, and null empties a field that may be empty."""

    name: Name | None = None
    category: Name | None = None
    gtin: Gtin | None = None
    unit: Annotated[Name | None, Field(max_length=40)] = None
    pack_size: Amount | None = None
    minimum: Amount | None = None
    target: Amount | None = None
    photo: Annotated[str | None, Field(pattern="^[0-9a-f]{64}$")] = None
    archived: bool | None = None


class ProductOut(Reply):
    """A product. ``minimum`` and ``target`` hold in each store."""

    id: int
    name: str
    category_id: int | None
    category: str | None
    gtin: str | None
    unit: str
    pack_size: str
    minimum: str | None
    target: str | None
    photo: str | None
    version: int
    archived: bool

    @classmethod
    def of(cls, product: Product) -> Self:
        """Shape a product."""
        return cls(
            id=product.id,
            name=product.name,
            category_id=product.category_id,
            category=product.category,
            gtin=product.gtin,
            unit=product.unit,
            pack_size=amount_text(product.pack_size),
            minimum=None if product.minimum is None else amount_text(product.minimum),
            target=None if product.target is None else amount_text(product.target),
            photo=product.photo,
            version=product.version,
            archived=product.archived,
        )
