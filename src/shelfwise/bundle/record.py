"""What a bundle is to those that use it, and its network, card and arrays."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shelfwise.bundle.folder import CARD, MANIFEST, METRIC, METRIC_ARRAY, MODEL, PACKED, REFERENCE, read_file
from shelfwise.errors import BundleError
from shelfwise.hierarchy import Hierarchy, counts_words
from shelfwise.images.preprocess import Preprocessing
from shelfwise.rules import MAX_REFERENCE, DecisionRule, DetectionRule, Task, unpack_reference

__all__ = ["Bundle"]

_LARGEST = float(np.finfo(np.float16).max)
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
        return self.path / (MODEL if self.unpacked_bytes is None else PACKED)

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
            raise BundleError(f"{self.model_path}: does not hold what {MANIFEST} says. Copy the bundle again")
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
        return self.path / CARD

    def reference(self) -> dict[str, NDArray[np.floating[Any]]]:
        """The arrays that the decision rule compares photos with; empty where it has none.

        Raises:
            BundleError: the file is missing or damaged.
        """
        return self._arrays(REFERENCE) if self.has_reference else {}

    def metric(self) -> NDArray[np.float32] | None:
        """What an embedding is multiplied by so that products are told apart better, (features, kept), or None.

        Raises:
            BundleError: the file is missing or damaged.
        """
        if not self.has_metric:
            return None
        found = self._arrays(METRIC).get(METRIC_ARRAY)
        # What float16 holds is room enough, and no embedding becomes infinite by it.
        if found is None or found.ndim != 2 or not 0 < np.abs(found).max(initial=0) <= _LARGEST:
            raise BundleError(
                f"{self.path / METRIC}: holds no matrix {METRIC_ARRAY!r} to multiply embeddings by. Copy the bundle"
                " again"
            )
        return found.astype(np.float32)

    def _arrays(self, file: str) -> dict[str, NDArray[np.floating[Any]]]:
        path = self.path / file
        try:
            return unpack_reference(read_file(path, MAX_REFERENCE))
        except BundleError as error:
            raise BundleError(f"{path}: {error}. Copy the bundle again or train again") from error
