import pytest
import torch

from shelfwise.errors import ModelError
from shelfwise.images.preprocess import Preprocessing
from shelfwise.models import build_network
from shelfwise.models.dinov2 import DINOv2
from shelfwise.models.export import export_onnx
from shelfwise.models.flops import count_flops
from shelfwise.models.tiny_vit import TinyViT


def test_a_plain_transformer_counts_as_on_paper():
    width, depth, categories, size = 64, 2, 5, 56
    network = DINOv2(categories, depth=depth, width=width, heads=2).eval()
    tokens = (size // 14) ** 2 + 1
    patches = (tokens - 1) * width * 3 * 14 * 14
    block = tokens * width * 12 * width + 2 * tokens * tokens * width
    head = 2 * width * categories
    graph = export_onnx(network, Preprocessing(size))
    assert count_flops(graph) == 2 * (patches + depth * block + head)


@pytest.mark.slow
@pytest.mark.parametrize(("network", "size", "billions"), [("lite0", 224, 0.78), ("tiny", 224, 2.5)])
def test_published_networks_count_as_published(network, size, billions):
    torch.manual_seed(0)
    built = TinyViT(5) if network == "tiny" else build_network(network, 1000, pretrained=False)
    flops = count_flops(export_onnx(built.eval(), Preprocessing(size)))
    assert flops / 1e9 == pytest.approx(billions, rel=0.06)


def test_toy_and_nonsense(toy):
    assert count_flops(toy.toy_onnx()) == 2 * 3 * 3
    with pytest.raises(ModelError, match="not an ONNX network"):
        count_flops(b"not a network")
