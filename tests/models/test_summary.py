from itertools import groupby

import torch

from shelfwise.models import build_network
from shelfwise.models.summary import summarise


def test_the_small_cnn_has_the_published_shapes_and_counts() -> None:
    summary = summarise(build_network("small-cnn", 5), 104)
    sides = [layer.output_shape[0] for layer in summary.layers if len(layer.output_shape) == 3]
    assert [side for side, _ in groupby(sides)] == [104, 106, 104, 52, 50, 25, 23, 11, 9, 4, 2, 1]
    assert [layer.output_shape for layer in summary.layers if layer.kind == "Linear"] == [(64,), (5,)]
    counts = [layer.parameters for layer in summary.layers if layer.parameters]
    assert counts == [896, 128, 9248, 9248, 9248, 9248, 2112, 325]
    assert (summary.total, summary.trainable, summary.fixed) == (40_453, 40_389, 64)


def test_layers_add_up_to_the_total() -> None:
    summary = summarise(build_network("lite0", 25, pretrained=False), 224)
    assert sum(layer.parameters for layer in summary.layers) == summary.total
    assert summary.layers[-1].output_shape == (25,)
    assert next(layer for layer in summary.layers if layer.name == "top.conv").output_shape == (7, 7, 1280)


def test_frozen_parameters_count_as_fixed() -> None:
    network = build_network("small-cnn", 5)
    for stage in network.stages():
        stage.requires_grad_(False)
    summary = summarise(network, 104)
    assert (summary.total, summary.trainable) == (40_453, 325)


def test_the_network_is_left_as_it_was() -> None:
    network = build_network("small-cnn", 5)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    summarise(network, 104)
    assert network.training
    assert not any(module._forward_hooks for module in network.modules())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
