from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from shelfwise.models.dinov2 import DINOv2
from shelfwise.models.tiny_vit import TinyViT
from shelfwise.models.weight_names import dinov2_names, tiny_vit_names

State = dict[str, Tensor]


def body(network: torch.nn.Module) -> State:
    return {name: value for name, value in network.state_dict().items() if not name.startswith("head.")}


def same(first: State, second: State, tolerance: float = 0.0) -> bool:
    return first.keys() == second.keys() and all(
        torch.allclose(value.double(), second[name].double(), rtol=0, atol=tolerance)
        for name, value in first.items()
    )


def tiny_vit() -> State:
    state = body(TinyViT(3))
    return {name: torch.randn_like(value) * 0.1 for name, value in state.items()}


def under_timms_names(state: State) -> State:
    return {
        name.replace("layers.", "stages.") if name.startswith("layers.") else f"head.{name}"
        if name.startswith("norm.") else name: value
        for name, value in state.items()
    }  # fmt: skip


def test_tiny_vit_under_timms_names_is_taken_without_its_head() -> None:
    state = tiny_vit()
    published = under_timms_names(state) | {
        "head.fc.weight": torch.ones(9, 320),
        "head.fc.bias": torch.ones(9),
    }
    assert same(tiny_vit_names(published), state)
    assert same(tiny_vit_names(state), state)


def with_norms(state: State) -> State:
    """The same weights before folding: each convolution without bias, and a batch norm that undoes a scaling."""
    split: State = {}
    for name, value in state.items():
        place, _, part = name.rpartition(".conv.")
        if part == "weight":
            channels = len(value)
            gamma, mean, variance = (
                torch.rand(channels) + 0.5,
                torch.randn(channels),
                torch.rand(channels) + 0.5,
            )
            scale = gamma / torch.sqrt(variance + 1e-5)
            split |= {
                name: value / scale.view(-1, 1, 1, 1),
                f"{place}.bn.weight": gamma,
                f"{place}.bn.bias": state[f"{place}.conv.bias"] + mean * scale,
                f"{place}.bn.running_mean": mean,
                f"{place}.bn.running_var": variance,
                f"{place}.bn.num_batches_tracked": torch.tensor(7),
            }
        elif part != "bias":
            split[name] = value
    return split


def test_batch_norms_are_folded() -> None:
    state = tiny_vit()
    published = under_timms_names(with_norms(state))
    assert same(tiny_vit_names(published), state, tolerance=1e-5)


def test_folding_is_what_the_layers_do_in_evaluation() -> None:
    conv, norm = torch.nn.Conv2d(4, 6, 3, bias=False), torch.nn.BatchNorm2d(6)
    for values in (norm.weight.data, norm.bias.data, norm.running_mean):
        assert values is not None
        torch.nn.init.normal_(values)
    assert norm.running_var is not None
    torch.nn.init.uniform_(norm.running_var, 0.5, 2)
    parts = {f"x.conv.{k}": v for k, v in conv.state_dict().items()}
    parts |= {f"x.bn.{k}": v for k, v in norm.state_dict().items()}
    folded = tiny_vit_names(parts)
    assert folded.keys() == {"x.conv.weight", "x.conv.bias"}
    pictures = torch.randn(2, 4, 8, 8)
    with torch.no_grad():
        expected = norm.eval()(conv(pictures))
        got = torch.nn.functional.conv2d(
            pictures, folded["x.conv.weight"].float(), folded["x.conv.bias"].float()
        )
    torch.testing.assert_close(got, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("lost", ["running_var", "running_mean", "bias"])
def test_an_incomplete_batch_norm_is_left_as_it_is(lost: str) -> None:
    published = with_norms({"x.conv.weight": torch.ones(4, 1, 3, 3), "x.conv.bias": torch.ones(4)})
    del published[f"x.bn.{lost}"]
    assert "x.bn.weight" in tiny_vit_names(published)


def test_a_batch_norm_of_another_width_is_left_as_it_is() -> None:
    published = with_norms({"x.conv.weight": torch.ones(4, 1, 3, 3), "x.conv.bias": torch.ones(4)})
    published["x.bn.weight"] = torch.ones(5)
    assert "x.bn.weight" in tiny_vit_names(published)


TINY = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2}


def published_dinov2(**options: Any) -> torch.nn.Module:
    """DINOv2 as the library that its authors publish it for has it, with random weights of every kind."""
    transformers = pytest.importorskip("transformers", reason="transformers (the extra hf) is not installed")
    config = transformers.Dinov2Config(**TINY, image_size=518, patch_size=14)
    model: torch.nn.Module = transformers.Dinov2Model(config).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return model


def saved(model: Any, folder: Any) -> State:
    from safetensors.torch import load_file

    model.save_pretrained(folder)
    return load_file(folder / "model.safetensors")


def test_dinov2_answers_as_that_of_transformers_with_its_weights(tmp_path: Any) -> None:
    model = published_dinov2()
    network = DINOv2(3, depth=3, width=16, heads=2).eval()
    state = dinov2_names(saved(model, tmp_path))
    assert state.keys() == body(network).keys()
    network.load_state_dict(state | {k: v for k, v in network.state_dict().items() if k.startswith("head.")})
    pictures = torch.randn(1, 3, 518, 518)
    with torch.no_grad():
        hidden = model(pixel_values=pictures).last_hidden_state
        expected = torch.cat([hidden[:, 0], hidden[:, 1:].mean(1)], dim=1)
        torch.testing.assert_close(network.features(pictures), expected, atol=1e-4, rtol=0)


def test_a_classifier_of_transformers_has_the_same_body(tmp_path: Any) -> None:
    state = saved(published_dinov2(), tmp_path)
    prefixed = {f"dinov2.{name}": value for name, value in state.items()}
    prefixed["classifier.weight"] = torch.ones(3, 32)
    assert same(dinov2_names(prefixed), dinov2_names(state))


def test_dinov2_under_timms_names_and_our_own() -> None:
    state = body(DINOv2(3, depth=2, width=8, heads=2))
    names = {"embed.cls_token": "cls_token", "embed.pos_embed": "pos_embed"}
    timm = {names.get(k, k.replace("embed.proj", "patch_embed.proj")): v for k, v in state.items()}
    timm["mask_token"] = torch.zeros(1, 8)
    assert same(dinov2_names(timm), state)
    assert same(dinov2_names(state), state)


PIECES = st.sampled_from(
    ["bn", "conv", "weight", "bias", "running_var", "stages", "0", "head", "norm", "embeddings", "cls_token",
     "encoder", "layer", "attention", "query", "key", "value", "blocks"]
)  # fmt: skip
NAMES = st.lists(PIECES, min_size=1, max_size=6).map(".".join)
TENSORS = st.lists(st.integers(0, 3), max_size=4).map(torch.ones)


@given(st.dictionaries(NAMES, TENSORS, max_size=12))
def test_any_names_and_shapes_are_borne(tensors: State) -> None:
    for names in (tiny_vit_names, dinov2_names):
        assert all(isinstance(value, Tensor) for value in names(tensors).values())
