"""A product's photo, given as a file on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shelfwise.cli.shop_options import photo_folder
from shelfwise.errors import ConflictError

if TYPE_CHECKING:
    from shelfwise.cli.stock_options import Opened
    from shelfwise.inventory.records import Product

__all__ = ["PhotoOption", "give_photo", "keep_photo"]

PhotoOption = Annotated[
    Path | None,
    typer.Option(
        "--photo",
        metavar="FILE",
        help="A picture of it, shown in lists. A server that runs knows it by sight after its next start.",
    ),
]


def keep_photo(file: Path, home: Path | None) -> str:
    """Keep a picture in the shop's folder, without its place, time and camera; the hash of what is kept.

    Raises:
        ImageError: it cannot be read, or is no picture.
        StorageError: it cannot be written.
    """
    from shelfwise.images.photo_store import PhotoStore
    from shelfwise.images.reading import Limits, read_bytes

    limits = Limits()
    return PhotoStore(photo_folder(home), limits).add(read_bytes(file, limits), name=str(file)).sha256


def give_photo(book: Opened, product: Product, photo: str) -> Product:
    """Let a kept photo show a product, and no other one, and be what lists show of it.

    Raises:
        ConflictError: the product is archived.
        EntryError: it has as many photos as it may have.
    """
    if product.archived:
        raise ConflictError(f"{product.name!r} is archived: restore it first")
    owners = book.catalogue.products_of_photo(photo)
    if product.id not in owners:
        book.catalogue.add_product_photo(product.id, photo)
        book.tell("product.learn", f"product {product.name}", id=product.id, photos=1)
    for other in owners:
        if other != product.id:
            name = book.catalogue.product(other).name
            book.catalogue.remove_product_photo(other, photo)
            book.tell("product.forget", f"product {name}", id=other, photo=photo)
    return book.catalogue.change_product(product.id, {"photo": photo}, tell=book.tell_change)
