"""A trained model's folder: the only thing that training hands to whatever serves it.

A bundle holds ``bundle.json`` (labels, preprocessing, calibration, decision rule, measurements, origin,
checksums), the network as ``model.onnx`` or compressed as ``model.onnx.gz``, ``card.md``, where its decision rule
compares photos with those of the training ``reference.npz``, and where products are compared by more than the plain
embedding ``metric.npz``. It carries no time of writing, so that equal trainings give equal bytes.

A classifier's bundle is of format version 2. A detector's, which holds how it looks at a photo in place of a decision
rule, is of version 3, so that a Shelfwise that knows no detectors says so.
"""

from shelfwise.bundle.packaged import DEFAULT_BUNDLE, DEFAULT_DETECTOR, default_bundle, default_detector
from shelfwise.bundle.reading import read_bundle
from shelfwise.bundle.record import Bundle
from shelfwise.bundle.writing import derive_bundle, write_bundle

__all__ = [
    "DEFAULT_BUNDLE",
    "DEFAULT_DETECTOR",
    "Bundle",
    "default_bundle",
    "default_detector",
    "derive_bundle",
    "read_bundle",
    "write_bundle",
]
