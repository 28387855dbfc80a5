import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from shelfwise.training.head import fit_head


def blobs(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 3
    centres = torch.eye(3, 8) * 4 + 10
    return centres[labels] + torch.randn(count, 8, generator=generator), labels


def test_it_separates_what_a_plane_separates_and_fits_the_layer():
    features, labels = blobs(150, 1)
    val_features, val_labels = blobs(60, 2)
    fit = fit_head(features, labels, val_features, val_labels, 3)
    layer = torch.nn.Linear(8, 3)
    fit.copy_to(layer)
    accuracy = (layer(val_features).argmax(1) == val_labels).float().mean()
    assert accuracy > 0.95


def test_it_is_deterministic_and_works_without_validation_photos():
    features, labels = blobs(60, 1)
    none, no_labels = torch.empty(0, 8), torch.empty(0, dtype=torch.int64)
    first, second = (fit_head(features, labels, none, no_labels, 3) for _ in range(2))
    assert torch.equal(first.weight, second.weight)


def test_a_constant_feature_does_no_harm():
    features, labels = blobs(60, 1)
    features[:, 0] = 5.0
    fit = fit_head(features, labels, features, labels, 3)
    assert torch.isfinite(fit.weight).all()
