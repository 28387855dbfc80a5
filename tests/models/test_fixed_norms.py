import pytest

torch = pytest.importorskip("torch", reason="networks need torch")

from shelfwise.models import build_network


@pytest.fixture
def network():
    torch.manual_seed(0)
    network = build_network("lite0", 4, dropout=0.0, pretrained=False)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
    return network


def test_statistics_stay_while_scales_and_weights_are_trained(network):
    network.fix_norms()
    network.train()
    norm, conv = network.top.norm, network.top.conv
    before = norm.running_mean.clone(), norm.weight.clone(), conv.weight.clone()
    optimizer = torch.optim.SGD(network.parameters(), lr=10.0)
    network(torch.randn(2, 3, 64, 64)).sum().backward()
    optimizer.step()
    assert network.head.training
    assert torch.equal(norm.running_mean, before[0])
    assert not torch.equal(norm.weight, before[1])
    assert not torch.equal(conv.weight, before[2])


def test_training_with_fixed_norms_computes_what_evaluation_does(network):
    network.fix_norms()
    network.train()
    pictures = torch.randn(2, 3, 65, 64)
    with torch.no_grad():
        evaluated = network(pictures)
    assert torch.allclose(network(pictures), evaluated, atol=1e-4)


def test_frozen_stages_stay_as_they_are_in_training(network):
    network.freeze_stages(2)
    network.train()
    frozen, trained = network.stages()[:2], network.stages()[2]
    assert not any(p.requires_grad for stage in frozen for p in stage.parameters())
    assert not any(module.training for stage in frozen for module in stage.modules())
    assert all(p.requires_grad for p in trained.parameters())
    assert trained.training


def test_gradients_are_those_of_the_unfolded_norm(network):
    network.eval()
    stem = network.stem
    pictures = torch.randn(2, 3, 16, 16)
    stem(pictures).square().sum().backward()
    folded = [p.grad.clone() for p in stem.parameters()]
    stem.zero_grad()
    stem.activation(stem.norm(stem.conv(pictures))).square().sum().backward()
    for got, parameter in zip(folded, stem.parameters(), strict=True):
        assert torch.allclose(got, parameter.grad, rtol=1e-3, atol=1e-2)
