"""Classify a stream of photos and, where asked, sort copies of them into folders."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shelfwise.bundle import default_bundle, default_detector
from shelfwise.errors import ImageError
from shelfwise.inference.classifier import Classifier
from shelfwise.types import Prediction
from shelfwise.workflows.sorting import Sorter

if TYPE_CHECKING:
    from shelfwise.workflows.product_answers import Finder, ProductAnswer

__all__ = [
    "ASK",
    "DEFAULT",
    "DETECTOR",
    "UNKNOWN",
    "Answer",
    "Tally",
    "accepted_category",
    "classify_photos",
    "find_bundle",
    "find_detector",
]

UNKNOWN = "unknown"
"""The category of a photo like nothing the model learned, or whose answer is less sure than asked for."""
DEFAULT = "default"
"""Instead of a bundle: the model that comes with Shelfwise."""
DETECTOR = "default-detector"
"""Instead of a bundle: the detector that comes with Shelfwise."""
ASK = "ask"
"""The category of a photo that the model cannot tell for certain; a person should say."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one photo.

    Attributes:
        photo: its path as the user wrote it, or ``-`` for a picture from standard input.
        prediction: what the model says; None where the photo cannot be read.
        category: the accepted category or variety, :data:`ASK` or :data:`UNKNOWN`; None where it cannot be read. A
            model that decides nothing accepts all; below the confidence asked for it is :data:`UNKNOWN` anyway.
        reason: why it cannot be read, else None.
        copied_to: where its copy is, if photos are being sorted.
        product: which product is on it, where the model has an index of products.
    """

    photo: str
    prediction: Prediction | None
    category: str | None
    reason: str | None = None
    copied_to: Path | None = None
    product: ProductAnswer | None = None

    @property
    def confidence(self) -> float | None:
        """Probability of what is accepted, else of the best guess; None where it cannot be read."""
        return None if self.prediction is None else _confidence(self.prediction)

    @property
    def asks(self) -> bool:
        """Whether a person should say what it is."""
        decision = self.prediction.decision if self.prediction else None
        return decision is not None and decision.answer == "ask"


@dataclass(slots=True)
class Tally:
    """How many photos came out how."""

    named: int = 0
    asked: int = 0
    unknown: int = 0
    failed: int = 0

    @property
    def total(self) -> int:
        """All photos."""
        return self.named + self.asked + self.unknown + self.failed

    def add(self, answer: Answer) -> None:
        """Count one more."""
        if answer.category is None:
            self.failed += 1
        elif answer.product is not None and answer.product.match is not None:
            self.named += 1
        elif answer.category == UNKNOWN:
            self.unknown += 1
        elif answer.asks:
            self.asked += 1
        else:
            self.named += 1


def classify_photos(
    classifier: Classifier,
    photos: Iterable[str | bytes],
    *,
    min_confidence: float = 0.0,
    sorter: Sorter | None = None,
    finder: Finder | None = None,
) -> Iterator[Answer]:
    """Classify photos as they come, in order and in constant memory.

    Args:
        photos: paths, or bytes of picture files.
        min_confidence: below it (0 to 1) a photo's category is :data:`UNKNOWN`, unless it is to be asked about.
        sorter: where to copy each readable photo to, by its category.
        finder: looks up the product on each readable photo.

    Raises:
        StorageError: a photo cannot be copied.
    """
    waiting: deque[str | bytes] = deque()

    def remembered() -> Iterator[str | bytes]:
        for photo in photos:
            waiting.append(photo)
            yield photo

    for result in classifier.stream(remembered()):
        photo = waiting.popleft()
        name = photo if isinstance(photo, str) else "-"
        if isinstance(result, ImageError):
            yield Answer(name, None, None, result.reason)
            continue
        category = accepted_category(result, min_confidence)
        copied_to = sorter.copy(photo, category) if sorter else None
        product = finder(photo, result) if finder else None
        yield Answer(name, result, category, None, copied_to, product)


def accepted_category(prediction: Prediction, min_confidence: float = 0.0) -> str:
    """The category that may be told of a photo: the accepted node, :data:`ASK` or :data:`UNKNOWN`.

    Args:
        prediction: what the model says; one that decides nothing accepts all.
        min_confidence: 0 to 1; what is accepted with less is :data:`UNKNOWN`.
    """
    decision = prediction.decision
    if decision is not None and decision.answer != "accept":
        return ASK if decision.answer == "ask" else UNKNOWN
    if _confidence(prediction) < min_confidence:
        return UNKNOWN
    return prediction.category if decision is None or decision.node is None else decision.node


def _confidence(prediction: Prediction) -> float:
    decision = prediction.decision
    if decision is not None and decision.answer == "accept" and decision.probability is not None:
        return decision.probability
    return prediction.confidence


def find_bundle(given: Path | None) -> Path:
    """Say which model to use: the given one, or the one that comes with Shelfwise.

    Args:
        given: a bundle, a training run with a bundle in it, or (where no folder has that name) ``default`` for the
            model that comes with Shelfwise, as None is, or ``default-detector`` for the detector that does.

    Raises:
        BundleError: what comes with Shelfwise is asked for, and this installation came without it.
    """
    if given is None or _is_named(given, DEFAULT):
        return default_bundle()
    if _is_named(given, DETECTOR):
        return default_detector()
    inner = given / "bundle"
    return inner if (inner / "bundle.json").is_file() and not (given / "bundle.json").exists() else given


def find_detector(given: Path | None) -> Path:
    """Say which detector to use: the given one, or the one that comes with Shelfwise.

    Args:
        given: as for :func:`find_bundle`, but where a detector alone can be meant, ``default`` means that too, as
            None does.

    Raises:
        BundleError: it is the one that comes with Shelfwise, and this installation came without it.
    """
    return find_bundle(Path(DETECTOR) if given is None or _is_named(given, DEFAULT) else given)


def _is_named(given: Path, name: str) -> bool:
    """Whether a name is meant and not a folder."""
    return given == Path(name) and not given.exists()
