"""Photos for the benchmarks of speed and memory."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import ROOT
from benchmarks.result import BenchmarkError

__all__ = ["PhotoSet", "data_folder", "dataset_folder", "photo_folder", "photo_set"]

_PARTS = {"Freiburg Groceries": "freiburg/images/*/*.jpg", "Grocery Store": "grocery-store/*/*/**/*.jpg"}
_NOT_PHOTOS = "iconic-images-and-descriptions"
_RENDERED = 40


def data_folder() -> Path:
    """Where the real photos are: ``SHELFWISE_DATA``, by default ``../shared/data``; it need not exist."""
    return Path(os.environ.get("SHELFWISE_DATA") or ROOT / ".." / "shared" / "data").resolve()


def dataset_folder(name: str) -> Path:
    """The folder of a set of real photos.

    Raises:
        BenchmarkError: it is not there.
    """
    folder = data_folder() / name
    if not folder.is_dir():
        raise BenchmarkError(
            f"needs real photos, and there is no {folder}: set SHELFWISE_DATA to their folder"
        )
    return folder


@dataclass(frozen=True, slots=True)
class PhotoSet:
    """JPEG files, and what they are in words."""

    files: tuple[Path, ...]
    what: str
    rendered: bool


def photo_set(count: int) -> PhotoSet:
    """``count`` different real photos (or as many as there are), spread evenly over the sets by name.

    Where there are no real photos they are rendered ones.
    """
    found = {
        name: [path for path in sorted(data_folder().glob(pattern)) if _NOT_PHOTOS not in path.parts]
        for name, pattern in _PARTS.items()
    }
    everything = [path for paths in found.values() for path in paths]
    if not everything:
        return _rendered()
    taken = min(count, len(everything))
    files = tuple(everything[i * len(everything) // taken] for i in range(taken))
    chosen = set(files)
    counts = [f"{len(chosen.intersection(paths)):,} of {name}" for name, paths in found.items()]
    size = sum(path.stat().st_size for path in files) / len(files)
    return PhotoSet(files, f"{' and '.join(counts)}, {size / 1000:.0f} kB each in the mean", rendered=False)


def _rendered() -> PhotoSet:
    from shelfwise.datasets.sample import render_sample

    folder = render_sample(ROOT / "build" / "benchmarks" / "sample", per_class=_RENDERED)
    files = tuple(sorted(folder.glob("*/*.jpg")))
    return PhotoSet(
        files, "rendered pictures (no real photos were there), used again and again", rendered=True
    )


@contextlib.contextmanager
def photo_folder(files: Sequence[Path], count: int) -> Iterator[Path]:
    """A folder of ``count`` links to the files, again and again in turn; removed at the end.

    Each file is read once, so that all who come read it from memory.
    """
    for path in files[:count]:
        path.read_bytes()
    with tempfile.TemporaryDirectory(prefix="photos-") as text:
        folder = Path(text)
        for index in range(count):
            (folder / f"{index:06}.jpg").symlink_to(files[index % len(files)])
        yield folder
