"""The thresholds of all finders, chosen on real shelf and produce photos and written into every report."""

from __future__ import annotations

from typing import Final

__all__ = [
    "BLANK_CONTRAST",
    "BLUR_SHARPNESS",
    "BRIGHT_SHADOWS",
    "DARK_HIGHLIGHTS",
    "FEW_PHOTOS",
    "IMBALANCE_NOTE",
    "IMBALANCE_WARNING",
    "LABEL_SIMILARITY",
    "MIN_BOX_SIDE",
    "MIN_PRODUCT_SIDE",
    "MIN_SIDE",
    "NEAR_DISTANCE",
    "NEAR_SIMILARITY",
    "PARTS",
    "SAME_BOX",
    "WORKING_SIDE",
    "limits",
]

WORKING_SIDE: Final = 224
"""Shorter side, in pixels, that photos are reduced to before anything is measured: about what a network sees,
so that a blur or a dark corner that training could not notice is not reported either."""

MIN_SIDE: Final = 64
"""A photo whose shorter side is below this many pixels is tiny: the networks take 104 pixels and more."""

MIN_BOX_SIDE: Final = 32
"""A box whose shorter side is below this many pixels is tiny (COCO calls 32 × 32 a small object)."""

BLUR_SHARPNESS: Final = 0.5
"""A photo is blurred below this :func:`~shelfwise.datasets.checks.quality.sharpness`. Photos blurred on
purpose by a Gaussian of 1.5 pixels (at ``WORKING_SIDE``) lie below it, and shaken ones; phone photos have
1.3 to 2.4 in the middle. Set low on purpose: from 0.5 to 0.7 lie softer photos that are still fit for use."""

MIN_PRODUCT_SIDE: Final = 8
"""A product to find whose box is below this many pixels on its shorter side is tiny: the detector's finest map has
a place for every 8 pixels."""

SAME_BOX: Final = 0.9
"""Two boxes on one photo are on one product from this intersection over union on."""

PARTS: Final = 3
"""Parts that a set is divided into where it has none of its own: to train on, to validate, to test."""

DARK_HIGHLIGHTS: Final = 140.0
"""A photo is dark when 95 of 100 pixels have their strongest colour below this value (of 255)."""

BRIGHT_SHADOWS: Final = 180.0
"""A photo is washed out when 95 of 100 pixels have a luminance above this value (of 255)."""

BLANK_CONTRAST: Final = 6.0
"""A photo shows nothing when the standard deviation of its luminance is below this value (of 255)."""

NEAR_DISTANCE: Final = 8
"""Two photos may be near duplicates when their 64-bit perceptual hashes differ in this many bits or fewer…"""

NEAR_SIMILARITY: Final = 0.7
"""…and are, when their 16 × 16 colour thumbnails correlate at least this much."""

LABEL_SIMILARITY: Final = 0.9
"""Near duplicates under two labels are reported from this correlation on: below it they are mostly two
products held up before the same shelf."""

IMBALANCE_WARNING: Final = 10.0
"""Largest category over smallest, from which on the imbalance is a warning."""

IMBALANCE_NOTE: Final = 3.0
"""Largest category over smallest, from which on the imbalance is mentioned."""

FEW_PHOTOS: Final = 10
"""A category with fewer photos leaves less than one for the test part and two for validation."""


def limits() -> dict[str, float]:
    """All thresholds by name, in lower case, as reports carry them."""
    names = [name for name in __all__ if name.isupper()]
    return {name.lower(): globals()[name] for name in names}
