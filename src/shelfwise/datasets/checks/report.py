"""What a data check says: findings, their summary, and groups of duplicates for a split."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from shelfwise.datasets.checks.kinds import KINDS, SEVERITIES, Kind, Severity
from shelfwise.datasets.checks.limits import limits
from shelfwise.rules import Task

__all__ = ["CheckReport", "Finding", "FoundPhoto", "SummaryRow", "duplicate_groups"]

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class FoundPhoto:
    """A photo that a finding is about.

    Attributes:
        path: relative to the dataset's root, with forward slashes.
        categories: the categories it is filed under (several where it has boxes, or a conflict).
        parts: the parts of the split that it is in.
    """

    path: str
    categories: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found.

    Attributes:
        kind: key of :data:`~shelfwise.datasets.checks.kinds.KINDS`.
        severity: ``error``, ``warning`` or ``info``.
        message: one line that says what was found here.
        photos: the photos it is about, a group of them for duplicates; empty for findings on categories.
        categories: the categories it is about.
        value: what was measured (the kind's ``measure`` says what), or None.
    """

    kind: str
    severity: Severity
    message: str
    photos: tuple[FoundPhoto, ...] = ()
    categories: tuple[str, ...] = ()
    value: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON-able values."""
        return {
            "kind": self.kind,
            "severity": self.severity,
            "message": self.message,
            "value": None if self.value is None else round(self.value, 4),
            "categories": list(self.categories),
            "photos": [
                {"path": photo.path, "categories": list(photo.categories), "parts": list(photo.parts)}
                for photo in self.photos
            ],
        }


class SummaryRow(NamedTuple):
    """All findings of one kind and severity in a line."""

    kind: str
    severity: Severity
    count: int  # type: ignore[assignment]  # hides tuple.count, which nobody misses here
    message: str


@dataclass(frozen=True)
class CheckReport:
    """The result of checking a dataset.

    Attributes:
        root: the dataset's folder.
        layout: the layout it was read with.
        rendered: whether its pictures are drawn by a program.
        photos: number of distinct photo files.
        counts: number of samples of each category.
        parts: number of samples in each part of the split; empty without one.
        findings: gravest first, then by kind.
        exact_groups: for each sample of the dataset the group of its photo; byte-identical photos share one.
        near_groups: the same, where nearly identical photos share one too.
        task: what the photos are to be trained for: ``classify`` or ``detect``.
    """

    root: str
    layout: str
    rendered: bool
    photos: int
    counts: Mapping[str, int]
    parts: Mapping[str, int]
    findings: tuple[Finding, ...]
    exact_groups: tuple[int, ...]
    near_groups: tuple[int, ...]
    task: Task = "classify"

    @property
    def has_errors(self) -> bool:
        """Whether a finding is an error."""
        return any(finding.severity == "error" for finding in self.findings)

    def number_of(self, severity: Severity) -> int:
        """Number of findings of a severity."""
        return sum(finding.severity == severity for finding in self.findings)

    def grouped(self) -> list[tuple[Kind, SummaryRow, list[Finding]]]:
        """Findings by kind, gravest first, each with its kind and summary."""
        groups = []
        for (name, severity), found in itertools.groupby(self.findings, lambda f: (f.kind, f.severity)):
            members = list(found)
            kind = KINDS[name]
            groups.append(
                (kind, SummaryRow(name, severity, len(members), kind.sentence(len(members))), members)
            )
        return groups

    def summary_rows(self) -> list[SummaryRow]:
        """One row for each kind of finding: kind, severity, count, message; gravest first."""
        return [row for _, row, _ in self.grouped()]

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-able values; ``docs/data-check.md`` describes them.

        Keys are only ever added while ``version`` stays the same.
        """
        return {
            "format": "shelfwise-data-check",
            "version": FORMAT_VERSION,
            "dataset": {
                "root": self.root,
                "task": self.task,
                "layout": self.layout,
                "rendered": self.rendered,
                "photos": self.photos,
                "samples": sum(self.counts.values()),
                "categories": dict(self.counts),
                "parts": dict(self.parts),
            },
            "limits": limits(),
            "totals": {severity: self.number_of(severity) for severity in SEVERITIES},
            "summary": [
                {**row._asdict(), "title": kind.title, "advice": kind.advice, "measure": kind.measure}
                for kind, row, _ in self.grouped()
            ],
            "findings": [finding.to_dict() for finding in self.findings],
        }


def duplicate_groups(report: CheckReport, *, near: bool = True) -> list[int]:
    """A group number for each sample, for ``split_dataset(dataset, groups=…)``.

    Args:
        report: the check of the same dataset.
        near: whether nearly identical photos share a group too, and not only identical ones.
    """
    return list(report.near_groups if near else report.exact_groups)
