"""The detector answers at each place of its levels, from pictures of any size that it divides."""

import pytest

torch = pytest.importorskip("torch", reason="networks need torch")

from shelfwise.models.efficientnet_lite import EfficientNetLite
from shelfwise.models.product_detector import MULTIPLE, STRIDES, ProductDetector, places


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return ProductDetector("lite0", width=16, depth=1).eval()


@pytest.mark.parametrize("size", [(64, 64), (128, 192)])
def test_there_is_an_answer_for_each_place(network, size):
    with torch.no_grad():
        found = network(torch.zeros(2, 3, *size))
    count = sum(size[0] // stride * (size[1] // stride) for stride in STRIDES)
    assert found.logits.shape == (2, count)
    assert found.boxes.shape == (2, count, 4)
    middles, strides = places(*size)
    assert middles.shape == (count, 2) and strides.shape == (count,)


def test_boxes_lie_around_their_places(network):
    with torch.no_grad():
        boxes = network(torch.rand(1, 3, 128, 128)).boxes[0]
    middles, _ = places(128, 128)
    assert bool((boxes[:, :2] < middles).all()) and bool((boxes[:, 2:] > middles).all())


def test_places_are_the_middles_of_their_squares():
    middles, strides = places(64, 128)
    assert middles[0].tolist() == [4.0, 4.0] and middles[1].tolist() == [12.0, 4.0]
    assert middles[-1].tolist() == [96.0, 32.0] and strides[-1] == MULTIPLE


def test_it_begins_unsure(network):
    with torch.no_grad():
        assert float(network(torch.rand(1, 3, 64, 64)).logits.sigmoid().max()) < 0.1


def test_it_takes_the_weights_of_a_classifiers_body():
    torch.manual_seed(1)
    body = EfficientNetLite("lite0", num_classes=3, dropout=0.0)
    network = ProductDetector("lite0", width=16, depth=1)
    network.take_body(body)
    own = network.state_dict()
    assert all(
        torch.equal(v, own[k]) for k, v in body.state_dict().items() if k.startswith(("stem", "blocks"))
    )


def test_frozen_stages_have_no_gradients_and_the_others_have():
    network = ProductDetector("lite0", width=16, depth=1)
    network.freeze(3)
    network.train()
    found = network(torch.rand(2, 3, 64, 64))
    (found.logits.sum() + found.boxes.sum()).backward()
    assert all(p.grad is None for stage in network.stages[:3] for p in stage.parameters())
    assert all(p.grad is not None for stage in network.stages[3:] for p in stage.parameters())
    assert all(p.grad is not None for p in network.head.parameters())
