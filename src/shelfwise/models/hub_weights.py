"""Pretrained weights that come as a file: given by hand, kept in the cache, or fetched from a model hub.

Loads no torch. What a file holds is checked by :mod:`shelfwise.models.weight_files`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from shelfwise.download import download, file_digest, one_process
from shelfwise.errors import FetchError, ModelError
from shelfwise.files import storage_errors
from shelfwise.models.spec import HubFile, ModelSpec, with_weights

__all__ = ["HUB", "Hub", "find_weights"]

HUB = "https://huggingface.co"
"""Address of the model hub."""

_LARGEST = 1 << 30

Stages = Callable[[str], Callable[[int, int], None]]
"""Begins a stage of the work with a name for people, and gives what takes (bytes, total bytes or 0)."""


@dataclass(frozen=True, slots=True)
class Hub:
    """A model hub and where its files are kept.

    Attributes:
        folder: the cache.
        address: of the hub, or of a mirror with the same paths.
    """

    folder: Path
    address: str = HUB

    def kept(self, spec: ModelSpec) -> Path:
        """Where a network's weights are kept."""
        return self.folder / f"{spec.name}.safetensors"


def find_weights(
    spec: ModelSpec, *, given: Path | None = None, hub: Hub | None = None, stages: Stages | None = None
) -> ModelSpec:
    """A spec whose pretrained weights are on this machine: fetched now, if they are not yet.

    Args:
        spec: the network. One that brings its weights itself, or has none, stays as it is.
        given: a file of weights, which comes before the hub's.
        hub: where else to look; None to look nowhere else.
        stages: shows how far a download is.

    Raises:
        ModelError: the file is absent or another one, cannot be fetched, or the network takes none.
        StorageError: the cache cannot be written.
    """
    if given is not None:
        return with_weights(spec, given)
    if spec.hub is None:
        return spec
    if hub is None:
        raise ModelError(
            f"{spec.name} needs a file of weights: name it with --weights; {_where(spec.hub, HUB)}"
        )
    return with_weights(spec, _kept_or_fetched(spec, spec.hub, hub, stages))


def _kept_or_fetched(spec: ModelSpec, file: HubFile, hub: Hub, stages: Stages | None) -> Path:
    place = hub.kept(spec)
    if not place.exists():
        with storage_errors(place):
            place.parent.mkdir(parents=True, exist_ok=True)
        try:
            with one_process(place):
                _fetch(spec, file, hub, stages)
        except FetchError as error:
            raise ModelError(
                f"the weights of {spec.name} could not be fetched: {error}. To go on without, name a file with "
                f"--weights, or put it at {place}; {_where(file, hub.address)}"
            ) from error
    published = {file.sha256, *(info.sha256 for info in file.others)}
    if (digest := file_digest(place)) not in published:
        raise ModelError(
            f"{place} is not the published file (sha256 {digest}): delete it and run again; a file of your own "
            "is named with --weights"
        )
    return place


def _fetch(spec: ModelSpec, file: HubFile, hub: Hub, stages: Stages | None) -> None:
    place = hub.kept(spec)
    if place.exists():  # another process fetched it in the meantime
        return
    progress = None if stages is None else stages(f"Fetching the weights of {spec.title}")
    url = f"{hub.address.rstrip('/')}/{file.place}"
    download(url, place, sha256=file.sha256, progress=progress, max_bytes=_LARGEST)


def _where(file: HubFile, address: str) -> str:
    return f"it is {file.filename} of {address.rstrip('/')}/{file.repository}"
