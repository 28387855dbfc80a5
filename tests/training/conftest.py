from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from shelfwise.training.loop import Trainer


@pytest.fixture
def make_trainer() -> Callable[..., Trainer]:
    """Make a trainer of a tiny network on three colours, learnt within a few epochs."""
    torch = pytest.importorskip("torch", reason="training needs torch")

    from shelfwise.models.network import Network
    from shelfwise.training.balance import plan_epoch
    from shelfwise.training.batches import Batches, Part
    from shelfwise.training.config import TrainConfig
    from shelfwise.training.loop import Trainer

    class Tiny(Network):
        def __init__(self) -> None:
            super().__init__(feature_size=6, num_classes=3)
            self.body = torch.nn.Sequential(
                torch.nn.Conv2d(3, 6, 3, stride=2), torch.nn.BatchNorm2d(6), torch.nn.ReLU()
            )
            self.head = torch.nn.Sequential(torch.nn.Dropout(0.1), torch.nn.Linear(6, 3))

        def features(self, x):
            return self.body(x).mean((2, 3))

        def stages(self):
            return [self.body]

    def part(count: int, seed: int) -> Part:
        random = np.random.default_rng(seed)
        labels = np.arange(count, dtype=np.int64) % 3
        images = random.integers(0, 90, (count, 12, 12, 3), dtype=np.uint8)
        images[np.arange(count), :, :, labels] += 120
        return Part(images, labels)

    def make(callbacks=(), validation: int = 12, **settings: object) -> Trainer:
        settings = {
            "epochs": 4,
            "batch_size": 8,
            "lr": 0.05,
            "warmup_epochs": 0,
            "precision": "fp32",
            **settings,
        }
        config = TrainConfig(data="photos", **settings)
        torch.manual_seed(config.seed)
        train = part(30, 1)
        plan = plan_epoch(train.labels, 3, balance=False, augment="all", seed=config.seed)
        batches = Batches(train, plan, config, categories=3, size=10, device=torch.device("cpu"))
        return Trainer(
            Tiny(),
            config,
            batches,
            part(validation, 2),
            mean=(0.5,) * 3,
            std=(0.5,) * 3,
            device=torch.device("cpu"),
            callbacks=callbacks,
        )

    return make
