"""The use case of measuring how fast photos are classified here, and what would be possible."""

from __future__ import annotations

import itertools
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from shelfwise.bundle import Bundle
from shelfwise.errors import ConfigError, DataError, ImageError, MissingExtraError, ModelError
from shelfwise.inference.classifier import Classifier, decisions_of, session_of, softmax
from shelfwise.inference.cpu import BF16, cpu_flags
from shelfwise.inference.engines import Engine, Precision, available, choose
from shelfwise.inference.session import Session
from shelfwise.models.flops import count_flops
from shelfwise.types import Prediction

__all__ = ["BenchmarkRun", "Row", "StageTimes", "Way", "benchmark", "ways"]

_PEAK_SIDE: Final = 1024
_STAGED: Final = 24
"""Photos that the stages are timed on, one by one."""
_MOST_PHOTOS: Final = 64
"""Photos that are gone through again and again: more would measure the disk."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Way:
    """One way to run a network: engine, what float32 is reckoned in, photos a call, calls at a time."""

    engine: Engine
    precision: Precision
    batch: int
    threads: int


@dataclass(frozen=True, slots=True)
class StageTimes:
    """Milliseconds a photo takes in each stage, in one thread; medians.

    Attributes:
        decode: from the file to pixels.
        preprocess: from these to the square that the network takes.
        inference: the network, by itself chosen, one photo a call.
        decide: from the network's numbers to the answer, by the bundle's decision rule if it has one.
    """

    decode: float
    preprocess: float
    inference: float
    decide: float


@dataclass(frozen=True, slots=True)
class Row:
    """What one bundle reached in one way. Rates are photos a second.

    Attributes:
        bundle: the bundle's folder.
        stored: how its network's weights are kept (:attr:`~shelfwise.bundle.Bundle.kept_in`).
        way: how it was run, with what it reckons in.
        rate: from file to answer.
        network: the network alone.
        decode: decoding and resizing alone, in as many threads.
        possible: what the CPU's measured float32 peak allows the network; None where its operations cannot be
            counted. A network in bf16 or int8 may be faster.
    """

    bundle: str
    stored: str
    way: Way
    rate: float
    network: float
    decode: float
    possible: float | None

    @property
    def reached(self) -> float:
        """The rate as a share of the slower of decoding alone and the network alone."""
        return self.rate / min(self.network, self.decode)

    @property
    def of_fp32_peak(self) -> float | None:
        """The network's rate as a share of what the float32 peak allows; in fewer bits it may be above 1."""
        return None if self.possible is None else self.network / self.possible


@dataclass(frozen=True, slots=True)
class BenchmarkRun:
    """All that was measured.

    Attributes:
        photos: number of different photos.
        mean_pixels: of their size, in pixels.
        peak: floating-point operations a second of a product of two float32 matrices on all cores.
        flops: operations for one photo, by bundle; what cannot be counted is missing.
        stages: times of a photo in each stage, by bundle.
        chosen: what ``auto`` is here, and why.
        rows: one for each bundle and way.
        notes: what could not be measured, and why.
    """

    photos: int
    mean_pixels: float
    peak: float
    flops: dict[str, int]
    stages: dict[str, StageTimes]
    chosen: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values that ``json`` can write."""
        rows = [asdict(row) | {"reached": row.reached, "of_fp32_peak": row.of_fp32_peak} for row in self.rows]
        return {
            "format": "shelfwise-speed",
            "version": 1,
            "cores": os.cpu_count(),
            **asdict(self),
            "rows": rows,
        }


def ways(
    engines: Sequence[Engine], precisions: Sequence[Precision], batches: Sequence[int], threads: Sequence[int]
) -> list[Way]:
    """The combinations that exist here; an empty sequence stands for the usual.

    Raises:
        ConfigError: there is none of the kind asked for.
    """
    cores = os.cpu_count() or 1
    named = [(engine, choose(engine, precision).precision) for engine in engines for precision in precisions]
    pairs = named or [
        (engine, precision)
        for engine in engines or available()
        for precision in precisions or _precisions(engine)
        if not (precision == "bf16" and engine != "openvino")
    ]
    if not pairs:
        raise ConfigError(
            f"no engine here reckons in {', '.join(precisions)}: there are {', '.join(available())}"
        )
    return [
        Way(engine, precision, batch, count)
        for (engine, precision), batch, count in itertools.product(
            dict.fromkeys(pairs), batches or (1, 16), threads or sorted({1, cores})
        )
    ]


def _precisions(engine: Engine) -> tuple[Precision, ...]:
    return ("fp32", "bf16") if engine == "openvino" and cpu_flags() & BF16 else ("fp32",)


def benchmark(
    bundles: Sequence[Bundle],
    photos: Sequence[Path | bytes],
    plan: Sequence[Way],
    *,
    seconds: float = 1.5,
    progress: Progress,
) -> BenchmarkRun:
    """Measure bundles on photos in all ways of a plan.

    Args:
        bundles: the models.
        photos: picture files or their bytes; those that cannot be read are left out.
        plan: the ways to run them.
        seconds: how long each single rate is measured for.
        progress: called with the number of measurements done and of all.

    Raises:
        DataError: no photo can be read.
        MissingExtraError: an engine is not installed.
        ModelError: a network cannot be loaded.
    """
    done = itertools.count(1)
    total = len(bundles) * (1 + len(plan))
    readable, mean_pixels = _readable(bundles[0], photos)
    peak = measure_peak()
    stages, flops, rows, notes = {}, {}, [], []
    for bundle in bundles:
        name = str(bundle.path)
        stages[name] = _stages(bundle, readable)
        progress(next(done), total)
        try:
            flops[name] = count_flops(bundle.model_onnx())
        except (MissingExtraError, ModelError) as error:
            notes.append(f"{name}: operations not counted: {error}")
        alone: dict[int, float] = {}
        for way in plan:
            if way.threads not in alone:
                alone[way.threads] = _decode_rate(bundle, readable, way.threads, seconds)
            rows.append(_row(bundle, way, readable, alone[way.threads], flops.get(name), peak, seconds))
            progress(next(done), total)
    return BenchmarkRun(
        len(readable), mean_pixels, peak, flops, stages, str(choose()), tuple(rows), tuple(notes)
    )


def measure_peak(side: int = _PEAK_SIDE) -> float:
    """Floating-point operations a second of a product of two float32 matrices of ``side``², on all cores."""
    matrix = np.random.default_rng(0).random((side, side), dtype=np.float32)
    best = 0.0
    for _ in range(8):
        started = time.perf_counter()
        matrix @ matrix
        best = max(best, 2 * side**3 / (time.perf_counter() - started))
    return best


def _readable(bundle: Bundle, photos: Sequence[Path | bytes]) -> tuple[list[Path | bytes], float]:
    """Photos that can be read, evenly spread, and their mean size in pixels."""
    count = min(len(photos), _MOST_PHOTOS)
    good: list[Path | bytes] = []
    pixels = []
    errors: list[ImageError] = []
    for photo in (photos[i * len(photos) // count] for i in range(count)):
        try:
            decoded = bundle.preprocessing.decode(photo)
        except ImageError as error:
            errors.append(error)
        else:
            good.append(photo)
            pixels.append(decoded.full[0] * decoded.full[1])
    if not good:
        raise DataError(f"no photo can be read{f'; the first: {errors[0]}' if errors else ''}")
    return good, statistics.fmean(pixels)


def _stages(bundle: Bundle, photos: Sequence[Path | bytes]) -> StageTimes:
    session, maker = session_of(bundle, callers=1), decisions_of(bundle)
    preprocessing, clock = bundle.preprocessing, time.perf_counter
    session.run(np.zeros((1, preprocessing.size, preprocessing.size, 3), np.uint8))
    times = []
    for photo in itertools.islice(itertools.cycle(photos), _STAGED):
        marks = [clock()]
        decoded = preprocessing.decode(photo)
        marks.append(clock())
        pixels = preprocessing.fit(decoded)
        marks.append(clock())
        logits, embedding = session.run(pixels[None])
        marks.append(clock())
        probabilities = softmax(logits, bundle.temperature)
        decision = maker.decide(logits, probabilities, embedding)[0] if maker else None
        Prediction(bundle.categories, probabilities[0], None, embedding[0], decision)
        marks.append(clock())
        times.append(np.diff(marks))
    return StageTimes(*(round(1000 * float(each), 4) for each in np.median(times, axis=0)))


def _row(
    bundle: Bundle,
    way: Way,
    photos: Sequence[Path | bytes],
    decode: float,
    flops: int | None,
    peak: float,
    seconds: float,
) -> Row:
    session = session_of(bundle, engine=way.engine, precision=way.precision, callers=way.threads)
    classifier = Classifier(bundle, session, threads=way.threads, batch_size=way.batch)
    network = _network_rate(session, _pixels(bundle, photos, way.batch), way.threads, seconds)
    return Row(
        bundle=str(bundle.path),
        stored=bundle.kept_in,
        way=way,
        rate=_whole_rate(classifier, photos, seconds),
        network=network,
        decode=decode,
        possible=None if not flops else peak * min(way.threads / (os.cpu_count() or 1), 1) / flops,
    )


def _pixels(bundle: Bundle, photos: Sequence[Path | bytes], count: int) -> NDArray[np.uint8]:
    return np.stack(
        [bundle.preprocessing.load(each) for each in itertools.islice(itertools.cycle(photos), count)]
    )


def _network_rate(session: Session, pixels: NDArray[np.uint8], threads: int, seconds: float) -> float:
    def work(_: int) -> int:
        return len(session.run(pixels).logits)

    return _rate(work, threads, seconds)


def _decode_rate(bundle: Bundle, photos: Sequence[Path | bytes], threads: int, seconds: float) -> float:
    def work(index: int) -> int:
        bundle.preprocessing.load(photos[index % len(photos)])
        return 1

    return _rate(work, threads, seconds)


def _rate(work: Callable[[int], int], threads: int, seconds: float) -> float:
    """Photos a second of ``work``, which does some and says how many, called over and over in so many threads."""
    work(0)
    numbers, started = itertools.count(), time.perf_counter()

    def until_the_end(_: int) -> int:
        count = 0
        while time.perf_counter() - started < seconds:
            count += work(next(numbers))
        return count

    with ThreadPoolExecutor(threads) as pool:
        count = sum(pool.map(until_the_end, range(threads)))
    return count / (time.perf_counter() - started)


def _whole_rate(classifier: Classifier, photos: Sequence[Path | bytes], seconds: float) -> float:
    """Photos a second from file to answer, when the first ones have come."""
    classifier.classify(photos[:1])
    started = time.perf_counter()

    def until_the_end() -> Iterator[Path | bytes]:
        for photo in itertools.cycle(photos):
            if time.perf_counter() - started >= seconds:
                return
            yield photo

    count = sum(1 for _ in classifier.stream(until_the_end()))
    return count / (time.perf_counter() - started)
