"""Planograms in files: JSON and CSV, read within limits and written so that reading gives the same.

JSON::

    {"name": "Aisle 3", "rows": [[{"product": "Oat milk 1 l", "facings": 3, "category": "drinks/milk"}, …], …]}

CSV, a line for each entry, with a heading, in any order of lines::

    row,position,product,facings,category,gtin
    1,1,Oat milk 1 l,3,drinks/milk,

Rows are numbered from 1 at the top without gaps; of positions only the order counts, so that they may be the places
that facings have on the board. An entry needs a product, a category or a GTIN.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shelfwise.errors import PlanogramError
from shelfwise.files import atomic_write_text
from shelfwise.shelf.planned import MAX_ENTRIES, MAX_FACINGS, MAX_NAME, MAX_ROWS, Entry, Planogram
from shelfwise.shelf.planogram_csv import entry_of, from_csv, to_csv

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = ["SIZE", "parse_planogram", "planogram_text", "read_planogram", "write_planogram"]

SIZE: Final = 4 * 2**20
"""Bytes of a file at most."""

_Name = Annotated[str, Field(max_length=MAX_NAME)]


class _EntryModel(BaseModel):
    """One entry as it stands in a file; what its texts may be, :func:`entry_of` checks."""

    model_config = ConfigDict(extra="forbid", strict=True)

    product: _Name | None = None
    facings: Annotated[int, Field(ge=1, le=MAX_FACINGS)]
    category: _Name | None = None
    gtin: _Name | None = None


class _PlanogramModel(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: _Name | None = None
    rows: Annotated[
        list[Annotated[list[_EntryModel], Field(min_length=1, max_length=MAX_ENTRIES)]],
        Field(min_length=1, max_length=MAX_ROWS),
    ]


def read_planogram(path: Path) -> Planogram:
    """Read a planogram from a JSON or CSV file; its name, or else its content, says which.

    Raises:
        PlanogramError: the file cannot be read, is too large, or wrong; the message names the place in it.
    """
    try:
        with path.open("rb") as file:
            data = file.read(SIZE + 1)
    except OSError as error:
        raise PlanogramError(f"cannot read the planogram {path}: {error.strerror or error}") from error
    return parse_planogram(data, str(path))


def parse_planogram(data: bytes | str, source: str = "planogram") -> Planogram:
    """Read a planogram from the content of a JSON or CSV file.

    Args:
        data: the content; bytes in UTF-8, UTF-16 with its mark, or Windows-1252.
        source: what the file is called in messages; one that ends in ``.json`` has to be JSON.

    Raises:
        PlanogramError: it is too large or wrong; the message names the place in it.
    """
    if len(data) > SIZE:
        raise PlanogramError(f"{source} is larger than {SIZE // 2**20} MiB, too large for a planogram")
    text = data.removeprefix("\ufeff") if isinstance(data, str) else _decode(data, source)
    if not text.strip():
        raise PlanogramError(f"{source} is empty: give a planogram as JSON or CSV")
    try:
        is_json = source.lower().endswith(".json") or text.lstrip()[0] in "{["
        return _from_json(text) if is_json else from_csv(text)
    except PlanogramError as error:
        raise PlanogramError(f"{source}: {error}") from error


def planogram_text(planogram: Planogram, kind: str = "json") -> str:
    """The content of a file of kind ``json`` or ``csv``. CSV does not keep the planogram's name."""
    if kind == "csv":
        return to_csv(planogram)
    rows = [[_kept(entry) for entry in row] for row in planogram.rows]
    named = {"name": planogram.name} if planogram.name else {}
    return json.dumps({**named, "rows": rows}, ensure_ascii=False, indent=2) + "\n"


def write_planogram(planogram: Planogram, path: Path) -> None:
    """Write a planogram to a file, as CSV where it ends in ``.csv``, else as JSON. Raises StorageError."""
    atomic_write_text(path, planogram_text(planogram, "csv" if path.suffix.lower() == ".csv" else "json"))


def _decode(data: bytes, source: str) -> str:
    marked = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    for encoding in (marked,) if marked else ("utf-8", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise PlanogramError(f"{source} is no text: give a planogram as JSON or CSV")


_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def _from_json(text: str) -> Planogram:
    try:
        read = _PlanogramModel.model_validate(json.loads(text))
    except ValidationError as error:
        first = error.errors()[0]
        raise PlanogramError(f"{_place(first['loc'])}: {_wrong(first)}") from error
    except (ValueError, RecursionError) as error:
        raise PlanogramError(f"this is no JSON: {error}") from error
    rows = []
    for number, row in enumerate(read.rows, 1):
        try:
            rows.append(tuple(entry_of(**entry.model_dump()) for entry in row))
        except ValueError as error:
            raise PlanogramError(f"row {number}: {error}") from error
    return Planogram(tuple(rows), " ".join(read.name.split()) or None if read.name else None)


def _place(path: tuple[int | str, ...]) -> str:
    """Where in the file, as people count."""
    match path:
        case ("rows", int() as row, int() as position, *rest):
            return ", ".join([f"row {row + 1}", f"position {position + 1}", *map(str, rest)])
        case ("rows", int() as row, *_):
            return f"row {row + 1}"
        case _:
            return ".".join(map(str, path)) or "the planogram"


def _wrong(error: ErrorDetails) -> str:
    """What is wrong there, and what to give instead."""
    kind, place = error["type"], error["loc"]
    if kind == "missing":
        return "this is missing"
    if kind == "extra_forbidden":
        known = _EntryModel if place[0] == "rows" else _PlanogramModel
        return f"this is none of {', '.join(known.model_fields)}"
    if place and place[-1] == "facings":
        return f"give a whole number from 1 to {MAX_FACINGS}, not {json.dumps(error['input'])[:40]}"
    match place:
        case ():
            return 'give {"rows": [[{"product": "Oat drink 1 l", "facings": 3}]]}'
        case ("rows",):
            return f"give a list of 1 to {MAX_ROWS} rows"
        case ("rows", _):
            return f"give a list of 1 to {MAX_ENTRIES} entries"
        case ("rows", _, _):
            return 'give an entry, such as {"product": "Oat drink 1 l", "facings": 3}'
        case _:
            return f"give a text of at most {MAX_NAME} characters"


def _kept(entry: Entry) -> dict[str, Any]:
    values = {
        "product": entry.product,
        "facings": entry.facings,
        "category": entry.category,
        "gtin": entry.gtin,
    }
    return {name: value for name, value in values.items() if value is not None}
