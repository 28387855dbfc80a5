import hashlib
import json
from pathlib import Path

import pytest

cv2 = pytest.importorskip("cv2")
pytest.importorskip("matplotlib")

from shelfwise.datasets.layouts import read_dataset
from shelfwise.datasets.scenes.cutouts import CutOuts
from shelfwise.datasets.scenes.writer import DEFAULT_KINDS, Recipe, compose
from shelfwise.errors import ConfigError, DataError

RECIPE = Recipe(5, {"shelf": 3, "table": 1}, sizes=(256, 320))


@pytest.fixture(scope="module")
def made(cuts: CutOuts, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compose(tmp_path_factory.mktemp("made") / "scenes", 4, [cuts.folder], RECIPE)


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_coco_layout_reads_it(made: Path) -> None:
    dataset = read_dataset(made)
    assert dataset.layout == "coco"
    assert dataset.categories == ("product",)
    content = json.loads((made / "annotations.json").read_text())
    assert len(dataset) == len(content["annotations"]) > 10
    assert [image["file_name"] for image in content["images"]] == [f"images/{n:06}.jpg" for n in range(4)]


def test_the_truth_is_beside_the_boxes(made: Path) -> None:
    content = json.loads((made / "annotations.json").read_text())
    for image in content["images"]:
        height, width = cv2.imread(str(made / image["file_name"])).shape[:2]
        assert (image["width"], image["height"]) == (width, height)
        assert image["kind"] in ("shelf", "table")
        assert all(set(gap) == {"bbox", "row", "product", "position", "facings"} for gap in image["gaps"])
    shelf = {image["id"] for image in content["images"] if image["kind"] == "shelf"}
    rows = [each["row"] for each in content["annotations"] if each["image_id"] in shelf]
    assert any(row is not None for row in rows)
    for each in content["annotations"]:
        assert each["product"]
        assert each["area"] == pytest.approx(each["bbox"][2] * each["bbox"][3], abs=0.1)


def test_two_processes_and_a_break_give_the_same_bytes(made: Path, cuts: CutOuts, tmp_path: Path) -> None:
    again = tmp_path / "again"
    compose(again, 1, [cuts.folder], RECIPE)
    (again / "annotations.json").unlink()
    done: list[tuple[int, int]] = []
    compose(again, 4, [cuts.folder], RECIPE, processes=2, progress=lambda *at: done.append(at))
    assert done == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert digests(again) == digests(made)


def test_another_recipe_does_not_mix_in(made: Path, cuts: CutOuts, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="another recipe"):
        compose(made, 4, [cuts.folder], Recipe(6, RECIPE.kinds, RECIPE.sizes))
    with pytest.raises(DataError, match="another recipe"):
        compose(made, 4, [], RECIPE)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match="other files"):
        compose(tmp_path, 1, [], RECIPE)


@pytest.mark.parametrize(
    ("recipe", "told"),
    [
        (Recipe(-1, DEFAULT_KINDS), "seed -1"),
        (Recipe(1, DEFAULT_KINDS, sizes=(900, 300)), "900 to 300 pixels"),
        (Recipe(1, DEFAULT_KINDS, rows=(0, 3)), "0 to 3 rows"),
        (Recipe(1, {"shop": 1}), "'shop'"),  # type: ignore[dict-item]
        (Recipe(1, {"shelf": 0}), "shares"),
        (Recipe(1, {}), "shares"),
        (Recipe(1, {"shelf": -1, "table": 2}), "shares"),
    ],
)
def test_a_wrong_recipe_is_refused(recipe: Recipe, told: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=told):
        compose(tmp_path / "out", 1, [], recipe)
    assert not (tmp_path / "out").exists()


def test_a_wrong_count_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="0 scenes"):
        compose(tmp_path / "out", 0, [], RECIPE)


def test_kinds_come_as_often_as_asked() -> None:
    kinds = [Recipe(2, DEFAULT_KINDS).kind_of(number) for number in range(400)]
    assert kinds.count("shelf") / 400 == pytest.approx(0.55, abs=0.08)
    assert kinds.count("empty") / 400 == pytest.approx(0.05, abs=0.04)


def test_the_held_out_part_is_drawn_otherwise() -> None:
    assert Recipe(1, DEFAULT_KINDS, part="held-out").drawn == "held-out"
    assert Recipe(1, DEFAULT_KINDS, part="train").drawn == "train"
    assert Recipe(1, DEFAULT_KINDS, look="held-out").drawn == "held-out"
