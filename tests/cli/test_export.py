import json

import pytest
from PIL import Image
from typer.testing import CliRunner

from shelfwise.bundle import read_bundle
from shelfwise.cli.app import app


@pytest.fixture
def shop(toy, tmp_path, monkeypatch):
    toy.write_toy_bundle(tmp_path / "run" / "bundle")
    (tmp_path / "photos").mkdir()
    for number in range(6):
        Image.new("RGB", (9, 9), (40 * number, 0, 200 - 40 * number)).save(
            tmp_path / "photos" / f"{number}.png"
        )
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def few(monkeypatch):
    """The few photos of these tests are enough to compare on."""
    monkeypatch.setattr("shelfwise.workflows.export.LEAST_COMPARED", 1)


def run(*arguments):
    return CliRunner().invoke(app, ["export", *arguments])


def test_the_result_is_told(shop, few):
    result = run("run", "--precision", "int8", "--out", "small", "--photos", "photos")
    assert result.exit_code == 0, result.output
    assert "small: int8" in result.stdout and "on 0 of 4 photos" in result.stdout
    assert "largest difference of a probability" in result.stdout
    assert "these figures rest on 4 photos that were not calibrated on\n" in result.stdout
    assert "decision" not in result.stdout
    assert read_bundle(shop / "small").provenance["export"]["calibration"] == "minmax"


def test_a_calibration_that_does_not_fit_the_network_is_an_error(shop, few):
    arguments = ("run", "--precision", "int8", "--out", "small", "--photos", "photos", "--calibration")
    result = run(*arguments, "smooth")
    assert result.exit_code == 2 and "smooth is for transformers" in " ".join(result.output.split())
    assert not (shop / "small").exists()
    assert run(*arguments, "guess").exit_code == 2
    assert run(*arguments, "auto").exit_code == 0


def test_few_photos_are_refused_or_told(shop):
    arguments = ("run", "--precision", "fp16", "--out", "small", "--photos", "photos")
    result = run(*arguments)
    assert result.exit_code != 0 and "too few" in result.output and "--force" in result.output
    assert not (shop / "small").exists()
    result = run(*arguments, "--force")
    assert result.exit_code == 0, result.output
    assert "rest on 6 photos that were not calibrated on: too few to rely on, 200 are needed" in result.stdout


def test_wrong_use_is_an_error_with_advice(shop):
    result = run("run", "--precision", "fp16", "--out", "small")
    assert result.exit_code == 2 and "--photos" in result.output
    result = run("run", "--out", "small", "--photos", "photos", "--data", "photos")
    assert result.exit_code == 2 and "give one of them" in result.output
    result = run("none", "--out", "small", "--photos", "photos")
    assert result.exit_code == 2 and "no such folder" in result.output
    assert not (shop / "small").exists()


def test_a_photo_that_cannot_be_read_makes_it_1(shop, few):
    (shop / "photos" / "x.png").write_bytes(b"nothing")
    result = run("run/bundle", "--precision", "fp16", "--out", "small", "--photos", "photos")
    assert result.exit_code == 1
    assert "error: photos/x.png: not a picture" in result.stderr
    assert (shop / "small" / "bundle.json").exists()


def test_benchmark_of_both(shop, few):
    run("run", "--precision", "fp16", "--out", "small", "--photos", "photos")
    arguments = [
        "--bundle",
        "run",
        "--bundle",
        "small",
        "--photos",
        "photos",
        "--seconds",
        "0.05",
        "--engine",
    ]
    arguments = ["benchmark", *arguments, "onnxruntime", "--batch", "2", "--threads", "1"]
    table = CliRunner().invoke(app, arguments)
    assert table.exit_code == 0, table.output
    for word in ("run/bundle", "small", "fp32", "fp16", "Decode", "Of the slower", "auto is here"):
        assert word in table.stdout
    found = json.loads(CliRunner().invoke(app, [*arguments, "--format", "json"]).stdout)
    assert [row["stored"] for row in found["rows"]] == ["fp32", "fp16"]
    assert all(row["rate"] > 0 and row["network"] > 0 and row["reached"] > 0 for row in found["rows"])
    assert found["flops"] == {"run/bundle": 18, "small": 18}
    assert set(found["stages"]["small"]) == {"decode", "preprocess", "inference", "decide"}


def test_benchmark_tells_weights_in_fewer_bits_from_what_is_reckoned_in(toy, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    Image.new("RGB", (20, 20)).save(tmp_path / "a.png")
    toy.write_toy_bundle(tmp_path / "packed", provenance={"weight_bits": 7})
    arguments = ["benchmark", "--bundle", str(tmp_path / "packed"), "--photos", str(tmp_path / "a.png")]
    arguments += ["--seconds", "0.05", "--engine", "onnxruntime", "--batch", "1", "--threads", "1"]
    table = CliRunner().invoke(app, arguments)
    assert table.exit_code == 0, table.output
    for word in ("Kept in", "weights in 7 bits", "Reckons in", "fp32"):
        assert word in table.stdout
    (row,) = json.loads(CliRunner().invoke(app, [*arguments, "--format", "json"]).stdout)["rows"]
    assert row["stored"] == "weights in 7 bits" and row["way"]["precision"] == "fp32"


def test_benchmark_refuses_what_is_not_there(shop):
    for arguments, message in (
        (["--engine", "abacus"], "no engine is called 'abacus'"),
        (["--precision", "int2"], "no precision is called 'int2'"),
        (["--photos", "none*"], "no file matches"),
    ):
        result = CliRunner().invoke(app, ["benchmark", "--bundle", "run", *arguments])
        assert result.exit_code == 2
        assert message in result.output


def test_classify_takes_an_engine(shop):
    result = CliRunner().invoke(
        app, ["classify", "photos", "--model", "run", "--engine", "onnxruntime", "--format", "csv"]
    )
    assert result.exit_code == 0, result.output
    assert result.stdout.count("\n") == 7
    assert CliRunner().invoke(app, ["classify", "photos", "--model", "run", "--engine", "x"]).exit_code == 2
