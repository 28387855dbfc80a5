"""The public sets that Shelfwise knows by name: their source, licence and size."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from shelfwise.errors import DataError
from shelfwise.text import nearest

__all__ = ["CATALOG", "RECORD_NAME", "Companion", "Source", "get_source", "state"]

RECORD_NAME = ".shelfwise-fetch.json"
"""File in a fetched set that says where it came from and which digest its archive had."""

State = Literal["fetched", "present", "started", "absent"]


@dataclass(frozen=True, slots=True)
class Companion:
    """A small file that belongs to a set but is published beside its archive.

    Attributes:
        url: where it is published.
        path: where it goes, relative to the set's folder.
        sha256: its published digest, or None where nobody publishes one.
    """

    url: str
    path: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A public set of labelled photos.

    Attributes:
        name: how it is called on the command line; also its folder's name.
        title: its name for people.
        homepage: the page that describes it.
        urls: places of the archive, tried in this order.
        filename: the archive's file name, as a browser would save it.
        subfolder: the folder inside the archive that holds the set ("" for all of it).
        licence: the licence, in words; says so where none is given.
        citation: the paper to cite.
        layout: the layout to read it with.
        photos: number of labelled photos.
        classes: number of classes, for people.
        download_bytes: size of the archive, rounded: the real one is learnt from the server.
        unpacked_bytes: space that the unpacked set takes, rounded.
        sha256: the archive's published digest, or None where nobody publishes one.
        companions: further files that belong to the set.
    """

    name: str
    title: str
    homepage: str
    urls: tuple[str, ...]
    filename: str
    subfolder: str
    licence: str
    citation: str
    layout: str
    photos: int
    classes: str
    download_bytes: int
    unpacked_bytes: int
    sha256: str | None = None
    companions: tuple[Companion, ...] = ()


_FREIBURG_SPLITS = "https://raw.githubusercontent.com/PhilJd/freiburg_groceries_dataset/master/splits"

_SOURCES = (
    Source(
        name="freiburg",
        title="Freiburg Groceries Dataset",
        homepage="https://github.com/PhilJd/freiburg_groceries_dataset",
        urls=(
            "http://aisdatasets.informatik.uni-freiburg.de/freiburg_groceries_dataset/"
            "freiburg_groceries_dataset.tar.gz",
        ),
        filename="freiburg_groceries_dataset.tar.gz",
        subfolder="",
        licence="none given: published by the University of Freiburg for research; ask before other uses",
        citation="Jund, Abdo, Eitel, Burgard: The Freiburg Groceries Dataset, 2016, arXiv:1611.05799",
        layout="freiburg",
        photos=4947,
        classes="25",
        download_bytes=540_000_000,
        unpacked_bytes=545_000_000,
        companions=tuple(
            Companion(f"{_FREIBURG_SPLITS}/test{fold}.txt", f"splits/test{fold}.txt") for fold in range(5)
        ),
    ),
    Source(
        name="grocery-store",
        title="Grocery Store Dataset",
        homepage="https://github.com/marcusklasson/GroceryStoreDataset",
        urls=("https://github.com/marcusklasson/GroceryStoreDataset/archive/refs/heads/master.zip",),
        filename="GroceryStoreDataset-master.zip",
        subfolder="GroceryStoreDataset-master/dataset",
        licence="MIT",
        citation="Klasson, Zhang, Kjellström: A Hierarchical Grocery Store Image Dataset with Visual and "
        "Semantic Labels, WACV 2019, arXiv:1901.00711",
        layout="grocery-store",
        photos=5421,
        classes="81 fine, 43 coarse",
        download_bytes=130_000_000,
        unpacked_bytes=135_000_000,
    ),
)

CATALOG: dict[str, Source] = {source.name: source for source in _SOURCES}
"""Name → source, in the order that ``shelfwise data list`` shows."""


def get_source(name: str) -> Source:
    """The set of that name.

    Raises:
        DataError: there is none; the message names the nearest one.
    """
    source = CATALOG.get(name.lower())
    if source is None:
        near = nearest(name, CATALOG)
        hint = f"did you mean {near!r}?" if near else f"known are {', '.join(CATALOG)}."
        raise DataError(f"no public set is called {name!r}: {hint} `shelfwise data list` shows them all.")
    return source


def state(source: Source, home: Path) -> State:
    """Whether a set is in ``home``, the folder that fetched sets live in.

    ``fetched`` by this program, ``present`` (put there in another way), ``started`` (a broken download that
    can go on) or ``absent``.
    """
    folder = home / source.name
    if (folder / RECORD_NAME).is_file():
        return "fetched"
    if folder.is_dir() and any(folder.iterdir()):
        return "present"
    return "started" if (home / f"{source.filename}.part").exists() else "absent"
