"""Cut-outs of whatever is given for them: a dataset with boxes, pictures of single products, cut-outs themselves."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from shelfwise.datasets.dataset import Dataset
from shelfwise.datasets.layouts import LAYOUTS, read_dataset
from shelfwise.datasets.scenes.cutouts import cut_boxes, cut_pictures, is_cut_outs
from shelfwise.errors import DataError

__all__ = ["prepare_cuts"]

_BOXED: Final = ("coco", "voc", "yolo")


def prepare_cuts(source: Path, cache: Path, *, progress: Callable[[int, int], None] | None = None) -> Path:
    """The folder of cut-outs of a source; it is made at first, and found again as long as the source stays the same.

    A source is the same if its path is, and the names, sizes and times of change of all files in it.

    Args:
        source: a folder of cut-outs; a dataset in one of the layouts with boxes; or a folder of pictures that each
            show one product before white.
        cache: where folders of cut-outs are made.
        progress: called with (photos done, photos in all) while boxes are cut out.

    Raises:
        DataError: there is nothing to cut out, or the source cannot be looked through.
        ImageError: a photo cannot be read.
        LayoutError: the dataset is broken.
        StorageError: the cache cannot be written.
    """
    if not source.exists():
        raise DataError(f"{source}: no such folder or file to take cut-outs from")
    if is_cut_outs(source):
        return source
    layout = next((name for name in _BOXED if LAYOUTS[name].detect(source)), None)
    if layout is None and not source.is_dir():
        raise DataError(f"{source}: neither a dataset with boxes nor a folder of pictures of single products")
    path = source.resolve()
    # What belongs to a single file is known once it is read; a folder has all in it.
    dataset = read_dataset(source, layout) if layout is not None and source.is_file() else None
    digest = _digest(path, path.rglob("*")) if dataset is None else _digest(path, *_told(dataset))
    folder = cache / f"{path.stem}-{digest}"
    if is_cut_outs(folder):
        return folder
    if layout is None:
        cut_pictures(source, folder)
    else:
        cut_boxes(dataset or read_dataset(source, layout), folder, progress=progress)
    return folder


def _told(dataset: Dataset) -> tuple[list[Path], list[str]]:
    """A dataset's photos, and what it says of them."""
    photos = {sample.path for sample in dataset.samples}
    boxes = [f"{sample.path} {dataset.categories[sample.label]} {sample.box}" for sample in dataset.samples]
    return [dataset.root / photo for photo in photos], boxes


def _digest(source: Path, files: Iterable[Path], said: Iterable[str] = ()) -> str:
    """Different where the source itself, a file of it, or what is said of these changed."""
    try:
        states = {file: file.stat() for file in (source, *files) if file.is_file()}
    except OSError as error:
        raise DataError(f"{source}: cannot be looked through: {error.strerror or error}") from error
    told = sorted(f"{file} {state.st_size} {state.st_mtime_ns}" for file, state in states.items())
    content = "\n".join([str(source), *told, *said])
    return hashlib.sha256(content.encode(errors="surrogateescape")).hexdigest()[:8]
