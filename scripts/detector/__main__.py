"""Train the detector that comes with Shelfwise: compose scenes, train, and put it into the package.

Run by ``make detector``. Scenes that are there are not composed again, and a training that was broken off goes on.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.detector import scenes
from shelfwise.bundle import DEFAULT_DETECTOR, derive_bundle
from shelfwise.cli.progress import Progress
from shelfwise.config import load_config
from shelfwise.errors import ConfigError, ShelfwiseError
from shelfwise.settings import Settings
from shelfwise.training.detect.config import DetectConfig
from shelfwise.workflows.train_detector import resume_detector, train_detector

MOST_BYTES = 15_000_000
SETTINGS = Path(__file__).parent / "detector.toml"
LEARNED = ("train-a", "train-b")
SHOWN = 2
"""How often a scene is shown for once that a photo is: scenes are as dense as shelves, and the photos are not."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    try:
        scenes.main(options.work / "scenes", [*LEARNED, "val", "held-out"])
        with Progress() as progress:
            _train(options, progress)
    except ShelfwiseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make detector", description=__doc__)
    parser.add_argument("--data", type=Path, default=Settings().data_dir, help="holds freiburg/")
    parser.add_argument("--work", type=Path, default=Path("runs"), help="where scenes and the run are kept")
    parser.add_argument("--out", type=Path, default=DEFAULT_DETECTOR, help="where the detector goes")
    return parser.parse_args(arguments)


def _train(options: argparse.Namespace, progress: Progress) -> None:
    run = options.work / "detector-run"
    if run.exists():
        result = resume_detector(run, stages=progress.stage, note=progress.note)
    else:
        composed = options.work / "scenes"
        given = {
            "data": str(options.data / "freiburg"),
            "also": [str(composed / name) for name in LEARNED] * SHOWN,
            "validate_on": [str(composed / "val")],
            "out": str(run),
        }
        config = load_config(DetectConfig, file=SETTINGS, flags=given)
        result = train_detector(config, stages=progress.stage, note=progress.note)
    size = sum(file.stat().st_size for file in result.bundle.path.iterdir())
    if size > MOST_BYTES:
        raise ConfigError(
            f"{result.bundle.path} has {size:,} bytes; the package takes {MOST_BYTES:,} at most"
        )
    derive_bundle(result.bundle, options.out)
    progress.note(f"the detector is in {options.out}")


if __name__ == "__main__":
    sys.exit(main())
