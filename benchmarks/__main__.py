"""``python -m benchmarks [NAME…]``: measure, keep the results, write docs/benchmarks.md."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from benchmarks.goals import GOALS, TITLES
from benchmarks.measure import ROOT
from benchmarks.options import Options
from benchmarks.report import write_page
from benchmarks.result import BenchmarkError, Result
from shelfwise.errors import ShelfwiseError

__all__ = ["main"]

REPORT = "report"


def _benchmarks() -> Mapping[str, Callable[[Options], Result]]:
    from benchmarks.accuracy import freiburg, grocery_store, small_cnn
    from benchmarks.default_model import accuracy_default
    from benchmarks.detector import detector_accuracy
    from benchmarks.detector_speed import detector_speed
    from benchmarks.detector_suppression import detector_suppression
    from benchmarks.few_shot import few_shot
    from benchmarks.front import front
    from benchmarks.left_out import left_out
    from benchmarks.memory_classify import memory_classify
    from benchmarks.product_search import product_search
    from benchmarks.server import server
    from benchmarks.server_hostile import server_hostile
    from benchmarks.speed_classify import speed_classify
    from benchmarks.speed_engine import speed_engine
    from benchmarks.speed_train import speed_train
    from benchmarks.stock_book import stock_book
    from benchmarks.unknown import unknown

    return {
        "accuracy-default": accuracy_default,
        "front": front,
        "accuracy-small-cnn": small_cnn,
        "accuracy-freiburg": freiburg,
        "accuracy-grocery-store": grocery_store,
        "unknown": unknown,
        "unknown-left-out": left_out,
        "speed-train": speed_train,
        "speed-classify": speed_classify,
        "memory-classify": memory_classify,
        "few-shot": few_shot,
        "product-search": product_search,
        "speed-engine": speed_engine,
        "detector-accuracy": detector_accuracy,
        "detector-suppression": detector_suppression,
        "detector-speed": detector_speed,
        "server": server,
        "stock-book": stock_book,
        "server-hostile": server_hostile,
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = [*GOALS, REPORT]
    parser.add_argument(
        "names", nargs="*", choices=[[], *names], metavar="NAME", help=f"by default all: {', '.join(names)}"
    )
    parser.add_argument("--run", dest="runs", action="append", type=Path, default=[], metavar="DIR")
    parser.add_argument(
        "--bundle",
        type=Path,
        metavar="DIR",
        help="in place of the left-out twin (few-shot, unknown-left-out) or the model that ships (speed-engine)",
    )
    parser.add_argument("--repeats", type=int, help="how often each side is measured")
    parser.add_argument("--photos", type=int, help="a trial with so many photos; needs --results")
    parser.add_argument("--products", type=int, help="a stock book with so many products; needs --results")
    parser.add_argument("--movements", type=int, help="a stock book with so many movements; needs --results")
    parser.add_argument("--results", type=Path, help="write results and page there, not into the project")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks that are named, or all; 1 if one could not be measured."""
    parser = _parser()
    given = parser.parse_args(arguments)
    for name in ("photos", "products", "movements"):
        if getattr(given, name) and not given.results:
            parser.error(f"--{name} is for trials: say with --results where to put their results")
    options = Options(
        results=given.results or ROOT / "benchmarks" / "results",
        page=given.results / "benchmarks.md" if given.results else ROOT / "docs" / "benchmarks.md",
        runs=tuple(path.resolve() for path in given.runs),
        bundle=given.bundle.resolve() if given.bundle else None,
        photos=given.photos,
        products=given.products,
        movements=given.movements,
        repeats=given.repeats,
        tell=partial(print, flush=True),
    )
    wanted = [name for name in given.names if name != REPORT]
    if not given.names:
        wanted = list(GOALS)
    failed = [name for name in wanted if not _run(name, options)]
    write_page(options.results, options.page)
    if failed:
        print(f"not measured: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _run(name: str, options: Options) -> bool:
    options.tell(f"{name}: {TITLES[name]}")
    started = time.monotonic()
    try:
        result = _benchmarks()[name](options)
    except (BenchmarkError, ShelfwiseError) as error:
        print(f"{name}: {error}", file=sys.stderr, flush=True)
        return False
    result.save(options.results)
    write_page(options.results, options.page)
    for figure in result.figures:
        mark = "reached" if figure.reached else "not reached"
        options.tell(f"  {figure.what}: {figure.ours} | {figure.peer} | {figure.value:.3f} {mark}")
    options.tell(f"  {time.monotonic() - started:.0f} s")
    return True


if __name__ == "__main__":
    sys.exit(main())
