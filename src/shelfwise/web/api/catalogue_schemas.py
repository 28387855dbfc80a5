"""What the API takes and gives of stores, locations, categories and products."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, Field, ValidationInfo

from shelfwise.errors import EntryError
from shelfwise.inventory.product_fields import checked
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


def _may_be_kept(value: Any, info: ValidationInfo) -> Any:
    # The catalogue's own check, here already: so all fields that are wrong are told together.
    try:
        checked({str(info.field_name): value})
    except EntryError as error:
        raise ValueError(error.message) from error
    return value


_Kept: Final = AfterValidator(_may_be_kept)
ProductName = Annotated[Name, _Kept]
Gtin = Annotated[Words, _Kept]
ProductAmount = Annotated[Amount, _Kept]


class ProductIn(Entry):
    """A new product; a category that is not there yet is made."""

    name: Annotated[ProductName, Field(examples=["Oat drink"])]
    category: Annotated[ProductName | None, Field(examples=["drinks/milk"])] = None
    gtin: Annotated[Gtin | None, Field(description="8, 12, 13 or 14 digits", examples=["4006381333931"])] = (
        None
    )
    unit: Annotated[ProductName, Field(max_length=40, examples=["piece"])] = "piece"
    pack_size: Annotated[ProductAmount, Field(description="Units in an ordered pack.")] = Decimal(1)
    minimum: Annotated[ProductAmount | None, Field(description="Below it the product is low.")] = None
    target: Annotated[ProductAmount | None, Field(description="What an order fills up to.")] = None


class ProductChange(Entry):
    """What to change of a product; what is left out stays, and null empties a field that may be empty."""

    name: ProductName | None = None
    category: ProductName | None = None
    gtin: Gtin | None = None
    unit: Annotated[ProductName | None, Field(max_length=40)] = None
    pack_size: ProductAmount | None = None
    minimum: ProductAmount | None = None
    target: ProductAmount | None = None
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
