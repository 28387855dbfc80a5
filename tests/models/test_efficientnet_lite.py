import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from shelfwise.models.efficientnet_lite import EfficientNetLite, SameConv2d, same_padding, stage_repeats


@given(side=st.integers(1, 600), kernel=st.sampled_from([1, 3, 5]), stride=st.sampled_from([1, 2]))
def test_same_padding_gives_the_ceiling_with_the_odd_row_last(side: int, kernel: int, stride: int) -> None:
    before, after = same_padding(side, kernel, stride)
    assert after - before in (0, 1)
    if side + before + after >= kernel:
        assert (side + before + after - kernel) // stride + 1 == math.ceil(side / stride)


@settings(deadline=None, max_examples=30)
@given(
    height=st.integers(5, 24),
    width=st.integers(5, 24),
    kernel=st.sampled_from([1, 3, 5]),
    stride=st.sampled_from([1, 2]),
)
def test_convolution_pads_each_side_by_its_own_length(
    height: int, width: int, kernel: int, stride: int
) -> None:
    convolution = SameConv2d(2, 4, kernel, stride, groups=2)
    pictures = torch.rand(1, 2, height, width)
    top, bottom = same_padding(height, kernel, stride)
    left, right = same_padding(width, kernel, stride)
    padded = torch.nn.functional.pad(pictures, (left, right, top, bottom))
    expected = torch.nn.functional.conv2d(padded, convolution.weight, stride=stride, groups=2)
    assert expected.shape[2:] == (math.ceil(height / stride), math.ceil(width / stride))
    torch.testing.assert_close(convolution(pictures), expected)


@pytest.mark.parametrize(
    ("variant", "repeats", "parameters"),
    [
        ("lite0", [1, 2, 2, 3, 3, 4, 1], 4_652_008),
        ("lite1", [1, 3, 3, 4, 4, 5, 1], 5_416_680),
        ("lite2", [1, 3, 3, 4, 4, 5, 1], 6_092_072),
    ],
)
def test_variants_have_the_published_depth_and_size(
    variant: str, repeats: list[int], parameters: int
) -> None:
    network = EfficientNetLite(variant, num_classes=1000, dropout=0.0)
    assert stage_repeats(variant) == repeats
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters


def test_any_size_of_picture_is_taken() -> None:
    network = EfficientNetLite("lite0", num_classes=3, dropout=0.0).eval()
    with torch.no_grad():
        assert network(torch.rand(1, 3, 63, 96)).shape == (1, 3)
