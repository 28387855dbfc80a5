"""The use case of making a model smaller or faster, and of holding the result to the original's answers."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from shelfwise.bundle import Bundle, derive_bundle
from shelfwise.errors import ConfigError, DataError, ImageError, ParityError
from shelfwise.images.preprocess import Preprocessing
from shelfwise.inference.classifier import Classifier
from shelfwise.inference.engines import open_session
from shelfwise.models.quantise import Calibration, quantise, settle
from shelfwise.models.weights_precision import with_fp16_weights, with_fp32_weights, with_int8_weights
from shelfwise.types import Prediction
from shelfwise.workflows.export_photos import ExportPhotos, Item

__all__ = ["LEAST_COMPARED", "MOST_CHANGED", "ExportRun", "Parity", "Stored", "export"]

Stored = Literal["fp32", "fp16", "int8-weights", "int8"]
"""How a network's numbers are kept; ``int8`` also reckons in them, the others in float32."""

MOST_CHANGED: Final = 0.005
"""Share of the photos whose first answer an export may change."""

LEAST_COMPARED: Final = 200
"""Photos that a comparison needs: on fewer, a single one is more than may change, and none shows little."""

_CHUNK = 64
_IN_FLOAT32: Final = ("fp32", "fp16", "int8-weights")
"""Forms whose networks run in float32 and can be an export's source."""
Progress = Callable[[int, int], None]
Stages = Callable[[str], Progress]


@dataclass(frozen=True, slots=True)
class Parity:
    """How far an exported network agrees with the original.

    Attributes:
        photos: number of photos compared on.
        changed: photos whose most probable category is another one.
        largest_difference: of the probabilities of a category on a photo, 0 to 1.
        decisions: photos that are decided otherwise (accept, ask or unknown, or another node); None where the bundle
            has no decision rule.
    """

    photos: int
    changed: int
    largest_difference: float
    decisions: int | None = None

    @property
    def share(self) -> float:
        """Share of the photos whose first answer changed."""
        return self.changed / self.photos

    @property
    def good(self) -> bool:
        """Whether that is few enough."""
        return self.share <= MOST_CHANGED


@dataclass(frozen=True, slots=True, eq=False)
class ExportRun:
    """What an export gave.

    Attributes:
        bundle: the new bundle.
        stored: its precision.
        parity: the comparison with the original; None for ``fp32``, whose network is the original's own.
        size: bytes of the network.
        original_size: bytes of the original's.
        unreadable: photos that could not be read and are in no figure.
    """

    bundle: Bundle
    stored: Stored
    parity: Parity | None
    size: int
    original_size: int
    unreadable: list[ImageError]


def export(
    source: Bundle,
    out: Path,
    stored: Stored,
    photos: ExportPhotos | None,
    *,
    calibration: Calibration = "auto",
    exclude: Sequence[str] = (),
    force: bool = False,
    stages: Stages,
) -> ExportRun:
    """Write a bundle that answers as ``source`` does, with its network kept in other numbers.

    The new network is compared with the original on photos that it was not calibrated on, both run by ONNX Runtime.

    Args:
        source: the bundle to export from; one that runs in float32, in however few bits its weights are kept. They
            are turned back into float32 first.
        out: the new bundle's folder.
        stored: how to keep the numbers.
        photos: what to calibrate and compare on; only ``fp32`` can do without.
        calibration, exclude: as for :func:`~shelfwise.models.quantise.quantise`.
        force: write it although too many answers change, or there are too few photos to tell.
        stages: shows how far each stage of the work is.

    Raises:
        ConfigError: ``source`` is quantised to int8 already, there are no photos, or the calibration or what is
            excluded does not fit the network.
        ModelError: the network cannot be quantised.
        MissingExtraError: a package that quantises is not installed.
        ParityError: the first answer changes on more than :data:`MOST_CHANGED` of the photos, or there are fewer than
            :data:`LEAST_COMPARED` to compare on; nothing is written.
        DataError: no photo can be read.
        StorageError: the bundle cannot be written.
    """
    source.refuse_other_task("classify")
    _refuse_quantised(source)
    kept = source.model_onnx()
    original = with_fp32_weights(kept)
    if stored == "fp32":
        return _written(source, out, original, ExportRun(source, stored, None, 0, len(kept), []), {})
    if photos is None or not photos.parity:
        raise ConfigError(
            "the export is compared with the original on photos: name some with --photos or --data"
        )
    if not force:
        _refuse_few(len(photos.parity), len(photos.calibration))
    unreadable: list[ImageError] = []
    details: dict[str, Any] = {}
    if stored == "int8":
        calibration = settle(original, calibration)
        pictures = _pictures(photos.calibration, source.preprocessing, unreadable)
        progress = stages("Calibrating")
        content = quantise(original, pictures, calibration=calibration, exclude=exclude, progress=progress)
        details = {"calibration": calibration, "calibration_photos": len(pictures), "exclude": list(exclude)}
    else:
        content = (with_fp16_weights if stored == "fp16" else with_int8_weights)(original)
    parity = _compare(source, content, photos.parity, unreadable, stages("Comparing with the original"))
    if not force:
        _refuse_changed(stored, parity, calibration)
    run = ExportRun(source, stored, parity, 0, len(kept), unreadable)
    return _written(source, out, content, run, details)


def _refuse_quantised(source: Bundle) -> None:
    made = source.provenance.get("export")
    if isinstance(made, dict) and made.get("precision") not in _IN_FLOAT32:
        raise ConfigError(
            f"{source.path}: is an export in {made.get('precision')} itself; export from the original bundle"
        )


def _refuse_few(count: int, calibrated: int = 0) -> None:
    if count < LEAST_COMPARED:
        beside = f" beside the {calibrated:,} that are calibrated on" if calibrated else ""
        raise ParityError(
            f"{count:,} photos to compare with the original on{beside} are too few to rely on, {LEAST_COMPARED} are"
            " needed: nothing is written. Name more with --photos or --data, or write it nevertheless with --force"
        )


def _refuse_changed(stored: Stored, parity: Parity, calibration: Calibration) -> None:
    _refuse_few(parity.photos)
    if not parity.good:
        raise ParityError(
            f"{stored} changes the first answer on {parity.changed:,} of {parity.photos:,} photos "
            f"({parity.share:.1%}; at most {MOST_CHANGED:.1%} may): nothing is written. "
            f"{_advice(stored, calibration)}, or write it nevertheless with --force"
        )


def _advice(stored: Stored, calibration: Calibration) -> str:
    if stored == "int8":
        another = "" if calibration == "smooth" else "another --calibration, "
        return f"Try {another}more --calibration-photos, --exclude with a part of the network, or --precision fp16"
    return "Try --precision fp16" if stored == "int8-weights" else "Keep fp32"


def _written(source: Bundle, out: Path, content: bytes, run: ExportRun, details: dict[str, Any]) -> ExportRun:
    noted: dict[str, Any] = {
        "precision": run.stored,
        "from": source.id,
        "bytes": len(content),
        "original_bytes": run.original_size,
        **details,
    }
    if "export" in source.provenance:
        noted["source_export"] = source.provenance["export"]
    if run.parity is not None:
        noted["parity"] = asdict(run.parity)
    card = source.card_path.read_text("utf-8").rstrip() + "\n\n## Export\n\n" + _card_lines(noted, run.parity)
    bundle = derive_bundle(
        source, out, model_onnx=content, provenance={**source.provenance, "export": noted}, card=card
    )
    return replace(run, bundle=bundle, size=len(content))


def _card_lines(noted: dict[str, Any], parity: Parity | None) -> str:
    lines = [
        f"- {noted['precision']}, exported from the bundle {noted['from']}: {noted['bytes'] / 1e6:.1f} MB in place "
        f"of {noted['original_bytes'] / 1e6:.1f} MB. The figures above are those of the original."
    ]
    if "calibration" in noted:
        lines.append(
            f"- Calibrated on {noted['calibration_photos']:,} photos with the calibration {noted['calibration']}."
        )
    if parity is not None:
        lines.append(
            f"- Compared with the original on {parity.photos:,} photos, none of them calibrated on: the first answer "
            f"differs on {parity.changed:,}; a probability by up to {parity.largest_difference:.3f}."
        )
        if parity.decisions is not None:
            lines.append(
                f"- The decision (accept, ask or unknown, and where) differs on {parity.decisions:,} of them."
            )
        if parity.photos < LEAST_COMPARED:
            lines.append(f"- So few photos tell little: {LEAST_COMPARED} are needed.")
    return "\n".join(lines) + "\n"


def _compare(
    source: Bundle, content: bytes, items: Sequence[Item], unreadable: list[ImageError], progress: Progress
) -> Parity:
    """Run both networks on the photos, in constant memory."""
    both = [
        Classifier(source, open_session(model, engine="onnxruntime"))
        for model in (source.model_source(), content)
    ]
    photos, changed, decided, largest = 0, 0, 0, 0.0
    for start in range(0, len(items), _CHUNK):
        pictures = _decoded(items[start : start + _CHUNK], source.preprocessing, unreadable)
        for before, after in zip(*(each.predictions(pictures) for each in both), strict=True):
            photos += 1
            changed += before.category != after.category
            decided += _decided(before) != _decided(after)
            largest = max(largest, float(np.abs(before.probabilities - after.probabilities).max()))
        progress(min(start + _CHUNK, len(items)), len(items))
    if not photos:
        raise DataError(f"no photo to compare on can be read; the first: {unreadable[0]}")
    return Parity(photos, changed, round(largest, 6), None if source.decision is None else decided)


def _decided(prediction: Prediction) -> tuple[str, str | None] | None:
    decision = prediction.decision
    return None if decision is None else (decision.answer, decision.node)


def _pictures(
    items: Sequence[Item], preprocessing: Preprocessing, unreadable: list[ImageError]
) -> NDArray[np.uint8]:
    pictures = _decoded(items, preprocessing, unreadable)
    if not len(pictures):
        first = f"; the first: {unreadable[0]}" if unreadable else ""
        raise DataError(f"no photo to calibrate on can be read{first}")
    return pictures


def _decoded(
    items: Sequence[Item], preprocessing: Preprocessing, unreadable: list[ImageError]
) -> NDArray[np.uint8]:
    """The pixels of what can be read: uint8 (N, size, size, 3); what cannot is added to ``unreadable``."""

    def load(item: Item) -> NDArray[np.uint8] | ImageError:
        try:
            return preprocessing.load(item.path, box=item.box)
        except ImageError as error:
            return error

    good: list[NDArray[np.uint8]] = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for found in pool.map(load, items):
            if isinstance(found, ImageError):
                unreadable.append(found)
            else:
                good.append(found)
    size = preprocessing.size
    return np.stack(good) if good else np.zeros((0, size, size, 3), np.uint8)
