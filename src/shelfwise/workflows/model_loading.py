"""Loading a model of the shelf, so that it answers photos."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shelfwise.inference.classifier import Classifier
    from shelfwise.workflows.answer_pool import ServedModel
    from shelfwise.workflows.model_facts import ShelfModel

__all__ = ["load_soonest", "load_tried"]


def load_soonest(model: ShelfModel) -> Classifier:
    """A model that is ready as soon as can be.

    Raises:
        BundleError: it is damaged.
        ModelError: its network cannot be loaded.
    """
    from shelfwise.bundle import read_bundle
    from shelfwise.inference.classifier import Classifier, session_of

    bundle = read_bundle(model.path)
    return Classifier(bundle, session_of(bundle, photos=1))


def load_tried(model: ShelfModel) -> ServedModel:
    """A model after a first answer, so that one that fails is refused before anything is changed.

    Raises:
        BundleError: it is damaged.
        ModelError: its network cannot be loaded, or fails.
    """
    import numpy as np

    from shelfwise.workflows.answer_pool import open_model

    served = open_model(model.path)
    size = served.many.bundle.preprocessing.size
    served.many.predictions(np.zeros((1, size, size, 3), np.uint8))
    return served
