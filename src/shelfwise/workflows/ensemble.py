"""The use case of making one model of several training runs on the same photos."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shelfwise.bundle import Bundle, read_bundle
from shelfwise.errors import ConfigError
from shelfwise.inference.classifier import Classifier, session_of
from shelfwise.models import get_spec
from shelfwise.models.merge import Member, merge_onnx
from shelfwise.models.weights_precision import with_int8_weights
from shelfwise.training.calibration import negative_log_likelihood
from shelfwise.training.config import TrainConfig
from shelfwise.training.fit import Stages
from shelfwise.training.folder import RunFolder
from shelfwise.workflows.bundle_writer import BundleWriter, teacher_sentence
from shelfwise.workflows.decide import fit_answers, observing, provisional
from shelfwise.workflows.evaluate import PartResult, evaluate_part
from shelfwise.workflows.prepare import Prepared, prepare

__all__ = ["Joined", "best_shares", "join_runs"]

_STEP = 0.1
"""Shares of the members are tried in steps of this; finer ones would be chosen by chance."""


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """One model made of several runs.

    Attributes:
        bundle: the model.
        shares: each run's share in the answer, summing to 1.
        parts: what was measured, by part (``test``, ``val``).
    """

    bundle: Bundle
    shares: tuple[float, ...]
    parts: Mapping[str, PartResult]


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    folder: RunFolder
    config: TrainConfig
    bundle: Bundle


def join_runs(
    runs: Sequence[Path],
    out: Path,
    *,
    name: str,
    weight_bits: int | None = None,
    shares: Sequence[float] | None = None,
    cache_dir: Path,
    stages: Stages,
    note: Callable[[str], None] = print,
) -> Joined:
    """Join finished runs on the same split of the same photos into one bundle.

    The runs' shares are those with the lowest validation loss (:func:`best_shares`), unless they are given.
    Temperature and decision rule are fitted to the joined model on the validation photos, as after a training, and it
    is measured: all on the numbers that it is written with.

    Args:
        runs: their folders.
        out: the bundle's folder.
        name: what to call the model.
        weight_bits: keep the weights in so many bits, at most 8, and the network compressed; None for float32.
        shares: each run's share in the answer, 0 or more and summing to 1, where they are not to be fitted.
        cache_dir: where decoded photos are kept.
        stages: shows how far each stage of the work is.
        note: shows a line for people.

    Raises:
        ConfigError: a run is not finished, or they differ in photos, division or preprocessing; the shares are wrong.
        DataError: the photos are no longer those of the runs.
        StorageError: the bundle cannot be written.
    """
    opened = [_open(path) for path in runs]
    _refuse_differences(opened)
    given = None if shares is None else _checked(shares, len(opened))
    first = opened[0]
    prepared = prepare(
        first.config, first.folder, first.bundle.preprocessing, cache_dir=cache_dir, stages=stages, note=note
    )
    if prepared.data_hash != first.bundle.provenance["data_sha256"]:
        raise ConfigError(f"{first.config.data}: the photos are no longer those of {first.folder.path}")
    if not prepared.split.val:
        raise ConfigError(f"{first.folder.path}: without validation photos there is nothing to fit shares to")
    fitted = given or _shares(opened, prepared, stages)
    model = merge_onnx(
        [
            Member(run.bundle.model_onnx(), share, run.bundle.temperature)
            for run, share in zip(opened, fitted, strict=True)
            if share > 0
        ]
    )
    if weight_bits is not None:
        model = with_int8_weights(model, bits=weight_bits)
    writer = _writer(opened, fitted, prepared, name, model, weight_bits)
    with provisional(out) as folder:
        unfitted = writer.write(folder, 1.0, {}, observing(prepared.dataset.hierarchy))
        temperature, decision = fit_answers(unfitted, first.config, prepared, stages)
        unmeasured = _classifier(writer.write(folder, temperature, {}, decision))
        parts = {
            part: evaluate_part(
                unmeasured, prepared.dataset, indices, progress=stages(f"Measuring on {part} photos")
            )
            for part, indices in (("test", prepared.split.test), ("val", prepared.split.val))
            if indices
        }
    return Joined(writer.write(out, temperature, parts, decision), fitted, parts)


def best_shares(
    logits: Sequence[NDArray[np.floating[Any]]],
    labels: NDArray[np.integer[Any]],
    counts: NDArray[np.bool_] | None = None,
) -> tuple[float, ...]:
    """The members' shares with the lowest loss of the joined answer, in steps of a tenth.

    Args:
        logits: of each member, calibrated, (N, L).
        labels: true categories, (N,).
        counts: which categories a label stands for, as for
            :func:`~shelfwise.training.calibration.fit_temperature`.
    """
    steps = round(1 / _STEP)
    chosen, lowest = None, math.inf
    for parts in _compositions(steps, len(logits)):
        joined = sum(part / steps * each for part, each in zip(parts, logits, strict=True))
        loss = negative_log_likelihood(np.asarray(joined, np.float64), labels, counts)
        if loss < lowest - 1e-9:
            chosen, lowest = parts, loss
    if chosen is None:
        raise ValueError("no finite loss")
    return tuple(part / steps for part in chosen)


def _compositions(total: int, count: int) -> list[tuple[int, ...]]:
    """All ways to give ``total`` steps to ``count`` members."""
    if count == 1:
        return [(total,)]
    return [(first, *rest) for first in range(total + 1) for rest in _compositions(total - first, count - 1)]


def _checked(shares: Sequence[float], count: int) -> tuple[float, ...]:
    if len(shares) != count or min(shares) < 0 or not math.isclose(sum(shares), 1):
        raise ConfigError(f"{list(shares)} are no shares of {count} runs: give one each, which sum to 1")
    return tuple(shares)


def _open(path: Path) -> _Run:
    folder, config = RunFolder.open(path)
    if not folder.finished.is_file():
        raise ConfigError(f"{path}: this run is not finished; go on with: shelfwise train --resume {path}")
    return _Run(folder, config, read_bundle(folder.bundle))


def _refuse_differences(runs: Sequence[_Run]) -> None:
    if not runs:
        raise ConfigError("no run is given")
    first = runs[0]
    for run in runs[1:]:
        ours, theirs = first.bundle.provenance, run.bundle.provenance
        for what, same in (
            ("the photos", ours["data_sha256"] == theirs["data_sha256"]),
            ("their division", _parts(first) == _parts(run)),
            ("the preprocessing", first.bundle.preprocessing == run.bundle.preprocessing),
        ):
            if not same:
                raise ConfigError(
                    f"{run.folder.path} and {first.folder.path} differ in {what}: only runs on the same photos, "
                    "divided alike (--split), can be joined"
                )


def _parts(run: _Run) -> object:
    return json.loads(run.folder.split.read_text("utf-8"))["parts"]


def _classifier(bundle: Bundle) -> Classifier:
    """The reference: the same numbers on every machine."""
    return Classifier(bundle, session_of(bundle, engine="onnxruntime"))


def _shares(runs: Sequence[_Run], prepared: Prepared, stages: Stages) -> tuple[float, ...]:
    """The best shares by the runs' own answers on the validation photos."""
    if len(runs) == 1:
        return (1.0,)
    logs: list[NDArray[np.float32]] = []
    labels = np.zeros(0, np.int64)
    for run in runs:
        part = evaluate_part(
            _classifier(run.bundle),
            prepared.dataset,
            prepared.split.val,
            bootstrap=0,
            progress=stages(f"Validating {run.bundle.name}"),
        )
        logs.append(np.log(np.maximum(np.stack([each.probabilities for each in part.results]), 1e-30)))
        labels = np.array([each.label for each in part.results], np.int64)
    tree = prepared.dataset.hierarchy
    return best_shares(logs, labels, tree.under[tree.node_of_category])


def _writer(
    runs: Sequence[_Run],
    shares: Sequence[float],
    prepared: Prepared,
    name: str,
    model: bytes,
    weight_bits: int | None,
) -> BundleWriter:
    members = [(run, share) for run, share in zip(runs, shares, strict=True) if share > 0]
    kept = (
        "float32"
        if weight_bits is None
        else f"kept in {weight_bits} bits with a scale for each output channel, float32 when loaded; all figures are"
        " those of this form"
    )
    return BundleWriter(
        name=name,
        model=model,
        preprocessing=runs[0].bundle.preprocessing,
        prepared=prepared,
        weights=" ".join(_member(run, share) for run, share in members),
        facts={"Weights": kept},
        provenance={
            "members": [
                {"share": share, "bundle": run.bundle.id, "temperature": run.bundle.temperature}
                | dict(run.bundle.provenance)
                for run, share in members
            ],
            **({} if weight_bits is None else {"weight_bits": weight_bits}),
        },
        packed=weight_bits is not None,
    )


def _member(run: _Run, share: float) -> str:
    weights = run.bundle.provenance.get("weights") or {}
    origin = (
        f"began with {weights['source']}, SHA-256 {weights['sha256']}" if weights else "from random weights"
    )
    licence = get_spec(run.config.recipe).licence if weights else ""
    taught = run.bundle.provenance.get("teacher")
    told = f" {teacher_sentence(taught)}" if taught else ""
    return f"{run.bundle.name}, share {share:.0%} ({origin}{', ' + licence if licence else ''}).{told}"
