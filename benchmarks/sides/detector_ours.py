"""Our side of the detector's speed: the bundle's graph in ONNX Runtime, one thread a picture, one picture a core."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.sides.detector_pictures import pictures
from shelfwise.bundle import read_bundle
from shelfwise.shelf.detector import box_session_of

_WARM = 4


def main() -> None:
    """Look at all pictures and print how many a second."""
    parser = argparse.ArgumentParser()
    parser.add_argument("bundle", type=Path)
    parser.add_argument("photo", type=Path)
    parser.add_argument("side", type=int)
    parser.add_argument("count", type=int)
    given = parser.parse_args()
    images = pictures(given.photo, given.side, given.count)
    session = box_session_of(read_bundle(given.bundle), threads=1)
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        list(pool.map(lambda image: session.run(image[None]), images[:_WARM]))
        started = time.perf_counter()
        answers = list(pool.map(lambda image: session.run(image[None]), images))
        seconds = time.perf_counter() - started
    print(
        json.dumps({"rate": len(images) / seconds, "sure": sum(int((a.scores > 0.4).sum()) for a in answers)})
    )


if __name__ == "__main__":
    main()
