"""Training one member of a model, by the settings in a file beside this one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shelfwise.bundle import read_bundle
from shelfwise.cli.progress import Progress
from shelfwise.config import load_config
from shelfwise.download import file_digest
from shelfwise.errors import ConfigError
from shelfwise.models import get_spec
from shelfwise.models.hub_weights import Hub
from shelfwise.settings import Settings
from shelfwise.training.config import TrainConfig, with_recipe
from shelfwise.training.folder import RunFolder
from shelfwise.workflows.train import resume, train

__all__ = ["RECIPES", "WEIGHT_BITS", "member"]

RECIPES = Path(__file__).parent
WEIGHT_BITS = 7
"""In how many bits the joined members' weights are kept."""


def member(
    name: str, work: Path, changes: Mapping[str, object], weights: Path | None, progress: Progress
) -> Path:
    """Train a member, or go on with it, and give it a new head where ``NAME-head.toml`` says how; its run folder.

    Args:
        name: of its file of settings.
        work: folder of the members' runs.
        changes: settings in place of the file's; the photos' folder among them.
        weights: folder of pretrained weights; None for the model hub's.
        progress: shows how far it is.

    Raises:
        ConfigError: it was interrupted, or its weights are not in the folder.
        ShelfwiseError: it cannot be trained.
    """
    first = _trained(name, work, changes, weights, progress)
    head = f"{name}-head"
    if not (RECIPES / f"{head}.toml").is_file():
        return first
    # The same photos in the same parts: those that the body has learned are not to be validated or tested on.
    began = {"split": RunFolder(first).split, "weights": first / "checkpoints" / "best.safetensors"}
    run = _trained(head, work, {**changes, **began}, None, progress)
    if read_bundle(run / "bundle").provenance["weights"]["sha256"] != file_digest(began["weights"]):
        raise ConfigError(f"{run} is the head of another body than {first} has now: remove it to fit it anew")
    return run


def _trained(
    name: str, work: Path, changes: Mapping[str, object], weights: Path | None, progress: Progress
) -> Path:
    """Train by one file of settings, or go on; arguments and errors as for :func:`member`."""
    folder = work / name
    run = RunFolder(folder)
    settings = Settings()
    how: dict[str, Any] = {
        "cache_dir": settings.cache_dir / "images",
        "hub": Hub(settings.cache_dir / "weights"),
        "stages": progress.stage,
        "note": progress.note,
        "member": True,
    }
    if run.finished.is_file():
        return folder
    if run.config.is_file():
        result = resume(folder, **how)
    else:
        config = load_config(
            TrainConfig,
            defaults=with_recipe,
            file=RECIPES / f"{name}.toml",
            flags={**changes, "out": folder},
        )
        if config.weights is None:
            config = config.model_copy(update={"weights": _weights(config.recipe, weights)})
        result = train(config, **how)
    if result.interrupted:
        raise ConfigError("interrupted: run the same again to go on")
    return folder


def _weights(recipe: str, folder: Path | None) -> Path | None:
    """The file in ``folder`` that holds a network's published weights, by its digest; None to ask the hub."""
    hub = get_spec(recipe).hub
    if folder is None or hub is None:
        return None
    digests = {hub.sha256, *(other.sha256 for other in hub.others)}
    for file in sorted(folder.glob("*.safetensors")):
        if file_digest(file) in digests:
            return file
    raise ConfigError(f"{folder}: no .safetensors file there is one of the published weights of {recipe}")
