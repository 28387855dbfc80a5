"""The PyTorch side of the speed of classifying: what one writes in an hour, with the networks and weights of runs.

Pillow decodes and resizes, batches of 32, ``eval()``, no gradients, fp32, CSV to standard output. It takes one
run, or all that a bundle was joined from, whose logits are added as ``shelfwise.models.merge`` does it.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import nn
from torch.utils.data import DataLoader, Dataset

from shelfwise.models import build_network

BATCH = 32


class Photos(Dataset[tuple[torch.Tensor, str]]):
    """The photos of a folder, as normalised floats."""

    def __init__(self, folder: Path, preprocessing: Mapping[str, Any]) -> None:
        self.paths, self.size = sorted(folder.glob("*.jpg")), preprocessing["size"]
        self.mean = torch.tensor(preprocessing["mean"]).view(3, 1, 1)
        self.std = torch.tensor(preprocessing["std"]).view(3, 1, 1)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, str]:
        with Image.open(self.paths[index]) as file:
            image = file.convert("RGB").resize((self.size, self.size), Image.Resampling.BILINEAR)
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255
        return (pixels - self.mean) / self.std, str(self.paths[index])


def batches(photos: Photos, workers: int) -> Iterable[tuple[torch.Tensor, list[str]]]:
    """Batches in order: by worker processes, or in a plain loop where there are none."""
    if workers:
        yield from DataLoader(photos, BATCH, num_workers=workers)
        return
    for start in range(0, len(photos), BATCH):
        rows = [photos[i] for i in range(start, min(start + BATCH, len(photos)))]
        yield torch.stack([pixels for pixels, _ in rows]), [path for _, path in rows]


class Joined(nn.Module):
    """Several networks as one: the weighted mean of their calibrated logits."""

    def __init__(self, networks: Sequence[nn.Module], factors: Sequence[float]) -> None:
        super().__init__()
        self.networks, self.factors = nn.ModuleList(networks), tuple(factors)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Pictures to logits."""
        parts = [factor * net(x) for factor, net in zip(self.factors, self.networks, strict=True)]
        return torch.stack(parts).sum(0)


def read(bundle: Path) -> dict[str, Any]:
    """What a bundle says of itself."""
    content: dict[str, Any] = json.loads((bundle / "bundle.json").read_text("utf-8"))
    return content


def network_of(run: Path) -> nn.Module:
    """The network of a run with its best weights."""
    bundle = read(run / "bundle")
    network = build_network(bundle["name"], len(bundle["categories"]), pretrained=False)
    network.load_state_dict(load_file(run / "checkpoints" / "best.safetensors"))
    return network


def joined(runs: Sequence[Path], bundle: Mapping[str, Any]) -> nn.Module:
    """The network of a bundle that was joined from these runs, in the order of its members."""
    members = bundle["provenance"]["members"]
    total = sum(member["share"] for member in members)
    factors = [member["share"] / total / member["temperature"] for member in members]
    return Joined([network_of(run) for run in runs], factors)


def main(arguments: Sequence[str] | None = None) -> None:
    """Classify a folder."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--run", type=Path, nargs="+", required=True)
    parser.add_argument("--joined", type=Path, help="the bundle that was joined from the runs")
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--channels-last", action="store_true")
    given = parser.parse_args(arguments)
    bundle = read(given.joined or given.run[0] / "bundle")
    network = joined(given.run, bundle) if given.joined else network_of(given.run[0])
    network.eval()
    order = torch.channels_last if given.channels_last else torch.contiguous_format
    network.to(memory_format=order)  # type: ignore[call-overload]
    photos = Photos(given.photos, bundle["preprocessing"])
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["path", "category", "confidence"])
    with torch.no_grad():
        for images, paths in batches(photos, given.workers):
            logits = network(images.contiguous(memory_format=order)) / bundle["temperature"]
            confidences, labels = logits.softmax(1).max(1)
            for path, label, confidence in zip(paths, labels.tolist(), confidences.tolist(), strict=True):
                writer.writerow([path, bundle["categories"][label], f"{confidence:.6f}"])
            sys.stdout.flush()


if __name__ == "__main__":
    main()
