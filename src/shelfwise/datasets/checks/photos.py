"""Read and decode every photo once, on all cores, and keep the little that the finders need."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shelfwise.datasets.checks.hashing import perceptual_hash
from shelfwise.datasets.checks.limits import BLANK_CONTRAST, WORKING_SIDE
from shelfwise.datasets.checks.quality import Looks, content, measure
from shelfwise.errors import ImageError
from shelfwise.images.decode import Picture, open_picture
from shelfwise.images.reading import Limits, read_bytes

__all__ = ["PhotoFacts", "inspect", "inspect_all"]

THUMBNAIL = 16
_BATCH = 512
_LIMITS = Limits()


@dataclass(frozen=True, slots=True, eq=False)
class PhotoFacts:
    """What the finders know of one photo file.

    Attributes:
        path: relative to the dataset's root.
        problem: why it cannot be read, or None.
        sha256: of the file's bytes; empty where they could not be read.
        kind: format by content (``JPEG`` …); empty where it is no picture.
        size: (width, height) as shown, or None.
        looks: quality measures, or None where it cannot be decoded.
        phash: 64-bit perceptual hash, or None where it cannot be decoded or shows nothing.
        thumbnail: uint8 of shape (16, 16, 3), there when ``phash`` is.
    """

    path: str
    problem: str | None = None
    sha256: str = ""
    kind: str = ""
    size: tuple[int, int] | None = None
    looks: Looks | None = None
    phash: int | None = None
    thumbnail: NDArray[np.uint8] | None = None


def inspect_all(
    root: Path, paths: Sequence[str], progress: Callable[[int, int], None] | None = None
) -> Iterator[PhotoFacts]:
    """Inspect photos on all cores, in order; memory use does not grow with the size of the photos."""
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        # In batches, so that an interrupt is felt at once and a million paths are not a million futures.
        for start in range(0, len(paths), _BATCH):
            batch = paths[start : start + _BATCH]
            for done, facts in enumerate(pool.map(lambda path: inspect(root, path), batch), start + 1):
                yield facts
                if progress is not None:
                    progress(done, len(paths))


def inspect(root: Path, path: str) -> PhotoFacts:
    """Read, hash, decode and measure one photo. A photo that cannot be read is a fact, not an error."""
    try:
        data = read_bytes(root / path, _LIMITS)
    except ImageError as error:
        return PhotoFacts(path, problem=error.reason)
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        picture = open_picture(data, name=path, limits=_LIMITS)
    except ImageError as error:
        return PhotoFacts(path, problem=error.reason, sha256=sha256)
    try:
        image = _reduced(picture)
    except ImageError as error:
        return PhotoFacts(path, error.reason, sha256, picture.kind, picture.size)
    looks, phash, thumbnail = _measured(image)
    return PhotoFacts(path, None, sha256, picture.kind, picture.size, looks, phash, thumbnail)


def _reduced(picture: Picture) -> Image.Image:
    """Decode a photo to a shorter side of at most WORKING_SIDE."""
    image = picture.rgb(WORKING_SIDE / min(picture.size))
    scale = WORKING_SIDE / min(image.size)
    if scale >= 1:
        return image
    width, height = image.size
    return image.resize((round(width * scale), round(height * scale)), Image.Resampling.BILINEAR)


def _measured(image: Image.Image) -> tuple[Looks, int | None, NDArray[np.uint8] | None]:
    grey = np.asarray(image.convert("L"), dtype=np.float32)
    rows, columns = content(grey)
    looks = measure(np.asarray(image)[rows, columns], grey[rows, columns])
    if looks.contrast < BLANK_CONTRAST:
        return looks, None, None
    inside = image.crop((columns.start, rows.start, columns.stop, rows.stop))
    thumbnail = np.array(inside.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX))
    return looks, perceptual_hash(inside), thumbnail
