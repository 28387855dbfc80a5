"""Places learn to find the product that they lie on and fit best; the others learn to find none."""

import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from shelfwise.models.product_detector import places
from shelfwise.training.detect.assign import assign, overlap

SIDE = 128
NONE = torch.zeros(0, 4)


@pytest.fixture
def middles():
    return places(SIDE, SIDE)[0]


def boxes_around(middles, reach=20.0):
    return torch.cat((middles - reach, middles + reach), 1)


def test_overlap_of_boxes():
    one = torch.tensor([0.0, 0.0, 10.0, 10.0])
    other = torch.tensor([[0.0, 0.0, 10.0, 10.0], [5.0, 0.0, 15.0, 10.0], [20.0, 0.0, 30.0, 10.0]])
    assert overlap(one, other).tolist() == pytest.approx([1.0, 1 / 3, 0.0])


def test_places_on_a_product_find_it_and_the_best_is_to_be_as_sure_as_its_box_fits(middles):
    product = torch.tensor([[44.0, 44.0, 84.0, 84.0]])
    boxes = boxes_around(middles)
    targets = assign(middles, torch.zeros(len(middles)), boxes, product, NONE)
    finds = targets.product == 0
    assert 1 <= int(finds.sum()) <= 13
    inside = (middles > 44).all(1) & (middles < 84).all(1)
    assert bool((inside | ~finds).all())
    assert float(targets.score.max()) == pytest.approx(float(overlap(boxes[finds], product).max()))
    assert bool((targets.score[~finds] == 0).all())
    assert bool((targets.counted == 1).all())


def test_of_two_products_a_place_finds_the_one_that_its_box_fits_best(middles):
    products = torch.tensor([[40.0, 40.0, 88.0, 88.0], [10.0, 10.0, 120.0, 120.0]])
    boxes = boxes_around(middles, 24.0)
    targets = assign(middles, torch.zeros(len(middles)), boxes, products, NONE)
    near = ((middles - 64).abs() < 8).all(1)
    assert set(targets.product[near].tolist()) == {0}
    assert set(targets.product.tolist()) == {-1, 0, 1}


def test_surer_places_are_preferred(middles):
    product = torch.tensor([[32.0, 32.0, 96.0, 96.0]])
    logits = torch.zeros(len(middles))
    plain = assign(middles, logits, boxes_around(middles, 32.0), product, NONE)
    sure = int(torch.nonzero((plain.product == 0) & (plain.score < plain.score.max()))[0])
    logits[sure] = 4.0
    now = assign(middles, logits, boxes_around(middles, 32.0), product, NONE)
    assert float(now.score[sure]) > float(plain.score[sure])


def test_on_ignored_boxes_only_places_that_find_a_product_count(middles):
    product, ignored = torch.tensor([[44.0, 44.0, 84.0, 84.0]]), torch.tensor([[40.0, 40.0, 128.0, 128.0]])
    targets = assign(middles, torch.zeros(len(middles)), boxes_around(middles), product, ignored)
    on_it = (middles > 40).all(1)
    assert bool((targets.counted[targets.product >= 0] == 1).all())
    assert bool((targets.counted[on_it & (targets.product < 0)] == 0).all())
    assert bool((targets.counted[~on_it] == 1).all())


def test_without_products_all_places_find_none(middles):
    targets = assign(middles, torch.zeros(len(middles)), boxes_around(middles), NONE, NONE)
    assert set(targets.product.tolist()) == {-1}
    assert float(targets.score.sum()) == 0
