"""Reading labelled photos from disk: one table of layouts, detection, and the choice of categories."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from shelfwise.datasets.dataset import Dataset
from shelfwise.datasets.layouts.base import SAMPLE_MARKER, Layout, Reading
from shelfwise.datasets.layouts.coco import COCO
from shelfwise.datasets.layouts.folders import FOLDERS
from shelfwise.datasets.layouts.freiburg import FREIBURG
from shelfwise.datasets.layouts.freiburg_boxes import FREIBURG_BOXES
from shelfwise.datasets.layouts.grocery_store import GROCERY_STORE
from shelfwise.datasets.layouts.joined import joined_layouts
from shelfwise.datasets.layouts.listing import LIST
from shelfwise.datasets.layouts.pictures import visible
from shelfwise.datasets.layouts.selection import at_depth, with_chosen
from shelfwise.datasets.layouts.voc import VOC
from shelfwise.datasets.layouts.yolo import YOLO
from shelfwise.errors import LayoutError
from shelfwise.text import nearest, some

__all__ = ["LAYOUTS", "SAMPLE_MARKER", "Layout", "detect", "read_dataset"]

LAYOUTS: Mapping[str, Layout] = {
    **joined_layouts(lambda root, layout: read_dataset(root, layout)),
    "grocery-store": GROCERY_STORE,
    "freiburg": FREIBURG,
    # Where it fits, the one above does too, which names photos: this one has to be asked for.
    "freiburg-boxes": FREIBURG_BOXES,
    "yolo": YOLO,
    "voc": VOC,
    "coco": COCO,
    "list": LIST,
    "folders": FOLDERS,
}
"""All layouts by name, the most particular first: detection takes the first that fits."""


def detect(root: Path) -> str:
    """Name of the layout of a dataset's folder or file.

    Raises:
        LayoutError: no layout fits; the message lists what was looked for and what was found.
    """
    with _reading(root):
        for name, layout in LAYOUTS.items():
            if layout.detect(root):
                return name
    if not (found := _contents(root)):
        raise LayoutError(f"{root}: the folder is empty: name one that holds labelled photos")
    looked = "; ".join(f"{name}: {layout.looks_for}" for name, layout in LAYOUTS.items())
    raise LayoutError(f"{root}: no known dataset layout. Looked for {looked}. Found {found}.")


def read_dataset(
    root: Path,
    layout: str | None = None,
    *,
    level: str | None = None,
    classes: Sequence[str] | None = None,
    strict: bool = True,
) -> Dataset:
    """Read a labelled set of photos.

    Args:
        root: the dataset's folder, or the list, COCO or YOLO file that describes it.
        layout: a name in :data:`LAYOUTS`; None: detected.
        level: for hierarchies: a number cuts category names to that many levels ("1": ``Fruit``); ``fine``
            and ``coarse`` are Grocery Store's own levels. None: everything.
        classes: keep only these categories, labelled in this order. Each is a full name or the last levels
            of one ("Granny-Smith"), upper or lower case.
        strict: False, for the data check: missing photos, photos and boxes under several labels or in several
            parts, and boxes outside their picture are kept as they are told instead of refused.

    Raises:
        LayoutError: the layout is unknown or broken, photos are missing, or a category is unknown.
    """
    name = layout if layout is not None else detect(root)
    if name not in LAYOUTS:
        near = nearest(name, LAYOUTS)
        hint = f"did you mean {near!r}?" if near else f"known are {', '.join(LAYOUTS)}"
        raise LayoutError(f"no dataset layout {name!r}; {hint}")
    depth = _depth(name, level)
    with _reading(root):
        dataset = LAYOUTS[name].read(root, Reading(level, strict))
    if depth is not None:
        dataset = at_depth(dataset, depth)
    return dataset if classes is None else with_chosen(dataset, classes)


@contextlib.contextmanager
def _reading(root: Path) -> Iterator[None]:
    """Make sure that ``root`` is there, and turn what the system refuses into a LayoutError."""
    try:
        if not root.exists():
            raise LayoutError(f"{root}: no such folder or file")
        yield
    except OSError as error:
        raise LayoutError(f"{error.filename or root}: cannot be read ({error.strerror})") from error


def _depth(layout: str, level: str | None) -> int | None:
    """The number of levels asked for, or None for the layout's own levels."""
    own = LAYOUTS[layout].levels
    if level is None or level in own:
        return None
    if level.isdecimal() and int(level) > 0:
        return int(level)
    known = " or ".join([*own, "a number from 1"])
    raise LayoutError(f"no level {level!r} in the {layout} layout; give {known}")


def _contents(root: Path) -> str:
    if root.is_file():
        return f"a file named {root.name}"
    paths = sorted(path for path in root.iterdir() if visible(path.name))
    folders = [path.name for path in paths if path.is_dir()]
    files = [path.name for path in paths if not path.is_dir()]
    counted = [
        f"{what} ({len(names)}): {some(names, 6)}"
        for what, names in (("folders", folders), ("files", files))
        if names
    ]
    return "; ".join(counted)
