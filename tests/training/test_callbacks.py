import csv
import signal

import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from shelfwise.errors import DivergedError
from shelfwise.training.callbacks import EarlyStopping, HistoryFile, NanGuard, Reporter, Stopper
from shelfwise.training.learner import Callback
from shelfwise.training.loop import best_record


def test_a_loss_that_is_no_number_ends_the_run_with_advice(make_trainer):
    trainer = make_trainer([NanGuard()])
    with torch.no_grad():
        trainer.network.head[1].bias.fill_(float("nan"))
    with pytest.raises(DivergedError, match=r"became nan in epoch 1, step 1.*--lr"):
        trainer.fit()


def test_early_stopping_waits_as_long_as_it_is_told(make_trainer):
    history = make_trainer([EarlyStopping(3)], epochs=60, lr=1e-9, optimizer="sgd").fit()
    assert len(history) < 60
    assert history[-1].epoch - best_record(history).epoch == 3


def test_patience_zero_never_stops(make_trainer):
    assert len(make_trainer([EarlyStopping(0)], epochs=6, lr=1e-9).fit()) == 6


def test_the_history_file_has_a_row_an_epoch_and_no_clock(make_trainer, tmp_path):
    file = tmp_path / "history.csv"
    make_trainer([HistoryFile(file)]).fit()
    text = file.read_text()
    rows = list(csv.DictReader(text.splitlines()))
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4"]
    assert set(rows[0]) == {"epoch", "lr", "train_loss", "train_accuracy", "val_loss", "val_accuracy"}
    make_trainer([HistoryFile(file)]).fit()
    assert file.read_text() == text


def test_progress_counts_steps_over_all_epochs(make_trainer):
    seen = []
    make_trainer([Reporter(lambda done, total, text="": seen.append((done, total, text)))]).fit()
    assert seen[-1][0] == seen[-1][1] == 16
    assert [done for done, *_ in seen] == sorted(done for done, *_ in seen)
    assert "best" in seen[-1][2]


def _press_ctrl_c():
    """Call what listens, as Python does on Ctrl-C.

    No signal is sent: in a process that has run OpenVINO on a model file (2026.4), one within a training crashes it.
    tests/workflows/test_train.py sends real ones to a process of its own.
    """
    signal.getsignal(signal.SIGINT)(signal.SIGINT, None)


def test_ctrl_c_ends_training_after_the_step_and_a_second_one_at_once(make_trainer):
    stopper = Stopper()

    class Press(Callback):
        def on_step(self, trainer, step, loss):
            if len(trainer.history) == 1 and step == 1:
                _press_ctrl_c()

    with stopper.listening():
        history = make_trainer([Press(), stopper]).fit()
        assert [r.epoch for r in history] == [1]
        assert stopper.interrupted
        with pytest.raises(KeyboardInterrupt):
            _press_ctrl_c()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
