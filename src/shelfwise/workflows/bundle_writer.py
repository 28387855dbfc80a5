"""How a model of photos becomes a bundle: its card, metrics and provenance, whatever it was made by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shelfwise.bundle import Bundle, write_bundle
from shelfwise.images.preprocess import Preprocessing
from shelfwise.training.card import CardFacts, class_rows, model_card
from shelfwise.training.decision_fit import FittedDecision
from shelfwise.training.folder import library_versions
from shelfwise.training.report import PartResult
from shelfwise.workflows.by_source import by_source, figures_by_source
from shelfwise.workflows.prepare import Prepared

__all__ = ["BundleWriter", "division", "photo_counts", "teacher_sentence"]


@dataclass(frozen=True, slots=True, eq=False)
class BundleWriter:
    """Writes a model's bundle, again whenever more of it is known. No clock time and no path goes in.

    Attributes:
        name: the network's, or what the model is called.
        model: the network as ONNX.
        preprocessing: what it takes.
        prepared: the photos that it was made and measured with.
        weights: sentences for the card, what the training began with.
        facts: settings for the card.
        provenance: what it has beside that of the photos and the versions.
        packed: keep the network compressed.
        teacher: a sentence for the card, what it learned from beside the labels; or None.
    """

    name: str
    model: bytes
    preprocessing: Preprocessing
    prepared: Prepared
    weights: str
    facts: Mapping[str, str]
    provenance: Mapping[str, Any]
    packed: bool = False
    teacher: str | None = None

    def write(
        self,
        folder: Path,
        temperature: float,
        parts: Mapping[str, PartResult],
        decision: FittedDecision | None,
    ) -> Bundle:
        """Write the bundle to ``folder``.

        Args:
            folder: where to.
            temperature: that the logits are divided by.
            parts: what was measured, by part.
            decision: when to rely on an answer.

        Raises:
            BundleError: a value is wrong.
            StorageError: it cannot be written, or ``folder`` holds something that is no bundle.
        """
        dataset, headlines = self.prepared.dataset, {name: part.headline() for name, part in parts.items()}
        by_set = {"by_source": figures_by_source(dataset, parts)} if self.prepared.sources else {}
        return write_bundle(
            folder,
            model_onnx=self.model,
            name=self.name,
            categories=dataset.categories,
            preprocessing=self.preprocessing,
            temperature=temperature,
            metrics={**headlines, **by_set},
            provenance=self._provenance(),
            rendered=dataset.rendered,
            card=model_card(self._card(headlines, parts.get("test"), decision)),
            decision=None if decision is None else decision.rule,
            reference=None if decision is None else decision.reference,
            packed=self.packed,
        )

    def _card(
        self,
        metrics: Mapping[str, Mapping[str, float]],
        test: PartResult | None,
        decision: FittedDecision | None,
    ) -> CardFacts:
        dataset = self.prepared.dataset
        return CardFacts(
            name=self.name,
            categories=dataset.categories,
            photos=photo_counts(self.prepared),
            method=division(self.prepared),
            metrics=metrics,
            weights=self.weights,
            facts={**self.facts, "SHA-256 of the photos": self.prepared.data_hash},
            rendered=dataset.rendered,
            decision=None if decision is None else decision.rule,
            sources=self.prepared.sources,
            by_source=() if test is None else by_source(dataset, test),
            classes=() if test is None else class_rows(test.evaluation, dataset.categories),
            teacher=self.teacher,
        )

    def _provenance(self) -> dict[str, Any]:
        dataset, sources = self.prepared.dataset, self.prepared.sources
        return {
            **self.provenance,
            "data_sha256": self.prepared.data_hash,
            "layout": dataset.layout,
            "dataset_fingerprint": dataset.fingerprint(),
            "photos": photo_counts(self.prepared),
            **({"sources": [each.to_dict() for each in sources]} if sources else {}),
            "split": self.prepared.split.method,
            "versions": library_versions(),
        }


def teacher_sentence(teacher: Mapping[str, Any]) -> str:
    """What a model learned from beside the labels, in words, from its provenance's ``teacher``."""
    weights = [
        f"{origin['source']}, SHA-256 {origin['sha256']}"
        for part in teacher.get("members") or [teacher]
        if (origin := part.get("weights"))
    ]
    photos = teacher.get("sources") or []
    licences = "; ".join(f"{each['name']}: {each['licence']}" for each in photos)
    return (
        f"Learned from the answers of another model too: {teacher['name']} ({teacher['bundle']}) has a share of"
        f" {teacher['share']:.0%} in its targets, the labels the rest."
        + (f" That model began with {' and '.join(weights)}." if weights else "")
        + (
            f" It was trained on photos with SHA-256 {teacher['data_sha256']}"
            if "data_sha256" in teacher
            else ""
        )
        + (f" ({licences})." if licences else "." if "data_sha256" in teacher else "")
    )


def division(prepared: Prepared) -> str:
    """How the photos were divided, in words."""
    method, _, fold = prepared.split.method.partition(":")
    known = {
        "stratified": "divided by chance, stratified by category",
        "official": "divided by the set's own lists",
    }
    return f"tested on the official {fold}" if fold else known[method]


def photo_counts(prepared: Prepared) -> tuple[int, int, int]:
    """Numbers of training, validation and test photos."""
    split = prepared.split
    return len(split.train), len(split.val), len(split.test)
