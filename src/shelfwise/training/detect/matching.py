"""Which of the boxes that were found are products, photo by photo, by COCO's own rules."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shelfwise.extras import require
from shelfwise.training.detect.photos import DetectionPhoto
from shelfwise.types import Detections

if TYPE_CHECKING:
    from pycocotools.cocoeval import COCOeval

__all__ = ["LEAST", "MOST", "OVERLAPS", "Matched", "Sizes", "match_photos"]

Floats = NDArray[np.float64]

OVERLAPS: Final = np.round(np.arange(0.5, 1.0, 0.05), 2)
"""Intersections over union from which a box counts as found: COCO's ten."""
_AT_75: Final = 5
MOST: Final = 300
"""Boxes of a photo that are looked at, the surest first; COCO's own 100 are too few for a shelf."""
LEAST: Final = 0.02
"""Boxes less sure than this are not looked at: far below any threshold that could be chosen."""
_EVERY: Final = (0.0, 1e10)
_PART: Final = {"small": (0.0, 32.0**2), "medium": (32.0**2, 96.0**2), "large": (96.0**2, 1e10)}
_CATEGORY: Final = 1


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """What was found on one photo, compared with what is there, at an overlap of one half.

    Attributes:
        photo: the photo with its products.
        scores: float64 (N,), of the boxes that were found, highest first; at most :data:`MOST`.
        boxes: float32 (N, 4), these boxes.
        right: bool (N,), whether each is a product; of two on one product only the surer is.
        counted: bool (N,), False for boxes in regions where nothing is right or wrong.
        found_with: float64 (G,), score of the box that found each product of the photo; -1 where none did.
    """

    photo: DetectionPhoto
    scores: Floats
    boxes: NDArray[np.float32]
    right: NDArray[np.bool_]
    counted: NDArray[np.bool_]
    found_with: Floats

    def count(self, threshold: float) -> int:
        """How many products were counted with this threshold."""
        return int((self.counted & (self.scores >= threshold)).sum())


class Sizes(NamedTuple):
    """Average precisions of products of all sizes, or of one size.

    Attributes:
        products: how many there are.
        ap50, ap75: at overlaps of 0.5 and 0.75.
        ap: mean over :data:`OVERLAPS`.
        recall: share of the products that was found at all, at 0.5.
    """

    products: int
    ap50: float
    ap75: float
    ap: float
    recall: float


def match_photos(
    photos: Sequence[DetectionPhoto], found: Sequence[Detections]
) -> tuple[list[Matched], dict[str, Sizes]]:
    """Compare what was found with what is there.

    Greedy matching by score, as COCO's evaluation has it (pycocotools): a box finds the product that it overlaps
    most and no surer box has found; one that has half its area in an ignored region is neither right nor wrong.

    Args:
        photos: the photos with their products.
        found: what was found on each, of all scores that are to be in a curve.

    Returns:
        A comparison for each photo, and average precisions for products of ``all`` sizes and those of COCO's three.

    Raises:
        MissingExtraError: pycocotools is not installed.
    """
    evaluation = _evaluate(photos, found)
    # The first entries are those of all sizes, one a photo; None where nothing is there and nothing was found.
    entries = evaluation.evalImgs[: len(photos)]
    compared = [_matched(*each) for each in zip(photos, found, entries, strict=True)]
    return compared, _by_size(evaluation)


def _evaluate(photos: Sequence[DetectionPhoto], found: Sequence[Detections]) -> COCOeval:
    require("pycocotools", what="Measuring a detector", extra="train")
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        truth, answers = COCO(), COCO()
        images = [{"id": number} for number in range(1, len(photos) + 1)]
        category = [{"id": _CATEGORY, "name": "product"}]
        truth.dataset = {"images": images, "categories": category, "annotations": _truth(photos)}
        answers.dataset = {"images": images, "categories": category, "annotations": _answers(found)}
        for each in (truth, answers):
            each.createIndex()
        evaluation = COCOeval(truth, answers, "bbox")
        evaluation.params.iouThrs = OVERLAPS
        evaluation.params.maxDets = [MOST]
        evaluation.params.areaRng = [list(_EVERY), *map(list, _PART.values())]
        evaluation.params.areaRngLbl = ["all", *_PART]
        evaluation.evaluate()
        evaluation.accumulate()
    return evaluation


def _truth(photos: Sequence[DetectionPhoto]) -> list[dict[str, Any]]:
    rows = [
        (number, box, crowd)
        for number, photo in enumerate(photos, start=1)
        for boxes, crowd in ((photo.boxes, 0), (photo.ignore, 1))
        for box in boxes
    ]
    return [_annotation(place, *row) for place, row in enumerate(rows, start=1)]


def _answers(found: Sequence[Detections]) -> list[dict[str, Any]]:
    rows = [
        (number, box, score)
        for number, each in enumerate(found, start=1)
        for box, score in zip(each.boxes[:MOST], each.scores[:MOST], strict=True)
    ]
    return [
        {**_annotation(place, number, box, 0), "score": float(score)}
        for place, (number, box, score) in enumerate(rows, start=1)
    ]


def _annotation(place: int, number: int, box: NDArray[np.float32], crowd: int) -> dict[str, Any]:
    left, top, right, bottom = map(float, box)
    width, height = right - left, bottom - top
    return {
        "id": place,
        "image_id": number,
        "category_id": _CATEGORY,
        "bbox": [left, top, width, height],
        "area": width * height,
        "iscrowd": crowd,
    }


def _matched(photo: DetectionPhoto, answer: Detections, entry: dict[str, Any] | None) -> Matched:
    scores = np.asarray(answer.scores[:MOST], np.float64)
    right, counted = np.zeros(len(scores), np.bool_), np.ones(len(scores), np.bool_)
    found_with = np.full(len(photo.boxes), -1.0)
    if entry is not None:
        counted = ~np.asarray(entry["dtIgnore"][0], np.bool_)
        right = counted & (np.asarray(entry["dtMatches"][0]) > 0)
        finder = dict(zip(entry["dtIds"], scores, strict=True))
        # Products come before ignored regions there, each in its own order.
        for place, name in enumerate(entry["gtMatches"][0][: len(photo.boxes)]):
            found_with[place] = finder.get(int(name), -1.0)
    return Matched(photo, scores, answer.boxes[:MOST], right, counted, found_with)


def _by_size(evaluation: COCOeval) -> dict[str, Sizes]:
    """The average precisions of an accumulated evaluation, by size; sizes of no product are left out."""
    precision, recall = evaluation.eval["precision"], evaluation.eval["recall"]
    marked = evaluation.cocoGt.dataset["annotations"]
    areas = np.array([row["area"] for row in marked if not row["iscrowd"]])
    sizes = {}
    for place, (low, high) in enumerate(evaluation.params.areaRng):
        each = precision[:, :, 0, place, 0].mean(axis=1)
        if each[0] >= 0:  # -1 stands for no product
            sizes[evaluation.params.areaRngLbl[place]] = Sizes(
                int(((areas >= low) & (areas <= high)).sum()),
                float(each[0]),
                float(each[_AT_75]),
                float(each.mean()),
                float(recall[0, 0, place, 0]),
            )
    return sizes
