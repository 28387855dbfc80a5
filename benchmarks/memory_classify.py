"""Peak memory of ``shelfwise classify`` on few and on many photos."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from benchmarks import classifying, machine
from benchmarks.goals import GOALS
from benchmarks.measure import Run
from benchmarks.options import Options
from benchmarks.photos import photo_folder, photo_set
from benchmarks.result import Result
from benchmarks.runs import any_run

__all__ = ["memory_classify"]

NAME = "memory-classify"
FEW, TIMES = 2000, 10
REPEATS = 2
_METHOD = (
    "`shelfwise classify FOLDER --format csv` as a process of its own; its largest resident memory as the system"
    " counted it (`ru_maxrss`), median of the repeats, the two sizes in turn. The 20,000 photos are the 2,000 ten"
    " times over, as links. `small-cnn`: its network takes the least memory, so that what grows with the photos would"
    " show most.",
)


def memory_classify(options: Options) -> Result:
    """Measure a folder and one ten times as large in turn."""
    few = options.photos or FEW
    photos = photo_set(few)
    run, what = any_run("small-cnn", options.runs)
    measured: dict[int, list[Run]] = {few: [], few * TIMES: []}
    for number in range(options.repeats or REPEATS):
        for count, runs in measured.items():
            with photo_folder(photos.files, count) as folder:
                runs.append(classifying.ours(run, folder))
            options.tell(f"  {number + 1}: {count:,} photos, {runs[-1].peak_bytes / 1e6:.1f} MB")
    small, large = measured.values()
    ratios = [many.peak_bytes / one.peak_bytes for one, many in zip(small, large, strict=True)]
    ratio = _median(large) / _median(small)
    figure = GOALS[NAME][0].figure(
        ratio,
        min(ratio, *ratios),
        max(ratio, *ratios),
        ours=f"{few * TIMES:,} photos: {_median(large):.0f} MB",
        peer=f"{few:,} photos: {_median(small):.0f} MB",
    )
    return Result(
        name=NAME,
        figures=(figure,),
        command=(f"python -m benchmarks {NAME}",),
        method=_METHOD,
        remarks=(
            f"Model: {what}. Photos: {photos.what}.",
            f"{_speed(small, few):.0f} photos a second on the small folder, {_speed(large, few * TIMES):.0f} on the"
            " large one, whole processes.",
        ),
        machine=machine.facts(),
        versions=machine.versions(("shelfwise", "onnxruntime", "numpy", "pillow")),
        samples={
            str(count): [
                {"peak_mb": round(each.peak_bytes / 1e6, 1), "seconds": round(each.seconds, 3)}
                for each in runs
            ]
            for count, runs in measured.items()
        },
    )


def _median(runs: Sequence[Run]) -> float:
    return statistics.median(run.peak_bytes for run in runs) / 1e6


def _speed(runs: Sequence[Run], count: int) -> float:
    return count / statistics.median(run.seconds for run in runs)
