import pytest
from typer.testing import CliRunner

pytest.importorskip("torch", reason="training needs torch")

from shelfwise.cli.app import app
from shelfwise.workflows import crossval as workflow


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
