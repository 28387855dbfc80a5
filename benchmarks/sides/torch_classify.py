"""The PyTorch side of ``speed-classify``: what one writes in an hour, with the network and weights of a run.

Pillow decodes and resizes, batches of 32, ``eval()``, no gradients, fp32, CSV to standard output.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file
from torch.utils.data import DataLoader, Dataset

from shelfwise.models import build_network, get_spec

BATCH = 32


class Photos(Dataset[tuple[torch.Tensor, str]]):
    """The photos of a folder, as normalised floats."""

    def __init__(self, folder: Path, name: str, size: int) -> None:
        self.paths, self.size = sorted(folder.glob("*.jpg")), size
        spec = get_spec(name)
        self.mean = torch.tensor(spec.mean).view(3, 1, 1)
        self.std = torch.tensor(spec.std).view(3, 1, 1)

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


def main() -> None:
    """Classify a folder."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--channels-last", action="store_true")
    given = parser.parse_args()
    bundle = json.loads((given.run / "bundle" / "bundle.json").read_text("utf-8"))
    categories = bundle["categories"]
    network = build_network(bundle["name"], len(categories), pretrained=False)
    network.load_state_dict(load_file(given.run / "checkpoints" / "best.safetensors"))
    network.eval()
    order = torch.channels_last if given.channels_last else torch.contiguous_format
    network.to(memory_format=order)  # type: ignore[call-overload]
    photos = Photos(given.photos, bundle["name"], bundle["preprocessing"]["size"])
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["path", "category", "confidence"])
    with torch.no_grad():
        for images, paths in batches(photos, given.workers):
            confidences, labels = network(images.contiguous(memory_format=order)).softmax(1).max(1)
            for path, label, confidence in zip(paths, labels.tolist(), confidences.tolist(), strict=True):
                writer.writerow([path, categories[label], f"{confidence:.6f}"])
            sys.stdout.flush()


if __name__ == "__main__":
    main()
