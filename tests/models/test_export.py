import logging
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray

from shelfwise.errors import ModelError
from shelfwise.models import build_network, get_spec
from shelfwise.models import export as export_module
from shelfwise.models.export import export_onnx
from shelfwise.models.network import Network

quick = pytest.mark.usefixtures("quick_exports")


@dataclass(frozen=True)
class Normalisation:
    size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


def normalisation(name: str) -> Normalisation:
    spec = get_spec(name)
    return Normalisation(spec.input_size, spec.mean, spec.std)


def trained(name: str) -> Network:
    """A network without pretrained weights whose batch norm and head look as if it had been trained."""
    network = build_network(name, 5)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            for values in (module.weight.data, module.bias.data, module.running_mean):
                torch.nn.init.normal_(values)
            torch.nn.init.uniform_(module.running_var, 0.5, 2.0)
        if isinstance(module, torch.nn.Linear):
            torch.nn.init.normal_(module.weight, std=0.1)
            torch.nn.init.normal_(module.bias)
    return network


def in_torch(
    network: Network, images: NDArray[np.uint8], how: Normalisation
) -> tuple[torch.Tensor, torch.Tensor]:
    values = (images.astype(np.float64) / 255 - how.mean) / how.std
    pictures = torch.from_numpy(values).float().permute(0, 3, 1, 2)
    with torch.no_grad():
        return network.eval()(pictures), network.features(pictures)


def random_images(count: int, size: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


@quick
@pytest.mark.parametrize("name", ["small-cnn", "lite0"])
def test_the_graph_answers_as_the_network_does(name: str, request: pytest.FixtureRequest) -> None:
    how = normalisation(name)
    if name == "lite0":
        network, content = request.getfixturevalue("lite0")
    else:
        network = trained(name)
        content = export_onnx(network, how)
    session = onnxruntime.InferenceSession(content)
    for count in (1, 5):
        images = random_images(count, how.size)
        logits, embedding = session.run(["logits", "embedding"], {"images": images})
        expected_logits, expected_embedding = in_torch(network, images, how)
        np.testing.assert_allclose(logits, expected_logits, atol=1e-4)
        np.testing.assert_allclose(embedding, expected_embedding, atol=1e-4)
        assert logits.dtype == embedding.dtype == np.float32

    kinds = Counter(node.op_type for node in onnx.load_from_string(content).graph.node)
    # The small CNN's batch norm follows a ReLU, so there is no convolution to fold it into.
    assert kinds["BatchNormalization"] == (name == "small-cnn")
    assert kinds["Conv"] == (5 if name == "small-cnn" else 49)
    assert not kinds["Pad"]


@pytest.fixture
def small() -> Network:
    return trained("small-cnn")


@quick
def test_inputs_and_outputs_are_named_and_typed(small: Network) -> None:
    model = onnx.load_from_string(export_onnx(small, normalisation("small-cnn")))
    (images,) = model.graph.input
    assert images.name == "images"
    assert images.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    sides = images.type.tensor_type.shape.dim
    assert sides[0].dim_param and [side.dim_value for side in sides[1:]] == [104, 104, 3]
    assert [output.name for output in model.graph.output] == ["logits", "embedding"]
    assert model.opset_import[0].version >= 17


@quick
def test_normalisation_is_per_channel(small: Network) -> None:
    how = Normalisation(104, (0.5, 0.4, 0.3), (0.2, 0.3, 0.4))
    images = random_images(2, 104)
    (logits,) = onnxruntime.InferenceSession(export_onnx(small, how)).run(["logits"], {"images": images})
    np.testing.assert_allclose(logits, in_torch(small, images, how)[0], atol=1e-4)


@quick
def test_the_same_weights_give_the_same_bytes(small: Network) -> None:
    how = normalisation("small-cnn")
    first = export_onnx(small, how)
    other = small.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    assert export_onnx(other.eval(), how) == first
    with torch.no_grad():
        next(small.head.parameters()).add_(1)
    assert export_onnx(small, how) != first


@quick
def test_the_file_names_nothing_of_the_machine(small: Network) -> None:
    content = export_onnx(small, normalisation("small-cnn"))
    for trace in ("site-packages", str(Path.cwd()), str(Path(export_module.__file__).parents[2]), 'File "'):
        assert trace.encode() not in content
    model = onnx.load_from_string(content)
    assert (model.producer_name, model.producer_version, model.doc_string) == ("shelfwise", "", "")


@quick
def test_the_network_is_left_as_it_was(small: Network) -> None:
    before = {name: value.clone() for name, value in small.state_dict().items()}
    export_onnx(small.train(), normalisation("small-cnn"))
    assert small.training and all(parameter.requires_grad for parameter in small.parameters())
    assert all(torch.equal(value, before[name]) for name, value in small.state_dict().items())


def test_nothing_is_said(
    small: Network, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    talkative = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = talkative.level
    export_onnx(small, normalisation("small-cnn"))
    assert capfd.readouterr() == ("", "")
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert talkative.level == level


@quick
def test_too_large_a_network_is_refused(small: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_module, "MAX_BYTES", 1000)
    with pytest.raises(ModelError, match="2 GB at most"):
        export_onnx(small, normalisation("small-cnn"))


@quick
def test_a_network_that_is_wrong_about_its_shapes_is_refused(small: Network) -> None:
    small.shapes_hold_count = False
    with pytest.raises(ModelError, match="one number of pictures: Reshape"):
        export_onnx(small, normalisation("small-cnn"))
