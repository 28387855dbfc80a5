"""What a detector's training leaves behind: the bundle with its card, and the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shelfwise.bundle import Bundle, write_bundle
from shelfwise.download import file_digest
from shelfwise.errors import ImageError
from shelfwise.models import get_spec
from shelfwise.rules import DetectionRule
from shelfwise.training.detect.card import DetectorCard, SetFacts, detector_card
from shelfwise.training.detect.config import DetectConfig
from shelfwise.training.detect.fit import DetectorFit, normalisation, weights_file
from shelfwise.training.detect.loop import best_epoch
from shelfwise.training.detect.photos import DetectionData, DetectionPhoto, PhotoSet
from shelfwise.training.detect.report import DetectorReport, write_detector_report
from shelfwise.training.folder import RunFolder, library_versions
from shelfwise.workflows.detector_finding import DetectionResult

__all__ = ["PRODUCT", "DetectorOutcome"]

PRODUCT = "product"
"""The one category of a detector."""


@dataclass(frozen=True, slots=True, eq=False)
class DetectorOutcome:
    """A run after its training: what bundle, card and report are made from.

    Attributes:
        run: its folder.
        config: its settings.
        data: its photos, without those that cannot be read.
        broken: those.
        fitted: the trained detector.
        model: the same as ONNX.
    """

    run: RunFolder
    config: DetectConfig
    data: DetectionData
    broken: Sequence[ImageError]
    fitted: DetectorFit
    model: bytes

    def write_bundle(
        self,
        rule: DetectionRule,
        parts: Mapping[str, DetectionResult],
        *,
        fitted: bool,
        folder: Path | None = None,
    ) -> Bundle:
        """Write the run's bundle. No clock time and no path goes in: equal runs give equal bundles.

        Args:
            rule: how the detector looks at photos.
            parts: what was measured, by part.
            fitted: whether the least score was chosen on validation photos.
            folder: where to; by default the run's place for it.

        Raises:
            StorageError: it cannot be written, or ``folder`` holds something that is no bundle.
        """
        metrics = {name: part.headline() for name, part in parts.items()}
        return write_bundle(
            folder or self.run.bundle,
            model_onnx=self.model,
            name=self.config.model_name,
            categories=(PRODUCT,),
            preprocessing=normalisation(self.config),
            metrics=metrics,
            provenance=self._provenance(),
            rendered=self.data.rendered,
            card=detector_card(self._card(rule, metrics, fitted)),
            detection=rule,
        )

    def write_report(
        self, bundle: Bundle, parts: Mapping[str, DetectionResult], seconds: float, *, fitted: bool
    ) -> Path:
        """Write the report into the run's folder and return its page."""
        photos = self.photo_counts
        data = DetectorReport(
            title=f"{self.config.model_name} on {self.data.main.whole.root.name}",
            subtitle=f"Finds products; {sum(photos):,} photos, {self._method}",
            parts={name: part.figures for name, part in parts.items()},
            history=[record.to_dict() for record in self.fitted.history],
            best_epoch=best_epoch(self.fitted.history).epoch,
            errors=[*self.broken, *(error for part in parts.values() for error in part.errors)],
            facts=self._facts(bundle, seconds, fitted),
            rendered=self.data.rendered,
            seed=self.config.seed,
        )
        return write_detector_report(self.run.report, data)

    @property
    def photo_counts(self) -> tuple[int, int, int]:
        """Numbers of training, validation and test photos."""
        train, val, test = (len(self._distinct(name)) for name in ("train", "val", "test"))
        return train, val, test

    @property
    def _product_counts(self) -> tuple[int, int, int]:
        train, val, test = (
            sum(len(photo.boxes) for photo in self._distinct(name)) for name in ("train", "val", "test")
        )
        return train, val, test

    def _distinct(self, part: str) -> list[DetectionPhoto]:
        """The photos of a part, those of a set that was named twice once."""
        return list({photo.path: photo for photo in self.data.parts[part]}.values())

    @property
    def _method(self) -> str:
        """How the photos were divided, in words."""
        method, _, fold = self.data.split.method.partition(":")
        return f"tested on the official {fold}" if fold else _METHODS[method]

    @property
    def _parameters(self) -> int:
        network = self.fitted.network
        statistics = sum(values.numel() for name, values in network.named_buffers() if "running" in name)
        return sum(values.numel() for values in network.parameters()) + statistics

    @property
    def _origin(self) -> dict[str, str] | None:
        """Where the weights that it began with come from."""
        if self.config.weights is not None:
            file = weights_file(self.config.weights)
            return {"source": "another detector", "sha256": file_digest(file)}
        spec = get_spec(self.config.backbone)
        if not self.config.pretrained or spec.weights is None:
            return None
        info = spec.weights()
        return {"source": info.source, "sha256": info.sha256}

    @property
    def _weights(self) -> str:
        origin = self._origin
        if origin is None:
            return "Trained from random weights."
        licence = get_spec(self.config.backbone).licence
        return f"Began with the weights of {origin['source']} (body: {licence}), SHA-256 {origin['sha256']}."

    def _sets(self) -> list[SetFacts]:
        """The photos of each set that was read; of a joined one, those of each of its sets."""
        used = {photo.path for photos in self.data.parts.values() for photo in photos}
        shown = Counter(one.digest for one in self.data.also[: len(self.config.also)])
        rows = []
        for digest, one in {one.digest: one for one in (self.data.main, *self.data.also)}.items():
            for name, licence, members in _members(one):
                photos = [one.photos[place] for place in members if one.photos[place].path in used]
                products = sum(len(photo.boxes) for photo in photos)
                rows.append(SetFacts(name, licence, len(photos), products, digest, max(1, shown[digest])))
        return rows

    def _card(
        self, rule: DetectionRule, metrics: Mapping[str, Mapping[str, float]], fitted: bool
    ) -> DetectorCard:
        return DetectorCard(
            name=self.config.model_name,
            photos=self.photo_counts,
            products=self._product_counts,
            method=self._method,
            sets=self._sets(),
            weights=self._weights,
            rule=rule,
            fitted=fitted,
            metrics=metrics,
            facts={"Seed": str(self.config.seed), "Parameters": f"{self._parameters:,}"},
            rendered=self.data.rendered,
        )

    def _provenance(self) -> dict[str, Any]:
        places = {"data", "also", "validate_on", "out", "split", "weights", "threads"}
        return {
            "config": self.config.model_dump(mode="json", exclude=places, exclude_none=True),
            "weights": self._origin,
            "parameters": self._parameters,
            "best_epoch": best_epoch(self.fitted.history).epoch,
            "data_sha256": self.data.digest,
            "layout": self.data.main.whole.layout,
            "dataset_fingerprint": self.data.main.whole.fingerprint(),
            "also_sha256": [one.digest for one in self.data.also],
            "photos": self.photo_counts,
            "products": self._product_counts,
            "split": self.data.split.method,
            "versions": library_versions(),
            "export": {"precision": "fp16"},
        }

    def _facts(self, bundle: Bundle, seconds: float, fitted: bool) -> dict[str, str]:
        assert bundle.detection is not None
        rule, history = bundle.detection, self.fitted.history
        parts = [
            f"{photos:,} {name} with {products:,} products"
            for name, photos, products in zip(
                ("training", "validation", "test"), self.photo_counts, self._product_counts, strict=True
            )
        ]
        return {
            "Network": f"{get_spec(self.config.backbone).title}; pyramid and head of {self.config.width} channels",
            "Parameters": f"{self._parameters:,}; the bundle's network has {len(self.model) / 1e6:.1f} MB",
            "Photos": ", ".join(parts),
            "Unreadable photos": str(len(self.broken)),
            "Left out": f"{self.data.left_out} copies of photos that it is measured on",
            "Epochs": str(history[-1].epoch) + (" (interrupted)" if self.fitted.interrupted else ""),
            "Time of this session": f"{seconds / 60:.1f} min on {self.fitted.device}",
            "Threshold": f"{rule.min_score:g}, "
            + ("chosen on the validation photos" if fitted else "not chosen: no validation photos"),
            "Looks at photos": f"at {rule.overview} pixels, closer at up to {rule.side} in tiles of {rule.tile}; "
            f"overlap {rule.overlap:g}, {rule.suppression}",
            "Seed": str(self.config.seed),
            "SHA-256 of the photos": self.data.digest,
            "Weights": self._weights,
        } | {f"Version of {name}": number for name, number in library_versions().items()}


_METHODS = {
    "stratified": "divided by chance",
    "official": "divided by the set's own lists",
}


def _members(one: PhotoSet) -> list[tuple[str, str | None, list[int]]]:
    """Name, licence and photos of each set that a set is joined from; the set itself where it is one."""
    whole = one.whole
    if not whole.sources:
        return [(whole.root.name, None, list(range(len(one.photos))))]
    return [
        (
            source.name,
            source.licence,
            [place for place, photo in enumerate(one.photos) if source.holds(photo.key)],
        )
        for source in whole.sources
    ]
