"""``shelfwise classify`` by its best engine against PyTorch fp32, against its own limit, and from a cold start."""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import classifying, machine
from benchmarks.goals import GOALS
from benchmarks.measure import Comparison, Run, alternate, compare, measure
from benchmarks.options import Options
from benchmarks.photos import PhotoSet, photo_folder, photo_set
from benchmarks.result import BenchmarkError, Figure, Result, percent
from benchmarks.runs import member_runs
from shelfwise.bundle import Bundle, read_bundle
from shelfwise.errors import ParityError
from shelfwise.inference.cpu import BF16, cpu_flags
from shelfwise.inference.engines import available, choose
from shelfwise.workflows.classify import find_bundle
from shelfwise.workflows.export import export
from shelfwise.workflows.export_photos import of_photos, of_run

__all__ = ["speed_engine"]

NAME = "speed-engine"
PHOTOS = 400
TRIED_PHOTOS = 100
REPEATS = 3
COLD_STARTS = 7
_LEAST_AGREEMENT = 0.97
_METHOD = (
    "One process tree, one run after the other; the sides take turns. Each run is a process of its own that"
    " classifies the folder and writes CSV; the photos are in the page cache. The figure is the ratio of the"
    " medians of whole processes, start-up included; in brackets the range over the pairs.",
    "The model is the one that comes with Shelfwise, unless another is named. Ours is `shelfwise classify --engine …`"
    " in the fastest of the ways that were tried first: each installed engine, on the model as it is (however it is"
    " kept, it is reckoned in float32, which OpenVINO turns into bf16 where the processor has it) and on its int8"
    " export, if that passes its comparison with the original (first answer changed on at most 0.5 % of the photos).",
    "PyTorch: the same networks in fp32 with the weights as they were trained, built by `shelfwise.models`; where the"
    " model is joined from several, their logits are added by the same shares and temperatures. Pillow decoding and"
    " resizing at full resolution, batches of 32, in a plain loop and with a `DataLoader`, the faster of the two.",
    "The limit is the slower of decoding with resizing alone and the engine alone, on all cores each, in that way;"
    " the rate compared with it is from the tenth part of the photos to the last.",
    "Cold start: `python -m shelfwise classify PHOTO --model BUNDLE` from start to exit, one photo, in"
    " the engine that is taken by itself for so few, median.",
)


@dataclass(frozen=True, slots=True)
class _Subject:
    """What is measured: a bundle, and the runs with its weights for PyTorch."""

    bundle: Bundle
    runs: tuple[Path, ...]

    @property
    def joined(self) -> Path | None:
        """The bundle's folder where it was joined from the runs."""
        return self.bundle.path if "members" in self.bundle.provenance else None

    @property
    def what(self) -> str:
        """The model in words."""
        members = self.bundle.provenance.get("members", ())
        parts = [f"{member['config']['recipe']} {percent(member['share'], 0)}" for member in members]
        bits = self.bundle.provenance.get("weight_bits")
        return (
            f"{self.bundle.name} with {len(self.bundle.categories)} categories, bundle {self.bundle.id}"
            + (f", joined from {' and '.join(parts)}" if parts else "")
            + (f", weights kept in {bits} bits" if bits else "")
        )


@dataclass(frozen=True, slots=True)
class _Way:
    """A bundle in an engine."""

    numbers: str
    bundle: Path
    engine: str

    def __str__(self) -> str:
        if self.engine != "openvino" or not cpu_flags() & BF16:
            return f"{self.engine} {self.numbers}"
        return f"{self.engine} {self.numbers} {'as bf16' if self.numbers == 'fp32' else 'with bf16'}"


@dataclass(frozen=True, slots=True)
class _Measured:
    """All that was measured."""

    what: str
    way: _Way
    tried: Mapping[str, float]
    refused: tuple[str, ...]
    torch_way: str
    ours: list[Run]
    peer: list[Run]
    limits: Mapping[str, float]
    agreement: float
    cold: list[float]
    whole: Comparison


def speed_engine(options: Options) -> Result:
    """Measure the model that is named (the first of the runs, or a bundle), else the one in the package."""
    count = options.photos or PHOTOS
    photos = photo_set(count)
    subject = _subject(options)
    with (
        photo_folder(photos.files, count) as folder,
        photo_folder(photos.files, min(count, TRIED_PHOTOS)) as few,
        tempfile.TemporaryDirectory(prefix="engine-") as exports,
    ):
        measured = _measure(subject, folder, few, Path(exports), options)
    return _result(photos, measured)


def _subject(options: Options) -> _Subject:
    """What to measure.

    Raises:
        BenchmarkError: the weights that it was made from are not there.
    """
    bundle = read_bundle(find_bundle(options.runs[0] if options.runs else options.bundle))
    if "members" in bundle.provenance:
        return _Subject(bundle, member_runs(bundle))
    run = bundle.path.parent
    if not (run / "checkpoints" / "best.safetensors").is_file():
        raise BenchmarkError(
            f"{bundle.path} lies in no run whose weights PyTorch could take: name a run with --run"
        )
    return _Subject(bundle, (run,))


def _measure(subject: _Subject, folder: Path, few: Path, exports: Path, options: Options) -> _Measured:
    tell = options.tell

    def by_torch(photos: Path, way: str) -> Run:
        return classifying.torch_plain(subject.runs, photos, way, subject.joined)

    tell(f"  {subject.what}; auto is {choose()}")
    refused: list[str] = []
    ways = {str(way): way for way in _ways(subject, folder, exports, refused.append)}
    tried = {name: _rate(few, classifying.ours(way.bundle, few, way.engine)) for name, way in ways.items()}
    torch_ways = [way for way in classifying.TORCH_WAYS if "channels_last" not in way]
    torch_tried = {way: _rate(few, by_torch(few, way)) for way in torch_ways}
    tell("  " + "; ".join(f"{name} {rate:.1f}" for name, rate in (tried | torch_tried).items()))
    best = ways[max(tried, key=lambda name: tried[name])]
    torch_way = max(torch_tried, key=lambda name: torch_tried[name])
    ours, peer = alternate(
        lambda: classifying.ours(best.bundle, folder, best.engine),
        lambda: by_torch(folder, torch_way),
        options.repeats or REPEATS,
        tell,
    )
    same = classifying.agreement(ours[0].lines, peer[0].lines)
    if same < _LEAST_AGREEMENT:
        raise BenchmarkError(
            f"{subject.what}: the sides agree on {percent(same)} of the photos only, so one is wrong"
        )
    return _Measured(
        what=subject.what,
        way=best,
        tried=tried | torch_tried,
        refused=tuple(refused),
        torch_way=torch_way,
        ours=ours,
        peer=peer,
        limits=classifying.limits(best.bundle, folder, best.engine),
        agreement=same,
        cold=_cold_starts(subject.bundle.path, next(few.iterdir())),
        whole=compare([_rate(folder, each) for each in ours], [_rate(folder, each) for each in peer]),
    )


def _ways(subject: _Subject, photos: Path, exports: Path, refused: Callable[[str], None]) -> Iterator[_Way]:
    original = subject.bundle
    bundles = {"fp32": original.path}
    # Calibrated on photos that it was trained on, and compared on others.
    chosen = of_run(subject.runs[0]) or of_photos([str(photos)])
    try:
        made = export(original, exports / "int8", "int8", chosen, stages=_silent)
        bundles["int8"] = made.bundle.path
    except ParityError as error:
        refused(str(error))
    for numbers, bundle in bundles.items():
        for engine in available():
            yield _Way(numbers, bundle, engine)


def _silent(_: str) -> Callable[[int, int], None]:
    return lambda done, total: None


def _rate(folder: Path, run: Run) -> float:
    return sum(1 for _ in folder.iterdir()) / run.seconds


def _cold_starts(bundle: Path, photo: Path) -> list[float]:
    command = [sys.executable, "-m", "shelfwise", "classify", photo, "--model", bundle]
    return [measure(command).seconds for _ in range(COLD_STARTS)]


def _result(photos: PhotoSet, measured: _Measured) -> Result:
    return Result(
        name=NAME,
        figures=_figures(measured),
        command=(f"python -m benchmarks {NAME}",),
        method=_METHOD,
        limit=(_limit(measured),),
        remarks=_remarks(photos, measured),
        machine=machine.facts(),
        versions=machine.versions(
            ("shelfwise", "onnxruntime", "openvino", "nncf", "torch", "numpy", "pillow")
        ),
        samples=_samples(measured),
    )


def _figures(measured: _Measured) -> tuple[Figure, Figure, Figure]:
    speed, share, cold = GOALS[NAME]
    whole = measured.whole
    least = min(measured.limits.values())
    rates = [each.rate_after_start() for each in measured.ours]
    shares = [rate / least for rate in rates]
    return (
        speed.figure(
            whole.ratio,
            whole.low,
            whole.high,
            ours=f"{measured.way}: {whole.ours:.1f} photos/s",
            peer=f"PyTorch fp32 ({measured.torch_way}) {whole.peer:.1f} photos/s",
        ),
        share.figure(
            statistics.median(shares),
            min(shares),
            max(shares),
            ours=f"{statistics.median(rates):.1f} photos/s after the start",
            peer=f"the slower alone {least:.1f} photos/s",
        ),
        cold.figure(
            statistics.median(measured.cold),
            min(measured.cold),
            max(measured.cold),
            ours=f"{len(measured.cold)} starts",
            peer="–",
        ),
    )


def _limit(measured: _Measured) -> str:
    decoding, network = measured.limits["decoding"], measured.limits["network"]
    both = 1 / (1 / decoding + 1 / network)
    share = percent(both / min(decoding, network), 0)
    return (
        f"Decoding and resizing alone {decoding:,.1f} photos/s, the engine alone {network:,.1f} photos/s, on all"
        f" cores each. Both need the same cores, so that no more than {both:,.1f} photos/s are possible, {share} of"
        " the slower."
    )


def _remarks(photos: PhotoSet, measured: _Measured) -> tuple[str, ...]:
    listed = "; ".join(f"{name} {rate:.1f}" for name, rate in measured.tried.items())
    return (
        f"Model: {measured.what}. Photos: {len(measured.ours[0].lines) - 1:,} ({photos.what}).",
        f"Tried first, whole processes on few photos, photos a second: {listed}.",
        f"Both sides give the same category for {percent(measured.agreement)} of the photos.",
        *(f"Not eligible: {text}" for text in measured.refused),
    )


def _samples(measured: _Measured) -> dict[str, Any]:
    return {
        "way": str(measured.way),
        "tried": dict(measured.tried),
        "limits": dict(measured.limits),
        "agreement": measured.agreement,
        "ours_seconds": [round(run.seconds, 3) for run in measured.ours],
        "peer_seconds": [round(run.seconds, 3) for run in measured.peer],
        "cold_seconds": [round(seconds, 3) for seconds in measured.cold],
    }
