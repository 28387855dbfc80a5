"""The trained members as one model, with its metric for products; what is there already is not made again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from scripts.default_model.members import WEIGHT_BITS
from shelfwise.bundle import Bundle, read_bundle
from shelfwise.cli.progress import Progress
from shelfwise.datasets.layouts import read_dataset
from shelfwise.datasets.split import load_split
from shelfwise.download import file_digest
from shelfwise.errors import BundleError
from shelfwise.files import atomic_write_text
from shelfwise.settings import Settings
from shelfwise.training.folder import RunFolder, library_versions
from shelfwise.training.product_metric import RANK, SHRINK
from shelfwise.workflows.ensemble import join_runs
from shelfwise.workflows.product_metric import PHOTOS, with_product_metric

__all__ = ["joined", "with_metric"]


def joined(
    runs: Sequence[Path],
    folder: Path,
    name: str,
    progress: Progress,
    shares: Sequence[float] | None = None,
) -> Bundle:
    """The members as one model; the one that is there already, if it was made of all the same.

    Args:
        runs: the members' run folders.
        folder: the joined model's.
        name: what to call it.
        progress: shows how far it is.
        shares: of the members, where they are not to be fitted.

    Raises:
        ShelfwiseError: they cannot be joined.
    """
    depends = _depends(runs, name, shares)
    if (there := _made_already(folder, depends)) is not None:
        progress.note(f"joined already: {folder}; remove it to join again")
        return there
    bundle = join_runs(
        runs,
        folder,
        name=name,
        weight_bits=WEIGHT_BITS,
        shares=shares,
        cache_dir=Settings().cache_dir / "images",
        stages=progress.stage,
        note=progress.note,
    ).bundle
    _note(folder, bundle, depends)
    return bundle


def with_metric(bundle: Bundle, folder: Path, run: Path, progress: Progress) -> Bundle:
    """The joined model with a metric for products, fitted to training photos of its members.

    One that is there already is taken, if it was made of the same model in the same way.

    Args:
        bundle: the joined model.
        folder: where to write it.
        run: run folder of a member; all have the same photos and split.
        progress: shows how far it is.

    Raises:
        ShelfwiseError: the photos are not those of the run, or it cannot be written.
    """
    depends = {"joined": bundle.id, "photos": PHOTOS, "rank": RANK, "shrink": SHRINK}
    if (there := _made_already(folder, depends)) is not None:
        progress.note(f"made already: {folder}; remove it to make it again")
        return there
    opened, config = RunFolder.open(run)
    dataset = read_dataset(config.data, config.layout, level=config.level, classes=config.classes)
    split = load_split(opened.split, dataset)
    made = with_product_metric(bundle, folder, dataset, split.train, progress.stage)
    _note(folder, made, depends)
    return made


def _noted(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.json")


def _note(folder: Path, bundle: Bundle, depends: Mapping[str, object]) -> None:
    """Write down what a bundle follows from."""
    atomic_write_text(_noted(folder), json.dumps({"bundle": bundle.id, **depends}, indent=1) + "\n")


def _made_already(folder: Path, depends: Mapping[str, object]) -> Bundle | None:
    """The bundle in a folder, if it follows from just this."""
    try:
        noted = json.loads(_noted(folder).read_text("utf-8"))
        there = read_bundle(folder)
    except (OSError, ValueError, BundleError):
        return None
    return there if noted == {"bundle": there.id, **depends} else None


def _depends(runs: Sequence[Path], name: str, shares: Sequence[float] | None) -> Mapping[str, object]:
    """What the joined model follows from: also members that got no share, which it does not name itself."""
    return {
        "name": name,
        "weight_bits": WEIGHT_BITS,
        "members": [read_bundle(run / "bundle").id for run in runs],
        "shares": None if shares is None else list(shares),
        "settings": [file_digest(RunFolder(run).config) for run in runs],
        "versions": library_versions(),
    }
