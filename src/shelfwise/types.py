"""Validated results over numpy arrays, shared by all rooms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["AnswerKind", "Candidate", "Decision", "Detections", "Prediction"]

AnswerKind = Literal["accept", "ask", "unknown"]
"""What to do with a prediction: take it, ask a person, or take the photo for something never learned."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One category that a photo may show, and how sure the model is of it (0 to 1)."""

    category: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Decision:
    """What can be relied on in a prediction.

    Attributes:
        answer: ``accept``: the product is ``node``; ``ask``: it is one of ``candidates``, ask which;
            ``unknown``: it is like nothing that the model learned.
        node: path of the deepest level that the model is sure of, such as ``fruit/apple`` where it cannot tell
            the variety; None where it is sure of none or the photo is unknown.
        level: name of that level, such as ``category``; None with ``node``.
        probability: calibrated probability of ``node``, 0 to 1; None with ``node``.
        novelty: how unlike the training photos it is, on the model's own scale; the higher, the stranger.
        candidates: what to ask about, likeliest first, each with its calibrated probability.
    """

    answer: AnswerKind
    node: str | None
    level: str | None
    probability: float | None
    novelty: float
    candidates: tuple[Candidate, ...] = ()

    def __post_init__(self) -> None:
        if (self.node is None) != (self.level is None) or (self.node is None) != (self.probability is None):
            raise ValueError("node, level and probability are given together or not at all")
        if (self.answer == "accept" and self.node is None) or (self.answer == "unknown" and self.node):
            raise ValueError(f"{self.answer} does not go with node {self.node!r}")


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What a model says of one photo.

    Attributes:
        categories: the model's category names, in label order (shared between predictions).
        probabilities: float32 array of shape ``(len(categories),)``, summing to 1.
        source: the photo's path, or None where it had none.
        embedding: float32 array of shape ``(features,)``, by whose cosine products are compared: what the
            network's last layer saw, in the model's metric for products where it has one; None where the prediction
            was made without a network.
        decision: whether to rely on it, and on how much of it; None where the model has no thresholds for that.
    """

    categories: tuple[str, ...]
    probabilities: NDArray[np.float32]
    source: str | None = None
    embedding: NDArray[np.float32] | None = None
    decision: Decision | None = None

    def __post_init__(self) -> None:
        p = self.probabilities
        if p.shape != (len(self.categories),):
            raise ValueError(f"{len(self.categories)} categories, but probabilities of shape {p.shape}")
        if not np.isfinite(p).all() or (p < 0).any() or abs(float(p.sum(dtype=np.float64)) - 1.0) > 1e-3:
            raise ValueError("probabilities must be finite, not negative, and sum to 1")

    @property
    def label(self) -> int:
        """Index of the most probable category (the first one of equals)."""
        return int(self.probabilities.argmax())

    @property
    def category(self) -> str:
        """The most probable category."""
        return self.categories[self.label]

    @property
    def confidence(self) -> float:
        """Probability of the most probable category, 0 to 1."""
        return float(self.probabilities[self.label])

    def top(self, k: int = 3) -> tuple[Candidate, ...]:
        """The ``k`` most probable categories, best first; equals in label order."""
        order = np.argsort(-self.probabilities, kind="stable")[: max(k, 0)]
        return tuple(Candidate(self.categories[i], float(self.probabilities[i])) for i in order)


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """The products that a detector found on one photo.

    Attributes:
        boxes: float32 array of shape (N, 4): left, top, right and bottom edge of each product in pixels of the photo
            as shown (EXIF orientation applied), within the photo.
        scores: float32 array of shape (N,), how sure the detector is of each, 0 to 1, highest first.
        width: of the photo, in pixels.
        height: of the photo, in pixels.
        source: the photo's path, or None where it had none.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    width: int
    height: int
    source: str | None = None

    def __post_init__(self) -> None:
        if self.boxes.shape != (len(self.scores), 4) or self.scores.ndim != 1:
            raise ValueError(
                f"boxes of shape {self.boxes.shape} do not go with scores of {self.scores.shape}"
            )
        left, top, right, bottom = self.boxes[:, 0], self.boxes[:, 1], self.boxes[:, 2], self.boxes[:, 3]
        inside = (left >= 0) & (top >= 0) & (right <= self.width) & (bottom <= self.height)
        if not (inside & (left < right) & (top < bottom)).all():
            raise ValueError("boxes must have an area and lie within the photo")
        if not ((self.scores >= 0) & (self.scores <= 1)).all() or (np.diff(self.scores) > 0).any():
            raise ValueError("scores must lie between 0 and 1 and be sorted, highest first")

    def __len__(self) -> int:
        return len(self.scores)
