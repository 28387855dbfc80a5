"""Tiny, blank, dark, washed-out and blurred photos."""

from __future__ import annotations

from collections.abc import Iterator

from shelfwise.datasets.checks import limits
from shelfwise.datasets.checks.photos import PhotoFacts
from shelfwise.datasets.checks.quality import Looks
from shelfwise.datasets.checks.report import Finding
from shelfwise.datasets.checks.survey import Survey

__all__ = ["find_bad_looks", "find_tiny"]


def find_tiny(survey: Survey) -> Iterator[Finding]:
    """Pictures and boxes too small to learn from."""
    for index, facts in enumerate(survey.facts):
        if facts.size is not None and min(facts.size) < limits.MIN_SIDE:
            width, height = facts.size
            yield survey.finding("tiny", f"{width} × {height} pixels", [index], min(facts.size))
    for sample, index in zip(survey.dataset.samples, survey.photo_of, strict=True):
        box = sample.box
        if box is not None and min(box.width, box.height) < limits.MIN_BOX_SIDE:
            name = survey.dataset.categories[sample.label]
            message = f"box of {name}: {box.width:.0f} × {box.height:.0f} pixels"
            yield survey.finding("tiny", message, [index], min(box.width, box.height))


def find_bad_looks(survey: Survey) -> Iterator[Finding]:
    """Photos that show nothing, are dark, washed out or blurred; the worst of each kind first."""
    found = [
        survey.finding(kind, f"{word} {value:.{digits}f}", [index], value)
        for index, facts in enumerate(survey.facts)
        for kind, word, value, digits in _complaints(facts)
    ]
    yield from sorted(found, key=lambda finding: (finding.value or 0) * _WORST_FIRST[finding.kind])


_WORST_FIRST = {"blank": 1, "dark": 1, "bright": -1, "blurred": 1}


def _complaints(facts: PhotoFacts) -> Iterator[tuple[str, str, float, int]]:
    looks = facts.looks
    if looks is None:
        return
    if looks.contrast < limits.BLANK_CONTRAST:
        yield "blank", "contrast", looks.contrast, 1
        return
    yield from _light(looks)
    if looks.sharpness is not None and looks.sharpness < limits.BLUR_SHARPNESS:
        yield "blurred", "sharpness", looks.sharpness, 2


def _light(looks: Looks) -> Iterator[tuple[str, str, float, int]]:
    if looks.highlights < limits.DARK_HIGHLIGHTS:
        yield "dark", "highlights", looks.highlights, 0
    if looks.shadows > limits.BRIGHT_SHADOWS:
        yield "bright", "shadows", looks.shadows, 0
