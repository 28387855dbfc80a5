"""The left-out twin of the model in the package, on toy sets."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

ROOT = Path(__file__).parents[1]
if str(ROOT) not in sys.path:  # scripts and benchmarks are no part of the installed package
    sys.path.append(str(ROOT))

from safetensors.torch import load_file, save

from benchmarks import twin
from benchmarks.embedded import Photos
from scripts.default_model import members, similarity
from scripts.default_model.__main__ import main
from shelfwise.bundle import read_bundle
from shelfwise.cli.progress import Progress
from shelfwise.errors import ConfigError
from shelfwise.inference.classifier import load
from shelfwise.inference.products.calibration import Prior, prior_of
from shelfwise.inference.products.gallery import unit_rows
from shelfwise.models import SPECS
from shelfwise.models.dinov2 import DINOv2

pytestmark = pytest.mark.usefixtures("quick_training")

COLOURS = {
    "CAKE": (200, 40, 40),
    "JUICE": (40, 200, 40),
    "MILK": (40, 40, 200),
    "TEA": (200, 200, 40),
    "WATER": (120, 120, 120),
}
GOODS = {
    "Fruit/Apple/Granny-Smith": (200, 40, 200),
    "Fruit/Kiwi": (40, 200, 200),
    "Packages/Juice/Bravo": (40, 210, 60),
}
SETTINGS = """recipe = "small-cnn"
layout = "groceries"
val_fraction = 0.2
train_fraction = 0.6
test_fraction = 0.2
epochs = {epochs}
batch_size = 8
threads = 1
seed = 1
"""


@pytest.fixture
def work(tmp_path, monkeypatch, toy_sets):
    """Toy sets, the settings of two toy members, and a work folder."""
    toy_sets.freiburg(tmp_path / "data" / "freiburg", COLOURS, each=4)
    toy_sets.grocery_store(tmp_path / "data" / "grocery-store", GOODS)
    monkeypatch.setattr(members, "RECIPES", tmp_path)
    monkeypatch.setenv("SHELFWISE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SHELFWISE_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.toml").write_text(SETTINGS.format(epochs=2))
    return tmp_path


def shipped(toy, folder, shares):
    """A model that says that it was joined from these recipes."""
    origins = [{"share": share, "config": {"recipe": recipe}} for recipe, share in shares.items()]
    return toy.write_toy_bundle(folder, provenance={"members": origins})


def make(*arguments):
    return main(["--left-out", "--members", "one", "--similarity", "similarity.json", *arguments])


def test_the_twin_learns_neither_what_is_left_out_nor_grocery_store(work, toy, capsys):
    package = shipped(toy, work / "package", {"small-cnn": 1.0})
    assert make("--out", "package") == 0
    bundle = read_bundle(work / "runs" / "left-out" / "twin")
    assert bundle.categories == ("CAKE", "JUICE", "MILK", "TEA")
    assert bundle.provenance["split"] == "fold:fold0"
    assert twin.differences(bundle) == []
    assert read_bundle(work / "package").id == package.id
    # What it was measured with, and what the next joining takes:
    kept = json.loads((work / "similarity.json").read_text())
    assert (kept["classes"], kept["photos"], kept["shares"]) == (2, 8, {"small-cnn": 1.0})
    assert prior_of(bundle.metrics, "") == Prior(**kept["similarity"])
    assert load(bundle.path).bundle.decision is not None
    assert bundle.has_metric
    # Again: the training is not repeated, and the result is the same.
    weights = work / "runs" / "left-out" / "one" / "checkpoints" / "best.safetensors"
    written = weights.stat().st_mtime_ns
    assert make("--out", "package") == 0
    assert weights.stat().st_mtime_ns == written
    assert read_bundle(bundle.path).id == bundle.id


def test_members_other_than_those_of_the_model_that_ships_are_refused(work, toy, capsys):
    shipped(toy, work / "package", {"dinov2-small": 0.6, "small-cnn": 0.4})
    assert make("--out", "package") == 2
    error = capsys.readouterr().err
    assert "dinov2-small and small-cnn" in error
    assert "What is trained is kept" in error
    assert not (work / "similarity.json").exists()


def test_without_photos_it_says_so(work, toy, capsys):
    shipped(toy, work / "package", {"small-cnn": 1.0})
    assert make("--out", "package", "--data", str(work / "none")) == 2
    assert "none" in capsys.readouterr().err


def test_what_is_no_twin_is_told(toy, tmp_path, monkeypatch, toy_sets):
    toy_sets.freiburg(tmp_path / "freiburg", COLOURS)
    monkeypatch.setenv("SHELFWISE_DATA", str(tmp_path))
    bundle = toy.write_toy_bundle(tmp_path / "bundle", provenance={"split": "stratified"})
    assert twin.differences(bundle) == [
        "it has 3 categories, not the 4 learned",
        "it was trained on other photos",
        "fold0 was not held out",
    ]


def test_familiar_is_what_was_learned_at_any_level_but_the_widest():
    classes = ["Drinks/Juice/Bravo", "Dairy/Oat-Milk/Oatly", "Fruit/Kiwi", "Pantry/Tomato-Sauce"]
    assert twin.familiar(classes, ["JUICE", "MILK", "TOMATO_SAUCE"]) == (classes[0], classes[3])
    assert twin.familiar(classes, ["Drinks/Tea", "Fruit/Kiwi"]) == ("Fruit/Kiwi",)
    assert twin.familiar(["Drinks/Juice"], ["Packages/Juice/Bravo"]) == ("Drinks/Juice",)


def test_similarities_are_those_to_the_own_and_to_the_nearest_other_product():
    centres = np.array([[1, 0, 0], [0, 1, 0], [0, 0.6, 0.8]], np.float32)
    photos = Photos(unit_rows(np.repeat(centres, 4, axis=0)), np.repeat([7, 8, 9], 4))
    same, other = similarity.similarities(photos, draws=3)
    assert len(same) == len(other) == 3 * 9
    np.testing.assert_allclose(same, 1, atol=1e-6)
    np.testing.assert_allclose(sorted(set(other.round(5).tolist())), [0, 0.6], atol=1e-5)
    same, other = similarity.similarities(photos, products=2, draws=50)
    assert len(same) == 50 * 6
    assert (other < 0.61).all()


def test_a_file_of_similarities_that_is_none_is_refused(work, toy, capsys):
    assert similarity.read(work / "none.json") is None
    (work / "similarity.json").write_text('{"similarity": {}}')
    assert main(["--similarity", "similarity.json", "--members", "one"]) == 2
    assert "similarity.json: shares" in capsys.readouterr().err


def test_the_model_that_ships_carries_the_similarities(work, capsys):
    (work / "one.toml").write_text(SETTINGS.format(epochs=1).replace("groceries", "freiburg"))
    measured = similarity.Measured(
        similarity=Prior(same=0.9, other=0.3).model_dump(), shares={"small-cnn": 1.0}, photos=8, classes=2
    )
    similarity.write(measured, work / "similarity.json")
    made = ["--data", "data/freiburg", "--members", "one", "--out", "package", "--similarity"]
    assert main([*made, "similarity.json"]) == 0
    assert prior_of(read_bundle(work / "package").metrics, "") == Prior(same=0.9, other=0.3)
    assert "measure it with --left-out" not in capsys.readouterr().err
    assert main([*made, "none.json"]) == 0
    assert prior_of(read_bundle(work / "package").metrics, "") == Prior()
    assert "measure it with --left-out" in capsys.readouterr().err


def test_what_is_joined_is_joined_again_only_where_something_differs(work, capsys, monkeypatch):
    (work / "one.toml").write_text(SETTINGS.format(epochs=1).replace("groceries", "freiburg"))
    (work / "two.toml").write_text((work / "one.toml").read_text().replace("epochs = 1", "epochs = 2"))

    def again(*names):
        made = [
            "--data",
            "data/freiburg",
            "--out",
            "package",
            "--similarity",
            "none.json",
            "--members",
            *names,
        ]
        assert main(made) == 0
        return "joined already" not in capsys.readouterr().err

    assert again("one")
    assert not again("one")
    assert again("one", "two")
    assert not again("one", "two")
    assert again("two", "one")
    monkeypatch.setattr("scripts.default_model.joining.WEIGHT_BITS", 6)
    assert again("two", "one")
    assert not again("two", "one")
    assert read_bundle(work / "package").kept_in == "weights in 6 bits"
    (work / "runs" / "default-model" / "joined.json").unlink()
    assert again("two", "one")


def test_a_member_whose_settings_say_so_gets_a_new_head_on_the_body_that_it_has_trained(work, monkeypatch):
    def narrow(num_classes, dropout):
        return DINOv2(num_classes, dropout, depth=1, width=64, heads=2)

    # Its size has no part in this.
    monkeypatch.setitem(SPECS, "dinov2-small", replace(SPECS["dinov2-small"], build=narrow))
    settings = SETTINGS.replace("small-cnn", "dinov2-small").replace("groceries", "folders") + "size = 56\n"
    (work / "one.toml").write_text(settings.format(epochs=1) + "pretrained = false\nhead_first = false\n")
    (work / "one-head.toml").write_text(settings.format(epochs=0))
    changes = {"data": work / "data" / "freiburg"}
    with Progress() as progress:
        run = members.member("one", work / "runs", changes, None, progress)
    assert run == work / "runs" / "one-head"
    before, after = (
        load_file(folder / "checkpoints" / "best.safetensors") for folder in (run.with_name("one"), run)
    )
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed and all(name.startswith("head.") for name in changed)
    assert (run / "split.json").read_bytes() == (run.with_name("one") / "split.json").read_bytes()
    weights = run.with_name("one") / "checkpoints" / "best.safetensors"
    weights.write_bytes(save({"other": torch.zeros(1)}))
    with Progress() as progress, pytest.raises(ConfigError, match="remove it to fit it anew"):
        members.member("one", work / "runs", changes, None, progress)
