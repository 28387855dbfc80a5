import io
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from shelfwise.errors import ModelError
from shelfwise.models.dinov2 import DINOv2
from shelfwise.models.weight_files import load_body, read_tensors
from shelfwise.models.weight_names import dinov2_names


def small() -> DINOv2:
    return DINOv2(3, depth=2, width=8, heads=2)


def body(network: DINOv2) -> dict[str, Tensor]:
    return {name: value for name, value in network.state_dict().items() if not name.startswith("head.")}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The body of another network of the same kind, in half precision."""
    path = tmp_path / "weights.safetensors"
    torch.manual_seed(3)
    save_file({name: torch.randn_like(value).half() for name, value in body(small()).items()}, path)
    return path


def test_the_body_is_loaded_in_float32_and_the_head_stays(file: Path) -> None:
    network = small()
    head = network.head.dense.weight.clone()
    load_body(network, file, dinov2_names)
    published = read_tensors(file)
    for name, value in body(network).items():
        assert value.dtype == torch.float32
        assert torch.equal(value, published[name].float())
    assert torch.equal(network.head.dense.weight, head)


def change(file: Path, edit: Callable[[dict[str, Tensor]], None]) -> None:
    state = read_tensors(file)
    edit(state)
    save_file(state, file)


def lose(state: dict[str, Tensor]) -> None:
    del state["blocks.1.attn.qkv.weight"]


def add(state: dict[str, Tensor]) -> None:
    state["blocks.2.norm1.weight"] = torch.ones(8)


def add_registers(state: dict[str, Tensor]) -> None:
    state["reg_token"] = torch.ones(1, 4, 8)


def widen(state: dict[str, Tensor]) -> None:
    state["norm.weight"] = torch.ones(9)


def shrink_grid(state: dict[str, Tensor]) -> None:
    state["embed.pos_embed"] = torch.ones(1, 257, 8)


def spoil(state: dict[str, Tensor]) -> None:
    state["norm.bias"] = torch.full((8,), torch.nan)


def quantise(state: dict[str, Tensor]) -> None:
    state["norm.bias"] = torch.ones(8, dtype=torch.int8)


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (lose, r"lacks 1 of 34 tensors, blocks\.1\.attn\.qkv\.weight"),
        (add, r"1 tensors too many, blocks\.2\.norm1\.weight"),
        (add_registers, "reg_token"),
        (widen, r"norm\.weight is 9, not 8"),
        (shrink_grid, r"pos_embed is 1×257×8, not 1×1370×8"),
        (spoil, "infinite or no numbers"),
        (quantise, "no real numbers but int8"),
    ],
)
def test_weights_of_another_network_are_refused_and_change_nothing(
    edit: Callable[[dict[str, Tensor]], None], problem: str, file: Path
) -> None:
    change(file, edit)
    network = small()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with pytest.raises(ModelError, match=problem) as caught:
        load_body(network, file, dinov2_names)
    assert str(file) in str(caught.value) and "name another file" in str(caught.value)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


class Trap:
    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return Path(__file__).with_name("trapped").mkdir, ()  # type: ignore[return-value]


def pickled() -> bytes:
    buffer = io.BytesIO()
    torch.save({"norm.weight": torch.ones(8)}, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"short",
        b"\xff" * 64,
        (1 << 40).to_bytes(8, "little") + b"{}",
        (2).to_bytes(8, "little") + b"[]",
        (2).to_bytes(8, "little") + b"{]",
        pickle.dumps(Trap()),
        pickled(),
    ],
)
def test_what_is_no_safetensors_file_is_refused_and_not_unpickled(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "weights.bin"
    file.write_bytes(content)
    with pytest.raises(ModelError, match="safetensors file, pickles are never loaded"):
        read_tensors(file)
    assert not Path(__file__).with_name("trapped").exists()


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.999])
def test_a_truncated_file_is_refused(kept: float, file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(ModelError, match="fetch it again"):
        load_body(small(), file, dinov2_names)


def test_a_folder_or_nothing_is_no_file(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent"):
        with pytest.raises(ModelError, match="cannot be read"):
            read_tensors(path)
