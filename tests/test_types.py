"""Results over arrays refuse what cannot be."""

import numpy as np
import pytest

from shelfwise.types import Detections


def _detections(boxes: object, scores: object) -> Detections:
    return Detections(np.array(boxes, np.float32).reshape(-1, 4), np.array(scores, np.float32), 100, 50)


def test_detections_are_counted() -> None:
    assert len(_detections([[0, 0, 100, 50], [1, 2, 3, 4]], [1.0, 0.5])) == 2
    assert len(_detections([], [])) == 0


@pytest.mark.parametrize(
    ("boxes", "scores"),
    [
        ([[0, 0, 10, 10]], []),
        ([[0, 0, 101, 10]], [0.5]),
        ([[-1, 0, 10, 10]], [0.5]),
        ([[5, 0, 5, 10]], [0.5]),
        ([[0, 0, float("nan"), 10]], [0.5]),
        ([[0, 0, 10, 10]], [1.5]),
        ([[0, 0, 10, 10]], [float("nan")]),
        ([[0, 0, 10, 10], [0, 0, 10, 10]], [0.1, 0.5]),
    ],
)
def test_detections_refuse_what_cannot_be(boxes: object, scores: object) -> None:
    with pytest.raises(ValueError, match=r"must|do not go"):
        _detections(boxes, scores)
