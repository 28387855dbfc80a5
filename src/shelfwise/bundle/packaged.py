"""Where the models that come with Shelfwise lie."""

from __future__ import annotations

from pathlib import Path

from shelfwise.errors import BundleError

__all__ = ["DEFAULT_BUNDLE", "DEFAULT_DETECTOR", "default_bundle", "default_detector"]

DEFAULT_BUNDLE = Path(__file__).parents[1] / "default_model"
"""The model that comes with Shelfwise: everyday groceries (docs/default-model.md)."""
DEFAULT_DETECTOR = Path(__file__).parents[1] / "default_detector"
"""The detector of products that comes with Shelfwise (docs/detector.md)."""


def default_bundle() -> Path:
    """The folder of the model that comes with Shelfwise.

    Raises:
        BundleError: this installation came without it.
    """
    if not DEFAULT_BUNDLE.is_dir():
        raise BundleError(
            "no model is given, and this installation came without its own: name a bundle (--model, "
            "SHELFWISE_MODEL, shelfwise.load(BUNDLE)), or install Shelfwise anew"
        )
    return DEFAULT_BUNDLE


def default_detector() -> Path:
    """The folder of the detector that comes with Shelfwise.

    Raises:
        BundleError: this installation came without it.
    """
    if not DEFAULT_DETECTOR.is_dir():
        raise BundleError(
            "no detector is given, and this installation came without its own: name the bundle of a training with "
            "--task detect (--detector), or install Shelfwise anew"
        )
    return DEFAULT_DETECTOR
