"""The loop learns, equals itself after a stop, and keeps the epoch that found most."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("cv2", reason="training a detector needs OpenCV")

from shelfwise.models.product_detector import ProductDetector
from shelfwise.training.detect.batches import CropBatches, Photos
from shelfwise.training.detect.crops import Marked
from shelfwise.training.detect.loop import DetectorEpoch, DetectorTrainer, Rates, best_epoch


def read(number: int) -> Marked:
    rng = np.random.default_rng(number)
    pixels = rng.integers(90, 120, (96, 96, 3), dtype=np.uint8)
    left, top = rng.integers(4, 40, 2)
    pixels[top : top + 40, left : left + 40] = 240
    box = np.array([[left, top, left + 40, top + 40]], np.float32)
    return Marked(pixels, box, np.zeros((0, 4), np.float32))


@pytest.fixture
def make_trainer():
    def make(
        epochs=2, *, steps=3, validate=lambda network: math.nan, callbacks=(), seed=0, ema=0.9
    ) -> DetectorTrainer:
        torch.manual_seed(seed)
        network = ProductDetector("lite0", width=16, depth=1)
        network.freeze(3)
        rates = Rates(lr=2e-3, body_lr=0.3, weight_decay=0.01, warmup=2, ema=ema, epochs=epochs)
        photos = Photos(6, read, [False] * 6)
        return DetectorTrainer(
            network,
            rates,
            CropBatches(photos, side=64, batch_size=2, seed=seed, steps=steps),
            validate,
            mean=(0.5, 0.5, 0.5),
            std=(0.5, 0.5, 0.5),
            seed=seed,
            device=torch.device("cpu"),
            callbacks=callbacks,
        )

    return make


class StopAfter:
    def __init__(self, *, epoch=None, step=None):
        self.epoch, self.step = epoch, step

    def on_step(self, trainer, step, loss):
        trainer.should_stop |= self.step == step

    def on_epoch_end(self, trainer, record):
        trainer.should_stop |= self.epoch == record.epoch


def test_it_learns(make_trainer):
    history = make_trainer(6, steps=8).fit()
    assert [record.epoch for record in history] == [1, 2, 3, 4, 5, 6]
    assert history[-1].train_loss < history[0].train_loss


def test_after_a_stop_it_ends_as_if_there_had_been_none(make_trainer):
    whole = make_trainer(3)
    whole.fit()
    first = make_trainer(3, callbacks=[StopAfter(epoch=2)])
    first.fit()
    second = make_trainer(3, seed=0)
    second.load_state(first.state())
    second.fit()
    assert [r.to_dict() | {"ap50": 0} for r in second.history] == [
        r.to_dict() | {"ap50": 0} for r in whole.history
    ]
    for name, value in whole.weights().items():
        assert torch.equal(value, second.weights()[name]), name


def test_an_epoch_that_is_stopped_in_its_middle_is_none(make_trainer):
    trainer = make_trainer(2, callbacks=[StopAfter(step=2)])
    assert trainer.fit() == []


def test_validation_sees_the_weights_to_keep_and_training_goes_on_with_its_own(make_trainer):
    seen = []

    def validate(network):
        seen.append(network.training)
        kept = trainer.weights()
        assert all(torch.equal(value, kept[name]) for name, value in network.state_dict().items())
        return 0.5

    trainer = make_trainer(1, validate=validate)
    trainer.fit()
    assert seen == [False]
    assert trainer.network.training
    assert any(
        not torch.equal(value, trainer.weights()[name])
        for name, value in trainer.network.state_dict().items()
    )


def test_frozen_stages_and_the_bodys_statistics_stay(make_trainer):
    trainer = make_trainer(1)
    before = {name: value.clone() for name, value in trainer.network.state_dict().items()}
    trainer.fit()
    after = trainer.network.state_dict()
    stays = [
        n
        for n in before
        if n.startswith(("stem.", "blocks.0.", "blocks.1.")) or ("blocks" in n and "running" in n)
    ]
    assert all(torch.equal(before[name], after[name]) for name in stays)
    assert not torch.equal(before["blocks.6.0.project.conv.weight"], after["blocks.6.0.project.conv.weight"])


def test_the_rate_rises_and_falls():
    rates = Rates(lr=1.0, body_lr=1.0, weight_decay=0.0, warmup=4, ema=0.0, epochs=2)
    factors = [rates.factor(step, 10) for step in range(20)]
    assert factors[0] < factors[3] < factors[4] == 1.0
    assert factors[4:] == sorted(factors[4:], reverse=True)
    assert rates.factor(20, 10) == pytest.approx(0.0)


def test_the_epoch_that_found_most_is_kept():
    def epoch(number, ap50):
        return DetectorEpoch(number, 0.1, 1.0, 0.5, 0.5, ap50)

    assert best_epoch([epoch(1, 0.2), epoch(2, 0.6), epoch(3, 0.6), epoch(4, 0.5)]).epoch == 2
    assert best_epoch([epoch(1, math.nan), epoch(2, math.nan)]).epoch == 2
