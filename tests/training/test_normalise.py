"""Pixels of 0…255 become values of mean 0 and deviation 1."""

import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch")

from shelfwise.training.normalise import scale_and_shift


def test_mean_becomes_zero_and_a_deviation_one():
    mean, std = (0.25, 0.5, 0.75), (0.1, 0.2, 0.4)
    scale, shift = scale_and_shift(mean, std, torch.device("cpu"))
    usual = torch.tensor(mean).view(1, 3, 1, 1) * 255
    above = usual + torch.tensor(std).view(1, 3, 1, 1) * 255
    torch.testing.assert_close(usual * scale - shift, torch.zeros(1, 3, 1, 1), atol=1e-5, rtol=0)
    torch.testing.assert_close(above * scale - shift, torch.ones(1, 3, 1, 1), atol=1e-5, rtol=0)
