import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from shelfwise.errors import DivergedError
from shelfwise.training.learner import Callback
from shelfwise.training.loop import EpochRecord, best_record


def record(epoch: int, accuracy: float, loss: float) -> EpochRecord:
    return EpochRecord(epoch, 0.1, 1.0, 0.5, loss, accuracy)


def test_it_learns_and_the_history_tells_each_epoch(make_trainer):
    history = make_trainer(epochs=8).fit()
    assert [r.epoch for r in history] == list(range(1, 9))
    assert history[-1].val_accuracy == 1.0
    assert history[-1].train_loss < history[0].train_loss


@pytest.mark.parametrize("settings", [{}, {"ema": 0.9}, {"mixup": 0.2, "cutmix": 1.0}, {"erase": 0.5}])
def test_equal_settings_give_equal_bits(make_trainer, settings):
    first, second = make_trainer(**settings), make_trainer(**settings)
    assert first.fit() == second.fit()
    for name, value in first.weights().items():
        assert torch.equal(value, second.weights()[name])


def test_another_seed_gives_another_network(make_trainer):
    assert make_trainer(seed=1).fit() != make_trainer(seed=2).fit()


def test_the_best_epoch_has_the_highest_accuracy_then_the_lowest_loss_then_comes_first():
    history = [record(1, 0.8, 0.9), record(2, 0.9, 0.8), record(3, 0.9, 0.7), record(4, 0.9, 0.7)]
    assert best_record(history).epoch == 3


def test_without_validation_photos_the_last_epoch_is_kept(make_trainer):
    history = make_trainer(validation=0, epochs=2).fit()
    assert math.isnan(history[-1].val_accuracy)
    assert best_record(history).epoch == 2


def test_a_validation_loss_that_is_no_number_never_counts_as_the_best(make_trainer):
    trainer = make_trainer(epochs=1)
    trainer.fit()
    with torch.no_grad():
        trainer.network.head[1].bias.fill_(float("nan"))
    with pytest.raises(DivergedError, match="validation loss became nan"):
        trainer.finish_epoch(2, 0.1, 1.0)
    assert [r.epoch for r in trainer.history] == [1]


def test_validation_does_not_change_the_weights(make_trainer):
    trainer = make_trainer(ema=0.5, epochs=1)
    trainer.fit()
    before = {name: value.clone() for name, value in trainer.network.state_dict().items()}
    trainer.finish_epoch(2, 0.0, 0.0)
    assert all(torch.equal(value, before[name]) for name, value in trainer.network.state_dict().items())


def test_a_stop_within_an_epoch_leaves_that_epoch_out(make_trainer):
    class Stop(Callback):
        def on_step(self, trainer, step, loss):
            trainer.should_stop = len(trainer.history) == 1 and step == 2

    trainer = make_trainer([Stop()])
    assert [r.epoch for r in trainer.fit()] == [1]


def test_predictions_do_not_depend_on_what_else_is_in_the_batch(make_trainer):
    trainer = make_trainer()
    images = np.random.default_rng(0).integers(0, 255, (70, 10, 10, 3), dtype=np.uint8)
    together = trainer.predict(images)
    assert together.shape == (70, 3)
    assert torch.allclose(trainer.predict(images[3:4]), together[3:4], atol=1e-5)
    assert trainer.predict(images[:0], embedding=True).shape == (0, 6)
