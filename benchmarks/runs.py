"""Training runs that the benchmarks measure: found, checked for being what a figure says, or made."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.measure import ROOT
from benchmarks.result import BenchmarkError
from shelfwise.bundle import Bundle, read_bundle
from shelfwise.config import flag_name
from shelfwise.datasets.dataset import Dataset
from shelfwise.datasets.layouts import read_dataset
from shelfwise.datasets.sample import render_sample
from shelfwise.datasets.split import Split, leaks, load_split
from shelfwise.errors import ShelfwiseError
from shelfwise.training.config import TrainConfig, recipe_defaults
from shelfwise.training.folder import RunFolder

__all__ = ["CheckedRun", "Wanted", "any_run", "checked", "member_runs", "train_command", "trained"]

_SHARES = {"train": 0.7, "val": 0.2, "test": 0.1}
_TOLERANCE = 0.03
_OF_THE_MACHINE = ("threads", "device")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a run must be for its figure to be the one on the page.

    Attributes:
        name: the benchmark.
        data: the photos' folder.
        shown: how the page writes that folder.
        recipes: any of these.
        settings: as given to ``shelfwise train`` beside data and recipe.
        method: how the photos must be divided.
        part: the official part that the test part must be, if any.
    """

    name: str
    data: Path
    shown: str
    recipes: tuple[str, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    method: str = "stratified"
    part: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class CheckedRun:
    """A finished run that is what it should be.

    Attributes:
        folder: the run's folder.
        bundle: its model.
        config: its settings.
        dataset: the photos it was made from.
        split: how they were divided.
    """

    folder: Path
    bundle: Bundle
    config: TrainConfig
    dataset: Dataset
    split: Split


def checked(folder: Path, wanted: Wanted) -> CheckedRun:
    """Read a run and make sure of its recipe, categories, seed, division and photos.

    Raises:
        BenchmarkError: it is another run than the figure needs; the message says in what.
    """
    try:
        run, config = RunFolder.open(folder)
        bundle = read_bundle(run.bundle)
        dataset = read_dataset(wanted.data, config.layout, level=config.level, classes=config.classes)
        split = load_split(run.split, dataset)
    except ShelfwiseError as error:
        raise BenchmarkError(f"{folder}: {error}") from error
    found = CheckedRun(folder, bundle, config, dataset, split)
    if problems := [*_wrong_settings(found, wanted), *_wrong_photos(found, wanted)]:
        raise BenchmarkError(f"{folder} is not the run for {wanted.name}: {'; '.join(problems)}")
    return found


def _wrong_settings(run: CheckedRun, wanted: Wanted) -> list[str]:
    kept: Mapping[str, Any] = run.bundle.provenance["config"]
    problems = []
    # A backbone of its own shows in the bundle's name alone.
    if kept.get("recipe") not in wanted.recipes or run.bundle.name != kept["recipe"]:
        problems.append(f"recipe is {kept.get('recipe')}, the network {run.bundle.name}")
    expected: dict[str, Any] = {
        "seed": 42,
        "pretrained": True,
        "use_official": True,
        "fold": None,
        "level": None,
        "classes": None,
    }
    if wanted.part is None:
        expected |= {f"{part}_fraction": share for part, share in _SHARES.items()}
    for name, value in (expected | dict(wanted.settings)).items():
        actual = kept.get(name)
        if _normal(name, actual) != _normal(name, value):
            problems.append(f"{name} is {actual}, not {value}")
    own = run.config.model_dump(mode="json", exclude={"task", "data", "out", "split"}, exclude_none=True)
    if own != kept:
        problems.append("its config.toml is not what its bundle was trained with")
    return problems


def _normal(name: str, value: Any) -> Any:
    """The same for settings that mean the same: the order of classes, the finest level by its name or unnamed."""
    if name == "classes":
        return set(value or ())
    return None if (name, value) == ("level", "fine") else value


def _wrong_photos(run: CheckedRun, wanted: Wanted) -> list[str]:
    problems = []
    if run.bundle.provenance["dataset_fingerprint"] != run.dataset.fingerprint():
        problems.append("it was trained on other photos")
    if run.split.method != wanted.method or run.split.seed != 42:
        problems.append(f"divided by {run.split.method} with seed {run.split.seed}")
    if wanted.part is not None:
        if set(run.split.test) != set(run.dataset.official[wanted.part]):
            problems.append(f"its test part is not {wanted.part}")
    else:
        for part, share in _SHARES.items():
            actual = len(run.split.parts[part]) / len(run.dataset)
            if abs(actual - share) > _TOLERANCE:
                problems.append(f"{part} is {actual:.0%} of the photos")
    if wanted.method != "official" and (shared := leaks(run.dataset, run.split)):
        problems.append(f"{len(shared)} photos have an identical copy on another side")
    return problems


def train_command(wanted: Wanted, run: CheckedRun | None = None) -> str:
    """The command line of a run: of ``run`` as it was, settings that differ from the recipe's among them."""
    recipe = wanted.recipes[0] if run is None else str(run.bundle.provenance["config"]["recipe"])
    settings = dict(wanted.settings)
    if run is not None:
        usual = TrainConfig(data=wanted.data, **recipe_defaults(recipe)).model_dump(mode="json")
        kept = run.bundle.provenance["config"]
        settings |= {
            name: value
            for name, value in kept.items()
            if value != usual[name] and name not in _OF_THE_MACHINE
        }
    return " ".join(["shelfwise train", wanted.shown, "--recipe", recipe, *_flags(settings), "--seed 42"])


def _flags(settings: Mapping[str, Any]) -> list[str]:
    flags = []
    for name, value in settings.items():
        flag = flag_name(name)
        if isinstance(value, bool):
            flags.append(flag if value else f"--no-{flag[2:]}")
        else:
            flags.append(f"{flag} {','.join(value) if isinstance(value, list | tuple) else value}")
    return flags


def trained(wanted: Wanted, candidates: Sequence[Path]) -> list[CheckedRun]:
    """The runs among ``candidates`` that fit; where none was given, one of our own, made or gone on with.

    Raises:
        BenchmarkError: none of the given ones fits, or training fails.
    """
    if not candidates:
        return [checked(_train(wanted), wanted)]
    found, reasons = [], []
    for folder in candidates:
        try:
            found.append(checked(folder, wanted))
        except BenchmarkError as error:
            reasons.append(str(error))
    if not found:
        raise BenchmarkError("none of the given runs fits:\n  " + "\n  ".join(reasons))
    return found


def _train(wanted: Wanted) -> Path:
    folder = ROOT / "runs" / f"bench-{wanted.name}"
    if (folder / "bundle" / "bundle.json").exists() and (folder / "report").exists():
        return folder
    command = [sys.executable, "-m", "shelfwise", "train"]
    if (folder / "config.toml").exists():
        command += ["--resume", str(folder)]
    else:
        settings = [word for flag in _flags(wanted.settings) for word in flag.split(" ")]
        command += [str(wanted.data), "--recipe", wanted.recipes[0], *settings, "--seed", "42"]
        command += ["--out", str(folder)]
    if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
        raise BenchmarkError(f"training for {wanted.name} failed (see above)")
    return folder


def any_run(name: str, candidates: Sequence[Path]) -> tuple[Path, str]:
    """A run of a network to measure the speed or memory of, and what it is in words.

    It is the first of ``candidates`` with that network, else the newest one in ``runs``, else one trained for an
    epoch on rendered pictures: what a network has learnt makes it neither faster nor smaller.

    Raises:
        BenchmarkError: training one fails.
    """
    newest = sorted((ROOT / "runs").glob("*"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for folder in (*candidates, *newest):
        weights = folder / "checkpoints" / "best.safetensors"
        if weights.is_file() and (folder / "bundle" / "bundle.json").is_file():
            bundle = read_bundle(folder / "bundle")
            if bundle.name == name:
                return folder, f"{name} with {len(bundle.categories)} categories, bundle {bundle.id}"
    return _quick(name)


def member_runs(bundle: Bundle) -> tuple[Path, ...]:
    """The runs that a bundle was joined from, in the order of its members.

    They are looked for beside the bundle and in ``runs/default-model``, by the ids of their bundles.

    Raises:
        BenchmarkError: one is not there.
    """
    members = [str(member["bundle"]) for member in bundle.provenance.get("members", ())]
    places = sorted({*bundle.path.parent.glob("*"), *(ROOT / "runs" / "default-model").glob("*")})
    found = {
        read_bundle(place / "bundle").id: place
        for place in places
        if (place / "bundle" / "bundle.json").is_file()
        and (place / "checkpoints" / "best.safetensors").is_file()
    }
    if missing := [member for member in members if member not in found]:
        raise BenchmarkError(
            f"{bundle.path} was joined from runs whose weights PyTorch needs; that of bundle {' and '.join(missing)}"
            " lies neither beside it nor in runs/default-model: train them with make default-model, or name a run"
            " with --run"
        )
    return tuple(found[member] for member in members)


def _quick(name: str) -> tuple[Path, str]:
    home = ROOT / "build" / "benchmarks"
    folder = home / f"run-{name}"
    if not (folder / "report" / "index.html").exists():
        sample = render_sample(home / "few", per_class=20)
        command = [sys.executable, "-m", "shelfwise", "train", sample, "--recipe", name, "--epochs", "1"]
        command += ["--no-head-first", "--warmup-epochs", "0", "--out", folder]
        if subprocess.run(list(map(str, command)), cwd=ROOT, check=False).returncode != 0:
            raise BenchmarkError(f"training {name} for a moment failed (see above); remove {folder}")
    return folder, f"{name} with 5 categories, trained for a moment on rendered pictures"
