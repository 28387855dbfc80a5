"""When two boxes are one product: Soft-NMS and hard suppression side by side, on scenes kept for validation."""

from __future__ import annotations

from benchmarks import machine
from benchmarks.detector import RUN, composed, subject
from benchmarks.options import Options
from benchmarks.result import Result, percent
from shelfwise.rules import DetectionRule
from shelfwise.shelf.detector import Detector
from shelfwise.training.detect.measures import DetectionFigures, miscounted
from shelfwise.training.detect.photos import read_photo_set
from shelfwise.workflows.detector_finding import measure_detector

__all__ = ["detector_suppression"]

NAME = "detector-suppression"
_OVERLAPS = (0.4, 0.5, 0.6, 0.7)
_LIBRARIES = ("shelfwise", "onnxruntime", "numpy", "pycocotools")
_HEADING = ("suppression", "AP50", "AP75", "best F1", "miscounted", "score from which a box counts")
_METHOD = (
    "The same bundle finds the products on the composed scenes that the best epoch and the smallest score are chosen"
    " by, with each kind of suppression. None of the photos that figures are reported on is among them. Each has the"
    " smallest score that suits it best, chosen on the same scenes as the bundle's own is. Miscounted: the sum of"
    " `|found - there|` over all scenes, of all products that are there.",
)


def detector_suppression(options: Options) -> Result:
    """AP50 and counts on validation scenes by the kind of suppression."""
    bundle, run = subject(options)
    assert bundle.detection is not None
    photos = read_photo_set(composed("val")).photos[: options.photos]
    found: dict[str, DetectionFigures] = {}
    for name, rule in _rules(bundle.detection).items():
        options.tell(f"  {name}: {len(photos):,} scenes")
        found[name] = measure_detector(Detector(bundle, threads=1, rule=rule), photos, None).figures
    return Result(
        name=NAME,
        figures=(),
        command=(f"python -m benchmarks {NAME}" + (f" --run {RUN}" if run else ""),),
        method=_METHOD,
        remarks=(f"Measured: {bundle.name}, bundle {bundle.id}, {len(photos):,} scenes.",),
        table=(_HEADING, *(_row(name, figures) for name, figures in found.items())),
        machine=machine.facts(),
        versions=machine.versions(_LIBRARIES),
        samples={name: figures.to_dict() for name, figures in found.items()},
    )


def _rules(own: DetectionRule) -> dict[str, DetectionRule]:
    rules = {"Soft-NMS": own.model_copy(update={"suppression": "soft"})}
    for overlap in _OVERLAPS:
        name = f"hard, from an overlap of {overlap:g}"
        rules[name] = own.model_copy(update={"suppression": "hard", "overlap": overlap})
    return rules


def _row(name: str, figures: DetectionFigures) -> tuple[str, ...]:
    every = figures.sizes["all"]
    off = miscounted(figures.matched, figures.threshold)
    shares = (every.ap50, every.ap75, float(figures.curve.f1.max()), off / every.products)
    return name, *(percent(share) for share in shares), f"{figures.threshold:.3f}"
