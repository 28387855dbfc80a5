"""What the template shows, as plain values: cards, rows and photos."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shelfwise.datasets.dataset import LEVEL_SEPARATOR
from shelfwise.training.decision_figures import CategoryDecisions, DecisionFigures
from shelfwise.training.metrics import PRECISION_TARGET, CategoryFigures, Evaluation
from shelfwise.training.report.data import PartResult, ReportData, SampleResult, Thumbnailer
from shelfwise.training.report.gallery import confident_mistakes, jpeg, pairs_with_photos, random_choice
from shelfwise.training.report.names import percent
from shelfwise.training.report.pictures import data_uri

__all__ = ["Card", "Name", "PairView", "PhotoView", "View", "view_of"]

PHOTOS = 12
"""In each gallery."""
_MEANING = {"category": "the likeliest category, its varieties summed", "exact": "the likeliest label of all"}
SHOWN_ERRORS = 50
"""Unreadable photos that are listed by name."""


@dataclass(frozen=True, slots=True)
class Card:
    """A headline figure."""

    title: str
    value: str
    detail: str


@dataclass(frozen=True, slots=True)
class Name:
    """A category's name: the wider levels, and its own."""

    above: str
    own: str

    @classmethod
    def of(cls, category: str) -> Name:
        """Take a full name apart."""
        above, _, own = category.rpartition(LEVEL_SEPARATOR)
        return cls(above.replace(LEVEL_SEPARATOR, " › "), own)


@dataclass(frozen=True, slots=True)
class PhotoView:
    """A photo with what it is and what the model says; ``uri`` is None where it cannot be read any more."""

    uri: str | None
    width: int
    height: int
    key: str
    true: Name
    predicted: Name
    confidence: float
    right: bool


@dataclass(frozen=True, slots=True)
class PairView:
    """Two confused categories: photos of the one, and what the other really looks like."""

    true: Name
    predicted: Name
    count: int
    share: float
    photos: list[PhotoView]
    looks_like: list[PhotoView]


@dataclass(frozen=True, slots=True)
class View:
    """Everything on the page but the plots."""

    lead: str
    cards: list[Card]
    parts: list[tuple[str, Evaluation]]
    decisions: list[tuple[str, DecisionFigures]]
    decided: list[tuple[Name, CategoryDecisions]]
    rows: list[tuple[Name, CategoryFigures]]
    unseen: list[str]
    pairs: list[PairView]
    random: list[PhotoView]
    mistakes: list[PhotoView]
    errors: list[tuple[str, str, str]]
    errors_left: int


def view_of(data: ReportData) -> View:
    """Choose and word what the page shows."""
    part = data.main
    evaluation = part.evaluation
    seen = [f for f in evaluation.per_category if f.support]
    seen.sort(key=lambda f: (f.f1 or 0.0, f.category))
    errors = [(name, e.source, e.reason) for name, p in data.parts.items() for e in p.errors]
    return View(
        lead=_lead(evaluation),
        cards=list(_cards(evaluation)),
        parts=[(name, p.evaluation) for name, p in data.parts.items()],
        decisions=[(name, p.decisions) for name, p in data.parts.items() if p.decisions],
        decided=_decided(part.decisions),
        rows=[(Name.of(f.category), f) for f in seen],
        unseen=[f.category for f in evaluation.per_category if not f.support],
        pairs=_pairs(part, data.thumbnail),
        random=_photos(random_choice(part.results, PHOTOS, data.seed), part, data.thumbnail),
        mistakes=_photos(confident_mistakes(part.results, PHOTOS), part, data.thumbnail),
        errors=errors[:SHOWN_ERRORS],
        errors_left=max(0, len(errors) - SHOWN_ERRORS),
    )


def _decided(decisions: DecisionFigures | None) -> list[tuple[Name, CategoryDecisions]]:
    """What became of each category's photos, those first of which the least is right."""
    rows = list(decisions.per_category) if decisions else []
    rows.sort(key=lambda row: (row.accepted == 0, row.precision or 0.0, row.coverage, row.category))
    return [(Name.of(row.category), row) for row in rows]


def _lead(evaluation: Evaluation) -> str:
    found = evaluation.risk_coverage.at_precision(PRECISION_TARGET)
    sentence = f"The model names {percent(evaluation.accuracy)} of {evaluation.samples:,} photos right."
    if found is None:
        return sentence
    coverage, threshold = found
    if coverage == 1.0:
        return f"{sentence} No threshold is needed for {percent(PRECISION_TARGET, 0)} of its answers to be right."
    return (
        f"{sentence} If it answers only when its confidence is at least {threshold:.2f}, it answers "
        f"{percent(coverage, 0)} of the photos, and {percent(PRECISION_TARGET, 0)} of those answers are right."
    )


def _cards(evaluation: Evaluation) -> Iterator[Card]:
    yield Card("Accuracy", f"{percent(evaluation.accuracy)}", _range(evaluation, "accuracy"))
    yield Card("Macro F1", f"{percent(evaluation.macro_f1)}", _range(evaluation, "macro_f1"))
    if len(evaluation.categories) > 3:
        yield Card("Top 3", f"{percent(evaluation.top3_accuracy)}", "the right one is among the first three")
    coverage = evaluation.headline()["coverage_at_95_precision"]
    yield Card(
        "Coverage",
        f"{percent(coverage, 0)}",
        f"of photos, when {percent(PRECISION_TARGET, 0)} of answers must be right",
    )
    yield Card("ECE", f"{percent(evaluation.ece)}", _range(evaluation, "ece"))
    for name, accuracy in evaluation.other_accuracies.items():
        yield Card(f"{name.capitalize()} accuracy", f"{percent(accuracy)}", _MEANING[name])
    for level in evaluation.wider_levels:
        yield Card(
            f"Level {level.level}",
            f"{percent(level.accuracy)}",
            f"right among {level.categories} wider categories",
        )
    seen = sum(1 for f in evaluation.per_category if f.support)
    yield Card("Photos", f"{evaluation.samples:,}", f"in {seen} categories")


def _range(evaluation: Evaluation, name: str) -> str:
    interval = evaluation.intervals.get(name)
    return f"{percent(interval.low)} to {percent(interval.high)} (95\N{NO-BREAK SPACE}%)" if interval else ""


def _pairs(part: PartResult, load: Thumbnailer | None) -> list[PairView]:
    return [
        PairView(
            Name.of(found.pair.true),
            Name.of(found.pair.predicted),
            found.pair.count,
            found.pair.share,
            _photos(found.photos, part, load),
            _photos(found.looks_like, part, load),
        )
        for found in pairs_with_photos(part)
    ]


def _photos(results: Sequence[SampleResult], part: PartResult, load: Thumbnailer | None) -> list[PhotoView]:
    return [_photo(result, part, load) for result in results]


def _photo(result: SampleResult, part: PartResult, load: Thumbnailer | None) -> PhotoView:
    picture = jpeg(result, load)
    categories = part.evaluation.categories
    return PhotoView(
        uri=data_uri(picture[0], "jpeg") if picture else None,
        width=picture[1] if picture else 0,
        height=picture[2] if picture else 0,
        key=result.key,
        true=Name.of(categories[result.label]),
        predicted=Name.of(categories[result.predicted]),
        confidence=result.confidence,
        right=result.right,
    )
