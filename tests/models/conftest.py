"""Fixtures for the tests of networks."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
import torch

from shelfwise.images.preprocess import Preprocessing
from shelfwise.models import build_network, get_spec
from shelfwise.models.export import export_onnx
from shelfwise.models.network import Network


@pytest.fixture(autouse=True)
def seeded() -> Iterator[None]:
    """The same random weights and inputs in every run."""
    state = torch.random.get_rng_state()
    torch.manual_seed(0)
    yield
    torch.random.set_rng_state(state)


@pytest.fixture(scope="session")
def lite0(quickly: Callable[..., AbstractContextManager[None]]) -> tuple[Network, bytes]:
    """A pretrained EfficientNet-Lite0 with a head for five categories, and its graph: an export of many seconds."""
    torch.manual_seed(0)
    network, spec = build_network("lite0", 5), get_spec("lite0")
    for module in network.modules():
        if isinstance(module, torch.nn.Linear):
            torch.nn.init.normal_(module.weight, std=0.1)
            torch.nn.init.normal_(module.bias)
    with quickly(plots=True):
        return network, export_onnx(network, Preprocessing(spec.input_size, mean=spec.mean, std=spec.std))
