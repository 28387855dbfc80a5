"""Which photos a user means: files, folders, patterns and standard input, walked without listing them first."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from shelfwise.errors import ConfigError
from shelfwise.images.decode import DEFAULT_LIMITS, PICTURE_SUFFIXES
from shelfwise.images.reading import sniff

__all__ = ["STANDARD_INPUT", "PhotoFinder"]

STANDARD_INPUT = "-"
_PEEK = 64


@dataclass(frozen=True)
class PhotoFinder:
    """Finds the photos behind the arguments of a command.

    A named file is always a photo, whatever its ending; of a folder, the files with a picture's ending are,
    sorted by name, hidden ones left out. A pattern such as ``photos/**/*.jpg`` counts as the files it matches.
    ``-`` is standard input: a picture, or a list of paths, one a line.

    Attributes:
        inputs: the arguments.
        recursive: whether folders in folders are walked as well.
        leave_out: a folder that is never walked (where results are being written).
        stdin: standard input as bytes; the process's own by default.
    """

    inputs: Sequence[str]
    recursive: bool = True
    leave_out: Path | None = None
    stdin: BinaryIO | None = None

    def __post_init__(self) -> None:
        if self.inputs.count(STANDARD_INPUT) > 1:
            raise ConfigError("standard input (-) is given twice, but can be read only once")
        if self.leave_out is not None and any(self._left_out(each) for each in self.inputs):
            raise ConfigError(
                f"{self.leave_out}: results would be written among the photos being read; choose another folder"
            )

    def __iter__(self) -> Iterator[str | bytes]:
        """Give the photos in the order of the arguments: a path each, or a picture's bytes.

        A path that does not exist or cannot be looked into is given as it is, for the reader to report.

        Raises:
            ConfigError: a pattern matches nothing.
        """
        for each in self.inputs:
            if each == STANDARD_INPUT:
                yield from self._from_stdin()
            else:
                yield from self._expand(each)

    def count(self) -> int | None:
        """How many photos there are, or None where only reading standard input would tell."""
        if STANDARD_INPUT in self.inputs:
            return None
        return sum(1 for _ in self)

    def _expand(self, text: str) -> Iterator[str]:
        if not os.path.lexists(text) and glob.has_magic(text):
            matches = sorted(glob.iglob(text, recursive=True))  # noqa: PTH207 - keeps the text as typed
            if not matches:
                raise ConfigError(f"no file matches {text}")
            for match in matches:
                # What ** matches as a folder, it matches as files too.
                repeated = "**" in text and Path(match).is_dir()
                if not repeated and not self._inside_left_out(match):
                    yield from self._file_or_folder(match)
        else:
            yield from self._file_or_folder(text)

    def _file_or_folder(self, text: str) -> Iterator[str]:
        if Path(text).is_dir():
            yield from self._walk(text)
        else:
            yield text

    def _walk(self, folder: str) -> Iterator[str]:
        try:
            with os.scandir(folder) as entries:
                found = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)
        except OSError:
            yield folder
            return
        for name, is_folder in found:
            path = os.path.join(folder, name)  # noqa: PTH118 - keeps the text as typed, and is quicker
            if name.startswith("."):
                continue
            if is_folder:
                if self.recursive and not self._left_out(path):
                    yield from self._walk(path)
            elif os.path.splitext(name)[1].lower() in PICTURE_SUFFIXES:  # noqa: PTH122
                yield path

    def _left_out(self, path: str) -> bool:
        return self.leave_out is not None and Path(path).resolve() == self.leave_out.resolve()

    def _inside_left_out(self, path: str) -> bool:
        return self.leave_out is not None and Path(path).resolve().is_relative_to(self.leave_out.resolve())

    def _from_stdin(self) -> Iterator[str | bytes]:
        stream = self.stdin or sys.stdin.buffer
        head = _read_up_to(stream, _PEEK)
        if sniff(head) is not None:
            yield head + _read_up_to(stream, DEFAULT_LIMITS.max_bytes + 1 - len(head))
            return
        for line in _lines(head, stream):
            text = os.fsdecode(line.rstrip(b"\r\n"))
            if text:
                yield from self._file_or_folder(text)


def _read_up_to(stream: BinaryIO, count: int) -> bytes:
    parts = []
    while count > 0 and (part := stream.read(count)):
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _lines(head: bytes, rest: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of ``head`` and what follows it."""
    *whole, begun = head.splitlines(keepends=True) or [b""]
    yield from whole
    following = iter(rest)
    if not begun.endswith(b"\n"):
        begun += next(following, b"")
    yield begun
    yield from following
