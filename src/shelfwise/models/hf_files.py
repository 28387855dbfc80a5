"""The files of a model that ``transformers`` can load: where they are, and what its preprocessing says."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shelfwise.errors import ModelError
from shelfwise.extras import require

__all__ = [
    "ImageSettings",
    "image_settings",
    "locate",
    "public_name",
    "weights_digest",
    "weights_files",
    "weights_keys",
]

FILES = ("config.json", "preprocessor_config.json", "processor_config.json", "model*.safetensors*")
"""What is taken of a repository: settings and weights, no code and no pickles."""


@dataclass(frozen=True, slots=True)
class ImageSettings:
    """Side of the square input, and the normalisation of values scaled to 0 … 1."""

    size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


def locate(reference: str) -> Path:
    """The folder of a model: the one named, or a local copy of a repository on the Hugging Face hub.

    Raises:
        ModelError: it is neither a folder with a ``config.json`` nor a repository that can be fetched.
        MissingExtraError: ``huggingface_hub`` is not installed.
    """
    folder = Path(reference).expanduser()
    if not folder.is_dir():
        if reference.startswith((".", "/", "~")):
            raise ModelError(f"hf:{reference}: there is no such folder")
        folder = _download(reference)
    if not (folder / "config.json").is_file():
        raise ModelError(f"hf:{reference}: no config.json in {folder}: name the folder that holds the model")
    return folder


def public_name(reference: str) -> str:
    """What a model is called where others read it: a repository's name, or a folder's without the way to it."""
    folder = Path(reference).expanduser()
    return folder.resolve().name if folder.is_dir() else reference


@functools.cache
def _download(repository: str) -> Path:
    hub = require("huggingface_hub", what="A model of transformers", extra="hf")
    try:
        return Path(hub.snapshot_download(repository, allow_patterns=list(FILES)))
    except (OSError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ModelError(
            f"hf:{repository} could not be fetched ({reason}). Without a network: on a machine that has one run "
            f"'hf download {repository} --local-dir FOLDER', copy the folder here and name it: hf:FOLDER"
        ) from error


def weights_files(folder: Path) -> list[Path]:
    """The model's safetensors files, in order. Raises ModelError where there are none."""
    files = sorted(folder.glob("model*.safetensors"))
    if not files:
        raise ModelError(f"{folder} has no model.safetensors: only weights in that format are loaded")
    return files


def weights_keys(folder: Path) -> set[str]:
    """Names of all weights, read without loading them."""
    safetensors = require("safetensors", what="A model of transformers", extra="hf")
    keys: set[str] = set()
    for file in weights_files(folder):
        try:
            with safetensors.safe_open(file, framework="pt") as weights:
                keys.update(weights.keys())
        except safetensors.SafetensorError as error:
            raise ModelError(f"{file} is damaged ({error}): fetch it again") from error
    return keys


def weights_digest(folder: Path) -> str:
    """SHA-256 over the weights' files, one behind the other."""
    digest = hashlib.sha256()
    for file in weights_files(folder):
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def image_settings(folder: Path) -> ImageSettings:
    """What the model's image processor does to a picture. Raises ModelError where it does not say.

    The settings are read here and not by ``transformers``, whose image processors need torchvision.
    """
    settings = _processor_settings(folder)
    normalise = settings.get("do_normalize", True)
    try:
        # Values are first multiplied by rescale_factor, usually 1/255; ours are normalised after 1/255.
        scale = 255 * (
            float(settings.get("rescale_factor", 1 / 255)) if settings.get("do_rescale", True) else 1
        )
        mean, std = (
            tuple(float(value) / scale for value in (settings[key] if normalise else plain))
            for key, plain in (("image_mean", (0, 0, 0)), ("image_std", (1, 1, 1)))
        )
        size = _side(settings)
    except (KeyError, TypeError, ValueError, AttributeError, ZeroDivisionError) as error:
        raise ModelError(f"{folder}: the image processor's settings lack or garble {error}") from error
    if len(mean) != 3 or len(std) != 3 or min(std) <= 0 or size <= 0:
        raise ModelError(f"{folder}: the image processor is not one for RGB pictures")
    return ImageSettings(size, mean, std)


def _processor_settings(folder: Path) -> Mapping[str, Any]:
    plain, joint = folder / "preprocessor_config.json", folder / "processor_config.json"
    file = plain if plain.is_file() else joint
    if not file.is_file():
        raise ModelError(f"{folder} has no {plain.name}, which says how the model wants its pictures: add it")
    try:
        settings = json.loads(file.read_text(encoding="utf-8"))
        if file == joint:
            settings = settings["image_processor"]
    except (KeyError, ValueError) as error:
        raise ModelError(f"{file} cannot be read: {error}") from error
    if not isinstance(settings, dict):
        raise ModelError(f"{file} holds no settings")
    return settings


def _side(settings: Mapping[str, Any]) -> int:
    """Side of the square that the processor cuts out, or resizes to."""
    size = settings["crop_size"] if settings.get("do_center_crop") else settings["size"]
    if isinstance(size, int):
        return size
    return int(size.get("height") or size.get("shortest_edge") or size["longest_edge"])
