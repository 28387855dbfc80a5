import json
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("tomli_w", reason="training needs the extra train")

from shelfwise.errors import DivergedError, TrainingError
from shelfwise.training.config import TrainConfig
from shelfwise.training.detect.config import DetectConfig
from shelfwise.training.folder import RunFolder
from shelfwise.workflows.training_run import end_run, new_run, tell_finished

METRICS = {"test": {"accuracy": 0.5}}


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    (tmp_path / "run").mkdir()
    return RunFolder(tmp_path / "run")


@pytest.mark.parametrize("model", [TrainConfig, DetectConfig])
def test_a_run_that_has_not_begun_leaves_no_folder(model, tmp_path):
    notes: list[str] = []
    config = model(data=tmp_path, out=tmp_path / "run")
    with pytest.raises(TrainingError, match="no photos"), new_run(config, notes.append) as run:
        assert run.config.is_file()
        raise TrainingError("no photos")
    assert not (tmp_path / "run").exists()
    assert notes == [f"run folder: {tmp_path / 'run'}"]


def test_a_run_that_has_begun_is_kept(tmp_path):
    config = TrainConfig(data=tmp_path, out=tmp_path / "run")
    with pytest.raises(TrainingError, match="later"), new_run(config, str) as run:
        run.split.touch()
        raise TrainingError("later")
    assert run.config.is_file() and run.split.is_file()


def fitted(*, interrupted: bool = False, failure: DivergedError | None = None) -> SimpleNamespace:
    return SimpleNamespace(interrupted=interrupted, failure=failure)


def end(run: RunFolder, how: SimpleNamespace):
    return end_run(run, how, SimpleNamespace(path=run.bundle), run.report / "index.html", METRICS)


def test_a_run_that_went_to_its_end_says_so(folder):
    notes: list[str] = []
    tell_finished(folder, notes.append)
    result = end(folder, fitted())
    assert (result.folder, result.metrics, result.interrupted) == (folder.path, METRICS, False)
    assert json.loads(folder.finished.read_text()) == METRICS
    tell_finished(folder, notes.append)
    assert notes == [f"{folder.path} is finished: writing its bundle and report anew"]


def test_one_that_was_interrupted_is_not_finished(folder):
    assert end(folder, fitted(interrupted=True)).interrupted
    assert not folder.finished.exists()


def test_one_that_diverged_fails_and_names_what_is_left(folder):
    with pytest.raises(DivergedError, match=r"nan; the best epoch before is in .*bundle"):
        end(folder, fitted(failure=DivergedError("the loss became nan")))
    assert not folder.finished.exists()
