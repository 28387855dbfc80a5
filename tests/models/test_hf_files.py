import json
from pathlib import Path
from typing import Any

import pytest

from shelfwise.errors import ModelError
from shelfwise.models import hf_files
from shelfwise.models.hf_files import image_settings, locate, weights_digest, weights_files, weights_keys

PLAIN = {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.25, 0.5], "size": {"height": 32, "width": 32}}


def settings(folder: Path, **changes: Any) -> hf_files.ImageSettings:
    (folder / "preprocessor_config.json").write_text(json.dumps(PLAIN | changes))
    return image_settings(folder)


def test_mean_and_deviation_are_taken_as_they_are(tmp_path: Path) -> None:
    assert settings(tmp_path) == hf_files.ImageSettings(32, (0.5, 0.4, 0.3), (0.2, 0.25, 0.5))


@pytest.mark.parametrize(
    ("changes", "side"),
    [
        ({"size": 48}, 48),
        ({"size": {"shortest_edge": 256}}, 256),
        (
            {
                "size": {"shortest_edge": 256},
                "crop_size": {"height": 224, "width": 224},
                "do_center_crop": True,
            },
            224,
        ),
        ({"size": {"shortest_edge": 256}, "crop_size": 224, "do_center_crop": True}, 224),
        ({"size": {"height": 32, "width": 32}, "crop_size": {"height": 24, "width": 24}}, 32),
    ],
)
def test_the_side_is_the_one_after_cropping(tmp_path: Path, changes: dict[str, Any], side: int) -> None:
    assert settings(tmp_path, **changes).size == side


def test_another_scale_of_values_moves_into_mean_and_deviation(tmp_path: Path) -> None:
    # (value / 127.5 - 1) / 1 is (value / 255 - 0.5) / 0.5.
    scaled = settings(tmp_path, rescale_factor=1 / 127.5, image_mean=[1, 1, 1], image_std=[1, 1, 1])
    assert scaled.mean == pytest.approx((0.5, 0.5, 0.5))
    assert scaled.std == pytest.approx((0.5, 0.5, 0.5))


def test_values_may_stay_bytes_or_go_without_normalisation(tmp_path: Path) -> None:
    raw = settings(tmp_path, do_rescale=False, image_mean=[127.5] * 3, image_std=[127.5] * 3)
    assert raw.mean == raw.std == pytest.approx((0.5, 0.5, 0.5))
    plain = settings(tmp_path, do_normalize=False)
    assert (plain.mean, plain.std) == ((0, 0, 0), (1, 1, 1))


def test_the_joint_settings_of_a_processor_are_read_too(tmp_path: Path) -> None:
    (tmp_path / "processor_config.json").write_text(json.dumps({"image_processor": PLAIN}))
    assert image_settings(tmp_path).size == 32


@pytest.mark.parametrize(
    "changes",
    [
        {"image_mean": None},
        {"image_mean": [0.5]},
        {"image_std": [0.2, 0.0, 0.2]},
        {"size": {}},
        {"size": None},
        {"size": 0},
        {"rescale_factor": 0},
    ],
)
def test_settings_that_make_no_sense_are_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="image processor"):
        settings(tmp_path, **changes)


@pytest.mark.parametrize("content", ["", "[1]", "{"])
def test_a_garbled_settings_file_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "preprocessor_config.json").write_text(content)
    with pytest.raises(ModelError, match=r"preprocessor_config\.json"):
        image_settings(tmp_path)


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no config\.json"):
        locate(str(tmp_path))
    with pytest.raises(ModelError, match=r"no preprocessor_config\.json"):
        image_settings(tmp_path)
    with pytest.raises(ModelError, match=r"no model\.safetensors"):
        weights_files(tmp_path)
    with pytest.raises(ModelError, match="no such folder"):
        locate(str(tmp_path / "absent"))


def test_a_damaged_weights_file_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("safetensors", reason="safetensors is not installed")
    (tmp_path / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(ModelError, match="damaged"):
        weights_keys(tmp_path)


def test_the_digest_covers_every_file_in_order(tmp_path: Path) -> None:
    (tmp_path / "model-00002-of-00002.safetensors").write_bytes(b"bc")
    (tmp_path / "model-00001-of-00002.safetensors").write_bytes(b"a")
    assert weights_digest(tmp_path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_without_a_network_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed")

    def refuse(repository: str, **_: object) -> str:
        raise hub.errors.LocalEntryNotFoundError(f"{repository}: no connection")

    monkeypatch.setattr(hub, "snapshot_download", refuse)
    with pytest.raises(ModelError, match=r"hf download shop/model --local-dir FOLDER.*hf:FOLDER"):
        locate("shop/model")


def test_only_settings_and_safetensors_are_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed")
    asked: list[object] = []

    def fetch(repository: str, *, allow_patterns: list[str]) -> str:
        asked.append(allow_patterns)
        (tmp_path / "config.json").write_text("{}")
        return str(tmp_path)

    monkeypatch.setattr(hub, "snapshot_download", fetch)
    assert locate("shop/fetched") == locate("shop/fetched") == tmp_path
    assert asked == [
        ["config.json", "preprocessor_config.json", "processor_config.json", "model*.safetensors*"]
    ]
