"""What both training loops are to the callbacks beside them: a network, its history, and a state to go on from."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from typing import Any, Generic, Protocol, TypeVar

import torch
from torch import Tensor, nn

from shelfwise.training.optim import MovingAverage

__all__ = ["Callback", "Epoch", "Learner"]


class Epoch(Protocol):
    """What one epoch gave."""

    @property
    def epoch(self) -> int:
        """Its number, from 1."""

    def to_dict(self) -> dict[str, float]:
        """The record as a row of the history."""


Record = TypeVar("Record", bound=Epoch)
Trained = TypeVar("Trained", bound="Learner[Any]", contravariant=True)


class Callback(Generic[Trained]):
    """Something that happens beside the loop; subclasses override what they need."""

    def on_step(self, trainer: Trained, step: int, loss: float) -> None:
        """After each optimiser step of an epoch (``step`` counts from 1)."""

    def on_epoch_end(self, trainer: Trained, record: Epoch) -> None:
        """After each epoch has been validated; ``record`` is already in ``trainer.history``."""


class Learner(ABC, Generic[Record]):
    """A network that is trained epoch by epoch; subclasses have the loop.

    Args:
        network: the network, on its device.
        optimizer: of its parameters.
        batches: what an epoch shows; their number is that of its steps.
        record: makes the record of an epoch from a row of the history.
        lr: the highest learning rate.
        ema: decay of the moving average of the weights; 0 for none.
        epochs: number of the last epoch.
        callbacks: called in this order.

    Attributes:
        history: all whole epochs.
        should_stop: set by a callback to end training after the present step.
    """

    def __init__(
        self,
        network: nn.Module,
        optimizer: torch.optim.Optimizer,
        batches: Sized,
        record: Callable[..., Record],
        *,
        lr: float,
        ema: float,
        epochs: int,
        callbacks: Sequence[Callback[Any]],
    ) -> None:
        self.network, self.optimizer, self.batches = network, optimizer, batches
        self.lr, self.epochs, self.callbacks, self._record = lr, epochs, callbacks, record
        self.average = MovingAverage(network, ema) if ema > 0 else None
        self.history: list[Record] = []
        self.should_stop = False

    @abstractmethod
    def fit(self) -> list[Record]:
        """Train from where ``history`` ends to the last epoch, or until a callback sets ``should_stop``."""

    @abstractmethod
    def best(self) -> Record:
        """The epoch of ``history`` to keep."""

    @property
    def next_epoch(self) -> int:
        """The number of the epoch that is not whole yet."""
        return self.history[-1].epoch + 1 if self.history else 1

    def weights(self) -> dict[str, Tensor]:
        """The weights to keep: the moving average where there is one."""
        return self.network.state_dict() if self.average is None else self.average.state

    @contextlib.contextmanager
    def kept_weights(self) -> Iterator[None]:
        """The network with the weights to keep, in evaluation mode, for the length of a block."""
        training = self.network.training
        own: dict[str, Tensor] | None = None
        if self.average is not None:
            own = {name: value.clone() for name, value in self.network.state_dict().items()}
            self.network.load_state_dict(self.average.state)
        self.network.eval()
        try:
            yield
        finally:
            if own is not None:
                self.network.load_state_dict(own)
            self.network.train(training)

    def state(self) -> dict[str, Any]:
        """All that a later run needs to go on from here as if there had been no stop."""
        average = self.average
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": None if average is None else average.state,
            "average_updates": 0 if average is None else average.updates,
            "history": [record.to_dict() for record in self.history],
        }

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on from what :meth:`state` gave."""
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.average is not None:
            for name, value in state["average"].items():
                self.average.state[name].copy_(value)
            self.average.updates = state["average_updates"]
        self.history = [self._record(**row) for row in state["history"]]

    def tell(self, record: Record) -> None:
        """Add an epoch to the history, and call the callbacks."""
        self.history.append(record)
        for callback in self.callbacks:
            callback.on_epoch_end(self, record)
