"""The use case of training: from labelled photos to a run folder with a bundle and a report."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from shelfwise.bundle import Bundle
from shelfwise.datasets.dataset import Dataset
from shelfwise.datasets.split import Split
from shelfwise.errors import ConfigError
from shelfwise.extras import require
from shelfwise.images.preprocess import Preprocessing
from shelfwise.inference.classifier import Classifier, session_of
from shelfwise.models import ModelSpec, get_spec
from shelfwise.models.export import export_onnx
from shelfwise.models.hub_weights import Hub, find_weights
from shelfwise.training.config import TrainConfig
from shelfwise.training.fit import Stages, fit
from shelfwise.training.folder import RunFolder, absolute_places
from shelfwise.training.hardware import choose_device, numerics
from shelfwise.training.loop import EpochRecord, best_record
from shelfwise.training.report import PartResult
from shelfwise.workflows.classify import find_bundle
from shelfwise.workflows.decide import fit_answers, observing, provisional
from shelfwise.workflows.evaluate import evaluate_part
from shelfwise.workflows.learned import refuse_weights
from shelfwise.workflows.outcome import Outcome, write_run_bundle, write_run_report
from shelfwise.workflows.prepare import Prepared, prepare
from shelfwise.workflows.teacher import read_teacher, refuse_teacher, taught_by
from shelfwise.workflows.training_run import RunResult, end_run, new_run, tell_finished

__all__ = ["RunResult", "resume", "train"]

_NOTHING_ACCEPTED = (
    "the model will ask about every photo: {count} validation photos do not show that {precision:.1%} of any answers "
    "are right; add photos, or lower --accept-precision"
)


def train(
    config: TrainConfig,
    *,
    cache_dir: Path,
    stages: Stages,
    note: Callable[[str], None] = print,
    hub: Hub | None = None,
    member: bool = False,
) -> RunResult:
    """Train as ``config`` says, in a new run folder.

    Args:
        config: the settings.
        cache_dir: where decoded photos are kept.
        stages: shows how far each stage of the work is.
        note: shows a line for people.
        hub: where weights come from that ``config`` names no file of; None to fetch none.
        member: it will be joined with others, and decided with and tested on as a whole: only its temperature is
            fitted, and only the validation photos are measured.

    Raises:
        ShelfwiseError: the settings, the data or the disk do not allow it; the run folder stays usable.
    """
    require("torch", what="Training", extra="train")
    # Before a folder is made:
    spec = get_spec(config.model_name)
    _refuse_unfit(config, spec)
    choose_device(config.device)
    if config.teacher is not None:
        config = config.model_copy(update={"teacher": find_bundle(config.teacher)})
    teacher = read_teacher(config)
    spec = _with_weights(config, spec, hub, stages)
    config = absolute_places(config)
    with new_run(config, note) as run:
        return _run(run, config, spec, teacher, cache_dir, stages, note, member)


def resume(
    folder: Path,
    *,
    cache_dir: Path,
    stages: Stages,
    note: Callable[[str], None] = print,
    hub: Hub | None = None,
    member: bool = False,
) -> RunResult:
    """Go on with a run that was stopped, killed or interrupted; its end is the same as if it had not been.

    The arguments are those of :func:`train`.

    Raises:
        ShelfwiseError: there is no run, or its settings, photos or libraries are no longer the same.
    """
    require("torch", what="Training", extra="train")
    run, config = RunFolder.open(folder)
    teacher = read_teacher(config)
    spec = _with_weights(config, get_spec(config.model_name), hub, stages)
    tell_finished(run, note)
    return _run(run, config, spec, teacher, cache_dir, stages, note, member)


def _with_weights(config: TrainConfig, spec: ModelSpec, hub: Hub | None, stages: Stages) -> ModelSpec:
    if not config.pretrained:
        return spec
    return find_weights(spec, given=config.weights, hub=hub, stages=stages)


def _refuse_told(
    config: TrainConfig, teacher: Bundle | None, note: Callable[[str], None], dataset: Dataset, split: Split
) -> None:
    """Refuse weights and a teacher that have learned what the run is measured on. Raises ConfigError."""
    refuse_weights(config.weights, dataset, split)
    if teacher is not None:
        refuse_teacher(teacher, dataset, split, note)


def _refuse_unfit(config: TrainConfig, spec: ModelSpec) -> None:
    """Refuse settings that this network cannot have, before anything is begun."""
    size = config.size or spec.input_size
    for flag, side in (("--size", config.size), ("--train-size", config.train_size)):
        if side is not None and side % spec.multiple:
            low = side // spec.multiple * spec.multiple
            near = " or ".join(str(each) for each in (low, low + spec.multiple) if each)
            raise ConfigError(
                f"{spec.name} takes pictures whose side is a multiple of {spec.multiple} pixels: {flag} {side}"
                f" is none, {near} would be"
            )
    if config.token_keep != 1 and not spec.drops_tokens:
        raise ConfigError(f"{spec.name} does not look at patches: leave --token-keep out")
    if spec.fixed_size and (size != spec.input_size or config.train_size not in (None, spec.input_size)):
        raise ConfigError(f"{spec.name} takes pictures of {spec.input_size} pixels only: leave --size out")
    if config.train_size is not None and config.train_size > size:
        raise ConfigError(f"--train-size {config.train_size} is larger than the size of {size} when serving")


def _run(
    run: RunFolder,
    config: TrainConfig,
    spec: ModelSpec,
    teacher: Bundle | None,
    cache_dir: Path,
    stages: Stages,
    note: Callable[[str], None],
    member: bool,
) -> RunResult:
    started = time.monotonic()
    run.finished.unlink(missing_ok=True)
    preprocessing = Preprocessing(
        config.size or spec.input_size, resize=config.resize, mean=spec.mean, std=spec.std
    )
    prepared = prepare(
        config,
        run,
        preprocessing,
        seen=max(preprocessing.size, teacher.preprocessing.size if teacher else 0),
        cache_dir=cache_dir,
        stages=stages,
        note=note,
        refuse=partial(_refuse_told, config, teacher, note),
    )
    others = {**_backbone_weights(config, spec), **({"teacher": teacher.id} if teacher else {})}
    fingerprint = run.fingerprint(config, prepared.data_hash, {**numerics(config), **others})
    fitted = fit(
        config,
        spec,
        preprocessing,
        prepared.data,
        run.path,
        fingerprint,
        stages,
        None if teacher is None else taught_by(teacher, config, prepared.dataset.categories, note),
    )
    note(_kept(fitted.history))
    outcome = Outcome(run, config, spec, preprocessing, prepared, fitted, teacher)
    model = export_onnx(fitted.network, preprocessing)
    with provisional(run.bundle) as folder:
        unfitted = write_run_bundle(outcome, model, 1.0, {}, observing(prepared.dataset.hierarchy), folder)
        temperature, decision = fit_answers(unfitted, config, prepared, stages, decide=not member)
        unmeasured = write_run_bundle(outcome, model, temperature, {}, decision, folder)
        parts = _measure(unmeasured, prepared, stages, ("val",) if member else ("test", "val"))
    bundle = write_run_bundle(outcome, model, temperature, parts, decision)
    metrics = {name: part.headline() for name, part in parts.items()}
    if decision is not None and not any(
        part.decisions and part.decisions.total.accepted for part in parts.values()
    ):
        note(_NOTHING_ACCEPTED.format(count=len(prepared.split.val), precision=config.accept_precision))
    report = write_run_report(outcome, bundle, parts, time.monotonic() - started)
    return end_run(run, fitted, bundle, report, metrics)


def _backbone_weights(config: TrainConfig, spec: ModelSpec) -> dict[str, object]:
    """The digest of weights that may change under their name: a file's, a folder's, or a repository's."""
    fixed = config.backbone is None and spec.hub is None
    if fixed or not config.pretrained or spec.weights is None:
        return {}
    return {"backbone_weights": spec.weights().sha256}


def _kept(history: Sequence[EpochRecord]) -> str:
    """Which epoch the bundle is of, and why, in words."""
    best, last = best_record(history), history[-1].epoch
    if math.isnan(best.val_accuracy):
        return f"no validation photos: the last epoch, {last}, is kept, and its confidence is not calibrated"
    return f"best epoch {best.epoch}, after {last}: validation accuracy {best.val_accuracy:.1%}"


def _measure(
    bundle: Bundle, prepared: Prepared, stages: Stages, parts: Sequence[str]
) -> dict[str, PartResult]:
    """Figures of the exported model itself, by way of the path that serves."""
    # Not the engine that is fastest here: equal trainings are to give equal bundles on all machines.
    classifier = Classifier(bundle, session_of(bundle, engine="onnxruntime"))
    return {
        name: evaluate_part(
            classifier, prepared.dataset, indices, progress=stages(f"Measuring on {name} photos")
        )
        for name in parts
        if (indices := prepared.split.parts[name])
    }
