"""The model card: what a bundle is, what it was trained on, how well it does, what it is not for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shelfwise.rules import DecisionRule
from shelfwise.training.source_figures import SourceFigures

__all__ = ["CardFacts", "ClassRow", "model_card"]


ClassRow = tuple[str, int, float | None, float | None]
"""A category of the test: name, photos, recall, precision (None: never predicted)."""


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
        sources: where the photos are from several sets: figures on each one's test photos.
        classes: a row a category of the test: name, photos, recall, precision.
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
    sources: Sequence[SourceFigures] = ()
    classes: Sequence[ClassRow] = ()


def model_card(card: CardFacts) -> str:
    """The card as Markdown."""
    lines = [f"# {card.name}, {len(card.categories)} categories", ""]
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
        *(f"- {name}: {value}" for name, value in card.facts.items()),
        "",
        "## Figures",
        "",
        *_table(card.metrics),
        "",
        *_sources(card.sources),
        *_answers(card.decision),
        "## Use and limits",
        "",
        "- Names one category for a photo that shows one kind of product. The best guess is always one of the"
        " categories below, also for a photo of something else: look at the "
        + ("confidence." if card.decision is None else "answer."),
        "- The figures hold for photos like those it was trained on; other shops, packagings and cameras give less.",
        "- The rights to the training photos are their owners'; ask before giving the model away.",
        "",
        *_categories(card),
        "",
    ]
    return "\n".join(lines)


def _sources(sources: Sequence[SourceFigures]) -> list[str]:
    """The test photos of each set; its licence."""
    if not sources:
        return []
    names = SourceFigures.COLUMNS
    rows = [f"| set | photos | {' | '.join(names.values())} |", "|---" * (len(names) + 2) + "|"]
    for source in sources:
        figures = source.figures
        shown = (f"{figures[name]:.1%}" if name in figures else "–" for name in names)
        rows.append(f"| {source.name} | {source.photos:,} | {' | '.join(shown)} |")
    licences = [f"- {source.name}: {source.licence}" for source in sources]
    return ["By set, on test photos:", "", *rows, "", "Licences of the photos:", "", *licences, ""]


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
    names = dict(_COLUMNS)
    if any("accepted_coverage" in figures for figures in metrics.values()):
        names |= _DECIDED
    rows = [f"| part | {' | '.join(names.values())} |", "|---" * (len(names) + 1) + "|"]
    for part, figures in metrics.items():
        shown = (f"{figures[name]:.1%}" if name in figures else "–" for name in names)
        rows.append(f"| {part} | {' | '.join(shown)} |")
    return rows


def _answers(decision: DecisionRule | None) -> list[str]:
    if decision is None:
        return []
    never = [node for node, threshold in decision.thresholds.items() if threshold is None]
    lines = [
        f"- Accepts an answer where {decision.precision:.1%} of such answers should be right, by thresholds fitted on"
        " the validation photos (whose own figures are flattered by it), else asks.",
        f"- Calls a photo unknown whose novelty ({decision.novelty}) is above that of {decision.keep_known:.1%} of"
        " the validation photos.",
    ]
    if never:
        lines.append(f"- Never answers these, for which too few were right: {', '.join(never)}.")
    return ["## Answers", "", *lines, ""]


_COLUMNS = {"accuracy": "accuracy", "macro_f1": "macro F1", "ece": "ECE"}
_DECIDED = {
    "ece_before": "ECE before calibration",
    "accepted_precision": "precision of accepted",
    "accepted_coverage": "accepted",
    "asked": "asked",
    "unknown": "unknown",
}
