"""``shelfwise evaluate`` of a detector: one that finds the same box on every photo."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from typer.testing import CliRunner, Result

pytest.importorskip("pycocotools", reason="measuring a detector needs pycocotools")

from shelfwise.cli.app import app
from shelfwise.rules import DetectionRule

BOX = (8, 8, 40, 40)
SCALE = 3
"""A photo of 64 pixels is looked at at 192."""
runner = CliRunner()


def steady_detector() -> bytes:
    """A network that is sure of one box, wherever it looks."""
    nodes = [
        helper.make_node("Shape", ["images"], ["shape"]),
        helper.make_node("Slice", ["shape", "zero", "one"], ["count"]),
        helper.make_node("Concat", ["count", "one"], ["score_shape"], axis=0),
        helper.make_node("Concat", ["count", "one", "four"], ["box_shape"], axis=0),
        helper.make_node("Expand", ["score", "score_shape"], ["scores"]),
        helper.make_node("Expand", ["box", "box_shape"], ["boxes"]),
    ]
    constants = {
        "zero": np.array([0]),
        "one": np.array([1]),
        "four": np.array([4]),
        "score": np.float32([[0.9]]),
        "box": np.float32([[[SCALE * edge for edge in BOX]]]),
    }
    graph = helper.make_graph(
        nodes,
        "steady",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["n", "h", "w", 3])],
        [
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", "a"]),
            helper.make_tensor_value_info("boxes", TensorProto.FLOAT, ["n", "a", 4]),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model)
    return model.SerializeToString()


@pytest.fixture
def shelf(toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A detector, two photos with one product each of which it finds that of the first, and one without any."""
    toy.write_toy_bundle(
        tmp_path / "bundle",
        model_onnx=steady_detector(),
        categories=["product"],
        detection=DetectionRule(min_score=0.5),
    )
    (tmp_path / "photos" / "images").mkdir(parents=True)
    images, annotations = [], []
    for number, box in enumerate(([8, 8, 32, 32], [44, 44, 16, 16], None)):
        Image.new("RGB", (64, 64), (9, 9, number)).save(tmp_path / "photos" / "images" / f"{number}.png")
        images.append({"id": number, "file_name": f"{number}.png", "width": 64, "height": 64})
        if box:
            annotations.append({"id": number, "image_id": number, "category_id": 1, "bbox": box})
    content = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "tea"}]}
    (tmp_path / "photos" / "boxes.json").write_text(json.dumps(content))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def evaluate(*arguments: str) -> Result:
    return runner.invoke(app, ["evaluate", "bundle", "photos", *arguments])


def test_the_table_shows_what_is_found_and_counted(shelf: Path) -> None:
    result = evaluate()
    assert result.exit_code == 0, result.output
    assert "3 photos of" in result.stdout
    rows = {line.strip().split("  ")[0]: line for line in result.stdout.splitlines()}
    assert "50.0 %" in rows["Found (recall)"]
    assert "33.3 %" in rows["Right (precision)"]
    assert "3 counted" in rows["Products"]
    assert "large" not in rows
    assert "which is not known here" in result.stderr


def test_json_has_everything(shelf: Path) -> None:
    result = evaluate("--format", "json")
    content = json.loads(result.stdout)
    assert content["format"] == "shelfwise-detector-evaluation"
    assert (content["photos"], content["products"], content["threshold"]) == (3, 2, 0.5)
    assert (content["recall"], content["counts"]["counted"]) == (0.5, 3)
    assert content["trained_or_chosen_on"] is None


def test_the_detector_that_comes_along_is_measured_by_name(
    shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shelfwise.bundle.packaged.DEFAULT_DETECTOR", shelf / "bundle")
    result = runner.invoke(app, ["evaluate", "default-detector", "photos", "--format", "json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["format"] == "shelfwise-detector-evaluation"


def test_a_detector_that_finds_nothing_has_no_precision(shelf: Path, toy: ModuleType) -> None:
    toy.write_toy_bundle(
        shelf / "bundle",
        model_onnx=steady_detector(),
        categories=["product"],
        detection=DetectionRule(min_score=0.95),
    )
    table = evaluate()
    assert (
        "The detector finds nothing: on 3 photos with 2 products, no box has a score from 0.95."
        in table.stdout
    )
    assert "more training or more photos" in table.stdout
    (row,) = (line for line in table.stdout.splitlines() if "Right (precision)" in line)
    assert "–" in row
    assert "100" not in row
    content = json.loads(evaluate("--format", "json").stdout)
    assert (content["precision"], content["recall"], content["counts"]["counted"]) == (None, 0.0, 0)


def test_a_photo_that_cannot_be_read_is_named(shelf: Path) -> None:
    (shelf / "photos" / "images" / "1.png").write_bytes(b"no photo")
    result = evaluate("--output", "figures.json")
    assert result.exit_code == 1
    assert "1.png" in result.stderr
    content = json.loads((shelf / "figures.json").read_text())
    assert (content["photos"], len(content["errors"]), content["recall"]) == (2, 1, 1.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--level", "coarse"], "--level is about names, but the model is a detector"),
        (["--ignore-unknown"], "--ignore-unknown is about names"),
        (["--unknown", "photos"], "--unknown is about names"),
        (["--part", "fold9"], "no photos in the part 'fold9'; there is all"),
    ],
)
def test_what_does_not_go_with_a_detector_is_refused(shelf: Path, arguments: list[str], message: str) -> None:
    result = evaluate(*arguments)
    assert result.exit_code == 2
    assert message in result.output


def test_other_commands_say_that_it_names_nothing(shelf: Path) -> None:
    for command in (["classify", "photos", "--model", "bundle"], ["export", "bundle", "--out", "smaller"]):
        result = runner.invoke(app, command)
        assert result.exit_code == 2, result.output
        assert "finds products on shelf photos and names none" in result.output
