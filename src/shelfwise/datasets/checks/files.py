"""Files that cannot be read, are cut off, missing, or whose ending misleads; boxes that miss their photo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from shelfwise.datasets.checks.report import Finding
from shelfwise.datasets.checks.survey import Survey
from shelfwise.datasets.layouts.boxes import lies_outside
from shelfwise.images.reading import PICTURE_SUFFIXES

__all__ = ["find_boxes_outside", "find_broken", "find_wrong_extensions"]

_ENDINGS = {
    "AVIF": (".avif", ".avifs"),
    "BMP": (".bmp", ".dib"),
    "GIF": (".gif",),
    "HEIF": (".heic", ".heics", ".heif", ".heifs", ".hif"),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png", ".apng"),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
}
_SLACK = 2.0
"""Pixels by which a box may reach outside unmentioned: labelling tools round."""


def find_broken(survey: Survey) -> Iterator[Finding]:
    """Photos that cannot be decoded, each with its reason."""
    for index, facts in enumerate(survey.facts):
        if facts.problem is not None:
            yield survey.finding(_broken_kind(facts.problem), facts.problem, [index])


def _broken_kind(reason: str) -> str:
    if reason == "no such file":
        return "missing"
    return "truncated" if reason.startswith("truncated") else "unreadable"


def find_wrong_extensions(survey: Survey) -> Iterator[Finding]:
    """Files whose content is of another format than their ending says."""
    for index, facts in enumerate(survey.facts):
        ending = PurePosixPath(facts.path).suffix
        if facts.kind and ending.lower() not in _ENDINGS[facts.kind]:
            says = f"ends in {ending}" if ending else "has no ending"
            fault = says if ending.lower() in PICTURE_SUFFIXES else f"{says}, as no picture does"
            yield survey.finding("wrong-extension", f"is {facts.kind}, {fault}", [index])


def find_boxes_outside(survey: Survey) -> Iterator[Finding]:
    """Boxes that reach outside their photo; those that training refuses are errors."""
    for sample, index in zip(survey.dataset.samples, survey.photo_of, strict=True):
        box, size = sample.box, survey.facts[index].size
        if box is None or size is None:
            continue
        outside = max(-box.x, -box.y, box.x + box.width - size[0], box.y + box.height - size[1])
        far = lies_outside(box.x, box.y, box.x + box.width, box.y + box.height, size)
        if outside > _SLACK or far:
            name = survey.dataset.categories[sample.label]
            where = f"box of {name} at ({box.x:.0f}, {box.y:.0f}): {outside:.0f} pixels outside"
            finding = survey.finding("box-outside", where, [index], outside)
            yield replace(finding, severity="error") if far else finding
