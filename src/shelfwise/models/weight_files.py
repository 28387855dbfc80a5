"""Files of weights: safetensors only, read without running any of their content, and checked tensor by tensor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from shelfwise.errors import ModelError
from shelfwise.models.network import Network

__all__ = ["Names", "load_body", "read_tensors"]

Names = Callable[[Mapping[str, Tensor]], dict[str, Tensor]]
"""Gives a published file's tensors our names, in our form, and leaves out what we have no use for."""

_FORMAT = "weights have to be a safetensors file, pickles are never loaded"


def read_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of a safetensors file by name.

    Raises:
        ModelError: it cannot be read, is damaged, or is of another format.
    """
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    except SafetensorError as error:
        raise ModelError(f"{path} cannot be read as weights ({error}): fetch it again; {_FORMAT}") from error
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}") from error


def load_body(network: Network, path: Path, names: Names) -> None:
    """Give the network's body the weights in a file, in float32; the head stays as it is.

    The file has to hold each of the body's tensors, and nothing that the body does not have.

    Args:
        network: the network, on the CPU.
        path: a safetensors file.
        names: what the file's tensors are called with us.

    Raises:
        ModelError: the file cannot be read, or its tensors are not those of this network.
    """
    state = names(read_tensors(path))
    own = {name: value for name, value in network.state_dict().items() if not name.startswith("head.")}
    if problem := _problem(own, state):
        kind = type(network).__name__
        raise ModelError(f"{path} does not hold the weights of this {kind}: {problem}; name another file")
    with torch.no_grad():
        for name, value in own.items():
            value.copy_(state[name])


def _problem(own: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> str | None:
    """What is wrong with the tensors of a file, in words; None if they are as they have to be."""
    if missing := sorted(own.keys() - state.keys()):
        return f"it lacks {len(missing)} of {len(own)} tensors, {missing[0]} for one"
    if unknown := sorted(state.keys() - own.keys()):
        return f"it has {len(unknown)} tensors too many, {unknown[0]} for one"
    for name, value in own.items():
        given = state[name]
        if given.shape != value.shape:
            return f"{name} is {_sides(given)}, not {_sides(value)}"
        if not given.is_floating_point():
            return f"{name} holds no real numbers but {str(given.dtype).removeprefix('torch.')}"
        if not bool(torch.isfinite(given).all()):
            return f"{name} holds values that are infinite or no numbers"
    return None


def _sides(tensor: Tensor) -> str:
    return "×".join(map(str, tensor.shape)) or "a single number"
