"""Writing composed scenes as a COCO folder: photos one by one, the annotations last."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np

from shelfwise.datasets.scenes.cutouts import CutOuts, Part
from shelfwise.datasets.scenes.finish import jpeg
from shelfwise.datasets.scenes.palettes import Look
from shelfwise.datasets.scenes.scene import compose_scene
from shelfwise.datasets.scenes.truth import KINDS, Kind
from shelfwise.datasets.scenes.wares import Wares
from shelfwise.errors import ConfigError, DataError
from shelfwise.extras import require_found
from shelfwise.files import atomic_write_bytes, atomic_write_text, storage_errors

__all__ = ["DEFAULT_KINDS", "Recipe", "compose"]

DEFAULT_KINDS: Final[Mapping[Kind, float]] = {"shelf": 0.55, "table": 0.2, "collage": 0.2, "empty": 0.05}
"""How often each kind of scene comes."""

_ANNOTATIONS: Final = "annotations.json"
_RECIPE: Final = "scenes.json"
_FACTS: Final = "facts"
_VERSION: Final = 1
_SEEDS: Final[Mapping[Look, tuple[int, int]]] = {"train": (0, 1_000_000), "held-out": (1_000_000, 2_000_000)}


@dataclass(frozen=True)
class Recipe:
    """All that a set of scenes follows from.

    Attributes:
        seed: of the set; another one, other scenes.
        kinds: how often each kind comes; the shares need not sum to 1.
        sizes: least and greatest longer side in pixels.
        rows: least and greatest number of rows that a shelf shows.
        part: which cut-outs: a photo in ten is held out, by its name.
        look: which palettes, fonts, fittings and surfaces; None: those of the part.
    """

    seed: int
    kinds: Mapping[Kind, float]
    sizes: tuple[int, int] = (640, 1600)
    rows: tuple[int, int] = (1, 10)
    part: Part = "all"
    look: Look | None = None

    @property
    def drawn(self) -> Look:
        """The look that scenes are drawn with."""
        return self.look or ("held-out" if self.part == "held-out" else "train")

    def check(self) -> None:
        """Raise ConfigError if a number or a name is out of range."""
        low, high = self.sizes
        if self.seed < 0:
            raise ConfigError(f"seed {self.seed}: give a number from 0")
        if not 128 <= low <= high <= 6000:
            raise ConfigError(
                f"pictures of {low} to {high} pixels: give sizes from 128 to 6000, the smaller first"
            )
        if not 1 <= self.rows[0] <= self.rows[1] <= 10:
            raise ConfigError(
                f"shelves of {self.rows[0]} to {self.rows[1]} rows: give 1 to 10, the smaller first"
            )
        unknown = [kind for kind in self.kinds if kind not in KINDS]
        if unknown:
            raise ConfigError(f"no kind of scene is called {unknown[0]!r}; there are {', '.join(KINDS)}")
        shares = list(self.kinds.values())
        if not shares or min(shares) < 0 or not 0 < sum(shares) < float("inf"):
            raise ConfigError("the kinds' shares must be 0 or more, and one of them more")

    def kind_of(self, number: int) -> Kind:
        """The kind of a scene by its number."""
        shares = np.array([self.kinds.get(kind, 0.0) for kind in KINDS], float)
        rng = np.random.default_rng([self.seed, number, 1])
        return KINDS[int(rng.choice(len(KINDS), p=shares / shares.sum()))]


def compose(
    out: Path,
    count: int,
    cuts: Sequence[Path],
    recipe: Recipe,
    *,
    processes: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Compose scenes into a folder that the ``coco`` layout reads.

    The folder holds ``images``, and once all are there ``annotations.json``: COCO with one category, ``product``,
    and beyond COCO's own keys what is known of each scene (an image's ``kind`` and ``gaps``, an annotation's
    ``product``, ``row``, ``position`` and ``level``). Broken off, the same call goes on where it stopped. A scene
    does not depend on how many there are; the same arguments give the same bytes with the same versions of numpy,
    OpenCV and Pillow on the same kind of machine.

    Args:
        out: the folder; it may exist if it is empty or of the same recipe and cut-outs.
        count: how many scenes.
        cuts: folders of cut-outs; none: only painted packages.
        recipe: seed, kinds, sizes, part and look.
        processes: how many compose side by side.
        progress: called with (scenes done, scenes in all).

    Returns:
        The folder.

    Raises:
        ConfigError: the recipe or a number is out of range.
        DataError: the folder holds something else, or cut-outs are damaged.
        MissingExtraError: OpenCV or matplotlib is not installed.
        StorageError: a file cannot be written.
    """
    require_found("cv2", "matplotlib", what="Composing scenes", extra="train")
    recipe.check()
    if not 1 <= count <= 1_000_000 or processes < 1:
        raise ConfigError(
            f"{count} scenes by {processes} processes: give a million scenes at most, 1 at least"
        )
    _claim(out, cuts, recipe)
    missing = [number for number in range(count) if not _facts_file(out, number).is_file()]
    done = count - len(missing)
    if progress:
        progress(done, count)
    for _ in _composed(out, missing, cuts, recipe, processes):
        done += 1
        if progress:
            progress(done, count)
    atomic_write_text(out / _ANNOTATIONS, json.dumps(_coco(out, count)))
    return out


def _claim(out: Path, cuts: Sequence[Path], recipe: Recipe) -> None:
    """Make the folder ours by its recipe, or make sure that it is of the same one."""
    told = {"version": _VERSION, **asdict(recipe), "kinds": dict(recipe.kinds), "look": recipe.drawn,
            "cuts": [_digest(folder) for folder in cuts]}  # fmt: skip
    text = json.dumps(told, indent=2, sort_keys=True)
    file = out / _RECIPE
    if file.is_file():
        if json.loads(file.read_text(encoding="utf-8")) != json.loads(text):
            raise DataError(f"{out} holds scenes of another recipe: name another folder, or remove it")
        return
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DataError(f"{out} holds other files: name another folder")
    with storage_errors(out):
        (out / "images").mkdir(parents=True)
        (out / _FACTS).mkdir()
    atomic_write_text(file, text + "\n")


def _digest(folder: Path) -> str:
    index = CutOuts(folder)  # tells what is wrong with a folder before anything is written
    told = "\n".join(f"{cut.photo} {cut.offset} {cut.length}" for cut in index)
    return hashlib.sha256(told.encode()).hexdigest()


def _composed(
    out: Path, numbers: Sequence[int], cuts: Sequence[Path], recipe: Recipe, processes: int
) -> Iterator[None]:
    """Compose the scenes of these numbers, and tell of each."""
    if processes == 1 or len(numbers) < 2:
        worker = _Worker(out, cuts, recipe)
        for number in numbers:
            worker.write(number)
            yield
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, _start, (out, tuple(cuts), recipe)) as pool:
        waiting: set[Future[None]] = set()
        left = iter(numbers)
        try:
            while True:
                waiting |= {
                    pool.submit(_write, number) for number in islice(left, 2 * processes - len(waiting))
                }
                if not waiting:
                    return
                ended, waiting = wait_for(waiting, return_when="FIRST_COMPLETED")
                for future in ended:
                    future.result()
                    yield
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


class _Worker:
    """Composes and writes single scenes."""

    def __init__(self, out: Path, cuts: Sequence[Path], recipe: Recipe) -> None:
        import cv2

        cv2.setNumThreads(
            1
        )  # several processes share the cores, and one thread gives the same bytes everywhere
        self._out, self._recipe = out, recipe
        folders = [CutOuts(folder, recipe.part) for folder in cuts]
        self._wares = Wares([folder for folder in folders if len(folder)], recipe.drawn, _SEEDS[recipe.drawn])

    def write(self, number: int) -> None:
        recipe = self._recipe
        scene = compose_scene(
            self._wares, recipe.kind_of(number), recipe.seed, number, recipe.sizes, recipe.rows
        )
        data = jpeg(np.random.default_rng([recipe.seed, number, 2]), scene.picture)
        atomic_write_bytes(self._out / _image_name(number), data)
        atomic_write_text(_facts_file(self._out, number), json.dumps(scene.facts()))


_worker: list[_Worker] = []


def _start(out: Path, cuts: Sequence[Path], recipe: Recipe) -> None:
    _worker.append(_Worker(out, cuts, recipe))


def _write(number: int) -> None:
    _worker[0].write(number)


def _image_name(number: int) -> str:
    return f"images/{number:06}.jpg"


def _facts_file(out: Path, number: int) -> Path:
    return out / _FACTS / f"{number:06}.json"


def _coco(out: Path, count: int) -> dict[str, Any]:
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number in range(count):
        facts = json.loads(_facts_file(out, number).read_text(encoding="utf-8"))
        products = facts.pop("products")
        images.append({"id": number + 1, "file_name": _image_name(number), **facts})
        for product in products:
            width, height = product["bbox"][2:]
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number + 1,
                    "category_id": 1,
                    "area": round(width * height, 1),
                    "iscrowd": 0,
                    **product,
                }
            )
    return {
        "info": {"description": "Composed scenes: drawn by a program from cut-outs and painted packages"},
        "images": images,
        "annotations": annotations,
        "categories": [{"id": 1, "name": "product"}],
    }
