"""Our side of ``speed-train``: the steps of ``shelfwise train``, with a clock at the ends of the epochs."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from shelfwise.images.preprocess import Preprocessing
from shelfwise.models import build_network, get_spec
from shelfwise.training.batches import Batches
from shelfwise.training.config import TrainConfig, recipe_defaults
from shelfwise.training.fit import Report, TrainingData, fit
from shelfwise.training.folder import RunFolder
from shelfwise.training.hardware import has_fast_bf16
from shelfwise.workflows.prepare import Prepared, prepare

RECIPE = "small-cnn"


class Clock:
    """Stages of a run; the one of training notes when each epoch's last step and its validation were over."""

    def __init__(self) -> None:
        self.steps_over: list[float] = []
        self.epochs_over: list[float] = []
        self.first_step = 0.0

    def __call__(self, name: str) -> Report:
        """Begin a stage."""
        return self._training if name == "Training" else self._nothing

    def _nothing(self, done: int, total: int | None = None, text: str = "") -> None:
        """Other stages are not looked at."""

    def _training(self, done: int, total: int | None = None, text: str = "") -> None:
        now = time.monotonic()
        self.first_step = self.first_step or now
        if "loss" not in text:
            self.epochs_over.append(now)
        elif len(self.steps_over) == len(self.epochs_over):
            self.steps_over.append(now)
        else:  # a later step of the same epoch
            self.steps_over[-1] = now

    def epochs(self) -> list[float]:
        """Seconds of the steps of each epoch after the first, without validation and checkpoint."""
        return [end - start for start, end in zip(self.epochs_over, self.steps_over[1:], strict=False)]


def main() -> None:
    """Train, and print what it took as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--classes", required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--work", type=Path, required=True)
    given = parser.parse_args()
    chosen = {"classes": given.classes.split(","), "epochs": given.epochs + 1, "patience": 0}
    config = TrainConfig(data=given.data, out=given.work / "run", **recipe_defaults(RECIPE) | chosen)
    run, spec, clock = RunFolder.create(config), get_spec(RECIPE), Clock()
    preprocessing = Preprocessing(spec.input_size, resize=config.resize, mean=spec.mean, std=spec.std)
    prepared = prepare(
        config, run, preprocessing, cache_dir=given.work / "cache", stages=clock, note=lambda text: None
    )
    fit(config, spec, preprocessing, prepared.data, run.path, "benchmark", clock)
    batches = _batches(config, prepared.data, spec.input_size)
    plan = prepared.data.plan
    photos = min(len(plan.indices), len(batches) * config.batch_size)
    (given.work / "photos.json").write_text(json.dumps(_photos(prepared)), "utf-8")
    answer = {
        "photos_an_epoch": photos,
        "parameters": _parameters(len(prepared.data.categories)),
        "varied": int(plan.varied.sum()),
        "batch_size": config.batch_size,
        "epoch_seconds": clock.epochs(),
        "input_rate": _input_rate(batches, photos),
        "precision": "bf16" if has_fast_bf16(torch.device("cpu")) else "fp32",
        "gflop_a_photo": 3 * _forward_flop(len(prepared.data.categories)) / 1e9,
        "matrix_gflops": _matrix_gflops(),
    }
    print(json.dumps(answer))


def _batches(config: TrainConfig, data: TrainingData, size: int) -> Batches:
    categories = len(data.categories)
    device = torch.device("cpu")
    return Batches(data.train, data.plan, config, categories=categories, size=size, device=device)


def _photos(prepared: Prepared) -> list[tuple[str, str, bool]]:
    """Path, category and whether it is varied, of each photo of an epoch: for the other side."""
    dataset, plan = prepared.dataset, prepared.data.plan
    rows = []
    for position, varied in zip(plan.indices, plan.varied, strict=True):
        index = prepared.split.train[position]
        category = dataset.categories[dataset.samples[index].label]
        rows.append((str(dataset.path(index)), category, bool(varied)))
    return rows


def _input_rate(batches: Batches, photos: int) -> float:
    """Photos a second of the input alone, without a network."""
    started = time.monotonic()
    for _ in batches.epoch(1):
        pass
    return photos / (time.monotonic() - started)


def _parameters(categories: int) -> int:
    """Weights and statistics of the network, as Keras counts them."""
    network = build_network(RECIPE, categories)
    statistics = [buffer for name, buffer in network.named_buffers() if "running" in name]
    return sum(tensor.numel() for tensor in [*network.parameters(), *statistics])


def _forward_flop(categories: int) -> float:
    network = build_network(RECIPE, categories).eval()
    size = get_spec(RECIPE).input_size
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.zeros(1, 3, size, size))
    return float(counter.get_total_flops())


def _matrix_gflops(side: int = 1024, seconds: float = 1.0) -> float:
    """What a plain fp32 matrix product reaches on this machine: the best that fp32 arithmetic could."""
    a, b = torch.ones(side, side), torch.ones(side, side)
    torch.mm(a, b)
    started, count = time.monotonic(), 0
    while time.monotonic() - started < seconds:
        torch.mm(a, b)
        count += 1
    return 2 * side**3 * count / (time.monotonic() - started) / 1e9


if __name__ == "__main__":
    main()
