"""Writes bundles, and derives one from another."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shelfwise.bundle.folder import (
    CARD,
    MANIFEST,
    MAX_MANIFEST,
    METRIC,
    METRIC_ARRAY,
    MODEL,
    PACKED,
    REFERENCE,
    read_file,
    sha256,
)
from shelfwise.bundle.manifest import DETECTOR_VERSION, FORMAT_VERSION, digest_of
from shelfwise.bundle.reading import parse, read_bundle
from shelfwise.bundle.record import Bundle
from shelfwise.errors import BundleError
from shelfwise.files import atomic_write_folder
from shelfwise.images.preprocess import Preprocessing
from shelfwise.rules import DecisionRule, DetectionRule, pack_reference

__all__ = ["derive_bundle", "write_bundle"]


def write_bundle(
    folder: Path,
    *,
    model_onnx: bytes,
    name: str,
    categories: Sequence[str],
    preprocessing: Preprocessing,
    temperature: float = 1.0,
    metrics: Mapping[str, Any],
    provenance: Mapping[str, Any],
    rendered: bool,
    card: str,
    decision: DecisionRule | None = None,
    reference: Mapping[str, NDArray[np.floating[Any]]] | None = None,
    packed: bool = False,
    detection: DetectionRule | None = None,
) -> Bundle:
    """Write a bundle as a whole: ``folder`` is absent, the old bundle or the new one, never half of one.

    Args:
        folder: where to; an older bundle there is replaced, anything else is left alone.
        model_onnx: the network; takes uint8 N×H×W×3 ``images``, gives ``logits`` and ``embedding``, or, where
            it is a detector's, ``scores`` and ``boxes``.
        card: the model card in Markdown.
        decision: when to rely on an answer.
        reference: float16 or float32 arrays that the decision's novelty score compares with, if it does.
        packed: keep the network compressed (gzip): smaller, and a tenth of a second slower to load.
        detection: how a detector looks at a photo; what makes the bundle one of a detector.

    The rest is as in :class:`Bundle`.

    Raises:
        BundleError: a value is wrong (no category, a repeated one, NaN among the metrics).
        StorageError: it cannot be written, or ``folder`` holds something that is no bundle.
    """
    contents = _network(model_onnx, packed) | {CARD: card.encode()}
    if reference:
        contents[REFERENCE] = pack_reference(reference)
    manifest: dict[str, Any] = {
        "format_version": FORMAT_VERSION if detection is None else DETECTOR_VERSION,
        "name": name,
        "categories": list(categories),
        "preprocessing": preprocessing.to_dict(),
        "temperature": float(temperature),
        "metrics": dict(metrics),
        "provenance": dict(provenance),
        "rendered": rendered,
        **({} if decision is None else {"decision": decision.model_dump(mode="json")}),
        **({} if detection is None else {"task": "detect", "detection": detection.model_dump(mode="json")}),
    }
    return _finished(folder, manifest, contents, len(model_onnx))


def _network(model_onnx: bytes, packed: bool) -> dict[str, bytes]:
    # Without the time of packing: equal networks are to give equal bundles.
    return {PACKED: gzip.compress(model_onnx, 9, mtime=0)} if packed else {MODEL: model_onnx}


def derive_bundle(
    source: Bundle,
    folder: Path,
    *,
    model_onnx: bytes | None = None,
    provenance: Mapping[str, Any] | None = None,
    metrics: Mapping[str, Any] | None = None,
    card: str | None = None,
    metric: NDArray[np.floating[Any]] | None = None,
) -> Bundle:
    """Write a bundle that differs from ``source`` in what is given alone.

    Args:
        source: the bundle from which all else is taken over.
        folder: where to, as for :func:`write_bundle`; not that of ``source``.
        model_onnx: another form of the network, kept as it is.
        provenance: what it was made from.
        metrics: what was measured.
        card: the model card in Markdown.
        metric: what embeddings are multiplied by, float16 or float32 of shape (features, kept).

    Raises:
        BundleError: ``source`` is damaged, or ``folder`` is its own.
        StorageError: it cannot be written, or ``folder`` holds something that is no bundle.
    """
    if folder.resolve() == source.path.resolve():
        raise BundleError(f"{folder}: is the bundle to derive from; name another folder")
    read_bundle(source.path)
    manifest = json.loads(read_file(source.path / MANIFEST, MAX_MANIFEST))
    del manifest["digest"]
    contents = {
        file: read_file(source.path / file, each["bytes"]) for file, each in manifest["files"].items()
    }
    unpacked = source.unpacked_bytes
    if model_onnx is not None:
        contents = {MODEL: model_onnx} | {k: v for k, v in contents.items() if k not in (MODEL, PACKED)}
        unpacked = len(model_onnx)
    if card is not None:
        contents[CARD] = card.encode()
    if metric is not None:
        contents[METRIC] = pack_reference({METRIC_ARRAY: metric})
    for name, given in (("provenance", provenance), ("metrics", metrics)):
        if given is not None:
            manifest[name] = dict(given)
    return _finished(folder, manifest, contents, unpacked)


def _finished(
    folder: Path, manifest: dict[str, Any], contents: dict[str, bytes], unpacked: int | None
) -> Bundle:
    """Add the checksums, and write."""
    manifest["files"] = {
        file: {"sha256": sha256(data), "bytes": len(data)} for file, data in contents.items()
    }
    if PACKED in contents:
        manifest["files"][PACKED]["unpacked_bytes"] = unpacked
    try:
        manifest["digest"] = digest_of(manifest)
        text = json.dumps(manifest, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    except (TypeError, ValueError) as error:
        raise BundleError(f"cannot write the bundle {folder}: {error}") from error
    contents[MANIFEST] = text.encode()
    bundle, _ = parse(folder, contents[MANIFEST])
    atomic_write_folder(folder, contents, ours=MANIFEST, what="the bundle")
    return bundle
