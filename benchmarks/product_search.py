"""Time to find a photo's product among 100,000, the confidence included."""

from __future__ import annotations

import hashlib
import statistics
import time

import numpy as np

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
FEATURES = 320
SEARCHES = 200
TOGETHER = 16
_NOW = "2026-01-01T00:00:00Z"
_METHOD = (
    f"An index of {PRODUCTS:,} products with one photo each, embeddings of {FEATURES} numbers (those of TinyViT-5M)"
    " drawn from a normal distribution (seed 0). `ProductIndex.search` is called with one photo at a time,"
    f" {SEARCHES} times; the figure is the median. The time to decode the photo and to run the network is not in it.",
)


def product_search(options: Options) -> Result:
    """One photo at a time, and 16 together."""
    count = options.photos or PRODUCTS
    random = np.random.default_rng(0)
    embeddings = random.standard_normal((count, FEATURES)).astype(np.float32)
    started = time.perf_counter()
    index = ProductIndex.of(
        ModelRef(id="0" * 12, name="drawn"), Prior(), map(_entry, range(count), embeddings)
    )
    built = time.perf_counter() - started
    options.tell(f"  {count:,} products indexed in {built:.1f} s")
    # Near to a product, as a photo of it would be.
    queries = embeddings[random.integers(0, count, SEARCHES)]
    queries += 0.5 * random.standard_normal(queries.shape).astype(np.float32)
    index.search(queries[:1])
    alone = [_milliseconds(index, queries[i : i + 1]) for i in range(options.repeats or SEARCHES)]
    together = [
        _milliseconds(index, queries[i : i + TOGETHER]) / TOGETHER for i in range(0, 5 * TOGETHER, TOGETHER)
    ]
    figure = GOALS[NAME][0].figure(
        statistics.median(alone),
        min(alone),
        max(alone),
        ours=f"median of {len(alone)} searches",
        peer=f"reading the {count * FEATURES * 4 / 1e6:.0f} MB of embeddings once: {_reading(index):.1f} ms",
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
            f"{TOGETHER} photos together: {statistics.median(together):.1f} ms each. Making the index, its threshold"
            f" included: {built:.1f} s.",
            "Photos more of a product make the index larger on the disk and not the search slower: all products are"
            " compared by one row each.",
        ),
        machine=machine.facts(),
        versions=machine.versions(("shelfwise", "numpy")),
        samples={
            "products": count,
            "features": FEATURES,
            "alone_ms": [round(each, 3) for each in alone],
            "together_ms": [round(each, 3) for each in together],
            "built_s": round(built, 2),
        },
    )


def _entry(
    number: int, embedding: np.ndarray[tuple[int, ...], np.dtype[np.float32]]
) -> tuple[Product, dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]]:
    sha256 = hashlib.sha256(str(number).encode()).hexdigest()
    photo = Photo(sha256=sha256, kept_sha256=sha256, kept_bytes=1, added=_NOW, name="drawn")
    product = Product(id=f"{number:012x}", name=f"Product {number}", added=_NOW, photos=(photo,))
    return product, {sha256: embedding}


def _milliseconds(index: ProductIndex, queries: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> float:
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
