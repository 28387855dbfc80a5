"""Fit temperature and decision rule of a trained model, by the exported model itself."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from shelfwise.bundle import Bundle
from shelfwise.hierarchy import Hierarchy
from shelfwise.inference.classifier import Classifier, session_of, softmax
from shelfwise.rules import DecisionRule
from shelfwise.training.calibration import fit_temperature
from shelfwise.training.config import TrainConfig
from shelfwise.training.decision_fit import FittedDecision, fit_decision
from shelfwise.training.fit import Stages
from shelfwise.training.novelty_fit import Observed
from shelfwise.workflows.evaluate import SampleResult, evaluate_part
from shelfwise.workflows.prepare import Prepared, some_of_each

__all__ = ["fit_answers", "observing", "provisional"]

COMPARED = 3_000
"""At most so many training photos are looked at once more to learn what is familiar."""


@contextmanager
def provisional(final: Path) -> Iterator[Path]:
    """Where to put bundles that are not finished: in a hidden folder beside ``final``, removed at the end.

    What a process left there that was killed is removed too.
    """
    folder = final.with_name(f".{final.name}.provisional")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        yield folder / final.name
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def observing(tree: Hierarchy) -> FittedDecision:
    """A rule that answers nothing and tells the energy of each photo, from which its logits can be had back."""
    rule = DecisionRule(
        precision=0.5,
        keep_known=1.0,
        levels=list(tree.levels),
        thresholds=dict.fromkeys(tree.nodes),
        novelty="energy",
        novelty_threshold=float(np.finfo(np.float32).max),
    )
    return FittedDecision(rule, {})


def fit_answers(
    bundle: Bundle, config: TrainConfig, prepared: Prepared, stages: Stages, *, decide: bool = True
) -> tuple[float, FittedDecision | None]:
    """The temperature, and when to accept, ask or say unknown; 1 and None without validation photos.

    Args:
        bundle: the trained model at temperature 1, with the rule of :func:`observing`.
        config: the run's settings.
        prepared: the run's photos.
        stages: shows how far it is.
        decide: False to fit the temperature alone.
    """
    if not prepared.split.val:
        return 1.0, None
    tree = prepared.dataset.hierarchy
    validation = _observe(bundle, prepared, prepared.split.val, stages, "Calibrating on validation photos")
    counts = None if tree.flat else tree.under[tree.node_of_category]
    temperature = fit_temperature(softmax(validation.logits), validation.labels, counts)
    if not decide:
        return temperature, None
    chosen = some_of_each(prepared.dataset, prepared.split.train, COMPARED, config.seed)
    training = _observe(bundle, prepared, chosen, stages, "Learning what is familiar from training photos")
    decision = fit_decision(
        tree,
        training,
        validation,
        softmax(validation.logits, temperature),
        precision=config.accept_precision,
        keep_known=config.keep_known,
        novelty=config.novelty,
        seed=config.seed,
    )
    return temperature, decision


def _observe(
    bundle: Bundle, prepared: Prepared, indices: Sequence[int], stages: Stages, what: str
) -> Observed:
    # The reference engine: thresholds must not depend on what else is installed on the machine that trains.
    classifier = Classifier(bundle, session_of(bundle, engine="onnxruntime"))
    part = evaluate_part(classifier, prepared.dataset, indices, bootstrap=0, progress=stages(what))
    return Observed(
        np.stack([_logits(each) for each in part.results]),
        np.stack([each.embedding for each in part.results if each.embedding is not None]),
        np.array([each.label for each in part.results]),
    )


def _logits(result: SampleResult) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """The logits: the logarithms of the probabilities, less the energy."""
    assert result.decision is not None
    logs = np.log(np.maximum(result.probabilities.astype(np.float64), 1e-38))
    return (logs - result.decision.novelty).astype(np.float32)
