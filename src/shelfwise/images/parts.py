"""Files that consist of so many parts that only listing them would keep a core busy for minutes.

Decoders that are written in Python go from part to part before they know the picture's size; so the limits on pixels
and bytes do not bound their time. These walks stop early and are far quicker than the decoder's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal

__all__ = ["too_many_parts"]

_MOST: Final = 50_000
"""Far more than any program writes: a PNG file of 400 MB in the usual pieces of 8 KiB has as many."""

_SOS, _EOI = 0xDA, 0xD9
_ALONE: Final = frozenset({0x01, 0xD8, *range(0xD0, 0xD8)})
# Bytes of one value by TIFF's number of its type (TIFF 6.0, section 2; 13 and 16 to 18 are later ones).
_TIFF_BYTES: Final = {3: 2, 4: 4, 5: 8, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}


def too_many_parts(kind: str, data: bytes) -> bool:
    """Whether a file's parts are more, or longer together, than those of any picture.

    Args:
        kind: the format, as :func:`shelfwise.images.reading.sniff` tells it.
        data: the file. Whether it is whole or makes sense is for its decoder to say.
    """
    walk = _WALKS.get(kind)
    return walk is not None and not walk(data)


def _jpeg_ends(data: bytes) -> bool:
    """Whether the markers up to the first scan come to an end soon."""
    position = 2
    for _ in range(_MOST):
        if data[position : position + 1] != b"\xff" or position + 1 >= len(data):
            return True
        marker = data[position + 1]
        if marker in (_SOS, _EOI):
            return True
        if marker in (0, 0xFF):
            position += 1 if marker else 2
        elif marker in _ALONE:
            position += 2
        else:
            position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return False


def _png_ends(data: bytes) -> bool:
    position = 8
    for _ in range(_MOST):
        if position + 8 > len(data) or data[position + 4 : position + 8] == b"IEND":
            return True
        position += 12 + int.from_bytes(data[position : position + 4], "big")
    return False


def _gif_ends(data: bytes) -> bool:
    """Whether the blocks up to the first picture come to an end soon."""
    position = 13 + _gif_colours(data[10:11])
    in_extension = False
    for _ in range(_MOST):
        first = data[position : position + 1]
        if not first:
            return True
        if in_extension:
            in_extension = first != b"\0"
            position += 1 + first[0]
        elif first == b"!":
            in_extension, position = True, position + 2
        elif first == b",":
            return True
        else:  # the end, or filling, which the decoder passes over
            position += 1
    return False


def _gif_colours(flags: bytes) -> int:
    return 3 << ((flags[0] & 7) + 1) if flags and flags[0] & 0x80 else 0


def _tiff_fits(data: bytes) -> bool:
    """Whether what the first directory names is not much longer than the file: entries may all name one place."""
    order: Literal["little", "big"] = "little" if data[:2] == b"II" else "big"
    big = data[2:4] in (b"+\0", b"\0+")
    start, width, counted, entry = (8, 8, 8, 20) if big else (4, 4, 2, 12)
    position = int.from_bytes(data[start : start + width], order)
    count = int.from_bytes(data[position : position + counted], order)
    position += counted
    total = 0
    for _ in range(min(count, _MOST)):
        if position + entry > len(data):
            break
        kind = int.from_bytes(data[position + 2 : position + 4], order)
        values = int.from_bytes(data[position + 4 : position + 4 + width], order)
        total += min(len(data), values * _TIFF_BYTES.get(kind, 1))
        position += entry
    return count <= _MOST and total <= 4 * len(data)


_WALKS: Final[Mapping[str, Callable[[bytes], bool]]] = {
    "GIF": _gif_ends,
    "JPEG": _jpeg_ends,
    "PNG": _png_ends,
    "TIFF": _tiff_fits,
}
