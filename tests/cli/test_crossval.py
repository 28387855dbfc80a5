import pytest
from typer.testing import CliRunner

pytest.importorskip("torch", reason="training needs torch")

from shelfwise.cli.app import app
from shelfwise.workflows import crossval as workflow

pytestmark = pytest.mark.usefixtures("quick_training")


@pytest.fixture
def asked(monkeypatch):
    """Replace the training: it is tested with the workflow."""
    calls = []

    def cross_validate(config, folds, **_):
        calls.append((config, folds))
        figures = {"accuracy": 0.8, "macro_f1": 0.75, "balanced_accuracy": 0.7, "ece": 0.05}
        return workflow.CrossValidation(
            {"fold0": figures, "fold1": {**figures, "accuracy": 0.9}}, config.seed
        )

    monkeypatch.setattr(workflow, "cross_validate", cross_validate)
    return calls


def test_the_table_tells_each_fold_and_mean_with_deviation(asked):
    result = CliRunner().invoke(app, ["crossval", "freiburg", "--folds", "fold0,fold1", "--epochs", "3"])
    assert result.exit_code == 0, result.output
    assert "fold1  accuracy 90.0%" in result.output
    assert "accuracy  85.0% ± 7.1%  (mean ± sd of 2 folds)" in result.output
    config, folds = asked[0]
    assert folds == ["fold0", "fold1"]
    assert config.epochs == 3


def test_json_is_for_machines(asked):
    import json

    result = CliRunner().invoke(app, ["crossval", "freiburg", "--format", "json"])
    assert json.loads(result.output)["summary"]["accuracy"]["mean"] == pytest.approx(0.85)


def test_the_fold_cannot_be_chosen_twice(asked):
    result = CliRunner().invoke(app, ["crossval", "freiburg", "--fold", "fold0"])
    assert result.exit_code == 2


def test_its_own_options_and_the_photos_may_stand_in_the_file(asked, tmp_path):
    (tmp_path / "cv.toml").write_text('data = "freiburg"\nfolds = ["fold0"]\nformat = "json"\nepochs = 3\n')
    result = CliRunner().invoke(app, ["crossval", "--config", str(tmp_path / "cv.toml")])
    assert result.exit_code == 0, result.output
    assert result.output.startswith("{")
    config, folds = asked[0]
    assert (str(config.data), config.epochs, folds) == ("freiburg", 3, ["fold0"])


@pytest.mark.parametrize("command", ["crossval", "train"])
def test_without_photos_the_message_says_how_to_name_them(asked, command, tmp_path):
    (tmp_path / "some.toml").write_text("epochs = 3\n")
    for flags in ([], ["--config", str(tmp_path / "some.toml")]):
        result = CliRunner().invoke(app, [command, *flags])
        assert result.exit_code == 2
        assert f"name the folder of labelled photos: shelfwise {command} PHOTOS" in result.output
