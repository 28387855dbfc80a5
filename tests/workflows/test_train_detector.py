from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("pycocotools", reason="measuring a detector needs pycocotools")

from shelfwise.bundle import read_bundle
from shelfwise.errors import BundleError, ConfigError, DataError, TrainingError
from shelfwise.images.decode import decode
from shelfwise.inference.classifier import Classifier
from shelfwise.models import efficientnet_lite
from shelfwise.shelf.detector import load_detector
from shelfwise.training.checkpoint import CheckpointWriter
from shelfwise.training.detect.config import DetectConfig
from shelfwise.training.detect.photos import read_photos
from shelfwise.training.folder import RunFolder
from shelfwise.workflows.evaluate_detector import evaluate_detector
from shelfwise.workflows.train_detector import resume_detector, train_detector

SMALL = {
    "size": 64,
    "batch_size": 2,
    "steps": 2,
    "epochs": 2,
    "width": 16,
    "depth": 1,
    "overview": 128,
    "side": 128,
    "tile": 128,
    "tile_overlap": 32,
    "frozen_stages": 4,
    "pretrained": False,
    "ema": 0.5,
    "threads": 1,
}
BROKEN = "8.png"
"""A photo without products, in the training part."""
FILES = (
    "bundle",
    "checkpoints",
    "checks.json",
    "config.toml",
    "finished.json",
    "history.csv",
    "report",
    "split.json",
)


def silent(name: str) -> Callable[..., None]:
    return lambda *_, **__: None


def blocks(folder: Path, count: int = 8, bare: int = 2, seed: int = 3) -> Path:
    """A COCO set of light and dark blocks on grey."""
    random = np.random.default_rng(seed)
    (folder / "images").mkdir(parents=True)
    images, annotations = [], []
    for number in range(count + bare):
        pixels = random.integers(90, 130, (96, 96, 3), dtype=np.uint8)
        for _ in range(2 if number < count else 0):
            left, top = (int(each) for each in random.integers(0, 60, 2))
            pixels[top : top + 30, left : left + 30] = random.choice([20, 240])
            annotations.append(
                {
                    "id": len(annotations),
                    "image_id": number,
                    "category_id": 1,
                    "bbox": [left + len(annotations) / 1000, top, 30, 30],
                }
            )
        Image.fromarray(pixels).save(folder / "images" / f"{number}.png")
        images.append({"id": number, "file_name": f"{number}.png", "width": 96, "height": 96})
    content = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "tea"}]}
    (folder / "boxes.json").write_text(json.dumps(content))
    return folder


def settings(photos: Path, out: Path, **changes: object) -> DetectConfig:
    return DetectConfig(data=photos, out=out, **{**SMALL, **changes})


def run(photos: Path, out: Path, **changes: object):
    return train_detector(settings(photos, out, **changes), stages=silent, note=str)


@pytest.fixture(scope="module", autouse=True)
def shallow():
    """A body of one block a stage: its depth has no part in this, and takes most of an export."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(efficientnet_lite, "stage_repeats", lambda _: (1,) * len(efficientnet_lite.STAGES))
        yield


@pytest.fixture(scope="module")
def trained(tmp_path_factory, quickly, shallow):
    """Photos and a finished run."""
    folder = tmp_path_factory.mktemp("detector")
    photos = blocks(folder / "photos")
    (photos / "images" / BROKEN).write_bytes(b"no photo")
    notes: list[str] = []
    more = [blocks(folder / "more", 3, 0, seed=4)] * 2
    with quickly():
        train_detector(settings(photos, folder / "run", also=more), stages=silent, note=notes.append)
    (folder / "notes.txt").write_text("\n".join(notes))
    return folder


def test_a_run_leaves_what_a_classifiers_does(trained):
    run_folder = trained / "run"
    assert sorted(path.name for path in run_folder.iterdir()) == sorted(FILES)
    rows = (run_folder / "history.csv").read_text().splitlines()
    assert rows[0] == "epoch,lr,train_loss,score_loss,box_loss,ap50"
    assert len(rows) == 3
    finished = json.loads((run_folder / "finished.json").read_text())
    assert list(finished) == ["test", "val"]
    assert set(finished["test"]) >= {"ap50", "ap75", "ap", "count_median_error", "count_bias"}
    assert RunFolder(run_folder).task == "detect"


def test_the_bundle_is_a_detector_with_what_was_measured(trained):
    bundle = read_bundle(trained / "run" / "bundle")
    assert (bundle.task, bundle.categories, bundle.kept_in) == ("detect", ("product",), "fp16")
    assert bundle.detection is not None
    assert (bundle.detection.overview, bundle.detection.tile) == (128, 128)
    assert bundle.metrics == json.loads((trained / "run" / "finished.json").read_text())
    card = bundle.card_path.read_text()
    assert "finds products on shelf photos" in card
    assert "not told by the set" in card
    assert str(trained) not in card + (bundle.path / "bundle.json").read_text()
    with pytest.raises(BundleError, match="finds products"):
        Classifier(bundle)


def test_a_set_that_is_named_twice_is_shown_twice_and_counted_once(trained):
    run_folder = trained / "run"
    told = json.loads((run_folder / "bundle" / "bundle.json").read_text())["provenance"]
    card = (run_folder / "bundle" / "card.md").read_text()
    assert card.count("more: 3 photos with 6 products; each shown 2 times a round.") == 1
    config = RunFolder.open_detector(run_folder)[1]
    shown = read_photos(config, kept=run_folder / "split.json").parts["train"]
    readable = [photo for photo in shown if photo.path.name != BROKEN]
    assert told["photos"][0] == len(readable) - 3


def test_the_detector_gives_the_same_boxes_each_time(trained):
    photo = decode(trained / "photos" / "images" / "0.png")
    one, two = (load_detector(trained / "run" / "bundle", threads=threads) for threads in (1, 2))
    first, second = (each.find(photo, min_score=0.01) for each in (one, two))
    assert np.array_equal(first.boxes, second.boxes)
    assert np.array_equal(first.scores, second.scores)


@pytest.mark.slow
def test_a_run_that_was_stopped_ends_as_if_it_had_not(trained, tmp_path, monkeypatch, quickly):
    finish = CheckpointWriter.on_epoch_end

    def fail(self, trainer, record):
        if record.epoch == 2:
            raise RuntimeError("the power failed")
        finish(self, trainer, record)

    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="power"):
        patch.setattr(CheckpointWriter, "on_epoch_end", fail)
        run(trained / "photos", tmp_path / "run", also=[trained / "more"] * 2)
    assert not (tmp_path / "run" / "bundle").exists()
    with quickly():
        result = resume_detector(tmp_path / "run", stages=silent, note=str)
    for name in ("model.onnx", "bundle.json", "card.md"):
        assert (result.bundle.path / name).read_bytes() == (trained / "run" / "bundle" / name).read_bytes()


def test_a_stopped_run_is_not_gone_on_with_over_other_photos(trained, tmp_path):
    photos = blocks(tmp_path / "photos")
    config = (trained / "run" / "config.toml").read_text()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.toml").write_text(config.replace(str(trained / "photos"), str(photos)))
    for name in ("checkpoints", "split.json"):
        (tmp_path / "run" / name).symlink_to(trained / "run" / name)
    Image.new("RGB", (96, 96), (9, 9, 9)).save(photos / "images" / "9.png")
    with pytest.raises(TrainingError, match="run with other settings, photos"):
        resume_detector(tmp_path / "run", stages=silent, note=str)


def test_what_follows_the_last_epoch_is_told(trained):
    notes = (trained / "notes.txt").read_text().splitlines()
    best = next(place for place, note in enumerate(notes) if note.startswith("best epoch"))
    assert notes[best + 1 : best + 3] == ["exporting the detector …", "writing the report …"]


def test_evaluation_gives_the_figures_of_the_training(trained, tmp_path):
    split = trained / "run" / "split.json"
    notes: list[str] = []
    found = evaluate_detector(
        trained / "run", trained / "photos", split=split, report=tmp_path / "report", note=notes.append
    )
    finished = json.loads((trained / "run" / "finished.json").read_text())["test"]
    assert found.part == "test"
    assert found.result.headline() == pytest.approx(finished)
    assert found.learned == 0
    page = (tmp_path / "report" / "index.html").read_text()
    assert "Finding and counting" in page
    assert "Not a test" not in page
    metrics = json.loads((tmp_path / "report" / "metrics.json").read_text())
    assert (metrics["photos"], metrics["dataset"]["part"]) == (1, "test")


def test_evaluation_on_learned_photos_says_so(trained):
    notes: list[str] = []
    found = evaluate_detector(trained / "run", trained / "photos", part="all", note=notes.append)
    assert (found.learned, len(found.result.errors)) == (9, 1)
    assert any("too good" in note for note in notes)


def test_weights_of_a_run_that_knows_the_test_are_refused(trained, tmp_path):
    with pytest.raises(ConfigError, match=r"these weights have learned; divide them as that run did"):
        run(trained / "photos", tmp_path / "run", weights=trained / "run", seed=5)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weights": Path("nowhere")}, "no weights there"),
        ({"width": 24}, "not the weights of a detector-lite0 with --width 24"),
    ],
)
def test_weights_that_do_not_fit_are_told(trained, tmp_path, changes, message):
    given = {"weights": trained / "run" / "bundle", "split": trained / "run" / "split.json", **changes}
    with pytest.raises(ConfigError, match=message):
        run(trained / "photos", tmp_path / "run", **given)


def test_unreadable_photos_are_named_and_left_out(trained):
    saved = json.loads((trained / "run" / "checks.json").read_text())
    (source, reason), *others = saved["unreadable"]
    assert (Path(source).name, others) == (BROKEN, [])
    assert read_bundle(trained / "run" / "bundle").provenance["photos"] == [6 + 3, 2, 1]
    assert (trained / "notes.txt").read_text().count(f"{BROKEN}: {reason}") == 1


def test_boxes_of_a_larger_picture_are_refused(tmp_path):
    photos = blocks(tmp_path / "photos")
    Image.new("RGB", (48, 48)).save(photos / "images" / "0.png")
    with pytest.raises(DataError, match=r"has 48×48 pixels, but a box reaches to"):
        run(photos, tmp_path / "run")


def test_a_classifiers_run_is_no_detectors(tmp_path):
    (tmp_path / "config.toml").write_text('data = "photos"\n')
    with pytest.raises(TrainingError, match="is a run with --task classify, but one with --task detect"):
        resume_detector(tmp_path, stages=silent, note=str)
