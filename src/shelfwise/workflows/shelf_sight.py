"""What a shop has learned, for counting shelves without its server: its model, its products by sight, categories."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shelfwise.bundle import read_bundle
from shelfwise.errors import EntryError, NotFoundError
from shelfwise.text import printable
from shelfwise.workflows.classify import find_bundle
from shelfwise.workflows.model_shelf import ModelShelf
from shelfwise.workflows.product_folder import has_index
from shelfwise.workflows.shelf_count import Names, Progress

if TYPE_CHECKING:
    from shelfwise.inventory.catalogue import Catalogue
    from shelfwise.inventory.records import Product
    from shelfwise.shelf.facings import Named
    from shelfwise.workflows.shelf import BoxNamer

__all__ = ["CatalogueNamer", "Sight", "find_product", "shop_sight"]

_MODELS, _PRODUCTS = "models", "products"


class Sight(NamedTuple):
    """What a shop sees its products with.

    Attributes:
        model: the model's folder.
        products: the index of the products that it knows by sight; None where the shop has none of this model.
    """

    model: Path
    products: Path | None


def shop_sight(home: Path, model: Path | None, tell: Callable[[str], None]) -> Sight:
    """The model to count a shop's shelves with, and what the shop has learned with it.

    Args:
        home: the shop's folder.
        model: the model that was asked for; None for the one that is active in the shop.
        tell: shows a line to the user: which index is taken, or that the shop has none of this model.

    Raises:
        BundleError: the model is missing or damaged.
    """
    folder = ModelShelf(home / _MODELS).active().path if model is None else find_bundle(model)
    bundle = read_bundle(folder)
    # As the server keeps it (shop_products.ShopProducts).
    index = home / _PRODUCTS / bundle.id
    if has_index(index):
        tell(printable(f"note: products are told as the shop has learned them ({index})"))
        return Sight(folder, index)
    if any(has_index(other) for other in _folders(home / _PRODUCTS)):
        tell(
            printable(
                f"note: the shop has learned no product with the model {bundle.name} ({bundle.id}), but with another"
                " one: name that with --model, or activate this one on the page Models"
            )
        )
    return Sight(folder, None)


def _folders(place: Path) -> list[Path]:
    return [each for each in place.iterdir() if each.is_dir()] if place.is_dir() else []


class CatalogueNamer:
    """Names boxes as another namer does; a product of the stock book has the category that the book has it in.

    Args:
        namer: says which product is in each box.
        catalogue: the stock book's catalogue.
    """

    def __init__(self, namer: BoxNamer, catalogue: Catalogue) -> None:
        self._namer = namer
        self._catalogue = catalogue
        self._found: dict[tuple[str | None, str], str | None] = {}

    @property
    def model(self) -> tuple[str, str]:
        """The model's id and name."""
        return self._namer.model

    def name(self, image: Image.Image, boxes: NDArray[np.float32], progress: Progress | None = None) -> Names:
        """What is in each box of an RGB image."""
        names = self._namer.name(image, boxes, progress)
        return replace(names, named=tuple(map(self._filed, names.named)))

    def _filed(self, named: Named) -> Named:
        if named.product is None:
            return named
        key = named.gtin, named.product
        if key not in self._found:
            product = find_product(self._catalogue, named.product, named.gtin)
            self._found[key] = None if product is None else product.category
        category = self._found[key]
        return named if category is None else replace(named, category=category)


def find_product(catalogue: Catalogue, name: str, gtin: str | None) -> Product | None:
    """The stock product of a GTIN, or else of a name; None where there is neither."""
    for ask, text in ((catalogue.product_by_gtin, gtin), (catalogue.product_by_name, name)):
        try:
            found = None if text is None else ask(text)
        except (NotFoundError, EntryError):
            continue
        if found is not None:
            return found
    return None
