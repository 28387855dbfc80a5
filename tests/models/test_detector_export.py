"""An exported detector answers as the network does, for other sizes than it was exported with."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

torch = pytest.importorskip("torch", reason="networks need torch")
pytest.importorskip("onnxscript", reason="exporting needs onnxscript")

from shelfwise.errors import ModelError
from shelfwise.inference.session import OnnxBoxSession, OnnxRuntimeSession
from shelfwise.models import efficientnet_lite
from shelfwise.models.detector_export import export_detector
from shelfwise.models.product_detector import ProductDetector

MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.3, 0.25)


@pytest.fixture(scope="module")
def network():
    """With a body that has one block of each kind in place of one that has several of each."""
    torch.manual_seed(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(efficientnet_lite, "stage_repeats", lambda _: (1, 2, 1, 1, 1, 1, 1))
        return ProductDetector("lite0", width=16, depth=1).eval()


@pytest.fixture(scope="module")
def exported(network, quickly):
    with quickly():
        return export_detector(network, mean=MEAN, std=STD)


@pytest.mark.parametrize("shape", [(1, 64, 64, 3), (3, 192, 128, 3)])
def test_it_answers_as_the_network_does(network, exported, shape):
    images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    answer = OnnxBoxSession(exported, threads=1).run(images)
    x = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
    with torch.no_grad():
        found = network((x - torch.tensor(MEAN).view(1, 3, 1, 1)) / torch.tensor(STD).view(1, 3, 1, 1))
    assert_allclose(answer.scores, found.logits.sigmoid().numpy(), atol=1e-5)
    assert_allclose(answer.boxes, found.boxes.numpy(), atol=1e-2)


def test_it_is_told_from_a_classifier(exported):
    with pytest.raises(ModelError, match="'logits' and 'embedding'"):
        OnnxRuntimeSession(exported, threads=1)


def test_the_network_is_left_as_it_was(network, exported):
    assert not any("EvenConv" in type(module).__name__ for module in network.modules())
    assert network.stem.conv.weight.requires_grad
