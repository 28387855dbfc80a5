"""Cut-outs of whatever is given for them: a dataset with boxes, pictures of single products, cut-outs themselves."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

from shelfwise.datasets.layouts import LAYOUTS, read_dataset
from shelfwise.datasets.scenes.cutouts import cut_boxes, cut_pictures, is_cut_outs
from shelfwise.errors import DataError

__all__ = ["prepare_cuts"]

_BOXED: Final = ("coco", "voc", "yolo")


def prepare_cuts(source: Path, cache: Path, *, progress: Callable[[int, int], None] | None = None) -> Path:
    """The folder of cut-outs of a source; it is made at first, and found again by the source's path after that.

    Args:
        source: a folder of cut-outs; a dataset in one of the layouts with boxes; or a folder of pictures that each
            show one product before white.
        cache: where folders of cut-outs are made.
        progress: called with (photos done, photos in all) while boxes are cut out.

    Raises:
        DataError: there is nothing to cut out.
        ImageError: a photo cannot be read.
        StorageError: the cache cannot be written.
    """
    if not source.exists():
        raise DataError(f"{source}: no such folder or file to take cut-outs from")
    if is_cut_outs(source):
        return source
    path = source.resolve()
    folder = cache / f"{path.stem}-{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    if is_cut_outs(folder):
        return folder
    layout = next((name for name in _BOXED if LAYOUTS[name].detect(source)), None)
    if layout is not None:
        cut_boxes(read_dataset(source, layout), folder, progress=progress)
    elif source.is_dir():
        cut_pictures(source, folder)
    else:
        raise DataError(f"{source}: neither a dataset with boxes nor a folder of pictures of single products")
    return folder
