import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from shelfwise.bundle import read_bundle
from shelfwise.datasets.dataset import Box, Dataset, Sample
from shelfwise.datasets.layouts import read_dataset
from shelfwise.datasets.split import Split, save_split
from shelfwise.errors import DataError, SplitError
from shelfwise.inference.classifier import Classifier
from shelfwise.inference.session import Outputs
from shelfwise.workflows.evaluate import evaluate, evaluate_part, match_categories

PIXELS = {"Red": (230, 20, 20), "Green": (20, 230, 20), "Blue": (20, 20, 230)}


class MeanColour:
    """A session whose logits are the mean colour: the toy network without an engine."""

    def run(self, images: np.ndarray) -> Outputs:
        mean = images.mean(axis=(1, 2)).astype(np.float32) / 255
        return Outputs(10 * mean, mean)


@pytest.fixture
def bundle(toy: Any, tmp_path: Path) -> Path:
    return toy.write_toy_bundle(tmp_path / "run" / "bundle").path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Four photos of each colour, in folders; one red photo is filed under Blue."""
    root = tmp_path / "photos"
    for name, colour in PIXELS.items():
        (root / name).mkdir(parents=True)
        for number in range(4):
            shade = tuple(max(0, value - 5 * number) for value in colour)
            Image.new("RGB", (20, 16), shade).save(root / name / f"{number}.png")
    Image.new("RGB", (20, 16), PIXELS["Red"]).save(root / "Blue" / "3.png")
    return root


def notes_of(*arguments: Any, **options: Any) -> tuple[Any, list[str]]:
    notes: list[str] = []
    return evaluate(*arguments, note=notes.append, **options), notes


def test_names_are_matched_exactly_then_without_case_then_by_their_last_level() -> None:
    known = ["Milk", "Fruit/Apple", "Fruit/Pear", "tea", "Tea"]
    names = ["milk", "apple", "Fruit/Pear", "Tea", "TEA", "Juice"]
    assert match_categories(names, known) == {
        "milk": "Milk",
        "apple": "Fruit/Apple",
        "Fruit/Pear": "Fruit/Pear",
        "Tea": "Tea",
    }


def test_a_last_level_that_two_names_share_matches_neither() -> None:
    assert match_categories(["A/Other", "B/Other"], ["Other"]) == {}
    assert match_categories(["Other"], ["A/Other", "B/Other"]) == {}


def test_every_photo_is_compared_with_its_label(bundle: Path, photos: Path) -> None:
    run, notes = notes_of(bundle, photos)
    assert run.part == "all"
    assert "all photos" in notes[0]
    evaluation = run.result.evaluation
    assert evaluation.samples == 12
    assert evaluation.accuracy == pytest.approx(11 / 12)
    assert [(p.true, p.predicted) for p in evaluation.confused] == [("Blue", "Red")]
    assert [r.key for r in run.result.results if not r.right] == ["Blue/3.png"]
    content = json.loads(run.to_json())
    assert content["accuracy"] == pytest.approx(11 / 12)
    assert content["model"]["id"] == read_bundle(bundle).id
    low, high = content["intervals"]["accuracy"]
    assert low <= content["accuracy"] <= high


def test_broken_photos_are_named_and_are_in_no_figure(bundle: Path, photos: Path) -> None:
    (photos / "Red" / "0.png").write_bytes(b"")
    (photos / "Green" / "1.png").write_bytes(b"no picture")
    seen: list[tuple[int, int]] = []
    run, _ = notes_of(bundle, photos, progress=lambda done, total: seen.append((done, total)))
    assert run.result.evaluation.samples == 10
    assert sorted(Path(e.source).parent.name for e in run.result.errors) == ["Green", "Red"]
    assert [Path(e["path"]).name for e in run.to_dict()["errors"]] == ["1.png", "0.png"]
    assert seen == [(i, 12) for i in range(1, 13)]


def test_no_readable_photo_is_an_error(bundle: Path, photos: Path) -> None:
    for path in photos.rglob("*.png"):
        path.write_bytes(b"")
    with pytest.raises(DataError, match=r"no photo to measure on \(12 cannot be read\)"):
        notes_of(bundle, photos)


def test_an_unknown_category_is_refused_or_left_out(bundle: Path, photos: Path) -> None:
    (photos / "Blue").rename(photos / "Purple")
    with pytest.raises(
        DataError, match=r"does not know 'Purple'; it knows 'Red', 'Green', 'Blue'.*--ignore-un"
    ):
        notes_of(bundle, photos)
    run, _ = notes_of(bundle, photos, ignore_unknown=True)
    assert run.result.ignored == 4
    assert run.result.evaluation.samples == 8
    assert run.result.evaluation.per_category[2].support == 0


def test_categories_of_other_case_and_order_are_the_models(bundle: Path, photos: Path) -> None:
    for name in PIXELS:
        (photos / name).rename(photos / f"{name.upper()}_")
        (photos / f"{name.upper()}_").rename(photos / name.upper())
    run, _ = notes_of(bundle, photos)
    assert run.dataset.categories == ("BLUE", "GREEN", "RED")
    assert run.result.evaluation.categories == ("Red", "Green", "Blue")
    assert run.result.evaluation.accuracy == pytest.approx(11 / 12)


def test_only_the_box_is_looked_at(bundle: Path, tmp_path: Path) -> None:
    picture = np.zeros((40, 60, 3), np.uint8)
    picture[:, :30] = PIXELS["Red"]
    picture[:, 30:] = PIXELS["Blue"]
    Image.fromarray(picture).save(tmp_path / "both.png")
    samples = (
        Sample("both.png", 0, Box(2, 2, 20, 20)),
        Sample("both.png", 1, Box(200, 2, 20, 20)),
        Sample("both.png", 1, Box(35, 2, 20, 20)),
    )
    dataset = Dataset(tmp_path, "coco", ("Red", "Blue"), samples)
    classifier = Classifier(read_bundle(bundle), session=MeanColour())
    result = evaluate_part(classifier, dataset, [0, 1, 2], bootstrap=0)
    assert result.evaluation.accuracy == 1
    assert [r.box for r in result.results] == [samples[0].box, samples[2].box]
    assert "outside the picture" in result.errors[0].reason


def test_the_part_is_the_test_where_there_is_one(bundle: Path, photos: Path, tmp_path: Path) -> None:
    dataset = read_dataset(photos)
    split = Split(tuple(range(0, 6)), tuple(range(6, 9)), (9, 10, 11), 42, "stratified")
    save_split(tmp_path / "mine.json", dataset, split)
    run, notes = notes_of(bundle, photos, split=tmp_path / "mine.json")
    assert run.part == "test"
    assert run.result.evaluation.samples == 3
    assert notes == ["measuring on the part 'test' (there is also train, val: choose with --part)"]
    run, notes = notes_of(bundle, photos, split=tmp_path / "mine.json", part="val")
    assert run.result.evaluation.samples == 3
    assert notes == []
    with pytest.raises(DataError, match="no photos in the part 'fold7'; there is train, val, test, all"):
        notes_of(bundle, photos, split=tmp_path / "mine.json", part="fold7")


def test_photos_it_was_trained_on_are_warned_of(bundle: Path, photos: Path) -> None:
    split = Split(tuple(range(0, 6)), tuple(range(6, 9)), (9, 10, 11), 42, "stratified")
    path = bundle.parent / "split.json"
    save_split(path, read_dataset(photos), split)
    run, notes = notes_of(bundle, photos, report=bundle.parent / "page")
    assert "trained or chosen on 9 of these 12 photos" in notes[-1]
    assert f"--split {path}" in notes[-1]
    assert run.to_dict()["trained_or_chosen_on"] == 9
    assert "trained or chosen on 9 of these 12 photos, so the figures are too good." in run.report.read_text()
    run, notes = notes_of(bundle, photos, split=path)
    assert not any("trained" in note for note in notes)
    assert run.to_dict()["trained_or_chosen_on"] == 0


def test_a_split_of_the_models_categories_fits_a_set_that_has_more(bundle: Path, photos: Path) -> None:
    (photos / "Amber").mkdir()
    Image.new("RGB", (9, 9), "orange").save(photos / "Amber" / "0.png")
    kept = read_dataset(photos).with_classes(["Red", "Green", "Blue"])
    path = photos.parent / "three.json"
    save_split(path, kept, Split(tuple(range(4, 12)), (), (0, 1, 2, 3), 42, "stratified"))
    run, _ = notes_of(bundle, photos, split=path)
    assert run.result.evaluation.samples == 4
    assert {Path(r.key).parent.name for r in run.result.results} == {
        Path(kept.samples[i].path).parent.name for i in range(4)
    }


def test_a_split_of_another_set_is_refused(bundle: Path, photos: Path, tmp_path: Path) -> None:
    other = Dataset(tmp_path, "folders", ("A", "B"), (Sample("A/1.png", 0), Sample("B/1.png", 1)))
    save_split(tmp_path / "other.json", other, Split((0,), (), (1,), 42, "stratified"))
    with pytest.raises(SplitError, match="was made for 2 categories"):
        notes_of(bundle, photos, split=tmp_path / "other.json")


def test_the_report_is_written_with_the_figures_beside_it(bundle: Path, photos: Path, tmp_path: Path) -> None:
    run, _ = notes_of(bundle, photos, report=tmp_path / "report")
    assert run.report == tmp_path / "report" / "index.html"
    page = run.report.read_text("utf-8")
    assert "toy on photos" in page
    assert 'id="training"' not in page
    assert json.loads((tmp_path / "report" / "metrics.json").read_text("utf-8")) == run.to_dict()
