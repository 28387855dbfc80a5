"""Train the model that comes with Shelfwise: from public photos to ``src/shelfwise/default_model``.

Run by ``make default-model``. Each step leaves its result in the work folder and is not repeated; one that was
broken off goes on where it was.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.result import BenchmarkError
from scripts.default_model import left_out, similarity
from scripts.default_model.joining import joined, with_metric
from scripts.default_model.members import member
from shelfwise.bundle import DEFAULT_BUNDLE
from shelfwise.cli.progress import Progress
from shelfwise.errors import ConfigError, ShelfwiseError
from shelfwise.settings import Settings

NAME = "groceries"
MOST_BYTES = 25_000_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Train what is not trained yet, join the members, make the result small, put it into the package."""
    options = _options(arguments)
    try:
        with Progress() as progress:
            (left_out.build if options.left_out else _build)(options, progress)
    except (BenchmarkError, ShelfwiseError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make default-model", description=__doc__)
    parser.add_argument(
        "--data", type=Path, default=Settings().data_dir, help="holds freiburg/ and grocery-store/"
    )
    parser.add_argument("--weights", type=Path, help="folder of pretrained weights; else the model hub's")
    parser.add_argument(
        "--work",
        type=Path,
        help="where the steps are kept; runs/default-model, or runs/left-out with --left-out",
    )
    parser.add_argument("--members", nargs="+", default=["dinov2", "tiny-vit"], help="recipes to join")
    parser.add_argument("--out", type=Path, default=DEFAULT_BUNDLE, help="where the model goes")
    parser.add_argument(
        "--left-out",
        action="store_true",
        help="train its twin without the classes that benchmarks ask about, measure the similarities of products"
        " with it, and leave the model in --out alone",
    )
    parser.add_argument(
        "--similarity", type=Path, default=similarity.FILE, help="file of the similarities of products"
    )
    options = parser.parse_args(arguments)
    options.work = options.work or Path("runs", "left-out" if options.left_out else "default-model")
    return options


def _build(options: argparse.Namespace, progress: Progress) -> None:
    measured = similarity.read(options.similarity)
    changes = {"data": options.data}
    runs = [member(name, options.work, changes, options.weights, progress) for name in options.members]
    plain = joined(runs, options.work / "joined", NAME, progress)
    bundle = with_metric(plain, options.work / "with-metric", runs[0], progress)
    shares = {each["config"]["recipe"]: each["share"] for each in bundle.provenance["members"]}
    progress.note("shares: " + ", ".join(f"{name} {share:.0%}" for name, share in shares.items()))
    if measured is None or shares != {r: s for r, s in measured.shares.items() if s}:
        progress.note(
            f"{options.similarity} is not of this model: measure it with --left-out, then run again"
        )
        measured = None
    size = sum(file.stat().st_size for file in bundle.path.iterdir())
    if size > MOST_BYTES:
        raise ConfigError(f"{bundle.path} has {size:,} bytes; the package takes {MOST_BYTES:,} at most")
    similarity.carried(bundle, options.out, measured)
    progress.note(f"the model is in {options.out}")


if __name__ == "__main__":
    sys.exit(main())
