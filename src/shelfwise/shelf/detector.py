"""Find the products on a photo: all of it at a glance, then, where they are small, tile by tile."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shelfwise.bundle import Bundle, default_detector, read_bundle
from shelfwise.inference.session import BoxSession, OnnxBoxSession
from shelfwise.rules import DetectionRule
from shelfwise.shelf.suppression import suppress
from shelfwise.shelf.tiles import Tile, cut_off, tiles
from shelfwise.types import Detections

__all__ = ["MULTIPLE", "Detector", "box_session_of", "load_detector"]

MULTIPLE: Final = 64
"""Sides of what goes through the network are multiples of it; the rest is filled with grey."""

_GREY: Final = 114
_LEAST_OVERVIEW: Final = 192
"""Longer side in pixels that a smaller photo is enlarged to."""
_CLOSE: Final = 72.0
"""Pixels that the usual product is to measure where it is looked at closely: the geometric mean of its sides."""
_GAIN: Final = 1.2
"""A closer look that enlarges by less is left out."""
_TOO_SMALL: Final = 24.0
"""Products that measure less at the first look are left to the closer one."""
_CANDIDATES: Final = 1500
_LIMIT: Final = 1000
_DOUBT: Final = 0.6
"""What the first look has to be sure of, as a share of the least score, to reckon the usual product from."""


class _Found(NamedTuple):
    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]


def load_detector(bundle: str | Path | None = None, *, threads: int | None = None) -> Detector:
    """Load a trained detector.

    Args:
        bundle: the ``bundle`` folder of a training run with ``--task detect``; None for the detector that comes with
            Shelfwise.
        threads: tiles that are worked on at once; one a core by default.

    Raises:
        BundleError: the folder is missing, damaged, or holds a classifier.
        ModelError: its network cannot be loaded.
    """
    return Detector(read_bundle(default_detector() if bundle is None else Path(bundle)), threads=threads)


def box_session_of(bundle: Bundle, *, threads: int = 1) -> BoxSession:
    """What runs a detector's network; several threads may call it at a time.

    Raises:
        ModelError: it cannot be loaded.
    """
    return OnnxBoxSession(bundle.model_source(), threads=threads)


class Detector:
    """Finds products on photos.

    A first look at all of a photo finds large products and says how large they are. Where they are small, the photo
    is looked at once more, enlarged and in overlapping tiles. A box that ends at a tile's seam is left out: the
    product is whole in the neighbouring tile, or so large that the first look has it. What was found is merged in the
    order of the tiles, so that a photo gives the same boxes whatever the number of threads.

    Args:
        bundle: the trained detector.
        session: what runs its network.
        threads: tiles that are worked on at once; one a core by default.
        rule: how to look; the bundle's by default.

    Raises:
        BundleError: the bundle is of a classifier.
        ModelError: its network cannot be loaded.
    """

    def __init__(
        self,
        bundle: Bundle,
        session: BoxSession | None = None,
        *,
        threads: int | None = None,
        rule: DetectionRule | None = None,
    ) -> None:
        bundle.refuse_other_task("detect")
        found = rule or bundle.detection
        assert found is not None
        self.bundle, self.rule = bundle, found
        self._session = session or box_session_of(bundle)
        self._threads = threads or os.cpu_count() or 1

    def find(
        self,
        image: NDArray[np.uint8] | Image.Image,
        *,
        source: str | None = None,
        min_score: float | None = None,
    ) -> Detections:
        """Find the products on a photo.

        Args:
            image: uint8 RGB pixels of shape (height, width, 3), or a Pillow image in RGB, as shown.
            source: the photo's path.
            min_score: smallest score of a product; the rule's by default.

        Raises:
            ModelError: the network failed.
        """
        photo = Image.fromarray(image) if isinstance(image, np.ndarray) else image
        least = self.rule.min_score if min_score is None else min_score
        looks = [self._overview(photo, least)]
        scale = self._closer(photo.size, looks[0])
        if scale is not None:
            looks = [
                _large_only(looks[0], photo.size, self.rule.overview),
                *self._closely(photo, scale, least),
            ]
        boxes, scores = (np.concatenate(each) for each in zip(*looks, strict=True))
        kept, scores = suppress(
            boxes, scores, overlap=self.rule.overlap, kind=self.rule.suppression, least=least, limit=_LIMIT
        )
        return Detections(boxes[kept], scores, photo.width, photo.height, source)

    def _overview(self, photo: Image.Image, least: float) -> _Found:
        longer = max(photo.size)
        side = min(self.rule.overview, max(_LEAST_OVERVIEW, longer))
        size = (max(1, round(photo.width * (side / longer))), max(1, round(photo.height * (side / longer))))
        found = self._run(_resized(photo, size), min(least, self._plain))
        factors = np.array([photo.width / size[0], photo.height / size[1]] * 2, np.float32)
        return _inside(found.boxes * factors, found.scores, photo.size)

    @property
    def _plain(self) -> float:
        """How sure the first look has to be of a box to reckon from it how large products are."""
        return self.rule.min_score * _DOUBT

    def _closer(self, size: tuple[int, int], found: _Found) -> float | None:
        """By how much to enlarge the photo for a closer look; None where the first one saw all.

        It is the same whatever score is asked for, so that how well a detector finds is measured as it serves.
        """
        longer, seen = max(size), min(1.0, self.rule.overview / max(size))
        most = min(1.0, self.rule.side / longer)
        if most < seen * _GAIN:
            return None
        kept, _ = suppress(
            found.boxes, found.scores, overlap=self.rule.overlap, least=self._plain, limit=_LIMIT
        )
        if not len(kept):
            return most
        sides = found.boxes[kept, 2:] - found.boxes[kept, :2]
        usual = float(np.sqrt(np.percentile(sides.prod(1), 30)))
        scale = min(most, _CLOSE / usual)
        return scale if scale >= seen * _GAIN else None

    def _closely(self, photo: Image.Image, scale: float, least: float) -> list[_Found]:
        width, height = (max(1, round(side * scale)) for side in photo.size)
        parts = tiles(width, height, self.rule.tile, self.rule.tile_overlap)
        shown = _resized(photo, (width, height))

        def look(part: Tile) -> _Found:
            found = self._run(shown[part.top : part.bottom, part.left : part.right], least)
            boxes = found.boxes + np.array([part.left, part.top] * 2, np.float32)
            whole = ~cut_off(boxes, part, width, height)
            return _inside(boxes[whole] / np.float32(scale), found.scores[whole], photo.size)

        if self._threads == 1 or len(parts) == 1:
            return [look(part) for part in parts]
        with ThreadPoolExecutor(self._threads, thread_name_prefix="tiles") as pool:
            return list(pool.map(look, parts))

    def _run(self, pixels: NDArray[np.uint8], least: float) -> _Found:
        """What the network finds on pixels of any size: the surest places."""
        height, width = pixels.shape[:2]
        framed = np.full(
            (1, -(-height // MULTIPLE) * MULTIPLE, -(-width // MULTIPLE) * MULTIPLE, 3), _GREY, np.uint8
        )
        framed[0, :height, :width] = pixels
        answer = self._session.run(framed)
        scores, boxes = answer.scores[0], answer.boxes[0]
        sure = np.flatnonzero(scores >= least)
        if len(sure) > _CANDIDATES:
            sure = sure[np.argsort(-scores[sure], kind="stable")[:_CANDIDATES]]
        return _inside(boxes[sure], scores[sure], (width, height))


def _resized(photo: Image.Image, size: tuple[int, int]) -> NDArray[np.uint8]:
    # Halving by whole steps first costs less and loses nothing that is left after it.
    return np.asarray(photo.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0))


def _inside(boxes: NDArray[np.float32], scores: NDArray[np.float32], size: tuple[int, int]) -> _Found:
    """Boxes clipped to a picture; what has no area there is left out."""
    limits = np.array([*size, *size], np.float32)
    clipped = np.clip(boxes, 0, limits)
    there = (clipped[:, 2] - clipped[:, 0] >= 1) & (clipped[:, 3] - clipped[:, 1] >= 1)
    return _Found(clipped[there].astype(np.float32), scores[there].astype(np.float32))


def _large_only(found: _Found, size: tuple[int, int], overview: int) -> _Found:
    """What the first look saw well."""
    scale = min(1.0, overview / max(size))
    sides = found.boxes[:, 2:] - found.boxes[:, :2]
    large = np.sqrt(sides.prod(1)) * scale >= _TOO_SMALL
    return _Found(found.boxes[large], found.scores[large])
