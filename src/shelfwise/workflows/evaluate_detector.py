"""The use case of measuring a trained detector on photos with boxes that it has not seen."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import shelfwise
from shelfwise.bundle import Bundle, read_bundle
from shelfwise.errors import DataError
from shelfwise.extras import require
from shelfwise.files import atomic_write_text
from shelfwise.shelf.detector import Detector
from shelfwise.training.detect.photos import PhotoSet, read_photo_set
from shelfwise.training.detect.report import DetectorReport, write_detector_report
from shelfwise.workflows.classify import find_bundle
from shelfwise.workflows.detector_finding import DetectionResult, measure_detector
from shelfwise.workflows.learned import RUN_SPLIT, count_learned, split_parts

__all__ = ["DetectorEvaluation", "evaluate_detector"]

Note = Callable[[str], None]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class DetectorEvaluation:
    """A detector measured on a set of photos.

    Attributes:
        bundle: the detector.
        photos: the set.
        part: which of its photos (``test``, ``fold0``, ``all`` …).
        result: figures, photos and errors.
        learned: how many of the photos the detector was trained or chosen on; None where nothing here tells.
        report: the report's page, or None where none was asked for.
    """

    bundle: Bundle
    photos: PhotoSet
    part: str
    result: DetectionResult
    learned: int | None = 0
    report: Path | None = None

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that ``json`` can write."""
        whole = self.photos.whole
        return {
            "format": "shelfwise-detector-evaluation",
            "version": 1,
            "model": {"name": self.bundle.name, "id": self.bundle.id},
            "dataset": {
                "root": str(whole.root),
                "layout": whole.layout,
                "part": self.part,
                "rendered": whole.rendered,
                "fingerprint": whole.fingerprint(),
            },
            **self.result.figures.to_dict(),
            "trained_or_chosen_on": self.learned,
            "errors": [{"path": e.source, "reason": e.reason} for e in self.result.errors],
        }

    def to_json(self) -> str:
        """The same as text."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False) + "\n"


def evaluate_detector(
    bundle: Path,
    data: Path,
    *,
    layout: str | None = None,
    part: str | None = None,
    split: Path | None = None,
    report: Path | None = None,
    progress: Progress | None = None,
    note: Note = print,
) -> DetectorEvaluation:
    """Measure a detector's bundle on photos with boxes, with the threshold that it has.

    Args:
        bundle: the detector, as for :func:`~shelfwise.workflows.classify.find_bundle`.
        data: the photos, in any layout with boxes; all categories count as products.
        layout: as for :func:`~shelfwise.training.detect.photos.read_photo_set`.
        part: which photos: ``train``, ``val`` or ``test`` of ``split`` or of the set's own parts, one of its folds,
            or ``all``. By default ``test``, or ``all`` where there is no such part.
        split: a split file that the training of a detector saved.
        report: folder to write the report and ``metrics.json`` to.
        progress: called with the number of photos done and of all.
        note: shows a line for people.

    Raises:
        BundleError: the model cannot be used, or names products instead of finding them.
        DataError: the photos cannot be read as a set with boxes, the part is unknown or empty.
        StorageError: the report cannot be written.
    """
    require("pycocotools", what="Measuring a detector", extra="train")
    detector = Detector(read_bundle(find_bundle(bundle)), threads=1)
    photos = read_photo_set(data, layout)
    name, indices = _choose(photos, detector.bundle, part, split, note)
    chosen = [photos.photos[index] for index in indices]
    result = measure_detector(detector, chosen, detector.rule.min_score, progress=progress)
    run = DetectorEvaluation(
        detector.bundle, photos, name, result, _learned(detector.bundle, photos, indices)
    )
    if run.learned:
        where = detector.bundle.path.parent / RUN_SPLIT
        note(f"warning: {_too_good(run)}; measure on its test part with --split {where}")
    elif run.learned is None and split is None:
        note(f"warning: {_NOT_KNOWN}; {detector.bundle.card_path} says what it was trained on")
    if report is None:
        return run
    page = write_detector_report(report, _report(run, split))
    atomic_write_text(report / "metrics.json", run.to_json())
    return replace(run, report=page)


def _choose(
    photos: PhotoSet, bundle: Bundle, part: str | None, split: Path | None, note: Note
) -> tuple[str, Sequence[int]]:
    """Name and indices of the photos to measure on."""
    whole = photos.whole
    parts: Mapping[str, Sequence[int]] = (
        whole.official if split is None else split_parts(split, whole, bundle.categories)
    )
    chosen = part or ("test" if parts.get("test") else "all")
    indices = tuple(range(len(whole))) if chosen == "all" else parts.get(chosen, ())
    if not indices:
        there = ", ".join([*(name for name, members in parts.items() if members), "all"])
        raise DataError(f"{split or whole.root}: no photos in the part {chosen!r}; there is {there}")
    if part is None:
        others = [name for name, members in parts.items() if members and name != chosen]
        hint = f" (there is also {', '.join(others)}: choose with --part)" if others else ""
        note(f"measuring on {'all photos' if chosen == 'all' else f'the part {chosen!r}'}{hint}")
    return chosen, indices


def _learned(bundle: Bundle, photos: PhotoSet, indices: Sequence[int]) -> int | None:
    """How many of these photos it was trained or chosen on, as its run and the digests in its bundle tell."""
    if photos.digest in bundle.provenance.get("also_sha256", ()):
        return len(indices)
    return count_learned(bundle, photos.whole, indices)


_NOT_KNOWN = (
    "if the detector was trained on some of these photos, which is not known here, the figures are too good"
)


def _too_good(run: DetectorEvaluation) -> str:
    known = (
        f"the detector was trained or chosen on {run.learned:,} of these {run.result.figures.photos:,} photos"
    )
    return f"{known}, so the figures are too good"


def _report(run: DetectorEvaluation, split: Path | None) -> DetectorReport:
    bundle, whole, figures = run.bundle, run.photos.whole, run.result.figures
    assert bundle.detection is not None
    rule = bundle.detection
    unknown = run.learned is None and split is None
    warning = _NOT_KNOWN if unknown else _too_good(run) if run.learned else ""
    return DetectorReport(
        title=f"{bundle.name} on {whole.root.name}",
        subtitle=f"Measured on {'all photos' if run.part == 'all' else f'the part “{run.part}”'}",
        parts={run.part: figures},
        errors=run.result.errors,
        facts={
            "Detector": bundle.name,
            "Bundle": f"{bundle.id} ({bundle.path})",
            "Photos": f"{figures.photos:,} of {whole.root}, layout {whole.layout}",
            "Part": run.part,
            "Photos that cannot be read": f"{len(run.result.errors):,}",
            "Threshold": f"{rule.min_score:g}",
            "Looks at photos": f"at {rule.overview} pixels, closer at up to {rule.side} in tiles of {rule.tile}; "
            f"overlap {rule.overlap:g}, {rule.suppression}",
            "Dataset fingerprint": whole.fingerprint(),
            "Shelfwise": shelfwise.__version__,
            "Measured": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        },
        rendered=whole.rendered,
        warning=(warning[:1].upper() + warning[1:] + ".") if warning else "",
    )
