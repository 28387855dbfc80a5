"""Reads a bundle, and believes nothing of it that its checksums do not confirm."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from shelfwise.bundle.folder import MANIFEST, MAX_MANIFEST, METRIC, REFERENCE, read_file, sha256
from shelfwise.bundle.manifest import (
    DETECTOR_VERSION,
    FORMAT_VERSION,
    OLD_VERSIONS,
    Files,
    Manifest,
    digest_of,
)
from shelfwise.bundle.record import Bundle
from shelfwise.errors import BundleError, ConfigError
from shelfwise.images.preprocess import Preprocessing
from shelfwise.rules import MAX_REFERENCE

__all__ = ["parse", "read_bundle"]


def read_bundle(folder: Path) -> Bundle:
    """Read and verify a bundle.

    Raises:
        BundleError: it is missing, damaged, incomplete or of another format version; the message says where.
    """
    if not folder.is_dir():
        problem = "is a file, not a bundle's folder" if folder.exists() else "there is no such folder"
        raise BundleError(f"{folder}: {problem}. Give the 'bundle' folder of a training run")
    bundle, files = parse(folder, read_file(folder / MANIFEST, MAX_MANIFEST))
    for file, expected in files.present().items():
        data = read_file(folder / file, expected.bytes)
        if len(data) != expected.bytes or sha256(data) != expected.sha256:
            raise BundleError(
                f"{folder / file}: damaged or changed since the training wrote it (its checksum differs). "
                "Copy the bundle again or train again"
            )
    return bundle


def parse(folder: Path, data: bytes) -> tuple[Bundle, Files]:
    """Read a bundle's manifest.

    Args:
        folder: where the bundle lies.
        data: the content of its ``bundle.json``.

    Returns:
        The bundle, and what its files have to be, which is not looked at here.

    Raises:
        BundleError: it is damaged or of another format version; the message says where.
    """
    where = folder / MANIFEST
    manifest, preprocessing = _validated(data, where)
    if len(set(manifest.categories)) != len(manifest.categories):
        raise BundleError(f"{where}: a category is named twice")
    _refuse_odd_decision(manifest, where)
    bundle = Bundle(
        path=folder,
        name=manifest.name,
        categories=tuple(manifest.categories),
        preprocessing=preprocessing,
        temperature=manifest.temperature,
        metrics=manifest.metrics,
        provenance=manifest.provenance,
        rendered=manifest.rendered,
        id=manifest.digest[:12],
        decision=manifest.decision,
        has_reference=manifest.files.reference is not None,
        unpacked_bytes=manifest.files.packed.unpacked_bytes if manifest.files.packed else None,
        has_metric=manifest.files.metric is not None,
        task=manifest.task,
        detection=manifest.detection,
    )
    return bundle, manifest.files


def _validated(data: bytes, where: Path) -> tuple[Manifest, Preprocessing]:
    """A manifest whose parts and checksum are as they should be, and the preprocessing that it states."""
    try:
        raw = json.loads(data)
        if not isinstance(raw, dict):
            raise BundleError(f"{where}: damaged (not a JSON object)")
        version = raw.get("format_version")
        if version not in (DETECTOR_VERSION, FORMAT_VERSION, *OLD_VERSIONS):
            raise BundleError(
                f"{where}: format version {version!r}, but this Shelfwise reads up to version {DETECTOR_VERSION}. "
                "Use the Shelfwise version that wrote it, or train again"
            )
        manifest = Manifest.model_validate(raw)
        preprocessing = Preprocessing.from_dict(manifest.preprocessing)
        del raw["digest"]
        if digest_of(raw) != manifest.digest:
            raise BundleError(f"{where}: damaged or changed by hand (its checksum differs)")
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "manifest"
        raise BundleError(f"{where}: {field}: {first['msg']}") from error
    except ConfigError as error:
        raise BundleError(f"{where}: {error}") from error
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{where}: damaged (not JSON: {error})") from error
    return manifest, preprocessing


def _refuse_odd_decision(manifest: Manifest, where: Path) -> None:
    decision, reference, metric = manifest.decision, manifest.files.reference, manifest.files.metric
    if metric is not None and metric.bytes > MAX_REFERENCE:
        raise BundleError(f"{where}: {METRIC}: larger than {MAX_REFERENCE:,} bytes")
    if decision is None:
        if reference is not None:
            raise BundleError(f"{where}: decision: missing, but there is a {REFERENCE} for it")
        return
    if manifest.format_version in OLD_VERSIONS:
        raise BundleError(f"{where}: decision: not a part of format version {manifest.format_version}")
    if reference is not None and reference.bytes > MAX_REFERENCE:
        raise BundleError(f"{where}: {REFERENCE}: larger than {MAX_REFERENCE:,} bytes")
    try:
        decision.hierarchy(tuple(manifest.categories))
    except ValueError as error:
        raise BundleError(f"{where}: decision: {error}") from error
