"""A bundle as the teacher of a training run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from shelfwise.bundle import Bundle, read_bundle
from shelfwise.datasets.dataset import Dataset
from shelfwise.datasets.split import Split
from shelfwise.errors import BundleError, ConfigError, ModelError
from shelfwise.hierarchy import Hierarchy
from shelfwise.inference.classifier import refuse_wrong_logits, softmax
from shelfwise.inference.engines import available, open_session
from shelfwise.inference.session import Session
from shelfwise.text import some
from shelfwise.training.config import TrainConfig
from shelfwise.training.hardware import choose_device
from shelfwise.training.teacher import Teacher
from shelfwise.workflows.learned import RUN_SPLIT, count_told
from shelfwise.workflows.matching import match_categories

__all__ = ["read_teacher", "refuse_teacher", "taught_by"]

_NOT_KNOWN = (
    "if the teacher was trained on some of the validation or test photos, which is not known here, their figures are"
    " too good"
)


def read_teacher(config: TrainConfig) -> Bundle | None:
    """The bundle that a run learns from, or None.

    Raises:
        BundleError: it is not there, damaged or of another version.
        ConfigError: it makes photos square in another way than the run.
    """
    if config.teacher is None:
        return None
    if not config.teacher.exists():
        raise BundleError(
            f"{config.teacher}: the teacher is not there. A run that was begun with it finds it again where"
            " 'teacher' in the run's config.toml says"
        )
    bundle = read_bundle(config.teacher)
    bundle.refuse_other_task("classify")
    if (theirs := bundle.preprocessing.resize) != config.resize:
        raise ConfigError(
            f"{config.teacher}: the teacher has learned photos that were made square by '{theirs}': add"
            f" --resize {theirs}"
        )
    return bundle


def taught_by(
    bundle: Bundle, config: TrainConfig, categories: Sequence[str], note: Callable[[str], None]
) -> Teacher:
    """A teacher from its bundle: its calibrated probabilities, of the run's categories alone.

    It runs in ONNX Runtime: on the GPU if the training does and ONNX Runtime can, else on the CPU. On the CPU equal
    trainings give equal bundles.

    Args:
        bundle: the teacher's.
        config: the settings.
        categories: what the run learns, in its order.
        note: shows a line for people.

    Raises:
        ConfigError: the teacher does not know all of the categories.
        ModelError: it cannot be loaded.
    """
    holds = _labels_of(bundle, categories)
    session = _session(bundle, config, note)

    def answer(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        logits = session.run(images).logits
        refuse_wrong_logits(bundle, logits, len(images))
        return _probabilities(logits, bundle.temperature, holds)

    return Teacher(bundle.preprocessing.size, answer, config.teacher_share)


def refuse_teacher(bundle: Bundle, dataset: Dataset, split: Split, note: Callable[[str], None]) -> None:
    """Refuse a teacher that does not know what is to be learned, or has learned what the student is measured on.

    Args:
        bundle: the teacher's.
        dataset, split: what the student learns, and how it is divided.
        note: shows a line for people: that it cannot be known, where the teacher lies in no run.

    Raises:
        ConfigError: it does not know all categories, or would tell of validation and test photos.
    """
    _labels_of(bundle, dataset.categories)
    told = count_told(bundle, dataset, split)
    if told is None:
        note(f"warning: {_NOT_KNOWN}")
    elif told:
        raise ConfigError(
            f"{bundle.path}: {told:,} of the validation and test photos are photos that the teacher has"
            f" learned; divide them as it did: add --split {bundle.path.parent / RUN_SPLIT}"
        )


def _session(bundle: Bundle, config: TrainConfig, note: Callable[[str], None]) -> Session:
    # The number that the run's fingerprint has, not the one that ONNX Runtime would find.
    threads = config.threads or torch.get_num_threads()
    if choose_device(config.device).type == "cuda" and "cuda" in available():
        try:
            return open_session(bundle.model_source(), engine="cuda", threads=threads)
        except ModelError as error:
            note(f"warning: the teacher runs on the CPU, which is slower: {error}")
    return open_session(bundle.model_source(), engine="onnxruntime", threads=threads)


def _labels_of(bundle: Bundle, categories: Sequence[str]) -> NDArray[np.bool_]:
    """Which of the teacher's labels each category stands for: bool array (categories, labels), a label once at most.

    A category is the teacher's node of that name with all that lies under it, less what is another category.
    """
    tree = Hierarchy.from_categories(bundle.categories)
    matched = match_categories(categories, tree.nodes)
    nodes = {name: tree.index[node] for name, node in matched.items()}
    holds = np.zeros((len(categories), len(bundle.categories)), bool)
    # The widest first, so that a category within another one takes its labels from it.
    for name in sorted(nodes, key=lambda name: tree.depth[nodes[name]]):
        labels = tree.under[nodes[name]]
        holds[:, labels] = False
        holds[categories.index(name)] = labels
    if missing := [name for name, known in zip(categories, holds, strict=True) if not known.any()]:
        raise ConfigError(
            f"{bundle.path}: the teacher does not know {some(missing)}; it knows {some(bundle.categories)}. Leave"
            " them out with --classes, choose another --level, or train the teacher on them too"
        )
    return holds


def _probabilities(
    logits: NDArray[np.float32], temperature: float, holds: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Probabilities (N, C) of categories, given that it is one of them, from logits (N, L) of labels."""
    # Each known label belongs to one category, so that the rows still sum to 1.
    known = holds.any(axis=0)
    labels = softmax(logits[:, known], temperature)
    probabilities: NDArray[np.float32] = labels @ holds[:, known].T.astype(np.float32)
    return probabilities
