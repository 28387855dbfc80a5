import pytest

from shelfwise.errors import ModelError
from shelfwise.images.preprocess import Preprocessing
from shelfwise.models.dinov2 import DINOv2
from shelfwise.models.export import export_onnx
from shelfwise.models.flops import count_flops
from shelfwise.models.tiny_vit import TinyViT

pytestmark = pytest.mark.usefixtures("quick_exports")


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
@pytest.mark.parametrize(("network", "billions"), [("lite0", 0.78), ("tiny", 2.5)])
def test_published_networks_count_as_published(network, billions, request):
    # With heads for five categories instead of a thousand: that is less than a hundredth.
    if network == "tiny":
        graph = export_onnx(TinyViT(5).eval(), Preprocessing(224))
    else:
        graph = request.getfixturevalue("lite0")[1]
    assert count_flops(graph) / 1e9 == pytest.approx(billions, rel=0.06)


def test_toy_and_nonsense(toy):
    assert count_flops(toy.toy_onnx()) == 2 * 3 * 3
    with pytest.raises(ModelError, match="not an ONNX network"):
        count_flops(b"not a network")
