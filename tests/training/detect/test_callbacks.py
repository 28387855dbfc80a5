from __future__ import annotations

import math
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from safetensors.torch import load_file

from shelfwise.errors import DivergedError, TrainingError
from shelfwise.training.callbacks import EarlyStopping, HistoryFile, NanGuard, Stopper
from shelfwise.training.checkpoint import BEST, CheckpointWriter, read_state
from shelfwise.training.detect.callbacks import Reporter
from shelfwise.training.detect.loop import DetectorEpoch, best_epoch


def epoch(number: int, ap50: float) -> DetectorEpoch:
    return DetectorEpoch(number, 0.001, 1.5, 1.0, 0.25, ap50)


def trainer(*history: DetectorEpoch, weight: float = 0.0):
    weights = {"w": torch.full((2,), weight)}
    return SimpleNamespace(
        history=list(history),
        should_stop=False,
        lr=0.003,
        epochs=4,
        next_epoch=len(history) + 1,
        best=lambda: best_epoch(history),
        batches=range(10),
        weights=lambda: weights,
        state=lambda: {"network": weights, "history": [each.to_dict() for each in history]},
    )


def test_a_loss_that_is_no_number_ends_the_run_and_says_what_to_do():
    NanGuard().on_step(trainer(), 1, 2.0)
    with pytest.raises(DivergedError, match=r"became nan in epoch 3, step 7: .*--lr 0\.001"):
        NanGuard().on_step(trainer(epoch(1, 0.1), epoch(2, 0.2)), 7, math.nan)


@pytest.mark.parametrize(("patience", "stops"), [(0, False), (1, True), (2, True), (3, False)])
def test_it_waits_for_a_better_epoch(patience, stops):
    run = trainer(epoch(1, 0.5), epoch(2, 0.4), epoch(3, 0.5))
    EarlyStopping(patience).on_epoch_end(run, run.history[-1])
    assert run.should_stop == stops


def test_without_validation_photos_it_never_waits():
    run = trainer(epoch(1, math.nan), epoch(2, math.nan))
    EarlyStopping(1).on_epoch_end(run, run.history[-1])
    assert not run.should_stop


def test_the_history_is_one_row_an_epoch(tmp_path):
    run = trainer(epoch(1, 0.5), epoch(2, 0.625))
    HistoryFile(tmp_path / "history.csv").on_epoch_end(run, run.history[-1])
    assert (tmp_path / "history.csv").read_text().splitlines() == [
        "epoch,lr,train_loss,score_loss,box_loss,ap50",
        "1,0.001,1.5,1.0,0.25,0.5",
        "2,0.001,1.5,1.0,0.25,0.625",
    ]


def test_the_best_weights_are_kept_and_the_last_state(tmp_path):
    writer = CheckpointWriter(tmp_path, "print")
    for run in (
        trainer(epoch(1, 0.5), weight=1.0),
        trainer(epoch(1, 0.5), epoch(2, 0.4), weight=2.0),
    ):
        writer.on_epoch_end(run, run.history[-1])
    assert load_file(tmp_path / BEST)["w"].tolist() == [1.0, 1.0]
    state = read_state(tmp_path, "print")
    assert state is not None
    assert state["network"]["w"].tolist() == [2.0, 2.0]
    assert [row["epoch"] for row in state["history"]] == [1, 2]
    with pytest.raises(TrainingError, match="run with other settings"):
        read_state(tmp_path, "another")


def test_progress_tells_the_best_so_far():
    told: list[tuple[int, int, str]] = []
    run = trainer(epoch(1, 0.5), epoch(2, 0.4))
    reporter = Reporter(lambda *each: told.append(each))
    reporter.on_step(run, 3, 1.25)
    reporter.on_epoch_end(run, run.history[-1])
    assert told == [
        (23, 40, "epoch 3 loss 1.250 AP50 40.0% best 50.0%"),
        (20, 40, "epoch 2 AP50 40.0% best 50.0%"),
    ]


def test_ctrl_c_ends_it_after_the_present_step():
    stopper, run = Stopper(), trainer()
    stopper.on_step(run, 1, 1.0)
    assert not run.should_stop
    stopper.interrupted = True
    stopper.on_step(run, 2, 1.0)
    assert run.should_stop
