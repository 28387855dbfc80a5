"""What can be done to an index of products without its model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from shelfwise.errors import ProductIndexError
from shelfwise.inference.products.index import ProductIndex
from shelfwise.inference.products.photos import photo_hash
from shelfwise.inference.products.records import Product
from shelfwise.inference.products.store import ProductStore

__all__ = ["remove_product", "rename_product"]


def remove_product(folder: Path, name: str, photo: Path | None = None) -> Product:
    """Remove a product with its photos, or one photo of it, and say what is gone or left.

    Args:
        folder: the index.
        name: the product.
        photo: the one photo to remove: the file that was added.

    Raises:
        ProductError: there is no such product, or the photo is not enrolled under it.
        ProductIndexError: there is no index, or it is damaged.
        ImageError: the photo cannot be read.
    """

    def change(index: ProductIndex) -> tuple[ProductIndex, Product]:
        if photo is None:
            return index.remove(name)
        return index.remove_photo(name, photo_hash(photo))

    return _edit(folder, change)


def rename_product(folder: Path, name: str, new: str) -> Product:
    """Give a product another name, and return it.

    Raises:
        ProductError: there is no such product, or another one has the new name.
        ProductIndexError: there is no index, or it is damaged.
    """
    return _edit(folder, lambda index: index.rename(name, new))


def _edit(folder: Path, change: Callable[[ProductIndex], tuple[ProductIndex, Product]]) -> Product:
    store = ProductStore(folder)
    if not store.exists():
        raise ProductIndexError(f"{folder}: there is no index of products. Add one: shelfwise products add")
    done: list[Product] = []

    def changed(before: ProductIndex | None) -> ProductIndex:
        if before is None:
            raise ProductIndexError(f"{folder}: the index of products has just been removed")
        after, product = change(before)
        done.append(product)
        return after

    store.update(changed)
    return done[0]
