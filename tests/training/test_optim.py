import math

import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from shelfwise.models import build_network
from shelfwise.training.config import TrainConfig
from shelfwise.training.optim import (
    MovingAverage,
    binary_cross_entropy,
    build_optimizer,
    learning_rate_factor,
    soft_targets,
)


def config(**settings: object) -> TrainConfig:
    return TrainConfig(data="photos", **settings)


def test_rates_fall_from_the_head_to_the_input_and_frozen_stages_have_none():
    network = build_network("lite0", 3, pretrained=False)
    network.freeze_stages(2)
    optimizer = build_optimizer(network, config(lr=1.0, body_lr=0.5, layer_decay=0.5))
    peak = {id(p): group["peak_lr"] for group in optimizer.param_groups for p in group["params"]}
    stages = network.stages()
    assert {peak[id(p)] for p in network.head.parameters()} == {1.0}
    assert {peak[id(p)] for p in stages[-1].parameters()} == {0.5}
    assert {peak[id(p)] for p in stages[-2].parameters()} == {0.25}
    frozen = [p for stage in stages[:2] for p in stage.parameters()]
    assert frozen
    assert not any(p.requires_grad or id(p) in peak for p in frozen)


def test_every_trained_parameter_is_in_one_group_and_norms_have_no_decay():
    network = build_network("lite0", 3, pretrained=False)
    optimizer = build_optimizer(network, config(weight_decay=0.1))
    members = [id(p) for group in optimizer.param_groups for p in group["params"]]
    assert sorted(members) == sorted(id(p) for p in network.parameters())
    for group in optimizer.param_groups:
        assert all((p.ndim > 1) == (group["weight_decay"] == 0.1) for p in group["params"])


@pytest.mark.parametrize("name", ["tiny-vit-5m", "dinov2-small"])
def test_tokens_places_scales_and_attention_biases_have_no_decay(name):
    network = build_network(name, 3, pretrained=False)
    optimizer = build_optimizer(network, config(weight_decay=0.1, lr=1.0, body_lr=0.5, layer_decay=0.5))
    groups = {id(p): group for group in optimizer.param_groups for p in group["params"]}
    assert len(groups) == len(list(network.parameters()))
    free = ("bias", "norm.weight", "norm1.weight", "norm2.weight", "gamma", "_token", "_embed", "_biases")
    for parameter_name, p in network.named_parameters():
        assert groups[id(p)]["weight_decay"] == (0.0 if parameter_name.endswith(free) else 0.1), (
            parameter_name
        )
    depth = len(network.stages()) - 1
    first = {groups[id(p)]["peak_lr"] for p in network.stages()[0].parameters()}
    assert first == {0.5 * 0.5**depth}


def test_the_cosine_rises_then_falls_to_zero():
    settings = config(epochs=10, warmup_epochs=2, schedule="cosine")
    factors = [learning_rate_factor(settings, step, 5) for step in range(50)]
    assert factors.index(max(factors)) == 10
    assert factors[:10] == sorted(factors[:10])
    assert factors[10:] == sorted(factors[10:], reverse=True)
    assert factors[-1] < 0.01


def test_a_constant_schedule_without_warm_up_is_one():
    settings = config(epochs=3, warmup_epochs=0, schedule="constant")
    assert {learning_rate_factor(settings, step, 7) for step in range(21)} == {1.0}


def test_binary_cross_entropy_of_softmax_is_the_mean_over_categories():
    logits = torch.tensor([[2.0, 0.0, -1.0]])
    p = [math.exp(v) / sum(math.exp(w) for w in (2, 0, -1)) for v in (2, 0, -1)]
    expected = -(math.log(p[0]) + math.log(1 - p[1]) + math.log(1 - p[2])) / 3
    assert float(binary_cross_entropy(logits, torch.eye(3)[:1])) == pytest.approx(expected, rel=1e-5)


def test_binary_cross_entropy_stays_finite_for_certain_mistakes():
    assert math.isfinite(float(binary_cross_entropy(torch.tensor([[500.0, -500.0]]), torch.eye(2)[1:])))


def test_smoothed_targets_sum_to_one():
    targets = soft_targets(torch.tensor([1, 0]), 4, 0.2)
    assert torch.allclose(targets.sum(1), torch.ones(2))
    assert float(targets[0, 1]) == pytest.approx(0.85)


def test_the_moving_average_follows_slowly_and_copies_counters():
    layer = torch.nn.BatchNorm1d(1)
    average = MovingAverage(layer, 0.9)
    with torch.no_grad():
        layer.weight.fill_(2.0)
        layer.num_batches_tracked.fill_(7)
    for _ in range(3):
        average.update(layer)
    assert 1.0 < float(average.state["weight"]) < 2.0
    assert int(average.state["num_batches_tracked"]) == 7
    for _ in range(200):
        average.update(layer)
    assert float(average.state["weight"]) == pytest.approx(2.0, abs=1e-3)
