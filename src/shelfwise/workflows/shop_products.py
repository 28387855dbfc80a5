"""Stock products known by sight: photos enrolled, forgotten and learned from corrections, for any active model.

The stock book says which photos belong to a product. What a model has learned of them follows from that, and is made
anew for another model, or where something was missed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from sqlalchemy import Connection, select

from shelfwise.errors import ConflictError, ImageError, NotFoundError, ProductIndexError
from shelfwise.inventory.tables import product_photos, products
from shelfwise.workflows.learned_products import LearnedProducts, Wanted

if TYPE_CHECKING:
    from shelfwise.accounts.records import Actor
    from shelfwise.answers.records import Answer, Verdict
    from shelfwise.inference.classifier import Classifier
    from shelfwise.inventory.records import Product
    from shelfwise.workflows.shop import Shop

__all__ = ["Enrolment", "ShopProducts", "enrol", "forget", "judge", "product_changed", "wanted_products"]

_KEPT_MODELS: Final = 2
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What came of photos of a product.

    Attributes:
        product: as it is now.
        photos: hashes of all of these photos that belong to the product now, in the order given.
        new: how many of them did not before.
        errors: photos that cannot be read.
    """

    product: Product
    photos: tuple[str, ...]
    new: int
    errors: tuple[ImageError, ...]


@dataclass(frozen=True, slots=True)
class _By:
    """Who changes which photos belong to a product, for the audit log."""

    name: str
    address: str | None

    @classmethod
    def of(cls, actor: Actor | None, address: str | None) -> _By | None:
        return None if actor is None else cls(actor.name, address)


class ShopProducts:
    """The indexes of a shop, one for each model, of which the latest stay in memory.

    Args:
        folder: where they are, each in a folder named by the model's id.

    Attributes:
        changing: held by whoever changes which photos belong to products, or which model learns them.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.changing = threading.RLock()
        self._guard = threading.Lock()
        self._learned: dict[str, LearnedProducts] = {}

    def opened(self, classifier: Classifier) -> LearnedProducts:
        """What this model has learned, ready to be caught up; it does not answer yet."""
        return LearnedProducts(classifier, self.folder / classifier.bundle.id)

    def use(self, learned: LearnedProducts) -> None:
        """Let it answer for its model, and learn. The one before answers what its model still has in hand."""
        with self._guard:
            self._learned.pop(learned.model_id, None)
            for before in self._learned.values():
                before.use(None)  # a network takes much memory
            self._learned[learned.model_id] = learned
            while len(self._learned) > _KEPT_MODELS:
                del self._learned[next(iter(self._learned))]

    def of(self, model: str) -> LearnedProducts | None:
        """What the model with this id has learned; None where it is not, or not any more, at work."""
        with self._guard:
            return self._learned.get(model)

    def in_use(self) -> LearnedProducts | None:
        """What the active model has learned; None before the first model is loaded."""
        with self._guard:
            return next(reversed(self._learned.values()), None)


def enrol(
    shop: Shop,
    product_id: int,
    photos: Sequence[bytes],
    actor: Actor | None = None,
    address: str | None = None,
) -> Enrolment:
    """Know a product by these photos from now on. A photo that belongs to another product is taken away from it.

    Args:
        shop: the shop.
        product_id: the product.
        photos: picture files; those that cannot be read are told and left out.
        actor: who gives them; with it, the audit log tells of it.
        address: the network address that they come from.

    Raises:
        NotFoundError: there is no such product.
        ConflictError: it is archived.
        ModelError: the active model cannot be loaded.
        StorageError: a photo or the index cannot be written.
    """
    errors: list[ImageError] = []
    hashes: list[str] = []
    _in_stock(shop, product_id)
    for number, data in enumerate(photos, start=1):
        try:
            hashes.append(shop.photos.add(data, name=f"photo {number}").sha256)
        except ImageError as error:
            errors.append(ImageError(error.source, error.reason))
    new = _learn(shop, product_id, list(dict.fromkeys(hashes)), errors, _By.of(actor, address))
    return Enrolment(
        shop.catalogue.product(product_id), tuple(_owned(shop, product_id, hashes)), new, tuple(errors)
    )


def forget(
    shop: Shop, product_id: int, photo: str, actor: Actor | None = None, address: str | None = None
) -> Product:
    """Take a photo, named by its hash, away from a product. The photo itself is kept.

    Args:
        shop: the shop.
        product_id: the product.
        photo: the photo's hash.
        actor: who does; with it, the audit log tells of it.
        address: the network address that it comes from.

    Raises:
        NotFoundError: there is no such product, or the photo is not one of its own.
    """
    with shop.products.changing:
        if photo not in shop.catalogue.product_photos(product_id):
            raise NotFoundError(f"product {product_id} has no photo {photo[:64]!r}")
        _take_away(shop, product_id, photo, _By.of(actor, address))
        learned = shop.products.in_use()
        if learned is not None:
            _healed(shop, learned, lambda: learned.forget(product_id, photo))
    return shop.catalogue.product(product_id)


def product_changed(shop: Shop, product_id: int) -> None:
    """Bring what is known by sight in step with a product that was renamed, archived or restored."""
    with shop.products.changing:
        learned = shop.products.in_use()
        if learned is None:
            return  # the model catches up with all products when it is loaded
        product = shop.catalogue.product(product_id)
        if product.archived:
            _healed(shop, learned, lambda: learned.forget_product(product_id))
            return
        _healed(shop, learned, lambda: learned.rename(product_id, product.name))
        known = learned.index.product(f"{product_id:012x}")
        there = {photo.sha256 for photo in known.photos} if known else set()
        missing = [each for each in shop.catalogue.product_photos(product_id) if each not in there]
        if missing:
            learned.learn(product_id, product.name, _readable(shop, missing))


def judge(
    shop: Shop,
    answer_id: int,
    verdict: Verdict,
    *,
    category: str | None = None,
    product_id: int | None = None,
    actor: Actor,
    address: str | None = None,
) -> Answer:
    """Take down what a person says of an answer, and learn from it at once.

    Where they say which product it is, and the model did not or was not sure, the photo belongs to that product
    from now on: the next photo that looks like it is named so. Where they say that it is something else, it no longer
    belongs to the product that it was taken for.

    Args:
        shop: the shop.
        answer_id: the answer.
        verdict: whether it was right.
        category, product_id: what is right, where they say so.
        actor: who says so; the audit log tells which product was given a photo, or lost one, by it.
        address: the network address that it comes from.

    Raises:
        NotFoundError: there is no such answer or product.
        ConflictError: the product is archived.
        EntryError: the verdict does not fit what is said beside it.
    """
    if product_id is not None:
        _in_stock(shop, product_id)
    shop.answers.judge(answer_id, verdict, category=category, product_id=product_id, user=actor.name)
    answer = shop.answers.get(answer_id)
    if product_id is not None and (verdict == "corrected" or product_id != answer.product_id):
        _learn(shop, product_id, [answer.photo], [], _By.of(actor, address))
    elif verdict == "confirmed" and answer.kind == "ask" and answer.product_id is not None:
        # Photos that were doubtful are those that a product is known better by.
        if not shop.catalogue.product(answer.product_id).archived:
            _learn(shop, answer.product_id, [answer.photo], [], _By.of(actor, address))
    elif verdict in ("corrected", "unknown") and product_id is None and answer.product_id is not None:
        _unlearn(shop, answer.product_id, answer.photo, actor, address)
    return answer


def wanted_products(connection: Connection) -> list[Wanted]:
    """Which photos belong to which product, as the stock book says; archived ones are not to be known by sight."""
    asked = (
        select(products.c.id, products.c.name, product_photos.c.sha256)
        .join(product_photos, product_photos.c.product_id == products.c.id)
        .where(products.c.archived_at.is_(None))
        .order_by(product_photos.c.added_at, products.c.id)
    )
    names: dict[int, str] = {}
    owners: dict[str, int] = {}
    for product_id, name, sha256 in connection.execute(asked):
        names[product_id] = name
        owners[sha256] = product_id  # of two products the one that got it last
    photos: dict[int, list[str]] = {}
    for sha256, product_id in owners.items():
        photos.setdefault(product_id, []).append(sha256)
    return [Wanted(each, names[each], tuple(photos[each])) for each in sorted(photos)]


def _in_stock(shop: Shop, product_id: int) -> Product:
    product = shop.catalogue.product(product_id)
    if product.archived:
        raise ConflictError(f"{product.name!r} is archived: restore it first")
    return product


def _learn(
    shop: Shop, product_id: int, hashes: Sequence[str], errors: list[ImageError], by: _By | None
) -> int:
    """Give photos that are kept to a product; how many were not its own before."""
    if not hashes:
        return 0
    shop.models.wait()
    with shop.products.changing:
        product, learned = _in_stock(shop, product_id), shop.products.in_use()
        if learned is None:
            raise ConflictError("no model is at work, so no product can be learned. See the models")
        own = set(shop.catalogue.product_photos(product_id))
        photos = [shop.photos.read(each) for each in hashes]
        _, unreadable = _healed(shop, learned, lambda: learned.learn(product_id, product.name, photos))
        errors.extend(unreadable)
        known = {
            photo.sha256
            for each in (learned.index.product(f"{product_id:012x}"),)
            if each
            for photo in each.photos
        }
        fresh = [each for each in hashes if each in known and each not in own]
        for sha256 in fresh:
            for other in shop.catalogue.products_of_photo(sha256):
                _take_away(shop, other, sha256, by)
            shop.catalogue.add_product_photo(product_id, sha256)
        if fresh and product.photo is None:
            shop.catalogue.change_product(product_id, {"photo": fresh[0]}, None)
        if fresh:
            _tell(shop, by, "product.learn", product, photos=len(fresh))
    return len(fresh)


def _healed(shop: Shop, learned: LearnedProducts, change: Callable[[], T]) -> T:
    """Make a change to the index; one that is damaged is made anew from the photos before."""
    try:
        return change()
    except ProductIndexError:
        shop.models.catch_up(learned)
        return change()


def _unlearn(shop: Shop, product_id: int, photo: str, actor: Actor, address: str | None) -> None:
    """Take a photo away from the product that it was taken for, if it belongs to it: it shows something else."""
    with shop.products.changing:
        if product_id in shop.catalogue.products_of_photo(photo):
            forget(shop, product_id, photo, actor, address)


def _take_away(shop: Shop, product_id: int, photo: str, by: _By | None) -> None:
    shop.catalogue.remove_product_photo(product_id, photo)
    product = shop.catalogue.product(product_id)
    if product.photo == photo:
        left = shop.catalogue.product_photos(product_id)
        shop.catalogue.change_product(product_id, {"photo": left[0] if left else None}, None)
    _tell(shop, by, "product.forget", product, photo=photo)


def _tell(shop: Shop, by: _By | None, action: str, product: Product, **details: object) -> None:
    if by is not None:
        told = {"id": product.id, **details}
        shop.audit.record(by.name, action, f"product {product.name}", told, by.address)


def _owned(shop: Shop, product_id: int, hashes: Sequence[str]) -> list[str]:
    own = set(shop.catalogue.product_photos(product_id))
    return [each for each in dict.fromkeys(hashes) if each in own]


def _readable(shop: Shop, hashes: Sequence[str]) -> list[bytes]:
    return [shop.photos.read(each) for each in hashes if shop.photos.has(each)]
