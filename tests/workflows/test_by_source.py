"""What a model of a joined set tells of each of the sets."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch")

from PIL import Image

from shelfwise.bundle import Bundle
from shelfwise.config import load_config
from shelfwise.training.config import TrainConfig, recipe_defaults
from shelfwise.workflows.ensemble import join_runs
from shelfwise.workflows.train import train

JOINING = """
levels = ["department", "category", "variety"]

[[source]]
name = "Packaged"
folder = "./packaged/"
layout = "list"
licence = "for research"
train = ["train"]
test = ["test"]
[source.categories]
juice = "Drinks/Juice"
tea = "Drinks/Tea"

[[source]]
name = "Cartons"
folder = "cartons"
layout = "list"
licence = "MIT"
train = ["train"]
val = ["val"]
test = ["test"]
[source.categories]
bravo = "Drinks/Juice/Bravo"
"""
LISTS = {
    "packaged/train.txt": ["juice", "tea"] * 8,
    "packaged/test.txt": ["juice", "tea"] * 2,
    "cartons/train.txt": ["bravo"] * 8,
    "cartons/val.txt": ["bravo"] * 3,
    "cartons/test.txt": ["bravo"] * 2,
}


def silent(name: str):
    return lambda done, total=None, text="": None


def paint(root: Path) -> Path:
    random = np.random.default_rng(0)
    for place, labels in LISTS.items():
        file = root / place
        file.parent.mkdir(parents=True, exist_ok=True)
        names = [f"{file.stem}-{number}.png" for number in range(len(labels))]
        for name, label in zip(names, labels, strict=True):
            pixels = random.integers(0, 100, (40, 40, 3), dtype=np.uint8)
            pixels[..., ("juice", "tea", "bravo").index(label)] += random.integers(100, 150, dtype=np.uint8)
            Image.fromarray(pixels).save(file.parent / name)
        file.write_text("".join(f"{name} {label}\n" for name, label in zip(names, labels, strict=True)))
    (root / "shop.toml").write_text(JOINING)
    return root / "shop.toml"


@pytest.fixture(scope="module")
def joined(
    quickly: Callable[..., AbstractContextManager[None]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Bundle, Bundle]:
    """The folder, the bundle of a run on the joined set, and that of a model joined from the run."""
    root = tmp_path_factory.mktemp("joined")
    flags = {"data": str(paint(root)), "out": str(root / "run"), "epochs": 2, "batch_size": 8, "threads": 1}
    config = load_config(TrainConfig, defaults=recipe_defaults("small-cnn"), flags=flags)
    with quickly():
        run = train(config, cache_dir=root / "cache", stages=silent, note=str)
    both = join_runs(
        [run.folder], root / "both", name="both", cache_dir=root / "cache", stages=silent, note=str
    )
    return root, run.bundle, both.bundle


@pytest.fixture(params=["run", "joined model"])
def bundle(request: pytest.FixtureRequest, joined: tuple[Path, Bundle, Bundle]) -> Bundle:
    return joined[1] if request.param == "run" else joined[2]


def digest_of(folder: Path, *sets: str) -> str:
    rows = []
    for place, labels in LISTS.items():
        file = folder / place
        if file.parent.name in sets:
            for number, label in enumerate(labels):
                photo = file.parent / f"{file.stem}-{number}.png"
                content = hashlib.sha256(photo.read_bytes()).hexdigest()
                node = {"juice": "Drinks/Juice", "tea": "Drinks/Tea", "bravo": "Drinks/Juice/Bravo"}[label]
                rows.append(f"{photo.relative_to(folder).as_posix()}\0{node}\0{content}\n")
    return hashlib.sha256("".join(sorted(rows)).encode()).hexdigest()


def test_provenance_tells_each_sets_photos_licence_and_digest(
    joined: tuple[Path, Bundle, Bundle], bundle: Bundle
) -> None:
    packaged, cartons = bundle.provenance["sources"]
    assert (packaged["name"], packaged["licence"]) == ("Packaged", "for research")
    assert cartons["photos"] == [8, 3, 2]
    train, val, test = packaged["photos"]
    assert (train + val, test) == (16, 4)
    total = [a + b for a, b in zip(packaged["photos"], cartons["photos"], strict=True)]
    assert total == bundle.provenance["photos"]
    for source, folder in ((packaged, "packaged"), (cartons, "cartons")):
        assert source["sha256"] == digest_of(joined[0], folder)
    assert bundle.provenance["data_sha256"] == digest_of(joined[0], "packaged", "cartons")


def test_the_card_tells_the_same_and_figures_by_set_and_category(bundle: Bundle) -> None:
    card = bundle.card_path.read_text("utf-8")
    for source in bundle.provenance["sources"]:
        train, val, test = source["photos"]
        photos = f"{train} photos to train on, {val} to validate on, {test} to test on"
        assert f"- {source['name']}: {photos}." in card
        assert f"Licence of the photos: {source['licence']}" in card
        assert source["sha256"] in card
    assert "| Packaged | 4 |" in card
    assert "| Drinks/Juice/Bravo | 2 |" in card
    assert "| part | accuracy | category | exact label |" in card


def test_metrics_tell_each_set(bundle: Bundle) -> None:
    assert set(bundle.metrics) == {"test", "val", "by_source"}
    figures = {each["name"]: each for each in bundle.metrics["by_source"]["test"]}
    assert (figures["Packaged"]["photos"], figures["Cartons"]["photos"]) == (4, 2)
    assert 0 <= figures["Cartons"]["figures"]["category_accuracy"] <= 1
    assert bundle.metrics["test"]["category_accuracy"] == pytest.approx(
        sum(each["photos"] * each["figures"]["category_accuracy"] for each in figures.values()) / 6
    )


def test_a_single_set_has_no_sources(painted, tmp_path) -> None:
    flags = {"data": str(painted), "out": str(tmp_path / "run"), "epochs": 1, "threads": 1}
    config = load_config(TrainConfig, defaults=recipe_defaults("small-cnn"), flags=flags)
    bundle = train(config, cache_dir=tmp_path / "cache", stages=silent, note=str).bundle
    assert "sources" not in bundle.provenance
    assert "by_source" not in bundle.metrics
    assert "by set" not in bundle.card_path.read_text("utf-8")
