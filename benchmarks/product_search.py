"""Time to find a photo's product among 100,000, the confidence included."""

from __future__ import annotations

import hashlib
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks import machine
from benchmarks.goals import GOALS
from benchmarks.options import Options
from benchmarks.result import Result
from shelfwise.inference.products.calibration import Prior
from shelfwise.inference.products.index import ModelRef, ProductIndex
from shelfwise.inference.products.records import Photo, Product

__all__ = ["product_search"]

NAME = "product-search"
PRODUCTS = 100_000
SEARCHES = 200
TOGETHER = 16
_NOW = "2026-01-01T00:00:00Z"
_FEATURES: Final = (1088, 384)
_GROUPS = 1000
_DIRECTIONS = 64
_METHOD = (
    f"Indexes of {PRODUCTS:,} products with one photo each. Embeddings have {_FEATURES[0]:,} numbers (768 of DINOv2"
    f" beside 320 of TinyViT-5M, as two joined networks give them) or {_FEATURES[1]} (what the metric of the packaged"
    " model keeps of these), and are drawn (seed 0) in two ways. Isotropic:"
    f" all numbers from one normal distribution, so that no product is near another. Clustered: {_GROUPS:,} groups,"
    f" as kinds of goods are, their centres in {_DIRECTIONS} directions that carry less and less, each product its"
    " group's centre and as much again of its own.",
    f"`ProductIndex.search` is called with one photo at a time, {SEARCHES} times, each a product with noise of half"
    f" its length; the figure is the median, of the slower of the two kinds at {_FEATURES[0]:,} numbers. The time to"
    " decode the photo and to run the network is not in it.",
)
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Measured:
    """Times in milliseconds, each for one photo, but for ``built_s``."""

    drawn: str
    features: int
    alone: list[float]
    together: list[float]
    reading: float
    built_s: float

    @property
    def median(self) -> float:
        return statistics.median(self.alone)

    def text(self) -> str:
        return (
            f"{self.drawn}, {self.features:,} numbers: {self.median:.1f} ms ({min(self.alone):.1f} to"
            f" {max(self.alone):.1f}); {TOGETHER} photos together {statistics.median(self.together):.1f} ms each;"
            f" reading the embeddings once {self.reading:.1f} ms"
        )


def product_search(options: Options) -> Result:
    """One photo at a time, and 16 together; for embeddings of two lengths and of two kinds."""
    count = options.photos or PRODUCTS
    measured = []
    for features, draw in (
        (_FEATURES[0], _isotropic),
        (_FEATURES[0], _clustered),
        (_FEATURES[1], _isotropic),
    ):
        measured.append(_measure(draw, count, features, options.repeats or SEARCHES))
        options.tell(f"  {measured[-1].text()}")
    worst = max(measured[:2], key=lambda each: each.median)
    figure = GOALS[NAME][0].figure(
        worst.median,
        min(worst.alone),
        max(worst.alone),
        ours=f"median of {len(worst.alone)} searches, {worst.features:,} numbers, {worst.drawn}",
        peer=f"reading the {count * worst.features * 4 / 1e6:.0f} MB of embeddings once: {worst.reading:.1f} ms",
    )
    return Result(
        name=NAME,
        figures=(figure,),
        command=(f"python -m benchmarks {NAME}",),
        method=_METHOD,
        limit=(
            "Memory: each search reads all embeddings once, and multiplies each number by one of the photo's.",
        ),
        remarks=(
            *(f"{each.text()[0].upper()}{each.text()[1:]}." for each in measured),
            "What is drawn hardly matters: all products are compared, whatever they are like.",
            f"Making the index, its threshold included: {worst.built_s:.1f} s.",
            "Photos more of a product make the index larger on the disk and not the search slower: all products are"
            " compared by one row each.",
        ),
        machine=machine.facts(),
        versions=machine.versions(("shelfwise", "numpy")),
        samples={
            "products": count,
            "measured": [
                {
                    "drawn": each.drawn,
                    "features": each.features,
                    "alone_ms": [round(value, 3) for value in each.alone],
                    "together_ms": [round(value, 3) for value in each.together],
                    "reading_ms": round(each.reading, 3),
                    "built_s": round(each.built_s, 2),
                }
                for each in measured
            ],
        },
    )


def _measure(
    draw: Callable[[np.random.Generator, int, int], Floats], count: int, features: int, searches: int
) -> _Measured:
    random = np.random.default_rng(0)
    embeddings = draw(random, count, features)
    started = time.perf_counter()
    index = ProductIndex.of(
        ModelRef(id="0" * 12, name="drawn"), Prior(), map(_entry, range(count), embeddings)
    )
    built = time.perf_counter() - started
    # Near to a product, as a photo of it would be.
    queries = index.embeddings[random.integers(0, count, max(SEARCHES, searches))]
    queries += 0.5 / features**0.5 * random.standard_normal(queries.shape, dtype=np.float32)
    index.search(queries[:1])
    return _Measured(
        drawn=draw.__name__.strip("_"),
        features=features,
        alone=[_milliseconds(index, queries[i : i + 1]) for i in range(searches)],
        together=[
            _milliseconds(index, queries[i : i + TOGETHER]) / TOGETHER
            for i in range(0, 5 * TOGETHER, TOGETHER)
        ],
        reading=_reading(index),
        built_s=built,
    )


def _isotropic(random: np.random.Generator, count: int, features: int) -> Floats:
    return random.standard_normal((count, features), dtype=np.float32)


def _clustered(random: np.random.Generator, count: int, features: int) -> Floats:
    weights = 1 / np.arange(1, _DIRECTIONS + 1, dtype=np.float32) ** 0.5
    places = random.standard_normal((_GROUPS, _DIRECTIONS), dtype=np.float32) * weights
    centres = places @ random.standard_normal((_DIRECTIONS, features), dtype=np.float32)
    spread = np.float32(centres.std())
    own = random.standard_normal((count, features), dtype=np.float32)
    own *= spread
    own += centres[random.integers(0, _GROUPS, count)]
    return own


def _entry(number: int, embedding: Floats) -> tuple[Product, dict[str, Floats]]:
    sha256 = hashlib.sha256(str(number).encode()).hexdigest()
    photo = Photo(sha256=sha256, kept_sha256=sha256, kept_bytes=1, added=_NOW, name="drawn")
    product = Product(id=f"{number:012x}", name=f"Product {number}", added=_NOW, photos=(photo,))
    return product, {sha256: embedding}


def _milliseconds(index: ProductIndex, queries: Floats) -> float:
    started = time.perf_counter()
    index.search(queries)
    return 1000 * (time.perf_counter() - started)


def _reading(index: ProductIndex) -> float:
    """The shortest of some times to read all embeddings, in milliseconds."""
    times = []
    for _ in range(5):
        started = time.perf_counter()
        index.embeddings.max()
        times.append(1000 * (time.perf_counter() - started))
    return min(times)
