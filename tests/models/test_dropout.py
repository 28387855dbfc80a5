import pytest

torch = pytest.importorskip("torch", reason="networks need torch")

from shelfwise.models.dropout import Dropout


def test_a_share_is_dropped_and_the_mean_stays():
    torch.manual_seed(0)
    dropped = Dropout(0.25)(torch.ones(200, 200))
    assert float((dropped == 0).float().mean()) == pytest.approx(0.25, abs=0.01)
    assert float(dropped.mean()) == pytest.approx(1.0, abs=0.02)


def test_the_mask_depends_on_the_seed_alone_and_not_on_the_memory_order():
    layer, pictures = Dropout(0.5), torch.ones(4, 8, 6, 6)
    torch.manual_seed(3)
    first = layer(pictures)
    torch.manual_seed(3)
    second = layer(pictures.contiguous(memory_format=torch.channels_last))
    assert torch.equal(first, second)
    assert not torch.equal(first, layer(pictures))


def test_it_does_nothing_in_evaluation_and_at_rate_zero():
    pictures = torch.rand(3, 5)
    assert Dropout(0.5).eval()(pictures) is pictures
    assert Dropout(0.0)(pictures) is pictures


@pytest.mark.parametrize("p", [0.001, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("shape", [(7,), (300, 1001), (16, 32, 27, 31), (2, 3, 4, 5, 6)])
def test_every_value_is_dropped_with_the_same_probability(shape, p):
    torch.manual_seed(5)
    layer, count = Dropout(p), 40
    dropped = sum((layer(torch.ones(shape)) == 0).float() for _ in range(count)) / count
    assert dropped.shape == shape
    assert float(dropped.mean()) == pytest.approx(p, abs=5 * (p * (1 - p) / dropped.numel() / count) ** 0.5)
    # Neighbours that one draw decides on are dropped independently of each other.
    first, second = dropped.flatten()[:-1], dropped.flatten()[1:]
    if dropped.numel() > 1000 and p > 0.01:
        assert abs(float(torch.corrcoef(torch.stack([first, second]))[0, 1])) < 5 / dropped.numel() ** 0.5


def test_gradients_reach_the_kept_values_alone_scaled_alike():
    torch.manual_seed(1)
    x = torch.ones(4, 3, 5, 5, requires_grad=True)
    y = Dropout(0.25)(x)
    y.sum().backward()
    assert torch.equal(x.grad, y.detach())
    assert y.unique().tolist() == [0.0, pytest.approx(1 / 0.75)]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU here")
def test_the_mask_is_the_same_on_a_gpu():
    layer, pictures = Dropout(0.5), torch.ones(4, 64)
    torch.manual_seed(3)
    here = layer(pictures)
    torch.manual_seed(3)
    assert torch.equal(here, layer(pictures.cuda()).cpu())
