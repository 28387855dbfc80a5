"""What is written in ``bundle.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shelfwise.bundle.folder import CARD, METRIC, MODEL, PACKED, REFERENCE, sha256
from shelfwise.rules import DecisionRule, DetectionRule, Task

__all__ = ["DETECTOR_VERSION", "FORMAT_VERSION", "OLD_VERSIONS", "File", "Files", "Manifest", "digest_of"]

FORMAT_VERSION = 2
"""Of a classifier's bundle."""
DETECTOR_VERSION = 3
"""Of a detector's bundle."""
OLD_VERSIONS = (1,)
"""Of bundles that are read and no longer written."""


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class File(_Strict):
    """What a file has to be."""

    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    bytes: Annotated[int, Field(ge=1)]


class _PackedFile(File):
    unpacked_bytes: Annotated[int, Field(ge=1, le=1 << 31)]


class Files(_Strict):
    """The files that there are. Names are fixed, so that no manifest can point outside its folder."""

    model: Annotated[File | None, Field(alias=MODEL)] = None
    packed: Annotated[_PackedFile | None, Field(alias=PACKED)] = None
    card: Annotated[File, Field(alias=CARD)]
    reference: Annotated[File | None, Field(alias=REFERENCE)] = None
    metric: Annotated[File | None, Field(alias=METRIC)] = None

    @model_validator(mode="after")
    def _one_network(self) -> Files:
        if (self.model is None) == (self.packed is None):
            raise ValueError(f"one of {MODEL} and {PACKED} is needed")
        return self

    def present(self) -> dict[str, File]:
        """What each file has to be, by its name."""
        files = (self.model, self.packed, self.card, self.reference, self.metric)
        names = (MODEL, PACKED, CARD, REFERENCE, METRIC)
        return {name: file for name, file in zip(names, files, strict=True) if file is not None}


class Manifest(_Strict):
    """The content of ``bundle.json``; its fields are those of :class:`~shelfwise.bundle.Bundle`."""

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
    files: Files
    digest: str

    @model_validator(mode="after")
    def _of_one_task(self) -> Manifest:
        detects = self.format_version == DETECTOR_VERSION
        if detects != (self.task == "detect") or detects != (self.detection is not None):
            raise ValueError(
                f"task {self.task!r} does not go with format version {self.format_version}"
                f" {'and' if self.detection else 'without'} detection"
            )
        if detects and (self.decision or self.files.reference or self.files.metric):
            raise ValueError("a detector has no decision, reference or metric")
        return self


def digest_of(manifest: Mapping[str, Any]) -> str:
    """The checksum of all of a bundle's content: of a manifest without its ``digest``.

    Raises:
        ValueError: it holds what JSON cannot.
        TypeError: likewise.
    """
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return sha256(text.encode())
