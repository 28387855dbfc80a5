import math

import pytest
import torch
from torch import nn

from shelfwise.errors import ModelError
from shelfwise.models import build_network
from shelfwise.models.small_cnn import SmallCNN


def test_weights_begin_as_in_keras() -> None:
    for module in SmallCNN(5, 0.25).modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            area = math.prod(module.weight.shape[2:])
            limit = math.sqrt(6 / (area * (module.weight.shape[0] + module.weight.shape[1])))
            assert 0.8 * limit < module.weight.abs().max() <= limit
            assert module.bias is not None and not module.bias.any()


def test_batch_norm_comes_once_behind_the_first_relu() -> None:
    leaves = [module for module in SmallCNN(5, 0.25).modules() if not list(module.children())]
    norms = [index for index, module in enumerate(leaves) if isinstance(module, nn.BatchNorm2d)]
    assert [type(module) for module in leaves[:4]] == [nn.ZeroPad2d, nn.Conv2d, nn.ReLU, nn.BatchNorm2d]
    assert norms == [3]
    norm = leaves[3]
    assert isinstance(norm, nn.BatchNorm2d)
    assert (norm.eps, norm.momentum) == (1e-3, 0.01)


def test_dropout_follows_each_pooling_and_precedes_the_head() -> None:
    kinds = [type(module) for module in SmallCNN(5, 0.25).modules() if not list(module.children())]
    places = [index for index, kind in enumerate(kinds) if issubclass(kind, nn.Dropout)]
    assert [kinds[index - 1] for index in places] == [nn.MaxPool2d] * 5 + [nn.ReLU]
    assert [
        issubclass(kind, base) for kind, base in zip(kinds[-2:], (nn.Dropout, nn.Linear), strict=True)
    ] == [True, True]


def test_features_are_the_dense_layers_output() -> None:
    features = build_network("small-cnn", 5).eval().features(torch.rand(3, 3, 104, 104))
    assert features.shape == (3, 64)
    assert (features >= 0).all() and features.any()


def test_another_size_is_refused() -> None:
    with pytest.raises(ModelError, match="104×104, not 96×96"):
        build_network("small-cnn", 5)(torch.zeros(1, 3, 96, 96))


def test_the_same_seed_gives_the_same_weights() -> None:
    weights = []
    for _ in range(2):
        torch.manual_seed(42)
        weights.append(nn.utils.parameters_to_vector(SmallCNN(5, 0.25).parameters()))
    assert torch.equal(*weights)
