"""Losses are lowest for right answers, and what is ignored adds nothing."""

import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from shelfwise.models.product_detector import Found, places
from shelfwise.training.detect.losses import detection_losses, generalized_overlap

NONE = torch.zeros(0, 4)
PRODUCT = torch.tensor([[30.0, 40.0, 90.0, 100.0]])


@pytest.fixture
def middles():
    return places(128, 128)[0]


def answers(middles, *, right: bool):
    """Boxes that fit where the product is, or half of it; sure there, or everywhere."""
    on_it = ((middles > PRODUCT[0, :2]) & (middles < PRODUCT[0, 2:])).all(1)
    logits = torch.where(on_it, 6.0, -6.0) if right else torch.full((len(middles),), 6.0)
    wanted = PRODUCT if right else PRODUCT * torch.tensor([1.0, 1.0, 0.7, 0.7])
    return Found(logits[None], wanted.expand(1, len(middles), 4).clone())


def test_generalized_overlap_falls_below_zero_with_distance():
    one = torch.tensor([[0.0, 0.0, 10.0, 10.0]] * 3)
    other = torch.tensor([[0.0, 0.0, 10.0, 10.0], [10.0, 0.0, 20.0, 10.0], [90.0, 0.0, 100.0, 10.0]])
    assert generalized_overlap(one, other).tolist() == pytest.approx([1.0, 0.0, -0.8])


def test_right_answers_cost_less(middles):
    right, wrong = (
        detection_losses(answers(middles, right=each), middles, [PRODUCT], [NONE]) for each in (True, False)
    )
    assert float(right.box) == pytest.approx(0.0, abs=1e-6)
    assert float(right.score) < float(wrong.score)
    assert float(right.total) < float(wrong.total)


def test_answers_on_ignored_boxes_cost_nothing(middles):
    sure = Found(torch.full((1, len(middles)), 4.0), torch.zeros(1, len(middles), 4))
    everywhere = torch.tensor([[-10.0, -10.0, 200.0, 200.0]])
    assert float(detection_losses(sure, middles, [NONE], [NONE]).score) > 1
    assert float(detection_losses(sure, middles, [NONE], [everywhere]).score) == 0


def test_gradients_reach_scores_and_boxes(middles):
    found = answers(middles, right=False)
    logits, boxes = found.logits.requires_grad_(), found.boxes.requires_grad_()
    detection_losses(Found(logits, boxes), middles, [PRODUCT], [NONE]).total.backward()
    assert float(logits.grad.abs().sum()) > 0
    assert float(boxes.grad.abs().sum()) > 0
