from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from shelfwise.errors import BundleError, ImageError
from shelfwise.types import Prediction
from shelfwise.workflows.classify import Answer, Tally, classify_photos, find_bundle, find_detector
from shelfwise.workflows.sorting import Sorter

CATEGORIES = ("Tea", "Milk")


class FakeClassifier:
    """Confidence by the photo's name: ``90.jpg`` is Tea with 0.9."""

    def stream(self, sources):
        for source in sources:
            if not isinstance(source, str):
                yield Prediction(CATEGORIES, np.float32([0.2, 0.8]))
            elif "bad" in source:
                yield ImageError(source, "file is empty")
            else:
                sure = int(Path(source).stem) / 100
                yield Prediction(CATEGORIES, np.float32([sure, 1 - sure]), source)


def test_gives_an_answer_for_each_photo_in_order():
    answers = list(classify_photos(FakeClassifier(), ["./90.jpg", "bad.jpg", b"picture", "20.jpg"]))
    assert [(each.photo, each.category, each.reason) for each in answers] == [
        ("./90.jpg", "Tea", None),
        ("bad.jpg", None, "file is empty"),
        ("-", "Milk", None),
        ("20.jpg", "Milk", None),
    ]


def test_less_sure_than_asked_for_is_unknown_but_keeps_its_guess():
    sure, unsure = classify_photos(FakeClassifier(), ["90.jpg", "60.jpg"], min_confidence=0.75)
    assert sure.category == "Tea"
    assert unsure.category == "unknown"
    assert unsure.prediction.category == "Tea"


def test_sorts_copies(tmp_path):
    for name in ("90.jpg", "60.jpg"):
        (tmp_path / name).write_bytes(name.encode())
    sorter = Sorter(tmp_path / "out", [*CATEGORIES, "unknown"])
    photos = [str(tmp_path / "90.jpg"), str(tmp_path / "60.jpg"), "bad.jpg", b"\xff\xd8\xff"]
    answers = list(classify_photos(FakeClassifier(), photos, min_confidence=0.75, sorter=sorter))
    assert [
        each.copied_to and each.copied_to.relative_to(tmp_path / "out").as_posix() for each in answers
    ] == [
        "Tea/90.jpg",
        "unknown/60.jpg",
        None,
        "Milk/picture.jpg",
    ]


def test_tally_counts():
    tally = Tally()
    for category in ("Tea", "Tea", "unknown", None):
        tally.add(Answer("a.jpg", None, category))
    assert (tally.named, tally.unknown, tally.failed, tally.total) == (2, 1, 1, 4)


def test_a_photo_whose_product_is_found_is_named_whatever_its_category():
    tally = Tally()
    for match in (object(), None):
        tally.add(Answer("a.jpg", None, "unknown", product=SimpleNamespace(match=match)))
    assert (tally.named, tally.unknown) == (1, 1)


def test_which_model_is_used(tmp_path, monkeypatch):
    bundle = tmp_path / "run" / "bundle"
    bundle.mkdir(parents=True)
    (bundle / "bundle.json").touch()
    assert find_bundle(bundle) == bundle
    assert find_bundle(bundle.parent) == bundle
    assert find_bundle(tmp_path / "none") == tmp_path / "none"
    monkeypatch.setattr("shelfwise.bundle.packaged.DEFAULT_BUNDLE", bundle)
    assert find_bundle(None) == bundle
    monkeypatch.chdir(tmp_path)
    assert find_bundle(Path("default")) == bundle
    (tmp_path / "default").mkdir()
    assert find_bundle(Path("default")) == Path("default")


def test_the_detector_that_comes_along_has_a_name(tmp_path, monkeypatch):
    own, named = Path("default-detector"), Path("default")
    monkeypatch.setattr("shelfwise.bundle.packaged.DEFAULT_DETECTOR", tmp_path / "own")
    (tmp_path / "own").mkdir()
    monkeypatch.chdir(tmp_path)
    assert find_bundle(own) == tmp_path / "own"
    assert find_detector(own) == find_detector(named) == find_detector(None) == tmp_path / "own"
    own.mkdir()
    assert find_bundle(own) == find_detector(own) == own
    named.mkdir()
    assert find_detector(named) == named


def test_no_model_at_all_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr("shelfwise.bundle.packaged.DEFAULT_BUNDLE", tmp_path / "none")
    with pytest.raises(BundleError, match="came without its own: name a bundle"):
        find_bundle(None)
