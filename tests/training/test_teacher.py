from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from shelfwise.training.balance import plan_epoch
from shelfwise.training.batches import Batches, Part
from shelfwise.training.config import TrainConfig
from shelfwise.training.teacher import Teacher


class Colours:
    """Answers with the share of red, green and blue in a picture; keeps what it saw."""

    def __init__(self) -> None:
        self.seen: list[np.ndarray] = []

    def __call__(self, images):
        self.seen.append(images)
        light = images.reshape(len(images), -1, 3).astype(np.float32).sum(1) + 1
        return light / light.sum(1, keepdims=True)


def part(count: int = 12, size: int = 24) -> Part:
    random = np.random.default_rng(0)
    labels = np.arange(count, dtype=np.int64) % 3
    return Part(random.integers(0, 256, (count, size, size, 3), dtype=np.uint8), labels)


def batches(teacher: Teacher | None, size: int = 16, **changes: object) -> Batches:
    settings = {"batch_size": 4, "label_smoothing": 0.0, "augment": "all", **changes}
    config = TrainConfig(data="photos", **settings)
    photos = part()
    plan = plan_epoch(photos.labels, 3, balance=False, augment=config.augment, seed=config.seed)
    return Batches(photos, plan, config, categories=3, size=size, device=torch.device("cpu"), teacher=teacher)


def test_the_answer_has_its_share_of_the_target_and_the_label_the_rest():
    images, targets = torch.full((1, 3, 4, 4), 100.0), torch.tensor([[1.0, 0.0, 0.0]])
    images[:, 1] = 0
    taught = Teacher(4, Colours(), 0.6).teach(images, targets)
    assert torch.allclose(taught, torch.tensor([[0.4 + 0.3, 0.0, 0.3]]), atol=1e-3)


@pytest.mark.parametrize("changes", [{}, {"mixup": 0.5, "cutmix": 1.0}, {"augment": "none"}])
def test_it_sees_the_very_pictures_that_the_student_sees(changes):
    colours = Colours()
    for batch in batches(Teacher(16, colours, 1.0), **changes).epoch(1):
        pictures = batch.images.permute(0, 2, 3, 1).numpy()
        assert np.abs(pictures - colours.seen[-1]).max() <= 0.5
        assert np.allclose(batch.targets, Colours()(colours.seen[-1]), atol=1e-6)
        assert np.allclose(batch.targets.sum(1), 1, atol=1e-6)


def test_what_is_right_is_said_by_the_labels():
    for batch in batches(Teacher(16, Colours(), 1.0)).epoch(1):
        assert torch.equal(batch.answers, batch.labels)


def test_it_changes_neither_pictures_nor_order():
    alone, taught = batches(None, mixup=0.5), batches(Teacher(16, Colours(), 0.5), mixup=0.5)
    for one, other in zip(alone.epoch(3), taught.epoch(3), strict=True):
        assert torch.equal(one.images, other.images)
        assert torch.equal(one.labels, other.labels)
        assert not torch.equal(one.targets, other.targets)


@pytest.mark.parametrize(("student", "teacher"), [(8, 16), (16, 8)])
def test_each_gets_pictures_of_its_own_size(student, teacher):
    colours = Colours()
    batch = next(iter(batches(Teacher(teacher, colours, 0.5), size=student).epoch(1)))
    assert batch.images.shape == (4, 3, student, student)
    assert colours.seen[0].shape == (4, teacher, teacher, 3)
    assert abs(float(batch.images.mean()) - colours.seen[0].mean()) < 2
