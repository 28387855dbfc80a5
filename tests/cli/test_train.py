from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

pytest.importorskip("torch", reason="training needs torch")

from shelfwise.cli.app import app

pytestmark = pytest.mark.usefixtures("quick_training")

RUNNER = CliRunner()


@pytest.fixture
def photos(tmp_path, monkeypatch):
    random = np.random.default_rng(0)
    for channel, name in enumerate(("apples", "pears")):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(8):
            pixels = random.integers(0, 100, (32, 32, 3), dtype=np.uint8)
            pixels[..., channel] += 120
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{number}.png")
    monkeypatch.setenv("SHELFWISE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "photos"


def run(*arguments: object):
    return RUNNER.invoke(app, ["train", *map(str, arguments)])


def test_it_trains_and_tells_where_everything_is(photos):
    result = run(photos, "--recipe", "small-cnn", "--epochs", 1, "--threads", 1)
    assert result.exit_code == 0, result.output
    assert "test accuracy" in result.output
    assert "runs/small-cnn-1/bundle" in result.output
    assert "runs/small-cnn-1/report/index.html" in result.output

    finished = run("--resume", "runs/small-cnn-1")
    assert finished.exit_code == 0, finished.output


def test_flags_stand_above_the_file(photos, tmp_path):
    (tmp_path / "shop.toml").write_text('recipe = "small-cnn"\nepochs = 9\nthreads = 1\n')
    result = run(photos, "--config", tmp_path / "shop.toml", "--epochs", 1, "--out", "out")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "out" / "history.csv").read_text().count("\n") == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--recipe", "lite9"], "no recipe is named 'lite9'"),
        (["--epochs", "-1"], "--epochs is -1"),
        (["--backbone", "efficientnet"], "no network is called"),
        (["--classes", "apples,quinces"], "quinces"),
        (["--fold", "fold0", "--recipe", "small-cnn"], "no official fold"),
        (["--resume", "somewhere"], "--resume takes its settings from the run"),
        (["--task", "detect"], "layout folders has no boxes"),
        (["--task", "detect", "--mixup", "0.2"], "--mixup is no setting of --task detect"),
        (["--task", "detect", "--size", "100"], "--size is 100: expected a multiple of 64"),
    ],
)
def test_what_is_wrong_is_said_in_a_line_and_no_traceback(photos, arguments, message):
    result = run(photos, *arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output
    assert not list(photos.parent.glob("runs/*"))


def test_no_data_at_all_says_what_to_give():
    result = run()
    assert result.exit_code == 2
    assert "shelfwise train PHOTOS" in result.output
