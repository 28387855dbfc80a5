"""The use case of measuring a trained model on labelled photos it has not seen."""

from __future__ import annotations

import datetime
import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import shelfwise
from shelfwise.bundle import Bundle, read_bundle
from shelfwise.datasets.dataset import Dataset, Sample
from shelfwise.datasets.layouts import read_dataset
from shelfwise.errors import ConfigError, DataError, ImageError
from shelfwise.files import atomic_write_text
from shelfwise.hierarchy import Hierarchy
from shelfwise.inference.classifier import Classifier, Source
from shelfwise.training.decision_figures import (
    DecisionFigures,
    UnknownFigures,
    measure_decisions,
    measure_unknown,
)
from shelfwise.training.metrics import Evaluation, evaluate_nodes
from shelfwise.training.report import PartResult, ReportData, SampleResult, write_report
from shelfwise.types import Decision, Prediction
from shelfwise.workflows.classify import find_bundle
from shelfwise.workflows.learned import RUN_SPLIT, count_learned, split_parts
from shelfwise.workflows.matching import Matched, match_dataset
from shelfwise.workflows.photos import PhotoFinder

__all__ = ["EvaluationRun", "PartResult", "SampleResult", "evaluate", "evaluate_part"]

Note = Callable[[str], None]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class EvaluationRun:
    """A model measured on a set of photos.

    Attributes:
        bundle: the model.
        dataset: the photos.
        part: which of them (``test``, ``fold0``, ``all`` …).
        result: figures, photos and errors.
        learned: how many of the photos the model was trained or chosen on; None where nothing here tells.
        unknown: figures of photos of things that the model never learned, where there are such.
        report: the report's page, or None where none was asked for.
    """

    bundle: Bundle
    dataset: Dataset
    part: str
    result: PartResult
    learned: int | None = 0
    unknown: UnknownFigures | None = None
    report: Path | None = None

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that ``json`` can write."""
        return {
            "format": "shelfwise-evaluation",
            "version": 1,
            "model": {"name": self.bundle.name, "id": self.bundle.id},
            "dataset": {
                "root": str(self.dataset.root),
                "layout": self.dataset.layout,
                "part": self.part,
                "rendered": self.dataset.rendered,
                "fingerprint": self.dataset.fingerprint(),
            },
            **self.result.evaluation.to_dict(),
            "decisions": self.result.decisions.to_dict() if self.result.decisions else None,
            "unknown_photos": self.unknown.to_dict() if self.unknown else None,
            "ignored": self.result.ignored,
            "trained_or_chosen_on": self.learned,
            "errors": [{"path": e.source, "reason": e.reason} for e in self.result.errors],
        }

    def to_json(self) -> str:
        """The same as text."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False) + "\n"


def evaluate(
    bundle: Path,
    data: Path,
    *,
    layout: str | None = None,
    level: str | None = None,
    part: str | None = None,
    split: Path | None = None,
    report: Path | None = None,
    ignore_unknown: bool = False,
    unknown: Path | None = None,
    progress: Progress | None = None,
    unknown_progress: Progress | None = None,
    note: Note = print,
) -> EvaluationRun:
    """Measure a bundle on labelled photos.

    Args:
        bundle: the trained model, as for :func:`~shelfwise.workflows.classify.find_bundle`.
        data: the photos, in any layout that can be read.
        layout, level: as for :func:`~shelfwise.datasets.layouts.read_dataset`.
        part: which photos: ``train``, ``val`` or ``test`` of ``split`` or of the set's own parts, one of its
            folds, or ``all``. By default ``test``, or ``all`` where there is no such part.
        split: a split file that training saved.
        report: folder to write the report and ``metrics.json`` to.
        ignore_unknown: leave out photos of categories that the model does not know.
        unknown: folder of photos of things that the model never learned, to measure how well it tells them apart.
        progress: called with the number of photos done and of all.
        unknown_progress: the same for the photos of ``unknown``.
        note: shows a line for people.

    Raises:
        BundleError: the model cannot be used.
        ConfigError: ``unknown`` is given, but the model does not say when it does not know.
        DataError: the photos cannot be read as a dataset, the part is unknown or empty, or a category is unknown.
        StorageError: the report cannot be written.
    """
    classifier = Classifier(read_bundle(find_bundle(bundle)))
    if unknown is not None and classifier.bundle.decision is None:
        raise ConfigError(
            f"{classifier.bundle.path}: this model does not say when it does not know, so --unknown "
            "measures nothing; train it again with validation photos"
        )
    dataset = read_dataset(data, layout, level=level)
    name, indices = _choose(dataset, classifier.categories, part, split, note)
    result = evaluate_part(classifier, dataset, indices, ignore_unknown=ignore_unknown, progress=progress)
    learned = count_learned(classifier.bundle, dataset, indices)
    if learned is None and split is not None:
        learned = 0  # whoever names a split knows what it is of
    strange = _measure_unknown(classifier, unknown, result, unknown_progress) if unknown else None
    run = EvaluationRun(classifier.bundle, dataset, name, result, learned, strange)
    if learned:
        where = classifier.bundle.path.parent / RUN_SPLIT
        note(f"warning: {_too_good(run)}; measure on its test part with --split {where}")
    elif learned is None:
        note(f"warning: {_NOT_KNOWN}; {classifier.bundle.card_path} says what it was trained on")
    if report is None:
        return run
    page = write_report(report, _report_data(run))
    atomic_write_text(report / "metrics.json", run.to_json())
    return replace(run, report=page)


def _measure_unknown(
    classifier: Classifier, folder: Path, known: PartResult, progress: Progress | None
) -> UnknownFigures:
    finder = PhotoFinder([str(folder)])
    total = finder.count() or 0
    found: list[Decision] = []
    failed = 0
    for done, outcome in enumerate(classifier.stream(finder), start=1):
        if isinstance(outcome, ImageError):
            failed += 1
        elif outcome.decision is not None:
            found.append(outcome.decision)
        if progress is not None:
            progress(done, total)
    if not found:
        raise DataError(f"{folder}: no photo that can be read ({failed} cannot be)")
    return measure_unknown(found, [r.decision for r in known.results if r.decision], failed)


def evaluate_part(
    classifier: Classifier,
    dataset: Dataset,
    indices: Sequence[int],
    *,
    ignore_unknown: bool = False,
    seed: int = 0,
    bootstrap: int = 1000,
    progress: Progress | None = None,
) -> PartResult:
    """Classify some of a dataset's photos and compare with their labels.

    A photo is judged by as much as its label tells: one labelled ``Fruit/Apple`` is right where the likeliest
    category is apple, whichever varieties the model knows (:func:`~shelfwise.training.metrics.evaluate_nodes`).

    A box is cut out as in training. A photo that cannot be read is in ``errors`` and in no figure.

    Args:
        classifier: the model; the dataset's categories are looked up in its hierarchy by
            :func:`~shelfwise.workflows.matching.match_dataset`.
        dataset: the photos.
        indices: which of them.
        ignore_unknown: leave out photos of categories that the model does not know.
        seed, bootstrap: of the intervals.
        progress: called with the number of photos done and of all.

    Raises:
        DataError: the model does not know a category, or no photo can be read.
    """
    tree = _tree(classifier.bundle)
    matched = match_dataset(dataset, indices, tree, ignore_unknown=ignore_unknown)
    wanted = [i for i in indices if dataset.samples[i].label in matched.nodes]
    found: list[tuple[Sample, Prediction]] = []
    errors: list[ImageError] = []
    for done, (sample, outcome) in enumerate(_classified(classifier, dataset, wanted), start=1):
        if isinstance(outcome, ImageError):
            errors.append(outcome)
        else:
            found.append((sample, outcome))
        if progress is not None:
            progress(done, len(wanted))
    if not found:
        first = f"; the first: {errors[0]}" if errors else ""
        raise DataError(f"{dataset.root}: no photo to measure on ({len(errors)} cannot be read){first}")
    truth = np.array([matched.nodes[sample.label] for sample, _ in found])
    probabilities = np.stack([prediction.probabilities for _, prediction in found])
    evaluation = evaluate_nodes(truth, probabilities, tree, seed=seed, bootstrap=bootstrap)
    results = _results(dataset, found, evaluation)
    decisions = _decisions(classifier.bundle, tree, results, truth, matched)
    return PartResult(evaluation, results, errors, len(indices) - len(wanted), decisions)


def _tree(bundle: Bundle) -> Hierarchy:
    if bundle.decision is None:
        return Hierarchy.from_categories(bundle.categories)
    return bundle.decision.hierarchy(bundle.categories)


def _results(
    dataset: Dataset, found: Sequence[tuple[Sample, Prediction]], evaluation: Evaluation
) -> list[SampleResult]:
    verdicts = evaluation.verdicts
    judged = zip(verdicts.truth, verdicts.predicted, verdicts.confidence, strict=True)
    return [
        SampleResult(
            dataset.root / sample.path,
            sample.key,
            int(true),
            prediction.probabilities,
            sample.box,
            prediction.embedding,
            prediction.decision,
            (int(predicted), float(confidence)),
        )
        for (sample, prediction), (true, predicted, confidence) in zip(found, judged, strict=True)
    ]


def _decisions(
    bundle: Bundle,
    tree: Hierarchy,
    results: Sequence[SampleResult],
    truth: NDArray[np.int64],
    matched: Matched,
) -> DecisionFigures | None:
    if bundle.decision is None:
        return None
    return measure_decisions(
        [each.decision for each in results if each.decision is not None],
        truth,
        np.stack([each.probabilities for each in results]),
        tree,
        coarse=matched.is_coarse(truth),
        target=bundle.decision.precision,
        temperature=bundle.temperature,
    )


def _classified(
    classifier: Classifier, dataset: Dataset, indices: Sequence[int]
) -> Iterator[tuple[Sample, Prediction | ImageError]]:
    """Each sample with its prediction, or with the reason why there are none."""
    asked: deque[Sample] = deque()
    broken: deque[tuple[Sample, ImageError]] = deque()

    def sources() -> Iterator[Source]:
        for index in indices:
            sample, path = dataset.samples[index], dataset.path(index)
            try:
                source = _source(classifier, path, sample)
            except ImageError as error:
                broken.append((sample, error))
            else:
                asked.append(sample)
                yield source

    for outcome in classifier.stream(sources()):
        yield asked.popleft(), outcome
    yield from broken


def _source(classifier: Classifier, path: Path, sample: Sample) -> Source:
    if sample.box is None:
        return path
    return classifier.bundle.preprocessing.load(path, box=sample.box)


def _choose(
    dataset: Dataset, known: Sequence[str], part: str | None, split: Path | None, note: Note
) -> tuple[str, Sequence[int]]:
    """Name and indices of the photos to measure on."""
    everything = tuple(range(len(dataset)))
    parts: Mapping[str, Sequence[int]] = (
        dataset.official if split is None else split_parts(split, dataset, known)
    )
    chosen = part or ("test" if parts.get("test") else "all")
    indices = everything if chosen == "all" else parts.get(chosen, ())
    if not indices:
        there = ", ".join([*(name for name, members in parts.items() if members), "all"])
        raise DataError(f"{split or dataset.root}: no photos in the part {chosen!r}; there is {there}")
    if part is None:
        others = [name for name, members in parts.items() if members and name != chosen]
        hint = f" (there is also {', '.join(others)}: choose with --part)" if others else ""
        note(f"measuring on {'all photos' if chosen == 'all' else f'the part {chosen!r}'}{hint}")
    return chosen, indices


_NOT_KNOWN = (
    "if the model was trained on some of these photos, which is not known here, the figures are too good"
)


def _too_good(run: EvaluationRun) -> str:
    measured = run.result.evaluation.samples
    known = f"the model was trained or chosen on {run.learned:,} of these {measured:,} photos"
    return f"{known}, so the figures are too good"


def _report_data(run: EvaluationRun) -> ReportData:
    bundle, evaluation = run.bundle, run.result.evaluation
    facts = {
        "Model": f"{bundle.name}, {len(bundle.categories)} categories",
        "Bundle": f"{bundle.id} ({bundle.path})",
        "Photos": f"{evaluation.samples:,} of {run.dataset.root}, layout {run.dataset.layout}",
        "Part": run.part,
        "Photos that cannot be read": f"{len(run.result.errors):,}",
        "Photos of categories the model does not know": f"{run.result.ignored:,}",
        "Temperature": f"{bundle.temperature:.4g}",
        "Dataset fingerprint": run.dataset.fingerprint(),
        "Shelfwise": shelfwise.__version__,
        "Measured": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }
    if run.unknown is not None:
        facts["Photos of unlearned things"] = (
            f"{run.unknown.photos:,}: {run.unknown.unknown:,} unknown, {run.unknown.asked:,} asked about, "
            f"{run.unknown.accepted:,} accepted; AUROC against known photos {run.unknown.auroc:.3f}"
        )
    return ReportData(
        title=f"{bundle.name} on {run.dataset.root.name}",
        subtitle=f"Measured on {'all photos' if run.part == 'all' else f'the part “{run.part}”'}",
        parts={run.part: run.result},
        facts=facts,
        rendered=run.dataset.rendered or bundle.rendered,
        warning=_warning(run),
    )


def _warning(run: EvaluationRun) -> str:
    text = _NOT_KNOWN if run.learned is None else _too_good(run) if run.learned else ""
    return f"{text[:1].upper()}{text[1:]}." if text else ""
