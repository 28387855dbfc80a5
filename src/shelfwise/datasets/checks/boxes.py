"""What matters where products are to be found, not named: boxes, how many there are, and photos without any."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from shelfwise.datasets.checks import limits
from shelfwise.datasets.checks.report import Finding
from shelfwise.datasets.checks.survey import Survey
from shelfwise.datasets.dataset import Box
from shelfwise.text import many

__all__ = ["find_bare", "find_few_shelves", "find_product_sizes", "find_repeated_boxes", "find_tiny_boxes"]


def find_few_shelves(survey: Survey) -> Iterator[Finding]:
    """Sets without a box, with too few photos to divide, or with few photos that show products."""
    shelves = len(_boxes(survey))
    different = len(survey.identical)
    if not shelves:
        yield survey.finding("no-products", "no photo has a box", value=0)
    elif different < limits.PARTS and not survey.parts:
        message = f"{many(different, 'photo')}: too few to train on, to validate and to test"
        finding = survey.finding("few-shelves", message, value=different)
        yield replace(finding, severity="error")
    elif shelves < limits.FEW_PHOTOS:
        yield survey.finding("few-shelves", f"{many(shelves, 'photo')} with boxes", value=shelves)


def find_tiny_boxes(survey: Survey) -> Iterator[Finding]:
    """Photos that are tiny, and photos with boxes too small to be found, the most of them first."""
    for index, facts in enumerate(survey.facts):
        if facts.size is not None and min(facts.size) < limits.MIN_SIDE:
            width, height = facts.size
            yield survey.finding("tiny", f"{width} × {height} pixels", [index], min(facts.size))
    found = []
    for photo, boxes in _boxes(survey).items():
        sides = [min(box.width, box.height) for box in boxes]
        tiny = [side for side in sides if side < limits.MIN_PRODUCT_SIDE]
        if tiny:
            what = "box" if len(tiny) == 1 else "boxes"
            message = f"{len(tiny):,} {what} under {limits.MIN_PRODUCT_SIDE} pixels, down to {min(tiny):.0f}"
            found.append((len(tiny), survey.finding("tiny", message, [photo], min(tiny))))
    yield from (finding for _, finding in sorted(found, key=lambda each: -each[0]))


def find_repeated_boxes(survey: Survey) -> Iterator[Finding]:
    """Photos on which a product has more than one box."""
    for photo, boxes in _boxes(survey).items():
        pairs = _same(boxes)
        if pairs:
            message = f"{pairs:,} {'box lies' if pairs == 1 else 'boxes lie'} on another"
            yield survey.finding("duplicate-box", message, [photo], pairs)


def find_bare(survey: Survey) -> Iterator[Finding]:
    """How many photos show no product."""
    with_boxes = _boxes(survey)
    bare = [index for index in range(len(survey.facts)) if index not in with_boxes]
    if bare:
        message = f"{many(len(bare), 'photo')} of {len(survey.facts):,}"
        yield survey.finding("bare", message, bare, len(bare))


def find_product_sizes(survey: Survey) -> Iterator[Finding]:
    """How many products a photo shows, and how large they are."""
    boxes = _boxes(survey)
    if not boxes:
        return
    counts = np.array([len(each) for each in boxes.values()])
    sides = np.array([min(box.width, box.height) for each in boxes.values() for box in each])
    yield survey.finding(
        "products", f"on each photo with products: {_range(counts)}", value=float(np.median(counts))
    )
    yield survey.finding(
        "products", f"shorter side in pixels: {_range(sides)}", value=float(np.median(sides))
    )


def _boxes(survey: Survey) -> dict[int, list[Box]]:
    """The boxes of each photo that has some, in the order of the samples."""
    found: defaultdict[int, list[Box]] = defaultdict(list)
    for sample, photo in zip(survey.dataset.samples, survey.photo_of, strict=True):
        if sample.box is not None:
            found[photo].append(sample.box)
    return dict(found)


def _range(values: NDArray[np.generic]) -> str:
    low, middle, high = np.percentile(values.astype(np.float64), [0, 50, 100])
    return f"{low:,.0f} to {high:,.0f}, {middle:,.0f} in the median"


def _same(boxes: Sequence[Box]) -> int:
    """How many boxes lie on one before them: intersection over union of ``SAME_BOX`` and more."""
    edges = np.array([(b.x, b.y, b.x + b.width, b.y + b.height) for b in boxes], np.float64)
    low = np.maximum(edges[:, None, :2], edges[None, :, :2])
    high = np.minimum(edges[:, None, 2:], edges[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=2)
    area = np.prod(np.clip(edges[:, 2:] - edges[:, :2], 0, None), axis=1)
    union = area[:, None] + area[None, :] - shared
    alike = shared >= limits.SAME_BOX * np.maximum(union, 1e-9)
    return int(np.tril(alike, -1).any(axis=1).sum())
