"""What a training run leaves behind: the bundle with its card, and the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shelfwise.bundle import Bundle
from shelfwise.images.preprocess import Preprocessing
from shelfwise.models import ModelSpec
from shelfwise.models.spec import HF_PREFIX
from shelfwise.training.config import TrainConfig
from shelfwise.training.decision_fit import FittedDecision
from shelfwise.training.fit import FitResult
from shelfwise.training.folder import RunFolder, library_versions
from shelfwise.training.loop import best_record
from shelfwise.training.report import PartResult, ReportData, write_report
from shelfwise.workflows.bundle_writer import BundleWriter, division, photo_counts, teacher_sentence
from shelfwise.workflows.prepare import Prepared

__all__ = ["Outcome", "write_run_bundle", "write_run_report"]


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """A run after its training: what bundle, card and report are made from."""

    run: RunFolder
    config: TrainConfig
    spec: ModelSpec
    preprocessing: Preprocessing
    prepared: Prepared
    fitted: FitResult
    teacher: Bundle | None = None

    @property
    def name(self) -> str:
        """The network's name, without the folders of one that lies on this machine."""
        return f"{HF_PREFIX}{self.spec.title}" if self.spec.name.startswith(HF_PREFIX) else self.spec.name

    @property
    def title(self) -> str:
        """Network and set of photos, for headings."""
        return f"{self.name} on {self.prepared.dataset.root.name}"

    @property
    def parameters(self) -> int:
        """Number of weights and statistics of the network."""
        network = self.fitted.network
        statistics = sum(b.numel() for name, b in network.named_buffers() if "running" in name)
        return sum(p.numel() for p in network.parameters()) + statistics

    @property
    def weights(self) -> str:
        """What the training began with."""
        if not self.config.pretrained or self.spec.weights is None:
            return "Trained from random weights."
        info = self.spec.weights()
        return f"Began with the weights of {info.source} ({self.spec.licence}), SHA-256 {info.sha256}."

    @property
    def taught(self) -> dict[str, Any] | None:
        """Its teacher, for the provenance: where that comes from itself too, since only this will be left of it."""
        if self.teacher is None:
            return None
        own = {"bundle": self.teacher.id, "name": self.teacher.name, "share": self.config.teacher_share}
        return {**dict(self.teacher.provenance), **own}


def write_run_bundle(
    outcome: Outcome,
    model: bytes,
    temperature: float,
    parts: Mapping[str, PartResult],
    decision: FittedDecision | None = None,
    folder: Path | None = None,
) -> Bundle:
    """Write a run's bundle. No clock time and no path goes in: equal runs give equal bundles.

    Args:
        outcome: the run after its training.
        model: the network as ONNX.
        temperature: that the logits are divided by.
        parts: what was measured, by part.
        decision: when to rely on an answer.
        folder: where to; by default the run's place for it.
    """
    config = outcome.config
    places = {"task", "data", "out", "split", "backbone", "weights", "teacher"} | (
        set() if outcome.teacher else {"teacher_share"}
    )
    weights = outcome.spec.weights() if config.pretrained and outcome.spec.weights else None
    writer = BundleWriter(
        name=outcome.name,
        model=model,
        preprocessing=outcome.preprocessing,
        prepared=outcome.prepared,
        weights=outcome.weights,
        facts={"Seed": str(config.seed)},
        provenance={
            "config": config.model_dump(mode="json", exclude=places, exclude_none=True),
            "weights": None if weights is None else {"source": weights.source, "sha256": weights.sha256},
            **({} if outcome.taught is None else {"teacher": outcome.taught}),
            "parameters": outcome.parameters,
            "best_epoch": best_record(outcome.fitted.history).epoch,
        },
        teacher=None if outcome.taught is None else teacher_sentence(outcome.taught),
    )
    return writer.write(folder or outcome.run.bundle, temperature, parts, decision)


def write_run_report(
    outcome: Outcome, bundle: Bundle, parts: Mapping[str, PartResult], seconds: float
) -> Path:
    """Write the report into the run's folder and return its page."""
    plan, categories = outcome.prepared.data.plan, outcome.prepared.dataset.categories
    balanced = plan.counts_before != plan.counts_after
    data = ReportData(
        title=outcome.title,
        subtitle=f"{len(categories)} categories, {division(outcome.prepared)}",
        parts=parts,
        history=[record.to_dict() for record in outcome.fitted.history],
        best_epoch=best_record(outcome.fitted.history).epoch,
        counts_before=dict(zip(categories, plan.counts_before, strict=True)),
        counts_after=dict(zip(categories, plan.counts_after, strict=True)) if balanced else None,
        check_rows=outcome.prepared.checks,
        facts=_facts(outcome, bundle, seconds),
        rendered=outcome.prepared.dataset.rendered,
        seed=outcome.config.seed,
    )
    return write_report(outcome.run.report, data)


def _facts(outcome: Outcome, bundle: Bundle, seconds: float) -> dict[str, str]:
    train, val, test = photo_counts(outcome.prepared)
    facts = {
        "Network": f"{outcome.spec.title}, input {outcome.preprocessing.size} × {outcome.preprocessing.size}",
        "Parameters": f"{outcome.parameters:,}",
        "Photos": f"{train:,} training, {val:,} validation, {test:,} test",
        "Unreadable photos": str(len(outcome.prepared.broken)),
        "Epochs": str(outcome.fitted.history[-1].epoch)
        + (" (interrupted)" if outcome.fitted.interrupted else ""),
        "Time of this session": f"{seconds / 60:.1f} min on {outcome.fitted.device}",
        "Temperature": f"{bundle.temperature:g}, "
        + (
            "fitted on the validation photos: their own ECE is flattered by it"
            if val
            else "not fitted: no validation photos"
        ),
        "Answers": "no thresholds fitted: no validation photos"
        if bundle.decision is None
        else f"thresholds for {bundle.decision.precision:.1%} of accepted answers right and novelty "
        f"({bundle.decision.novelty}) fitted on the validation photos: their own figures are flattered by it",
        "Seed": str(outcome.config.seed),
        "SHA-256 of the photos": outcome.prepared.data_hash,
        "Weights": outcome.weights,
    }
    if outcome.taught is not None:
        facts["Teacher"] = teacher_sentence(outcome.taught)
    return facts | {f"Version of {name}": number for name, number in library_versions().items()}
