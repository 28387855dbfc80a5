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
from shelfwise.hierarchy import Hierarchy
from shelfwise.inference.classifier import Classifier
from shelfwise.inference.session import Outputs
from shelfwise.rules import DecisionRule
from shelfwise.workflows.evaluate import evaluate, evaluate_part

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


SHELVES = ("Drinks/Juice", "Drinks/Juice/Bravo", "Fruit/Apple/Gala")
"""What the toy model calls red, green and blue where its names have levels."""


@pytest.fixture
def shelves(toy: Any, tmp_path: Path) -> Path:
    """A model whose names have levels, and which accepts whatever is more likely than not."""
    tree = Hierarchy.from_categories(SHELVES)
    rule = DecisionRule(
        precision=0.98,
        keep_known=1.0,
        levels=list(tree.levels),
        thresholds=dict.fromkeys(tree.nodes, 0.5),
        novelty="energy",
        novelty_threshold=1e6,
    )
    return toy.write_toy_bundle(tmp_path / "shelves", categories=SHELVES, decision=rule).path


def coloured(root: Path, **folders: list[str]) -> Path:
    """Pictures of these colours in folders of these names, ``__`` for a level."""
    for name, colours in folders.items():
        folder = root / name.replace("__", "/")
        folder.mkdir(parents=True)
        for number, colour in enumerate(colours):
            Image.new("RGB", (12, 12), PIXELS[colour]).save(folder / f"{number}.png")
    return root


def notes_of(*arguments: Any, **options: Any) -> tuple[Any, list[str]]:
    notes: list[str] = []
    return evaluate(*arguments, note=notes.append, **options), notes


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


def test_it_says_where_nothing_tells_what_a_model_was_trained_on(bundle: Path, photos: Path) -> None:
    run, notes = notes_of(bundle, photos, report=bundle.parent / "page")
    assert "which is not known here" in notes[-1]
    assert str(bundle / "card.md") in notes[-1]
    assert run.to_dict()["trained_or_chosen_on"] is None
    assert "If the model was trained on some of these photos" in run.report.read_text()


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


def test_a_photo_is_judged_by_as_much_as_its_label_tells(shelves: Path, tmp_path: Path) -> None:
    photos = coloured(tmp_path / "photos", JUICE=["Red", "Green", "Green"], APPLE=["Blue", "Red"])
    run, _ = notes_of(shelves, photos)
    evaluation = run.result.evaluation
    assert evaluation.accuracy == pytest.approx(4 / 5)
    assert [(p.true, p.predicted) for p in evaluation.confused] == [("Fruit/Apple", "Drinks/Juice")]
    figures = {f.category: f for f in evaluation.per_category if f.support}
    assert (figures["Drinks/Juice"].recall, figures["Drinks/Juice"].precision) == (1.0, 0.75)
    assert (figures["Fruit/Apple"].recall, figures["Fruit/Apple"].support) == (0.5, 2)
    assert [level.name for level in evaluation.levels] == ["department", "category"]
    assert evaluation.category_accuracy == evaluation.accuracy
    assert run.to_dict()["exact_accuracy"] is None  # an apple is no label of the model
    wrong = [r for r in run.result.results if not r.right]
    assert [(r.key, evaluation.categories[r.label]) for r in wrong] == [("APPLE/1.png", "Fruit/Apple")]
    assert evaluation.categories[wrong[0].predicted] == "Drinks/Juice"


def test_departments_are_labels_too(shelves: Path, tmp_path: Path) -> None:
    photos = coloured(tmp_path / "photos", drinks=["Red", "Green"], fruit=["Blue", "Green"])
    run, _ = notes_of(shelves, photos)
    content = run.to_dict()
    assert content["accuracy"] == 0.75
    assert (content["category_accuracy"], content["exact_accuracy"]) == (None, None)
    assert run.result.decisions.total.right == 3
    json.dumps(content, allow_nan=False)


def test_labels_of_several_levels_are_each_judged_at_their_own(shelves: Path, tmp_path: Path) -> None:
    colours = [("Red", 0), ("Green", 0), ("Green", 1), ("Red", 1), ("Blue", 2)]
    samples = tuple(Sample(f"{i}.png", label) for i, (_, label) in enumerate(colours))
    for sample, (colour, _) in zip(samples, colours, strict=True):
        Image.new("RGB", (12, 12), PIXELS[colour]).save(tmp_path / sample.path)
    dataset = Dataset(tmp_path, "joined", SHELVES, samples)
    part = evaluate_part(Classifier(read_bundle(shelves)), dataset, range(5), bootstrap=0)
    evaluation = part.evaluation
    assert evaluation.accuracy == pytest.approx(
        4 / 5
    )  # a Bravo taken for a juice of no known variety is wrong
    assert evaluation.category_accuracy == 1
    assert evaluation.exact_accuracy == pytest.approx(3 / 5)
    assert part.headline()["exact_accuracy"] == evaluation.exact_accuracy
    assert [r.label for r in part.results] == [label for _, label in colours]


def test_more_exact_than_the_label_is_an_error_only_where_the_set_tells_it(
    shelves: Path, tmp_path: Path
) -> None:
    Image.new("RGB", (12, 12), PIXELS["Green"]).save(tmp_path / "green.png")
    classifier = Classifier(read_bundle(shelves))
    right = {}
    for names in (("JUICE",), SHELVES):
        dataset = Dataset(tmp_path, "list", names, (Sample("green.png", 0),))
        decisions = evaluate_part(classifier, dataset, [0], bootstrap=0).decisions
        assert decisions.by_level["variety"] == 1
        right[names] = decisions.total.right
    assert list(right.values()) == [1, 0]


def test_the_report_tells_the_accuracies_that_differ(shelves: Path, tmp_path: Path) -> None:
    photos = coloured(tmp_path / "photos", JUICE=["Red", "Green"], GALA=["Blue", "Red"])
    run, _ = notes_of(shelves, photos, report=tmp_path / "report")
    page = run.report.read_text("utf-8")
    assert run.result.evaluation.other_accuracies == {"exact": 0.5}
    assert "Exact accuracy" in page
    assert "Category accuracy" not in page
    assert "at the level of each photo" in page


def test_the_model_that_comes_with_shelfwise_has_a_name(
    bundle: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shelfwise.bundle.packaged.DEFAULT_BUNDLE", bundle)
    run, _ = notes_of(Path("default"), photos)
    assert run.bundle.path == bundle
