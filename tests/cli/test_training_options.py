import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from shelfwise.cli.training_options import DETECTOR, PANELS, any_config, recipe_fields
from shelfwise.errors import ConfigError
from shelfwise.training.config import TrainConfig
from shelfwise.training.detect.config import DetectConfig


def test_every_setting_has_one_panel() -> None:
    placed = [name for names in PANELS.values() for name in names]
    assert sorted(placed) == sorted(set(TrainConfig.model_fields) - {"data", "task"})


def test_what_a_recipe_sets_is_known() -> None:
    assert {"epochs", "lr", "ema", "schedule", "frozen_stages"} <= recipe_fields()
    assert not {"recipe", "seed", "device", "out"} & recipe_fields()


@pytest.mark.parametrize("command", ["train", "crossval"])
def test_help_says_which_defaults_are_the_recipe_s(command: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "shelfwise", command, "--help"],
        capture_output=True,
        text=True,
        env={"COLUMNS": "300", "NO_COLOR": "1"},
        timeout=60,
        check=True,
    )
    of_detector = "; to detect: 0.002" if command == "train" else ""
    assert f"Highest learning rate, that of the head. (set by the recipe{of_detector})" in result.stdout
    assert "Seed of everything random. (default 42)" in result.stdout
    panels = [*PANELS, DETECTOR] if command == "train" else [*PANELS]
    positions = [result.stdout.index(f"─ {panel} ─") for panel in panels]
    assert positions == sorted(positions)
    assert (DETECTOR in result.stdout) == (command == "train")


def test_the_task_decides_what_settings_there_are(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    assert isinstance(any_config(None, photos, None, {"batch_size": 4}), TrainConfig)
    detector = any_config("detect", photos, None, {"batch_size": 4, "also": [tmp_path]})
    assert isinstance(detector, DetectConfig)
    assert (detector.batch_size, detector.also) == (4, [tmp_path])
    file = tmp_path / "detector.toml"
    file.write_text('task = "detect"\ndata = "shelves"\nwidth = 64\n')
    read = any_config(None, None, file, {"width": 32})
    assert isinstance(read, DetectConfig)
    assert (read.data, read.width) == (Path("shelves"), 32)


@pytest.mark.parametrize(
    ("task", "flags", "text", "message"),
    [
        (
            "detect",
            {"mixup": 0.2},
            None,
            r"--mixup is no setting of --task detect; it has: task, data, layout",
        ),
        (None, {"tile_overlap": 64}, None, "--tile-overlap is no setting of --task classify"),
        (None, {}, 'task = "segment"', r"task is 'segment': expected classify or detect"),
        ("classify", {}, 'task = "detect"\nwidth = 64', "no setting is named 'width'"),
        (None, {}, 'task = "detect"\nbatchsize = 4', "line 2: no setting is named 'batchsize'; did you mean"),
    ],
)
def test_settings_of_the_other_task_are_refused(
    tmp_path: Path, task: Any, flags: dict[str, object], text: str | None, message: str
) -> None:
    file = None
    if text is not None:
        file = tmp_path / "run.toml"
        file.write_text(text)
    with pytest.raises(ConfigError, match=message):
        any_config(task, tmp_path, file, flags)


def test_a_detector_needs_photos() -> None:
    with pytest.raises(ConfigError, match="shelfwise train --task detect PHOTOS"):
        any_config("detect", None, None, {})
