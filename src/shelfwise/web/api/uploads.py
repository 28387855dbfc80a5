"""Photos and files that come as multipart forms, with limits on their number and size."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request
from starlette.datastructures import UploadFile

from shelfwise.errors import EntryError, ImageError, OverloadedError
from shelfwise.images.reading import Limits

__all__ = [
    "FILE_BODY",
    "MOST_PHOTOS",
    "PHOTOS_BODY",
    "Held",
    "SentFile",
    "photos_of",
    "sent_file",
    "sent_files",
]

MOST_PHOTOS: Final = 32
"""How many photos one request may bring."""
MOST_FILE_BYTES: Final = 64 * 1024 * 1024
"""How large a file to import may be."""
_MOST_FIELDS: Final = 8
_FIELD_BYTES: Final = 4096


def _body(field: str, schema: dict[str, Any], note: str) -> dict[str, Any]:
    return {
        "requestBody": {
            "required": True,
            "description": note,
            "content": {
                "multipart/form-data": {
                    "schema": {"type": "object", "properties": {field: schema}, "required": [field]}
                }
            },
        }
    }


PHOTOS_BODY: Final = _body(
    "photos",
    {
        "type": "array",
        "items": {"type": "string", "format": "binary"},
        "minItems": 1,
        "maxItems": MOST_PHOTOS,
    },
    f"1 to {MOST_PHOTOS} picture files, each in a part named `photos`.",
)
"""How the schema tells of photos in a body."""
FILE_BODY: Final = _body(
    "file", {"type": "string", "format": "binary"}, "A CSV or XLSX file in a part named `file`."
)
"""How the schema tells of a file in a body."""


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file of a form: what its sender calls it, and its content; None where it is over the limit."""

    name: str
    data: bytes | None


class Held:
    """Counts the bytes of uploads that are in memory. For the event loop's thread alone.

    Args:
        most: more than one upload is held at a time only as long as they are no longer together.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.bytes = 0

    def take(self, count: int) -> None:
        """Count an upload. Raises OverloadedError where too much is there already."""
        if self.bytes and self.bytes + count > self._most:
            raise OverloadedError("too many uploads are being worked on: try again a little later", 2.0)
        self.bytes += count

    def give_back(self, count: int) -> None:
        """An upload is done."""
        self.bytes -= count


@asynccontextmanager
async def sent_files(
    request: Request, field: str, *, most: int, most_bytes: int
) -> AsyncIterator[list[SentFile]]:
    """Read the files of a form, none of them further than one byte over its limit.

    What all requests together hold in memory is bounded; give the files up at the context's end.

    Raises:
        EntryError: the body is no form, has no file under this name, or too many.
        ImageError: naming the field, where the context ends with one.
        OverloadedError: too many uploads are being worked on.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise EntryError(field, "send multipart/form-data with the files in parts of this name")
    async with request.form(max_files=most + 1, max_fields=_MOST_FIELDS, max_part_size=_FIELD_BYTES) as form:
        parts = form.getlist(field)
        if not parts:
            raise EntryError(field, "no file was sent under this name")
        if len(parts) > most:
            raise EntryError(field, f"{len(parts)} files are more than the {most} that one request may bring")
        sent = [_file(part, f"{field}.{number}") for number, part in enumerate(parts)]
        held: Held = request.app.state.held
        length = sum(min(part.size or 0, most_bytes) for part in sent)
        held.take(length)
        try:
            yield [await _read(part, most_bytes) for part in sent]
        except ImageError as error:
            raise ImageError(error.source, error.reason, field) from error
        finally:
            held.give_back(length)


def _file(part: UploadFile | str, field: str) -> UploadFile:
    if not isinstance(part, UploadFile):
        raise EntryError(field, "send a file: the part needs a file name")
    return part


async def _read(part: UploadFile, most_bytes: int) -> SentFile:
    if (part.size or 0) > most_bytes:
        return SentFile(part.filename or "", None)
    return SentFile(part.filename or "", await part.read())


@asynccontextmanager
async def sent_file(request: Request) -> AsyncIterator[SentFile]:
    """The file to import, read whole.

    Raises:
        EntryError: there is none, more than one, or it is too large.
        OverloadedError: too many uploads are being worked on.
    """
    async with sent_files(request, "file", most=1, most_bytes=MOST_FILE_BYTES) as (file,):
        if file.data is None:
            raise EntryError(
                "file", f"it is over the limit of {MOST_FILE_BYTES // 2**20} MiB: send it in parts"
            )
        yield file


def photos_of(files: Sequence[SentFile], limits: Limits) -> list[bytes | ImageError]:
    """The content of each photo, or why it is not read."""
    return [
        ImageError(f"photo {number}", f"it is over the limit of {limits.max_bytes / 2**20:,.4g} MiB")
        if file.data is None
        else file.data
        for number, file in enumerate(files, start=1)
    ]
