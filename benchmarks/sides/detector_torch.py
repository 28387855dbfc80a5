"""The PyTorch side of the detector's speed: the same network with the weights as trained, fp32, on all cores."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import load_file

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.sides.detector_pictures import pictures
from shelfwise.models.product_detector import ProductDetector
from shelfwise.training.detect.fit import normalisation
from shelfwise.training.folder import RunFolder

_WARM = 1


@torch.no_grad()
def main() -> None:
    """Look at all pictures and print how many a second."""
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("photo", type=Path)
    parser.add_argument("side", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("batch", type=int)
    given = parser.parse_args()
    _, config = RunFolder.open_detector(given.run)
    network = ProductDetector(config.backbone, width=config.width, depth=config.depth)
    network.load_state_dict(load_file(given.run / "checkpoints" / "best.safetensors"))
    network = network.eval().to(memory_format=torch.channels_last)
    form = normalisation(config)
    mean, std = (torch.tensor(each).view(1, 3, 1, 1) * 255 for each in (form.mean, form.std))
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    images = torch.from_numpy(pictures(given.photo, given.side, given.count))

    def look(part: torch.Tensor) -> int:
        x = (
            part.permute(0, 3, 1, 2)
            .float()
            .sub_(mean)
            .div_(std)
            .contiguous(memory_format=torch.channels_last)
        )
        found = network(x)
        return int((found.logits.sigmoid() > 0.4).sum())

    for _ in range(_WARM):
        look(images[: given.batch])
    started = time.perf_counter()
    sure = sum(look(images[start : start + given.batch]) for start in range(0, len(images), given.batch))
    print(json.dumps({"rate": len(images) / (time.perf_counter() - started), "sure": sure}))


if __name__ == "__main__":
    main()
