"""The layers of a network as a table: what each gives out, and how many parameters it has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from shelfwise.models.network import Network

__all__ = ["Layer", "Summary", "summarise"]


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer.

    Attributes:
        name: its place in the network, as in the weights' names.
        kind: its class.
        output_shape: of one picture: (height, width, channels), or (length,) of a vector.
        parameters: how many numbers it holds, the running statistics of batch norm among them.
    """

    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int


@dataclass(frozen=True, slots=True)
class Summary:
    """All layers in the order in which a picture passes them.

    Attributes:
        layers: the input first.
        trainable: parameters that training changes by gradient.
        fixed: all others: running statistics, and whatever is frozen.
    """

    layers: tuple[Layer, ...]
    trainable: int
    fixed: int

    @property
    def total(self) -> int:
        """All parameters."""
        return self.trainable + self.fixed


def summarise(network: Network, input_size: int) -> Summary:
    """Send one blank picture of ``input_size`` pixels a side through the network and note each layer."""
    layers = [Layer("input", "Input", (input_size, input_size, 3), 0)]
    seen: set[str] = set()

    def note(name: str, module: nn.Module, output: object) -> None:
        if isinstance(output, Tensor) and not isinstance(module, nn.Identity):
            own = 0 if name in seen else _count(_own_tensors(module))
            seen.add(name)
            layers.append(Layer(name, type(module).__name__, _shape(output), own))

    handles = [
        module.register_forward_hook(lambda module, _, output, name=name: note(name, module, output))
        for name, module in network.named_modules()
        if not list(module.children()) or _count(_own_tensors(module))
    ]
    training = network.training
    try:
        with torch.inference_mode():
            blank = torch.zeros(1, 3, input_size, input_size, device=next(network.parameters()).device)
            network.eval()(blank)
    finally:
        network.train(training)
        for handle in handles:
            handle.remove()
    trainable = _count(parameter for parameter in network.parameters() if parameter.requires_grad)
    return Summary(tuple(layers), trainable, _count(network.state_dict().values()) - trainable)


def _own_tensors(module: nn.Module) -> list[Tensor]:
    buffers = [buffer for name, buffer in module.named_buffers(recurse=False)]
    return [*module.parameters(recurse=False), *buffers]


def _count(tensors: Iterable[Tensor]) -> int:
    """How many numbers; counters and indices, which are whole numbers, are none."""
    return sum(tensor.numel() for tensor in tensors if tensor.is_floating_point())


def _shape(output: Tensor) -> tuple[int, ...]:
    shape = tuple(output.shape[1:])
    return (*shape[1:], shape[0]) if len(shape) == 3 else shape
