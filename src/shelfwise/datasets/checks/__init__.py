"""Checks of a dataset before training: broken, poor, duplicated, mislabelled and missing photos."""

from shelfwise.datasets.checks.check import check_boxes, check_dataset
from shelfwise.datasets.checks.kinds import KINDS, SEVERITIES, Kind, Severity
from shelfwise.datasets.checks.report import CheckReport, Finding, FoundPhoto, SummaryRow, duplicate_groups

__all__ = [
    "KINDS",
    "SEVERITIES",
    "CheckReport",
    "Finding",
    "FoundPhoto",
    "Kind",
    "Severity",
    "SummaryRow",
    "check_boxes",
    "check_dataset",
    "duplicate_groups",
]
