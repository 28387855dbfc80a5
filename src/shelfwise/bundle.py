"""A trained model's folder: the only thing that training hands to whatever serves it.

A bundle holds ``bundle.json`` (labels, preprocessing, calibration, decision rule, measurements, origin,
checksums), the network as ``model.onnx`` or compressed as ``model.onnx.gz``, ``card.md``, where its decision rule
compares photos with those of the training ``reference.npz``, and where products are compared by more than the plain
embedding ``metric.npz``. It carries no time of writing, so that equal trainings give equal bytes.

A classifier's bundle is of format version 2. A detector's, which holds how it looks at a photo in place of a decision
rule, is of version 3, so that a Shelfwise that knows no detectors says so.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shelfwise.errors import BundleError, ConfigError
from shelfwise.files import atomic_write_folder
from shelfwise.hierarchy import Hierarchy, counts_words
from shelfwise.images.preprocess import Preprocessing
from shelfwise.rules import MAX_REFERENCE, DecisionRule, DetectionRule, pack_reference, unpack_reference

__all__ = [
    "DEFAULT_BUNDLE",
    "DEFAULT_DETECTOR",
    "Bundle",
    "Task",
    "default_bundle",
    "default_detector",
    "derive_bundle",
    "read_bundle",
    "write_bundle",
]

Task = Literal["classify", "detect"]
"""What a model is for: to name what is on a photo, or to find the products on it."""

DEFAULT_BUNDLE = Path(__file__).parent / "default_model"
"""The model that comes with Shelfwise: everyday groceries (docs/default-model.md)."""
DEFAULT_DETECTOR = Path(__file__).parent / "default_detector"
"""The detector of products that comes with Shelfwise (docs/detector.md)."""

_FORMAT_VERSION = 2
_OLD_VERSIONS = (1,)
_DETECTOR_VERSION = 3
_MANIFEST = "bundle.json"
_MODEL = "model.onnx"
_PACKED = "model.onnx.gz"
_CARD = "card.md"
_REFERENCE = "reference.npz"
_METRIC = "metric.npz"
_METRIC_ARRAY = "metric"
_LARGEST = float(np.finfo(np.float16).max)
_MAX_MANIFEST = 16 * 1024 * 1024


_OTHER_TASK: dict[Task, str] = {
    "detect": "this model finds products on shelf photos and names none: give it as --detector to 'shelfwise shelf',"
    " and name here one that 'shelfwise train' made without --task detect",
    "classify": "this model names the product on a photo and finds none: give one here that 'shelfwise train --task"
    " detect' made",
}


@dataclass(frozen=True)
class Bundle:
    """A trained model, ready to serve.

    Attributes:
        path: its folder.
        name: the network's name, such as ``lite0``.
        categories: category names in label order; levels of a hierarchy are joined by ``/``.
        preprocessing: how a photo becomes the network's input.
        temperature: the logits are divided by it before the softmax (1: as trained).
        metrics: what was measured when it was trained.
        provenance: what it was made from: hashes of data and weights, seed, versions, configuration.
        rendered: True where it learned from pictures drawn by a program.
        id: first 12 hexadecimal digits of the digest of all its content.
        decision: when to rely on an answer; None where it was not fitted, as in bundles of format version 1.
        has_reference: whether the decision rule compares photos with those of the training.
        unpacked_bytes: size of the network's ONNX file where it is kept compressed, else None.
        has_metric: whether embeddings are turned by :meth:`metric` before they are given out.
        task: what the model is for. Of a detector, ``preprocessing`` tells the side of the crops that it learned from
            and the normalisation; it takes pictures of any size.
        detection: how a detector looks at a photo; None for a classifier.
    """

    path: Path
    name: str
    categories: tuple[str, ...]
    preprocessing: Preprocessing
    temperature: float
    metrics: dict[str, Any]
    provenance: dict[str, Any]
    rendered: bool
    id: str
    decision: DecisionRule | None = None
    has_reference: bool = False
    unpacked_bytes: int | None = None
    has_metric: bool = False
    task: Task = "classify"
    detection: DetectionRule | None = None

    def refuse_other_task(self, task: Task) -> None:
        """Refuse to be used for another task.

        Raises:
            BundleError: the model is for another one; the message says what to do with it.
        """
        if self.task != task:
            raise BundleError(f"{self.path}: {_OTHER_TASK[self.task]}")

    @cached_property
    def counts(self) -> tuple[int, int]:
        """How many categories it knows, and how many varieties of them; see :attr:`Hierarchy.counts`."""
        tree = (
            Hierarchy.from_categories(self.categories)
            if self.decision is None
            else self.decision.hierarchy(self.categories)
        )
        return tree.counts

    @property
    def knows(self) -> str:
        """What it tells apart, in words: ``66 categories and 55 varieties``."""
        return counts_words(*self.counts)

    @property
    def model_path(self) -> Path:
        """The file of the network."""
        return self.path / (_MODEL if self.unpacked_bytes is None else _PACKED)

    def model_onnx(self) -> bytes:
        """The network as ONNX.

        Raises:
            BundleError: the file is missing, or is not what the bundle says.
        """
        unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            kept = self.model_path.read_bytes()
            if self.unpacked_bytes is None:
                return kept
            # Never more than it should give, whatever the file holds.
            content = unpacking.decompress(kept, self.unpacked_bytes)
        except (OSError, zlib.error) as error:
            raise BundleError(f"{self.model_path}: {error}. Copy the bundle again or train again") from error
        if not unpacking.eof or len(content) != self.unpacked_bytes:
            raise BundleError(
                f"{self.model_path}: does not hold what {_MANIFEST} says. Copy the bundle again"
            )
        return content

    def model_source(self) -> Path | bytes:
        """What an engine loads: the file where it is plain, so that an engine can map it, else its content."""
        return self.model_path if self.unpacked_bytes is None else self.model_onnx()

    @property
    def kept_in(self) -> str:
        """How the network's weights are kept: ``fp32``, the precision of an export, or ``weights in 7 bits``.

        It says nothing of what an engine reckons in: weights in fewer bits become float32 when they are loaded, in
        all but a network that was quantised to ``int8``.
        """
        export, bits = self.provenance.get("export"), self.provenance.get("weight_bits")
        if isinstance(export, dict):
            return str(export.get("precision", "fp32"))
        return "fp32" if bits is None else f"weights in {bits} bits"

    @property
    def card_path(self) -> Path:
        """The model card, Markdown."""
        return self.path / _CARD

    def reference(self) -> dict[str, NDArray[np.floating[Any]]]:
        """The arrays that the decision rule compares photos with; empty where it has none.

        Raises:
            BundleError: the file is missing or damaged.
        """
        return self._arrays(_REFERENCE) if self.has_reference else {}

    def metric(self) -> NDArray[np.float32] | None:
        """What an embedding is multiplied by so that products are told apart better, (features, kept), or None.

        Raises:
            BundleError: the file is missing or damaged.
        """
        if not self.has_metric:
            return None
        found = self._arrays(_METRIC).get(_METRIC_ARRAY)
        # What float16 holds is room enough, and no embedding becomes infinite by it.
        if found is None or found.ndim != 2 or not 0 < np.abs(found).max(initial=0) <= _LARGEST:
            raise BundleError(
                f"{self.path / _METRIC}: holds no matrix {_METRIC_ARRAY!r} to multiply embeddings by. Copy the bundle"
                " again"
            )
        return found.astype(np.float32)

    def _arrays(self, file: str) -> dict[str, NDArray[np.floating[Any]]]:
        path = self.path / file
        try:
            return unpack_reference(_read(path, MAX_REFERENCE))
        except BundleError as error:
            raise BundleError(f"{path}: {error}. Copy the bundle again or train again") from error


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class _File(_Strict):
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    bytes: Annotated[int, Field(ge=1)]


class _PackedFile(_File):
    unpacked_bytes: Annotated[int, Field(ge=1, le=1 << 31)]


class _Files(_Strict):
    """Names are fixed, so that no manifest can point outside its folder."""

    model: Annotated[_File | None, Field(alias="model.onnx")] = None
    packed: Annotated[_PackedFile | None, Field(alias="model.onnx.gz")] = None
    card: Annotated[_File, Field(alias="card.md")]
    reference: Annotated[_File | None, Field(alias="reference.npz")] = None
    metric: Annotated[_File | None, Field(alias="metric.npz")] = None

    @model_validator(mode="after")
    def _one_network(self) -> _Files:
        if (self.model is None) == (self.packed is None):
            raise ValueError(f"one of {_MODEL} and {_PACKED} is needed")
        return self


class _Manifest(_Strict):
    format_version: Literal[1, 2, 3]
    name: Annotated[str, Field(min_length=1)]
    categories: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]
    preprocessing: dict[str, Any]
    temperature: Annotated[float, Field(gt=0)]
    metrics: dict[str, Any]
    provenance: dict[str, Any]
    rendered: bool
    decision: DecisionRule | None = None
    task: Task = "classify"
    detection: DetectionRule | None = None
    files: _Files
    digest: str

    @model_validator(mode="after")
    def _of_one_task(self) -> _Manifest:
        detects = self.format_version == _DETECTOR_VERSION
        if detects != (self.task == "detect") or detects != (self.detection is not None):
            raise ValueError(
                f"task {self.task!r} does not go with format version {self.format_version}"
                f" {'and' if self.detection else 'without'} detection"
            )
        if detects and (self.decision or self.files.reference or self.files.metric):
            raise ValueError("a detector has no decision, reference or metric")
        return self


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
    contents = _network(model_onnx, packed) | {_CARD: card.encode()}
    if reference:
        contents[_REFERENCE] = pack_reference(reference)
    manifest: dict[str, Any] = {
        "format_version": _FORMAT_VERSION if detection is None else _DETECTOR_VERSION,
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
    return {_PACKED: gzip.compress(model_onnx, 9, mtime=0)} if packed else {_MODEL: model_onnx}


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
    manifest = json.loads(_read(source.path / _MANIFEST, _MAX_MANIFEST))
    del manifest["digest"]
    contents = {file: _read(source.path / file, each["bytes"]) for file, each in manifest["files"].items()}
    unpacked = source.unpacked_bytes
    if model_onnx is not None:
        contents = {_MODEL: model_onnx} | {k: v for k, v in contents.items() if k not in (_MODEL, _PACKED)}
        unpacked = len(model_onnx)
    if card is not None:
        contents[_CARD] = card.encode()
    if metric is not None:
        contents[_METRIC] = pack_reference({_METRIC_ARRAY: metric})
    for name, given in (("provenance", provenance), ("metrics", metrics)):
        if given is not None:
            manifest[name] = dict(given)
    return _finished(folder, manifest, contents, unpacked)


def _finished(
    folder: Path, manifest: dict[str, Any], contents: dict[str, bytes], unpacked: int | None
) -> Bundle:
    """Add the checksums, and write."""
    manifest["files"] = {
        file: {"sha256": _sha256(data), "bytes": len(data)} for file, data in contents.items()
    }
    if _PACKED in contents:
        manifest["files"][_PACKED]["unpacked_bytes"] = unpacked
    try:
        manifest["digest"] = _digest(manifest)
        text = json.dumps(manifest, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    except (TypeError, ValueError) as error:
        raise BundleError(f"cannot write the bundle {folder}: {error}") from error
    contents[_MANIFEST] = text.encode()
    bundle = _parse(folder, contents[_MANIFEST])
    atomic_write_folder(folder, contents, ours=_MANIFEST, what="the bundle")
    return bundle


def read_bundle(folder: Path) -> Bundle:
    """Read and verify a bundle.

    Raises:
        BundleError: it is missing, damaged, incomplete or of another format version; the message says where.
    """
    if not folder.is_dir():
        problem = "is a file, not a bundle's folder" if folder.exists() else "there is no such folder"
        raise BundleError(f"{folder}: {problem}. Give the 'bundle' folder of a training run")
    bundle, files = _parse_with_files(folder, _read(folder / _MANIFEST, _MAX_MANIFEST))
    for file, expected in (
        (_MODEL, files.model),
        (_PACKED, files.packed),
        (_CARD, files.card),
        (_REFERENCE, files.reference),
        (_METRIC, files.metric),
    ):
        if expected is None:
            continue
        data = _read(folder / file, expected.bytes)
        if len(data) != expected.bytes or _sha256(data) != expected.sha256:
            raise BundleError(
                f"{folder / file}: damaged or changed since the training wrote it (its checksum differs). "
                "Copy the bundle again or train again"
            )
    return bundle


def _parse(folder: Path, data: bytes) -> Bundle:
    return _parse_with_files(folder, data)[0]


def _parse_with_files(folder: Path, data: bytes) -> tuple[Bundle, _Files]:
    where = folder / _MANIFEST
    try:
        raw = json.loads(data)
        if not isinstance(raw, dict):
            raise BundleError(f"{where}: damaged (not a JSON object)")
        version = raw.get("format_version")
        if version not in (_DETECTOR_VERSION, _FORMAT_VERSION, *_OLD_VERSIONS):
            raise BundleError(
                f"{where}: format version {version!r}, but this Shelfwise reads up to version {_DETECTOR_VERSION}. "
                "Use the Shelfwise version that wrote it, or train again"
            )
        manifest = _Manifest.model_validate(raw)
        preprocessing = Preprocessing.from_dict(manifest.preprocessing)
        stated = raw.pop("digest")
        digest = _digest(raw)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "manifest"
        raise BundleError(f"{where}: {field}: {first['msg']}") from error
    except ConfigError as error:
        raise BundleError(f"{where}: {error}") from error
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{where}: damaged (not JSON: {error})") from error
    if digest != stated:
        raise BundleError(f"{where}: damaged or changed by hand (its checksum differs)")
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
        id=digest[:12],
        decision=manifest.decision,
        has_reference=manifest.files.reference is not None,
        unpacked_bytes=manifest.files.packed.unpacked_bytes if manifest.files.packed else None,
        has_metric=manifest.files.metric is not None,
        task=manifest.task,
        detection=manifest.detection,
    )
    return bundle, manifest.files


def _refuse_odd_decision(manifest: _Manifest, where: Path) -> None:
    decision, reference, metric = manifest.decision, manifest.files.reference, manifest.files.metric
    if metric is not None and metric.bytes > MAX_REFERENCE:
        raise BundleError(f"{where}: {_METRIC}: larger than {MAX_REFERENCE:,} bytes")
    if decision is None:
        if reference is not None:
            raise BundleError(f"{where}: decision: missing, but there is a {_REFERENCE} for it")
        return
    if manifest.format_version in _OLD_VERSIONS:
        raise BundleError(f"{where}: decision: not a part of format version {manifest.format_version}")
    if reference is not None and reference.bytes > MAX_REFERENCE:
        raise BundleError(f"{where}: {_REFERENCE}: larger than {MAX_REFERENCE:,} bytes")
    try:
        decision.hierarchy(tuple(manifest.categories))
    except ValueError as error:
        raise BundleError(f"{where}: decision: {error}") from error


def _digest(manifest: Mapping[str, Any]) -> str:
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return _sha256(text.encode())


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _read(path: Path, at_most: int) -> bytes:
    """Read a file, but never much more than it should hold."""
    try:
        with path.open("rb") as file:
            data = file.read(at_most + 1)
    except FileNotFoundError:
        raise BundleError(
            f"{path}: missing, so the bundle is incomplete. Copy the whole folder again"
        ) from None
    except OSError as error:
        raise BundleError(f"{path}: cannot be read ({error.strerror or error})") from error
    return data
