"""The use case of training a detector: from photos with boxes to a run folder with a bundle and a report."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from shelfwise.bundle import Bundle
from shelfwise.datasets.dataset import Dataset
from shelfwise.datasets.split import Split
from shelfwise.download import file_digest
from shelfwise.errors import DataError, ImageError
from shelfwise.extras import require
from shelfwise.files import atomic_write_text
from shelfwise.models import get_spec
from shelfwise.models.detector_export import export_detector
from shelfwise.models.weights_precision import with_fp16_weights
from shelfwise.shelf.detector import Detector
from shelfwise.training.detect.config import DetectConfig
from shelfwise.training.detect.fit import fit_detector, normalisation, weights_file
from shelfwise.training.detect.loop import DetectorEpoch, best_epoch
from shelfwise.training.detect.photos import DetectionData, DetectionPhoto, read_photos
from shelfwise.training.detect.reading import unreadable
from shelfwise.training.detect.report.nothing import MORE_NEEDED, nothing_found
from shelfwise.training.fit import Stages
from shelfwise.training.folder import RunFolder
from shelfwise.training.hardware import choose_device, numerics
from shelfwise.workflows.decide import provisional
from shelfwise.workflows.detector_finding import DetectionResult, measure_detector
from shelfwise.workflows.detector_outcome import DetectorOutcome
from shelfwise.workflows.learned import refuse_weights
from shelfwise.workflows.training_run import RunResult, end_run, new_run, tell_finished

__all__ = ["resume_detector", "train_detector"]

UNFITTED = 0.4
"""Smallest score of a product where no validation photos tell a better one."""


def train_detector(config: DetectConfig, *, stages: Stages, note: Callable[[str], None] = print) -> RunResult:
    """Train a detector as ``config`` says, in a new run folder.

    Args:
        config: the settings.
        stages: shows how far each stage of the work is.
        note: shows a line for people.

    Raises:
        ShelfwiseError: the settings, the data or the disk do not allow it; the run folder stays usable.
    """
    _require_packages()
    # Before a folder is made:
    choose_device(config.device)
    if config.weights is not None:
        config = config.model_copy(update={"weights": weights_file(config.weights).absolute()})
    with new_run(config, note) as run:
        return _run(run, config, stages, note)


def resume_detector(folder: Path, *, stages: Stages, note: Callable[[str], None] = print) -> RunResult:
    """Go on with a run that was stopped, killed or interrupted; its end is the same as if it had not been.

    The arguments are those of :func:`train_detector`.

    Raises:
        ShelfwiseError: there is no run, or its settings, photos or libraries are no longer the same.
    """
    _require_packages()
    run, config = RunFolder.open_detector(folder)
    tell_finished(run, note)
    return _run(run, config, stages, note)


def _require_packages() -> None:
    """Tell at once what is missing, not after hours of training."""
    for module in ("torch", "cv2", "pycocotools", "onnx", "onnxscript", "matplotlib", "jinja2"):
        require(module, what="Training a detector", extra="train")


def _run(run: RunFolder, config: DetectConfig, stages: Stages, note: Callable[[str], None]) -> RunResult:
    started = time.monotonic()
    run.finished.unlink(missing_ok=True)

    def refuse(dataset: Dataset, split: Split) -> None:
        refuse_weights(config.weights, dataset, split)

    data = read_photos(config, kept=run.split, progress=stages("Hashing photos"), refuse=refuse)
    if data.left_out:
        note(f"left out: {data.left_out} training photos that are copies of photos to measure on")
    digest = data.digest
    data, broken = _readable(run, data, stages, note)
    fingerprint = run.fingerprint(config, digest, {**numerics(config), **_weights_digest(config)})
    fitted = fit_detector(config, data, run.path, fingerprint, stages)
    note(_kept(fitted.history))
    form = normalisation(config)
    with _step("Exporting the detector", stages, note):
        model = with_fp16_weights(export_detector(fitted.network, mean=form.mean, std=form.std))
    outcome = DetectorOutcome(run, config, data, broken, fitted, model)
    chosen = bool(data.parts["val"])
    with provisional(run.bundle) as folder:
        unmeasured = outcome.write_bundle(config.rule(UNFITTED), {}, fitted=False, folder=folder)
        parts = _measure(unmeasured, data, stages)
    first = next(iter(parts.values()))
    rule = config.rule(first.figures.threshold if chosen else UNFITTED)
    # The test comes first wherever parts are shown; the threshold was chosen before it was looked at.
    parts = {name: parts[name] for name in ("test", "val") if name in parts}
    bundle = outcome.write_bundle(rule, parts, fitted=chosen)
    with _step("Writing the report", stages, note):
        report = outcome.write_report(bundle, parts, time.monotonic() - started, fitted=chosen)
    figures = next(iter(parts.values())).figures
    if figures.nothing:
        note(f"warning: {nothing_found(figures)} {MORE_NEEDED}")
    metrics = {name: part.headline() for name, part in parts.items()}
    return end_run(run, fitted, bundle, report, metrics)


@contextmanager
def _step(what: str, stages: Stages, note: Callable[[str], None]) -> Iterator[None]:
    """A stage of one step that cannot tell how far it is: it is said that it begins."""
    note(f"{what[:1].lower()}{what[1:]} …")
    progress = stages(what)
    progress(0, 1)
    yield
    progress(1, 1)


def _measure(bundle: Bundle, data: DetectionData, stages: Stages) -> dict[str, DetectionResult]:
    """Figures of the exported detector itself, by way of the path that serves; validation photos first."""
    detector = Detector(bundle, threads=1)
    parts: dict[str, DetectionResult] = {}
    threshold = None if data.parts["val"] else UNFITTED
    for name in ("val", "test"):
        if photos := data.parts[name]:
            progress = stages(f"Measuring on {name} photos")
            parts[name] = measure_detector(detector, photos, threshold, progress=progress)
            threshold = parts[name].figures.threshold
    return parts


def _readable(
    run: RunFolder, data: DetectionData, stages: Stages, note: Callable[[str], None]
) -> tuple[DetectionData, list[ImageError]]:
    """The photos that can be decoded, and what is wrong with the others; kept with the run."""
    photos = _distinct([photo for part in data.parts.values() for photo in part])
    errors = _known(run, data.digest)
    if errors is None:
        found = unreadable(photos, stages("Looking through photos"))
        errors = [ImageError(str(path), error.reason) for path, error in found.items()]
        saved = {
            "data_sha256": data.digest,
            "unreadable": [[error.source, error.reason] for error in errors],
        }
        atomic_write_text(run.checks, json.dumps(saved))
    for error in errors:
        note(f"left out: {error}")
    left = data.without({Path(error.source) for error in errors})
    for name, part in left.parts.items():
        if data.parts[name] and not any(len(photo.boxes) for photo in part):
            raise DataError(f"{data.main.whole.root}: no {name} photo with a box can be read: {errors[0]}")
    return left, errors


def _known(run: RunFolder, digest: str) -> list[ImageError] | None:
    if not run.checks.exists():
        return None
    saved = json.loads(run.checks.read_text("utf-8"))
    if saved.get("data_sha256") != digest:
        return None
    return [ImageError(source, reason) for source, reason in saved["unreadable"]]


def _distinct(photos: Sequence[DetectionPhoto]) -> list[DetectionPhoto]:
    return list({photo.path: photo for photo in photos}.values())


def _weights_digest(config: DetectConfig) -> dict[str, object]:
    """The digest of what the training begins with, since it may change under its name."""
    if config.weights is not None:
        return {"weights": file_digest(config.weights)}
    spec = get_spec(config.backbone)
    return {"weights": spec.weights().sha256} if config.pretrained and spec.weights else {}


def _kept(history: Sequence[DetectorEpoch]) -> str:
    """Which epoch the bundle is of, and why, in words."""
    best, last = best_epoch(history), history[-1].epoch
    if math.isnan(best.ap50):
        return f"no validation photos: the last epoch, {last}, is kept, and its threshold is not fitted"
    return f"best epoch {best.epoch}, after {last}: validation AP50 {best.ap50:.1%}"
