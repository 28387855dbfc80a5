"""The model card: what a bundle is, what it was trained on, how well it does, what it is not for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shelfwise.hierarchy import Hierarchy, counts_words
from shelfwise.rules import DecisionRule
from shelfwise.training.decision_fit import CONFIDENCE
from shelfwise.training.metrics import Evaluation
from shelfwise.training.source_figures import SourceFigures, SourcePhotos

__all__ = ["CardFacts", "ClassRow", "class_rows", "model_card"]


ClassRow = tuple[str, int, float | None, float | None]
"""A category in the test: name, photos, recall (None: no photos), precision (None: never predicted)."""


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What a model card tells (idea: Mitchell et al. 2019, arXiv 1810.03993).

    Attributes:
        name: the network.
        categories: what it can answer.
        photos: number of training, validation and test photos.
        method: how they were divided.
        metrics: figures by part, then by name.
        weights: what the training began with, and under which licence.
        facts: settings and versions.
        rendered: whether the pictures are drawn by a program.
        decision: when its answers are to be relied on; None where that was not fitted.
        sources: where the photos are from several sets: those of each.
        by_source: figures on each one's test photos.
        classes: a row a category of the test: name, photos, recall, precision.
        teacher: what it learned from beside the labels, or None.
    """

    name: str
    categories: Sequence[str]
    photos: tuple[int, int, int]
    method: str
    metrics: Mapping[str, Mapping[str, float]]
    weights: str
    facts: Mapping[str, str]
    rendered: bool
    decision: DecisionRule | None = None
    sources: Sequence[SourcePhotos] = ()
    by_source: Sequence[SourceFigures] = ()
    classes: Sequence[ClassRow] = ()
    teacher: str | None = None


def class_rows(evaluation: Evaluation, categories: Sequence[str]) -> list[ClassRow]:
    """What an evaluation found of each of these categories, in its order."""
    wanted, figures = set(categories), evaluation.per_category
    return [(f.category, f.support, f.recall, f.precision) for f in figures if f.category in wanted]


def model_card(card: CardFacts) -> str:
    """The card as Markdown."""
    lines = [f"# {card.name}, {counts_words(*Hierarchy.from_categories(card.categories).counts)}", ""]
    if card.rendered:
        lines += [
            "> Trained on **rendered** pictures, not on photos: its figures say nothing about a real shop.",
            "",
        ]
    train, val, test = card.photos
    lines += [
        "## Training",
        "",
        f"- {train:,} photos to train on, {val:,} to choose the best epoch by, {test:,} to test on ({card.method}).",
        f"- {card.weights}",
        *([] if card.teacher is None else [f"- {card.teacher}"]),
        *(f"- {name}: {value}" for name, value in card.facts.items()),
        "",
        *_sources(card.sources),
        "## Figures",
        "",
        *_table(card.metrics),
        "",
        *_by_source(card.by_source),
        *_answers(card.decision),
        *_use(card.decision),
        *_categories(card),
        "",
    ]
    return "\n".join(lines)


def _sources(sources: Sequence[SourcePhotos]) -> list[str]:
    """The photos of each set, their licence and their digest."""
    if not sources:
        return []
    lines = []
    for source in sources:
        train, val, test = source.photos
        lines += [
            f"- {source.name}: {train:,} photos to train on, {val:,} to validate on, {test:,} to test on.",
            f"    - Licence of the photos: {source.licence}",
            f"    - SHA-256 of the photos: {source.sha256}",
        ]
    return ["The photos by set:", "", *lines, ""]


def _by_source(sources: Sequence[SourceFigures]) -> list[str]:
    """How well it does on the test photos of each set."""
    if not sources:
        return []
    names = SourceFigures.COLUMNS
    rows = [f"| set | photos | {' | '.join(names.values())} |", "|---" * (len(names) + 2) + "|"]
    for source in sources:
        figures = source.figures
        shown = (f"{figures[name]:.1%}" if name in figures else "–" for name in names)
        rows.append(f"| {source.name} | {source.photos:,} | {' | '.join(shown)} |")
    return ["By set, on test photos:", "", *rows, ""]


def _use(decision: DecisionRule | None) -> list[str]:
    """What it is for, and what it is not for."""
    rely = "confidence" if decision is None else "answer"
    return [
        "## Use and limits",
        "",
        "- Made to tell which of the categories below a photo of one kind of product shows: to sort photos, to name"
        " goods for stock or checkout together with a person who looks at what it is not sure of.",
        "- Not made for photos of several kinds of product at once, for prices, amounts or text, nor where an error"
        " does harm: it does not know what is in a package.",
        "- Its best guess is always one of the categories below, also for a photo of something else: look at the"
        f" {rely}.",
        "- The figures hold for photos like those it was trained on; other shops, packagings and cameras give less.",
        "- The rights to the training photos are their owners'; ask before giving the model away.",
        "",
    ]


def _categories(card: CardFacts) -> list[str]:
    if not card.classes:
        return ["## Categories", "", *(f"- {name}" for name in card.categories)]
    rows = [
        f"| {name} | {photos} | {_share(recall)} | {_share(precision)} |"
        for name, photos, recall, precision in card.classes
    ]
    heading = ["| category | test photos | recall | precision |", "|---|---|---|---|"]
    return ["## Categories", "", *heading, *rows]


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def _table(metrics: Mapping[str, Mapping[str, float]]) -> list[str]:
    if not metrics:
        return ["None were measured."]
    measured = {name for figures in metrics.values() for name in figures}
    decided = _DECIDED if "accepted_coverage" in measured else {}
    names = {k: name for k, name in _COLUMNS.items() if k in measured or k not in _LEVELLED} | decided
    rows = [f"| part | {' | '.join(names.values())} |", "|---" * (len(names) + 1) + "|"]
    for part, figures in metrics.items():
        shown = (f"{figures[name]:.1%}" if name in figures else "–" for name in names)
        rows.append(f"| {part} | {' | '.join(shown)} |")
    return [*rows, "", _LEVELS] if measured & _LEVELLED else rows


def _answers(decision: DecisionRule | None) -> list[str]:
    if decision is None:
        return []
    never = [node for node, threshold in decision.thresholds.items() if threshold is None]
    lines = [
        f"- Accepts an answer where {decision.precision:.1%} of such answers should be right, by thresholds fitted on"
        " the validation photos (whose own figures are flattered by it), else asks.",
        "- So that few photos do not promise too much, what a threshold keeps low is not the share of errors of its"
        f" level as it was seen, but its upper bound with a confidence of {CONFIDENCE:.0%}, one-sided (Wilson's"
        " interval).",
        f"- Calls a photo unknown whose novelty ({decision.novelty}) is above that of {decision.keep_known:.1%} of"
        " the validation photos.",
    ]
    if never:
        lines.append(f"- Never answers these, for which too few were right: {', '.join(never)}.")
    return ["## Answers", "", *lines, ""]


_COLUMNS = {
    "accuracy": "accuracy",
    "category_accuracy": "category",
    "exact_accuracy": "exact label",
    "macro_f1": "macro F1",
    "ece": "ECE",
}
_LEVELLED = {"category_accuracy", "exact_accuracy"}
"""Only models whose names have levels have these."""
_LEVELS = (
    "Accuracy is at the level of each photo's own label: one of no known variety is right where the likeliest"
    " category is. Category: the likeliest category, its varieties summed. Exact label: the likeliest of all labels."
)
_DECIDED = {
    "ece_before": "ECE before calibration",
    "accepted_precision": "precision of accepted",
    "accepted_coverage": "accepted",
    "asked": "asked",
    "unknown": "unknown",
}
