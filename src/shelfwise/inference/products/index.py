"""An index of products by what they look like: learned from a handful of photos, without training."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from shelfwise.errors import ProductError
from shelfwise.gtin import parse_gtin
from shelfwise.inference.products.calibration import Calibration, Prior, fit
from shelfwise.inference.products.contents import Contents
from shelfwise.inference.products.gallery import Gallery, unit_rows
from shelfwise.inference.products.matches import Added, Enrolled, Finding, Match
from shelfwise.inference.products.records import Product, Strict, clean_category, clean_name, name_key

__all__ = ["ModelRef", "ProductIndex"]

FITTED_ON: Final = 256
"""How many photos threshold and slope are fitted on at most, so that adding stays quick in a large index."""
_COMPARED: Final = 10
"""How many products share the confidence; those further away have next to none of it."""

Floats = NDArray[np.float32]


class ModelRef(Strict):
    """The model that made the embeddings.

    Attributes:
        id: :attr:`shelfwise.bundle.Bundle.id`.
        name: the network's name, to be shown.
    """

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
    name: Annotated[str, Field(min_length=1)]


@dataclass(frozen=True, eq=False, kw_only=True)
class ProductIndex(Contents):
    """Products, their photos and the embeddings of these. It is never changed: each edit gives another index.

    ::

        index = ProductIndex.empty(model, prior)
        index, added = index.add("Oat drink", [Enrolled(photo, embedding)], category="drinks/milk")
        finding = index.search(embeddings)[0]

    What it answers depends on its content alone, not on the order in which that was added.

    Attributes:
        model: what made the embeddings.
        prior: what to expect of similarities before there are photos.
        calibration: threshold and slope, fitted from the photos.
    """

    model: ModelRef
    prior: Prior
    calibration: Calibration

    @classmethod
    def empty(cls, model: ModelRef, prior: Prior | None = None) -> ProductIndex:
        """An index without products."""
        return cls.of(model, prior or Prior(), ())

    @classmethod
    def of(
        cls, model: ModelRef, prior: Prior, entries: Iterable[tuple[Product, Mapping[str, Floats]]]
    ) -> ProductIndex:
        """An index of these products, each with the embeddings of its photos by hash, of any length.

        Raises:
            ProductError: an embedding is zero or no number, or has more or fewer numbers than the others.
        """
        return cls._of(
            model,
            prior,
            ((product, {sha: _stored(row) for sha, row in rows.items()}) for product, rows in entries),
        )

    @classmethod
    def _of(
        cls, model: ModelRef, prior: Prior, entries: Iterable[tuple[Product, Mapping[str, Floats]]]
    ) -> ProductIndex:
        """The same of embeddings that are as they are stored; calibrated anew."""
        ordered = sorted(entries, key=lambda entry: name_key(entry[0].name))
        products, rows = [], []
        for product, embeddings in ordered:
            photos = tuple(sorted(product.photos, key=lambda photo: photo.sha256))
            products.append(
                product if photos == product.photos else product.model_copy(update={"photos": photos})
            )
            rows += [embeddings[photo.sha256] for photo in photos]
        if len({row.shape for row in rows}) > 1:
            raise ProductError("the model gives embeddings of different lengths")
        matrix = np.stack(rows) if rows else np.zeros((0, 0), np.float32)
        unfitted = fit((), (), prior)
        made = cls(
            model=model, prior=prior, products=tuple(products), embeddings=matrix, calibration=unfitted
        )
        return replace(made, calibration=made._fitted())

    @cached_property
    def _gallery(self) -> Gallery:
        return Gallery(self.embeddings, [len(each.photos) for each in self._seen])

    @cached_property
    def _seen(self) -> list[Product]:
        """The products that have photos: one may have lost its last to another."""
        return [product for product in self.products if product.photos]

    def search(self, embeddings: Floats, top: int = 3) -> list[Finding]:
        """Find the most similar products of each photo.

        Args:
            embeddings: array of shape (photos, features) and any length of its rows.
            top: how many products to tell of each.

        Raises:
            ProductError: the embeddings do not fit, are zero or no numbers.
        """
        threshold = self.calibration.threshold
        if not self._seen or not len(embeddings):
            return [Finding((), threshold) for _ in embeddings]
        if embeddings.shape[1] != self.embeddings.shape[1]:
            raise ProductError(
                f"embeddings of {embeddings.shape[1]} numbers, but those of the index have {self.embeddings.shape[1]}"
            )
        findings = []
        for ranked in self._gallery.search(_unit(embeddings), max(top, _COMPARED)):
            sure = self.calibration.confidences([similarity for _, similarity in ranked[:_COMPARED]])
            sure += [0.0] * (len(ranked) - len(sure))
            matches = (
                Match(self._seen[number], similarity, confidence)
                for (number, similarity), confidence in zip(ranked[:top], sure, strict=False)
            )
            findings.append(Finding(tuple(matches), threshold))
        return findings

    def own_similarities(self, product_id: str) -> tuple[float, ...]:
        """How alike a product's photos are: the similarity of each to the product without it, -1 to 1.

        Empty where there is no such product, or it has fewer than two photos; of many photos some are compared.
        """
        place = next((i for i, each in enumerate(self._seen) if each.id == product_id), None)
        return () if place is None else self._gallery.own(place)

    def add(
        self,
        name: str,
        photos: Sequence[Enrolled],
        *,
        now: str,
        again: Collection[str] = (),
        category: str | None = None,
        gtin: str | None = None,
        move: bool = False,
        new_id: str | None = None,
    ) -> tuple[ProductIndex, Added]:
        """Add photos to a product, which is made if there is none of this name.

        A photo that is there already changes nothing, and one that is moved keeps its embedding. Category and GTIN,
        where given, replace what was there.

        Args:
            name: the product's name.
            photos: with their embeddings.
            now: the time, as in ``2026-01-31T12:00:00Z``.
            again: hashes of photos that are in the index, given again.
            category: levels joined by ``/``.
            gtin: 8, 12, 13 or 14 digits.
            move: take photos away from other products they are enrolled under.
            new_id: the id of a product that is made, 12 hexadecimal digits that no other has; by default one is made
                from its name.

        Raises:
            ProductError: a name or number cannot be taken; another product has the GTIN; a photo is enrolled under
                another product and ``move`` is not set, or is not in the index although it is given ``again``; an
                embedding cannot be used.
        """
        old = self._by_name.get(name_key(name))
        product = old or Product(id=new_id or self._free_id(name), name=clean_name(name), added=now)
        if category is not None:
            product = product.model_copy(update={"category": clean_category(category)})
        if gtin is not None:
            product = product.model_copy(update={"gtin": self._free_gtin(parse_gtin(gtin), product)})
        if not self._owners.keys() >= set(again):
            raise ProductError("a photo has been taken away meanwhile: add them again")
        fresh = {each.photo.sha256: each for each in photos if each.photo.sha256 not in self._owners}
        there = {*again, *(each.photo.sha256 for each in photos)} - fresh.keys()
        elsewhere = {sha for sha in sorted(there) if self.elsewhere(sha, name, move=move)}
        moved = {sha: self._entry(sha) for sha in elsewhere}
        added = (*(each.photo for each in fresh.values()), *(photo for photo, _ in moved.values()))
        all_photos = tuple(sorted((*product.photos, *added), key=lambda photo: photo.sha256))
        product = product.model_copy(update={"photos": all_photos})
        result = Added(product, len(fresh), len(elsewhere), len(there) - len(elsewhere))
        if product == old:
            return self, result
        own = self._rows_of(old) if old else {}
        own |= {sha: _stored(each.embedding) for sha, each in fresh.items()}
        own |= {sha: row for sha, (_, row) in moved.items()}
        entries = self._entries(without=elsewhere, leave_out=product.id)
        return self._of(self.model, self.prior, [*entries, (product, own)]), result

    def remove(self, name: str) -> tuple[ProductIndex, Product]:
        """Take a product away with its photos. Raises ProductError where there is none of this name."""
        product = self.find(name)
        return self._of(self.model, self.prior, self._entries(leave_out=product.id)), product

    def remove_photo(self, name: str, photo: str) -> tuple[ProductIndex, Product]:
        """Take one photo, named by its hash, away from a product, which stays.

        Raises:
            ProductError: there is no product of this name, or the photo is not enrolled under it.
        """
        product = self.find(name)
        if photo not in {each.sha256 for each in product.photos}:
            raise ProductError(f"this photo is not enrolled under {product.name!r}, so nothing was removed")
        index = self._of(self.model, self.prior, self._entries(without={photo}))
        return index, index.find(name)

    def rename(self, name: str, new: str) -> tuple[ProductIndex, Product]:
        """Give a product another name; it stays the same product.

        Raises:
            ProductError: there is none of this name, or another product has the new one.
        """
        product = self.find(name)
        taken = self._by_name.get(name_key(new))
        if taken is not None and taken.id != product.id:
            raise ProductError(f"there is a product {taken.name!r} already: choose another name")
        renamed = product.model_copy(update={"name": clean_name(new)})
        entries = [*self._entries(leave_out=product.id), (renamed, self._rows_of(product))]
        return self._of(self.model, self.prior, entries), renamed

    def _fitted(self) -> Calibration:
        hashes = [photo.sha256 for product in self.products for photo in product.photos]
        # The smallest hashes are as good as drawn by lot, and the same whatever came first.
        sample = sorted(range(len(hashes)), key=hashes.__getitem__)[:FITTED_ON]
        return fit(*self._gallery.left_out(sample), self.prior)


def _stored(embedding: Floats) -> Floats:
    """At length 1 and rounded to half precision, as the file holds it: an index is the same before and after."""
    row: Floats = _unit(embedding[None])[0].astype(np.float16).astype(np.float32)
    return row


def _unit(embeddings: Floats) -> Floats:
    try:
        return unit_rows(embeddings)
    except ValueError as error:
        raise ProductError(f"the model gives nothing to compare for this photo: {error}") from error
