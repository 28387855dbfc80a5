"""The report of a detector's training or evaluation: one self-contained page and its plots.

Importing this package is light; plotting libraries are loaded when a report is written.
"""

from __future__ import annotations

from pathlib import Path

from shelfwise.extras import require
from shelfwise.training.detect.report.data import DetectorReport

__all__ = ["DetectorReport", "write_detector_report"]


def write_detector_report(folder: Path, data: DetectorReport) -> Path:
    """Write ``index.html``, which holds everything it shows, and its plots as PNG files beside it.

    Args:
        folder: made if it is not there; files of the same names are replaced.
        data: what to show.

    Returns:
        Path of the page.

    Raises:
        MissingExtraError: Matplotlib or Jinja2 is not installed.
        StorageError: a file cannot be written.
    """
    for module in ("matplotlib", "jinja2"):
        require(module, what="A report", extra="train")
    from shelfwise.training.detect.report.page import write

    return write(folder, data)
