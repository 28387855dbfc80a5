"""How fast the parts of ``classify`` are by themselves: decoding, the network."""

from __future__ import annotations

import argparse
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

import shelfwise

FEW = 320


def main() -> None:
    """Print photos a second of each part as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--engine", default="auto")
    given = parser.parse_args()
    classifier = shelfwise.load(given.model, engine=given.engine)
    preprocessing = classifier.bundle.preprocessing
    paths = sorted(given.photos.glob("*.jpg"))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        started = time.monotonic()
        for _ in pool.map(preprocessing.load, paths):
            pass
        decoding = len(paths) / (time.monotonic() - started)
        pixels = np.stack(list(pool.map(preprocessing.load, paths[:FEW])))
    classifier.probabilities(pixels[:64])
    started = time.monotonic()
    classifier.probabilities(pixels)
    network = len(pixels) / (time.monotonic() - started)
    print(json.dumps({"decoding": decoding, "network": network}))


if __name__ == "__main__":
    main()
