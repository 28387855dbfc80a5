import onnx
import pytest

from shelfwise.bundle import DEFAULT_BUNDLE, read_bundle
from shelfwise.errors import ModelError
from shelfwise.images.preprocess import Preprocessing
from shelfwise.models.dinov2 import DINOv2
from shelfwise.models.export import export_onnx
from shelfwise.models.flops import count_flops

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


def member(content: bytes, prefix: str) -> bytes:
    """A network of those that a model was joined from: the nodes that give values of its names."""
    model = onnx.load_from_string(content)
    nodes = [node for node in model.graph.node if node.output[0].startswith(prefix)]
    del model.graph.node[:], model.graph.output[:]
    model.graph.node.extend(nodes)
    return model.SerializeToString()


def test_published_networks_count_as_published(lite0):
    # With heads for other categories than a thousand: that is less than a hundredth.
    assert count_flops(lite0[1]) / 1e9 == pytest.approx(0.78, rel=0.06)
    # The TinyViT-5M is in the model that comes with Shelfwise: to export another one takes 20 seconds.
    bundle = read_bundle(DEFAULT_BUNDLE)
    assert [each["config"]["recipe"] for each in bundle.provenance["members"]][1] == "tiny-vit-5m"
    assert bundle.preprocessing.size == 224
    assert count_flops(member(bundle.model_onnx(), "member1/")) / 1e9 == pytest.approx(2.5, rel=0.06)


def test_toy_and_nonsense(toy):
    assert count_flops(toy.toy_onnx()) == 2 * 3 * 3
    with pytest.raises(ModelError, match="not an ONNX network"):
        count_flops(b"not a network")
