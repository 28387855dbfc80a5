"""How well a detector in training finds products: average precision on whole photos, looked at as when it serves."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from shelfwise.bundle import Bundle
from shelfwise.errors import DivergedError
from shelfwise.images.decode import decode
from shelfwise.images.preprocess import Preprocessing
from shelfwise.inference.session import Boxes
from shelfwise.models.product_detector import ProductDetector
from shelfwise.rules import DetectionRule
from shelfwise.shelf.detector import Detector
from shelfwise.shelf.suppression import overlaps
from shelfwise.training.detect.matching import LEAST
from shelfwise.training.detect.measures import average_precision
from shelfwise.training.detect.photos import DetectionPhoto
from shelfwise.training.normalise import scale_and_shift

__all__ = ["TorchSession", "Validation", "found_right"]

Edges = NDArray[np.float32]

MOST_PHOTOS: Final = 250
"""More validation photos tell no better which epoch is the best, and take time after each."""
_HALF: Final = 0.5


class TorchSession:
    """Runs a detector's network where it is trained, as the session of a :class:`~shelfwise.shelf.detector.Detector`.

    Args:
        network: the network, on ``device``.
        mean, std: normalisation of the input, of values in 0…1.
        device: where it is.
        autocast: the context of the forward pass.
    """

    def __init__(
        self,
        network: ProductDetector,
        *,
        mean: Sequence[float],
        std: Sequence[float],
        device: torch.device,
        autocast: Callable[[], contextlib.AbstractContextManager[Any]] = contextlib.nullcontext,
    ) -> None:
        self._network, self._device, self._autocast = network, device, autocast
        self._scale, self._shift = scale_and_shift(mean, std, device)

    @torch.no_grad()
    def run(self, images: NDArray[np.uint8]) -> Boxes:
        """Run the network on uint8 pictures of shape (N, height, width, 3).

        Raises:
            DivergedError: its answers are no numbers.
        """
        x = torch.from_numpy(images).to(self._device).permute(0, 3, 1, 2).float()
        x = (x * self._scale - self._shift).contiguous(memory_format=torch.channels_last)
        with self._autocast():
            found = self._network(x)
        scores, boxes = found.logits.float().sigmoid().cpu().numpy(), found.boxes.float().cpu().numpy()
        if not (np.isfinite(scores).all() and np.isfinite(boxes).all()):
            raise DivergedError(
                "the detector's answers are no numbers any more: try a lower learning rate (--lr)"
            )
        return Boxes(scores, boxes)


class Validation:
    """Gives the AP50 of a network on the validation photos.

    Args:
        photos: these; of more than :data:`MOST_PHOTOS`, evenly some.
        rule: how the detector looks at photos.
        preprocessing: its normalisation.
        device: where the network is.
        autocast: the context of the forward pass.
    """

    def __init__(
        self,
        photos: Sequence[DetectionPhoto],
        rule: DetectionRule,
        preprocessing: Preprocessing,
        *,
        device: torch.device,
        autocast: Callable[[], contextlib.AbstractContextManager[Any]] = contextlib.nullcontext,
    ) -> None:
        self._photos = photos[:: max(1, -(-len(photos) // MOST_PHOTOS))]
        self._rule, self._device, self._autocast = rule, device, autocast
        self._bundle = Bundle(
            Path("training"), "", ("product",), preprocessing, 1.0, {}, {}, False, "", task="detect"
        )

    def __call__(self, network: ProductDetector) -> float:
        """AP50, or NaN without photos.

        Raises:
            DivergedError: the network's answers are no numbers.
            ImageError: a photo cannot be read any more.
        """
        if not self._photos:
            return math.nan
        form = self._bundle.preprocessing
        session = TorchSession(
            network, mean=form.mean, std=form.std, device=self._device, autocast=self._autocast
        )
        detector = Detector(self._bundle, session, threads=1, rule=self._rule)
        rows = [_compared(detector, photo) for photo in self._photos]
        scores, right = (np.concatenate(each) for each in zip(*rows, strict=True))
        order = np.argsort(-scores, kind="stable")
        products = sum(len(photo.boxes) for photo in self._photos)
        return average_precision(scores[order], right[order], products, np.ones(len(scores)))


def _compared(detector: Detector, photo: DetectionPhoto) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Scores of what is found on a photo, and whether each is a product; what is to be ignored is left out."""
    found = detector.find(decode(photo.path), min_score=LEAST)
    right, counted = found_right(found.boxes, photo.boxes, photo.ignore)
    return found.scores[counted].astype(np.float64), right[counted]


def found_right(boxes: Edges, products: Edges, ignored: Edges) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which boxes find a product that no surer box has found, and which are to be counted.

    The rules of :func:`~shelfwise.training.detect.matching.match_photos` at one overlap, in a fraction of its time.

    Args:
        boxes: (N, 4), the surest first.
        products: (G, 4).
        ignored: (I, 4); of boxes that find no product, those with half their area in one of these do not count.

    Returns:
        Bool arrays (N,): right, and counted.
    """
    right, counted = np.zeros(len(boxes), np.bool_), np.ones(len(boxes), np.bool_)
    fit = overlaps(boxes, products)
    for place in range(len(boxes)) if len(products) else ():
        best = int(fit[place].argmax())
        if fit[place, best] >= _HALF:
            right[place] = True
            fit[:, best] = -1.0
    if len(ignored) and len(boxes):
        starts = np.maximum(boxes[:, None, :2], ignored[None, :, :2])
        ends = np.minimum(boxes[:, None, 2:], ignored[None, :, 2:])
        common = np.clip(ends - starts, 0, None).prod(2)
        areas = np.maximum((boxes[:, 2:] - boxes[:, :2]).prod(1), 1e-9)
        counted = right | (common.max(1) < _HALF * areas)
    return right, counted
