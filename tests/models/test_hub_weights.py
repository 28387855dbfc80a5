import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save

from shelfwise.errors import ModelError
from shelfwise.models import SPECS, ModelSpec, WeightsInfo, build_network, get_spec, with_weights
from shelfwise.models.dinov2 import DINOv2
from shelfwise.models.hub_weights import Hub, find_weights
from shelfwise.models.network import Network
from shelfwise.models.spec import HubFile

CONTENT = save(
    {
        name: torch.full_like(value, 0.5)
        for name, value in DINOv2(1, depth=1, width=4, heads=1).state_dict().items()
        if not name.startswith("head.")
    }
)
DIGEST = hashlib.sha256(CONTENT).hexdigest()
OTHER = save({"a": torch.ones(1)})


@pytest.fixture
def spec() -> ModelSpec:
    """A small DINOv2 whose weights lie on a hub."""

    def build(num_classes: int, dropout: float) -> Network:
        return DINOv2(num_classes, dropout, depth=1, width=4, heads=1)

    others = (WeightsInfo("elsewhere", hashlib.sha256(OTHER).hexdigest()),)
    return replace(
        SPECS["dinov2-small"], build=build, hub=HubFile("shop/small", "abc123", DIGEST, others=others)
    )


@pytest.fixture
def hub(site: Any, tmp_path: Path) -> Hub:
    site.put("/shop/small/resolve/abc123/model.safetensors", b"", redirect="/store/1")
    site.put("/store/1", CONTENT)
    return Hub(tmp_path / "cache" / "weights", f"{site.url}/")


def test_weights_are_fetched_once_checked_and_kept(spec: ModelSpec, hub: Hub, site: Any) -> None:
    said: list[tuple[str, int, int]] = []
    found = find_weights(
        spec, hub=hub, stages=lambda name: lambda done, total: said.append((name, done, total))
    )
    assert found.weights is not None and found.weights() == WeightsInfo("model hub shop/small", DIGEST)
    assert said[-1] == ("Fetching the weights of DINOv2 ViT-S/14", len(CONTENT), len(CONTENT))
    assert [path.name for path in hub.folder.iterdir()] == ["dinov2-small.safetensors"]
    network = build_network(found, 2)
    assert all(bool((p == 0.5).all()) for stage in network.stages() for p in stage.parameters())

    site.requests.clear()
    assert find_weights(spec, hub=hub).weights is not None
    assert site.requests == []


def test_a_broken_transfer_goes_on(spec: ModelSpec, hub: Hub, site: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("shelfwise.download.time.sleep", lambda _: None)
    site.put("/store/1", CONTENT, break_after=[1000])
    find_weights(spec, hub=hub)
    assert hub.kept(spec).read_bytes() == CONTENT


def test_a_changed_file_on_the_hub_is_not_taken(spec: ModelSpec, hub: Hub, site: Any) -> None:
    site.put("/store/1", OTHER)
    with pytest.raises(ModelError, match=r"checksum is wrong.*--weights"):
        find_weights(spec, hub=hub)
    assert list(hub.folder.iterdir()) == []


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "nonsense"])
def test_without_a_hub_the_error_says_where_the_file_is_and_where_it_may_lie(
    address: str, spec: ModelSpec, tmp_path: Path
) -> None:
    hub = Hub(tmp_path / "weights", address)
    with pytest.raises(ModelError) as caught:
        find_weights(spec, hub=hub)
    for words in ("--weights", f"put it at {hub.kept(spec)}", f"model.safetensors of {address}/shop/small"):
        assert words in str(caught.value)


def test_a_file_put_into_the_cache_by_hand_is_used(spec: ModelSpec, tmp_path: Path) -> None:
    hub = Hub(tmp_path, "http://127.0.0.1:9")
    hub.kept(spec).write_bytes(OTHER)
    found = find_weights(spec, hub=hub)
    assert found.weights is not None and found.weights().source == "elsewhere"


def test_a_damaged_file_in_the_cache_is_refused(spec: ModelSpec, tmp_path: Path) -> None:
    hub = Hub(tmp_path, "http://127.0.0.1:9")
    hub.kept(spec).write_bytes(CONTENT[:-1])
    with pytest.raises(ModelError, match=r"not the published file.*delete it"):
        find_weights(spec, hub=hub)


def test_a_file_given_by_hand_comes_first_and_is_known_by_its_digest(spec: ModelSpec, tmp_path: Path) -> None:
    file = tmp_path / "mine.safetensors"
    file.write_bytes(CONTENT + b"")
    found = find_weights(spec, given=file, hub=Hub(tmp_path, "http://127.0.0.1:9"))
    assert found.weights is not None and found.weights().source == "model hub shop/small"
    file.write_bytes(save({"b": torch.ones(1)}))
    unknown = with_weights(spec, file)
    assert unknown.weights is not None and unknown.weights().source == "file mine.safetensors"
    with pytest.raises(ModelError, match="does not hold the weights of this DINOv2"):
        build_network(unknown, 2)


def test_a_file_that_is_not_there_is_named(spec: ModelSpec, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent.safetensors"):
        with pytest.raises(ModelError, match=f"{path}: there is no such file"):
            find_weights(spec, given=path)


@pytest.mark.parametrize("name", ["small-cnn", "lite0"])
def test_a_network_that_brings_its_weights_takes_no_file(name: str, tmp_path: Path) -> None:
    spec = get_spec(name)
    assert find_weights(spec, hub=Hub(tmp_path)) is spec
    with pytest.raises(ModelError, match=f"{name} takes no file of weights.*leave --weights out"):
        find_weights(spec, given=tmp_path / "weights.safetensors")


@pytest.mark.parametrize("name", ["tiny-vit-5m", "dinov2-small"])
def test_without_a_file_pretrained_weights_are_asked_for(name: str) -> None:
    spec = get_spec(name)
    with pytest.raises(ModelError, match=r"name it with --weights; it is model\.safetensors of https://"):
        find_weights(spec)
    with pytest.raises(ModelError, match=r"name one \(--weights\)"):
        build_network(spec, 2)
