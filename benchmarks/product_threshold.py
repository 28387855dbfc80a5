"""Does the fitted threshold tell enrolled products from others, at one photo each? By the index that users have."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

from benchmarks.embedded import Floats, Photos
from benchmarks.result import percent
from shelfwise.inference.products.calibration import Prior
from shelfwise.inference.products.index import ModelRef, ProductIndex
from shelfwise.inference.products.records import Photo, Product

__all__ = ["Verdicts", "verdicts"]

_NOW = "2026-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What an index says of photos, each figure a mean over the draws.

    Attributes:
        right, wrong, refused: of the photos of enrolled products, the shares that are named rightly, named wrongly,
            and called an unknown product.
        strangers_refused: of the photos of other products, the share that is rightly called unknown.
        threshold: the fitted threshold.
        enrolled, strangers: how many photos of each kind were asked about.
    """

    right: float
    wrong: float
    refused: float
    strangers_refused: float
    threshold: float
    enrolled: float
    strangers: float

    def text(self) -> str:
        """All of it in words."""
        return (
            f"of photos of enrolled products {percent(self.right)} are named rightly, {percent(self.wrong)} wrongly,"
            f" {percent(self.refused)} are called unknown; of photos of other products"
            f" {percent(self.strangers_refused)} are rightly called unknown (threshold {self.threshold:.2f})"
        )

    def plain(self) -> Mapping[str, float]:
        """All figures."""
        return {field.name: round(getattr(self, field.name), 5) for field in fields(self)}


def verdicts(
    enrolled: Photos, asked: Photos | None, model: ModelRef, prior: Prior, *, draws: int, seed: int = 42
) -> Verdicts:
    """Enrol one photo each of half of the classes, and ask about photos of all classes.

    Args:
        enrolled: where the enrolled photos are drawn from; of two classes at least.
        asked: the photos that are asked about; None for those of ``enrolled`` that are not drawn.
        model: what made the embeddings.
        prior: what to expect of similarities, as the model carries it.
        draws: how often classes and photos are drawn.
        seed: of the draws.
    """
    random = np.random.default_rng(seed)
    classes = np.unique(enrolled.labels)
    rows = []
    for _ in range(draws):
        taken = random.choice(classes, len(classes) // 2, replace=False)
        chosen = np.array([random.choice(np.flatnonzero(enrolled.labels == each)) for each in taken])
        queries = enrolled.without(chosen) if asked is None else asked
        rows.append(_draw(enrolled.take(chosen), queries, model, prior))
    return Verdicts(*(float(each) for each in np.mean(rows, axis=0)))


def _draw(enrolled: Photos, queries: Photos, model: ModelRef, prior: Prior) -> list[float]:
    index = ProductIndex.of(model, prior, map(_entry, enrolled.labels.tolist(), enrolled.rows))
    findings = index.search(queries.rows, top=1)
    best = np.array([-1 if each.best is None else int(each.best.product.name) for each in findings])
    ours = np.isin(queries.labels, enrolled.labels)
    own, strange = best[ours], best[~ours]
    right, refused = (own == queries.labels[ours]).mean(), (own == -1).mean()
    return [
        right,
        1 - right - refused,
        refused,
        (strange == -1).mean(),
        index.calibration.threshold,
        len(own),
        len(strange),
    ]


def _entry(label: int, row: Floats) -> tuple[Product, dict[str, Floats]]:
    sha256 = hashlib.sha256(row.tobytes()).hexdigest()
    photo = Photo(sha256=sha256, kept_sha256=sha256, kept_bytes=1, added=_NOW, name="drawn")
    product = Product(id=f"{label:012x}", name=str(label), added=_NOW, photos=(photo,))
    return product, {sha256: row}
