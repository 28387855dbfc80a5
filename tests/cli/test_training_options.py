import subprocess
import sys

import pytest

from shelfwise.cli.training_options import PANELS, recipe_fields
from shelfwise.training.config import TrainConfig


def test_every_setting_has_one_panel() -> None:
    placed = [name for names in PANELS.values() for name in names]
    assert sorted(placed) == sorted(set(TrainConfig.model_fields) - {"data"})


def test_what_a_recipe_sets_is_known() -> None:
    assert {"epochs", "lr", "ema", "schedule", "frozen_stages"} <= recipe_fields()
    assert not {"recipe", "seed", "device", "out"} & recipe_fields()


@pytest.mark.parametrize("command", ["train", "crossval"])
def test_help_says_which_defaults_are_the_recipe_s(command: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "shelfwise", command, "--help"],
        capture_output=True,
        text=True,
        env={"COLUMNS": "250", "NO_COLOR": "1"},
        timeout=60,
        check=True,
    )
    assert "Highest learning rate, that of the head. (set by the recipe)" in result.stdout
    assert "Seed of everything random. (default 42)" in result.stdout
    positions = [result.stdout.index(f"─ {panel} ─") for panel in PANELS]
    assert positions == sorted(positions)
