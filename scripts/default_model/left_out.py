"""The left-out twin of the model that ships: for figures of what a model has never learned.

The same members with the same settings and shares, trained on Freiburg Groceries alone, without every fifth of its
categories and with fold 0 held out; no photo of Grocery Store. It is installed nowhere.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks import twin
from scripts.default_model import similarity
from scripts.default_model.joining import joined, with_metric
from scripts.default_model.members import member
from shelfwise.bundle import Bundle, read_bundle
from shelfwise.cli.progress import Progress
from shelfwise.datasets.layouts import read_dataset
from shelfwise.errors import ConfigError

__all__ = ["build", "shares_like"]

NAME = "groceries-left-out"


def build(options: argparse.Namespace, progress: Progress) -> None:
    """Train and join the twin, and measure its similarities for the model that ships.

    Raises:
        ConfigError: a training was interrupted, or the model that ships has other members.
        ShelfwiseError: something else does not allow it.
    """
    photos = options.data / "freiburg"
    progress.note(f"without {', '.join(twin.left_out(photos))}")
    changes = twin.settings(photos)
    runs = [member(name, options.work, changes, options.weights, progress) for name in options.members]
    shares = shares_like(read_bundle(options.out), runs)
    plain = joined(runs, options.work / "joined", NAME, progress, list(shares.values()))
    bundle = with_metric(plain, options.work / "with-metric", runs[0], progress)
    progress.note("measuring similarities on Grocery Store's training list")
    measured = similarity.measure(bundle, read_dataset(options.data / "grocery-store"), shares)
    made = similarity.carried(bundle, options.work / twin.FOLDER.name, measured)
    similarity.write(measured, options.similarity)
    progress.note(f"the twin is in {made.path}, its similarities in {options.similarity}")


def shares_like(shipped: Bundle, runs: Sequence[Path]) -> dict[str, float]:
    """Shares of the runs, by recipe, that are those of the same recipes in the model that ships; 0 if it has none.

    Fitted to the twin's own validation photos they would be others, and its embedding another one.

    Raises:
        ConfigError: a member of the model that ships has no run of its recipe.
    """
    theirs = {member["config"]["recipe"]: member["share"] for member in shipped.provenance.get("members", ())}
    recipes = [read_bundle(run / "bundle").provenance["config"]["recipe"] for run in runs]
    if not theirs or not theirs.keys() <= set(recipes):
        raise ConfigError(
            f"{shipped.path} is joined from {' and '.join(theirs) or 'nothing'}, the twin's members are"
            f" {' and '.join(recipes)}: name its members with --members, or make it anew first. What is trained is"
            " kept"
        )
    return {recipe: theirs.get(recipe, 0.0) for recipe in recipes}
