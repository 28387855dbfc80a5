"""Photos of each of the sets that a joined dataset is made of, and figures on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from shelfwise.hierarchy import Hierarchy
from shelfwise.training.measures import calibration_bins, expected_calibration_error
from shelfwise.types import Decision

__all__ = ["SourceFigures", "SourcePhotos", "measure_source"]


@dataclass(frozen=True, slots=True)
class SourcePhotos:
    """The photos of one set that went into a model.

    Attributes:
        name: what people call the set.
        licence: of its photos, in words.
        photos: how many were trained, validated and tested on.
        sha256: over names, labels and contents of all its photos.
    """

    name: str
    licence: str
    photos: tuple[int, int, int]
    sha256: str

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class SourceFigures:
    """What a model makes of one set's photos.

    Attributes:
        name: what people call the set.
        licence: of its photos, in words.
        photos: how many were measured on.
        figures: shares from 0 to 1 by name, see :attr:`COLUMNS`.
    """

    COLUMNS: ClassVar[dict[str, str]] = {
        "category_accuracy": "category",
        "exact_accuracy": "variety",
        "accepted_precision": "precision of accepted",
        "accepted_coverage": "accepted",
        "ece": "ECE of the category",
    }

    name: str
    licence: str
    photos: int
    figures: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values."""
        return asdict(self)


def measure_source(
    name: str,
    licence: str,
    hierarchy: Hierarchy,
    probabilities: NDArray[np.floating[Any]],
    labels: NDArray[np.integer[Any]],
    decisions: Sequence[Decision | None],
) -> SourceFigures:
    """Measure a model on one set.

    The category is the likeliest node at the level of categories, of all that the model knows, whatever set they
    are from. The variety is right where the likeliest label is the photo's own, which for a photo without a named
    variety means that none is named.

    Args:
        name, licence: of the set.
        hierarchy: of the model's L categories.
        probabilities: calibrated, (N, L), N at least 1.
        labels: true categories, (N,).
        decisions: of each photo.
    """
    best, sure = hierarchy.likeliest(probabilities)
    truth = hierarchy.node_of_category[labels]
    right = hierarchy.holds(best, truth)
    bins = calibration_bins(sure, right)
    figures = {
        "category_accuracy": float(right.mean()),
        "exact_accuracy": float((probabilities.argmax(axis=1) == labels).mean()),
        "ece": expected_calibration_error(bins),
    }
    known = [each for each in decisions if each is not None]
    if len(known) == len(labels):
        figures |= _accepted(known, hierarchy, truth)
    return SourceFigures(name, licence, len(labels), figures)


def _accepted(
    decisions: Sequence[Decision], hierarchy: Hierarchy, truth: NDArray[np.int64]
) -> dict[str, float]:
    accepted = np.array([each.answer == "accept" for each in decisions])
    answered = np.array([-1 if each.node is None else hierarchy.index[each.node] for each in decisions])
    figures = {"accepted_coverage": float(accepted.mean())}
    if accepted.any():
        right = hierarchy.holds(answered, truth)
        figures["accepted_precision"] = float(right[accepted].mean())
    return figures
