"""What an index of products holds: products, their photos, and an embedding of each photo."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, count

import numpy as np
from numpy.typing import NDArray

from shelfwise.errors import ProductError
from shelfwise.gtin import gtin_key
from shelfwise.inference.products.records import Photo, Product, clean_name, name_key
from shelfwise.text import nearest

__all__ = ["Contents"]

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False, kw_only=True)
class Contents:
    """Products by name and photos by hash, each with its embedding.

    Attributes:
        products: ordered by name.
        embeddings: float32 array of shape (photos, features), rows of length 1 in the order of the products' photos.
            They are rounded to half precision, as they are stored.
    """

    products: tuple[Product, ...]
    embeddings: Floats = field(repr=False)

    def find(self, name: str) -> Product:
        """The product of this name; capitals do not count.

        Raises:
            ProductError: there is none.
        """
        product = self._by_name.get(name_key(name))
        if product is None:
            meant = nearest(name, [each.name for each in self.products])
            hint = f"Did you mean {meant!r}?" if meant else "See: shelfwise products list"
            raise ProductError(f"there is no product {clean_name(name)!r}. {hint}")
        return product

    def product(self, product_id: str) -> Product | None:
        """The product with this id, or None."""
        return next((each for each in self.products if each.id == product_id), None)

    def owner(self, photo: str) -> Product | None:
        """The product that a photo, named by its hash, is enrolled under, or None."""
        return self._owners.get(photo)

    def elsewhere(self, photo: str, name: str, *, move: bool, shown: str | None = None) -> bool:
        """Whether a photo, named by its hash, is enrolled under another product than that of this name.

        Args:
            photo: its hash.
            name: the product it is to be added to.
            move: whether it may be taken away from the other product.
            shown: what to call the photo in the error; by default its file's name when it was added.

        Raises:
            ProductError: it is, and may not be taken away.
        """
        owner = self._owners.get(photo)
        if owner is None or name_key(owner.name) == name_key(name):
            return False
        if not move:
            raise ProductError(
                f"{shown or self._entry(photo)[0].name}: this photo is enrolled under {owner.name!r} already. "
                f"To move it to {clean_name(name)!r}, add it with --move"
            )
        return True

    @cached_property
    def _owners(self) -> dict[str, Product]:
        return {photo.sha256: product for product in self.products for photo in product.photos}

    @cached_property
    def _by_name(self) -> dict[str, Product]:
        return {name_key(product.name): product for product in self.products}

    def _entries(
        self, *, without: Iterable[str] = (), leave_out: str | None = None
    ) -> Iterator[tuple[Product, dict[str, Floats]]]:
        """The products with their embeddings, without these photos and one product."""
        gone = set(without)
        for product in self.products:
            if product.id == leave_out:
                continue
            if gone.isdisjoint(photo.sha256 for photo in product.photos):
                yield product, self._rows_of(product)
                continue
            photos = tuple(photo for photo in product.photos if photo.sha256 not in gone)
            yield product.model_copy(update={"photos": photos}), self._rows_of(product)

    @cached_property
    def _starts(self) -> dict[str, int]:
        starts = accumulate((len(each.photos) for each in self.products), initial=0)
        return {product.id: start for product, start in zip(self.products, starts, strict=False)}

    def _rows_of(self, product: Product) -> dict[str, Floats]:
        start = self._starts[product.id]
        return {photo.sha256: self.embeddings[start + i] for i, photo in enumerate(product.photos)}

    def _entry(self, photo: str) -> tuple[Photo, Floats]:
        """An enrolled photo and its embedding."""
        owner = self._owners[photo]
        place = bisect_left(owner.photos, photo, key=lambda each: each.sha256)
        return owner.photos[place], self.embeddings[self._starts[owner.id] + place]

    def _free_id(self, name: str) -> str:
        taken = {each.id for each in self.products}
        made = (hashlib.sha256(f"{i} {name_key(name)}".encode()).hexdigest()[:12] for i in count())
        return next(each for each in made if each not in taken)

    def _free_gtin(self, gtin: str, product: Product) -> str:
        for other in self.products:
            if other.gtin and other.id != product.id and gtin_key(other.gtin) == gtin_key(gtin):
                raise ProductError(
                    f"GTIN {gtin} is that of {other.name!r} already: a number belongs to one product"
                )
        return gtin
