"""Whether there is enough of every category, and everywhere it is needed."""

from __future__ import annotations

from collections.abc import Iterator

from shelfwise.datasets.checks import limits
from shelfwise.datasets.checks.kinds import KINDS, Severity
from shelfwise.datasets.checks.report import Finding
from shelfwise.datasets.checks.survey import Survey

__all__ = ["find_imbalance", "find_thin_categories", "find_untrained"]


def find_thin_categories(survey: Survey) -> Iterator[Finding]:
    """Categories with no or few photos, and sets with fewer than two."""
    counts = dict(zip(survey.dataset.categories, survey.dataset.counts(), strict=True))
    present = [name for name, count in counts.items() if count]
    if len(present) < 2:
        message = f"only {present[0]} has photos" if present else "no category has photos"
        if survey.boxed or survey.dataset.notes:
            message += "; photos with boxes, to find products on and not to name them, are checked with --task detect"
        yield _finding("one-category", message, tuple(present), len(present))
    for name, count in sorted(counts.items(), key=lambda item: item[1]):
        if count == 0:
            yield _finding("empty-category", f"{name} has no photos", (name,), 0)
        elif count < limits.FEW_PHOTOS:
            yield _finding("few-photos", f"{name}: {count}", (name,), count)


def find_imbalance(survey: Survey) -> Iterator[Finding]:
    """The largest category against the smallest one that is not empty."""
    counts = [(count, name) for name, count in _counts(survey).items() if count]
    if len(counts) < 2:
        return
    (low, smallest), (high, largest) = min(counts), max(counts)
    ratio = high / low
    if ratio < limits.IMBALANCE_NOTE:
        return
    severity: Severity = "warning" if ratio >= limits.IMBALANCE_WARNING else "info"
    message = f"{largest} has {high:,} photos, {smallest} {low:,}: {ratio:.1f} times as many"
    yield Finding("imbalance", severity, message, categories=(largest, smallest), value=ratio)


def find_untrained(survey: Survey) -> Iterator[Finding]:
    """Categories that the split has, but not in its training part."""
    learned = (*survey.parts.get("train", ()), *survey.parts.get("trainval", ()))
    if not learned:
        return
    samples = survey.dataset.samples
    trained = {samples[index].label for index in learned}
    used = {samples[index].label for members in survey.parts.values() for index in members}
    for label in sorted(used - trained):
        name = survey.dataset.categories[label]
        yield _finding("not-in-train", f"{name} has photos to test on, none to learn from", (name,))


def _counts(survey: Survey) -> dict[str, int]:
    return dict(zip(survey.dataset.categories, survey.dataset.counts(), strict=True))


def _finding(kind: str, message: str, names: tuple[str, ...], value: float | None = None) -> Finding:
    return Finding(kind, KINDS[kind].severity, message, categories=names, value=value)
