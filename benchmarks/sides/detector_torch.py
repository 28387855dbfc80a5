"""The PyTorch side of the detector's speed: the same network with the weights as trained, fp32, on all cores.

In batches, each on all cores, or as our side does it: one thread a picture, one picture a core.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from safetensors.torch import load_file

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.sides.detector_pictures import pictures
from shelfwise.models.product_detector import ProductDetector
from shelfwise.training.detect.fit import normalisation
from shelfwise.training.folder import RunFolder

_WARM = 1


def main() -> None:
    """Look at all pictures and print how many a second."""
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("photo", type=Path)
    parser.add_argument("side", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("batch", type=int, help="pictures at once; 0: one a core, each on one thread")
    given = parser.parse_args()
    _, config = RunFolder.open_detector(given.run)
    network = ProductDetector(config.backbone, width=config.width, depth=config.depth)
    network.load_state_dict(load_file(given.run / "checkpoints" / "best.safetensors"))
    network = network.eval().to(memory_format=torch.channels_last)
    form = normalisation(config)
    mean, std = (torch.tensor(each).view(1, 3, 1, 1) * 255 for each in (form.mean, form.std))
    cores = len(os.sched_getaffinity(0))
    at_once, batch = (1, given.batch) if given.batch else (cores, 1)
    torch.set_num_threads(cores // at_once)
    images = torch.from_numpy(pictures(given.photo, given.side, given.count))

    @torch.no_grad()
    def look(start: int) -> int:
        part = images[start : start + batch]
        x = (
            part.permute(0, 3, 1, 2)
            .float()
            .sub_(mean)
            .div_(std)
            .contiguous(memory_format=torch.channels_last)
        )
        found = network(x)
        return int((found.logits.sigmoid() > 0.4).sum())

    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(look, [0] * _WARM * at_once))
        started = time.perf_counter()
        sure = sum(pool.map(look, range(0, len(images), batch)))
        seconds = time.perf_counter() - started
    print(json.dumps({"rate": len(images) / seconds, "sure": sure}))


if __name__ == "__main__":
    main()
