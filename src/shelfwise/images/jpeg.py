"""Signs of damage in a JPEG file that its decoder passes over in silence."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["jpeg_damage"]

# Markers of ITU-T T.81, table B.1.
_SOS, _EOI, _DRI, _DNL = 0xDA, 0xD9, 0xDD, 0xDC
_RESTARTS: Final = range(0xD0, 0xD8)
_ALONE: Final = frozenset({0x01, 0xD8, *_RESTARTS})
"""Markers that no length follows."""
_SEQUENTIAL: Final = frozenset({0xC0, 0xC1})
_BETWEEN_SCANS: Final = frozenset({0xC4, _EOI, _SOS, 0xDB, _DNL, _DRI, 0xFE, *range(0xE0, 0xF0)})
"""What may stand behind compressed data: tables, comments, application data, the next scan, the end."""

_FILLED: Final = bytes(64)
_MOST_STEPS: Final = 1_000_000
"""Filling and parts that are looked at one by one; no camera writes nearly as many."""

# In compressed data an FF is followed by 00, which stands for the byte itself, or it begins a marker; any number
# of FF may stand before one.
_MARKER: Final = re.compile(rb"\xff[^\x00\xff]")
_NO_RESTART: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")


def jpeg_damage(data: bytes) -> str | None:
    """Say what in a JPEG's compressed data cannot be (ITU-T T.81, annex B), or None where nothing is amiss.

    The decoder fills what it cannot read with anything, without an error. Bytes overwritten by chance mostly form
    markers that may not stand there, which is found here; bytes that are wrong without forming one are not.

    Args:
        data: the file, beginning with the marker of a JPEG.
    """
    position, restarts, components, in_one_scan, steps = 2, False, 0, False, 0
    while (position := data.find(b"\xff", position)) >= 0 and position + 4 <= len(data):
        marker = data[position + 1]
        steps += 1
        if steps > _MOST_STEPS:
            return "it consists of too many parts"
        if marker == 0xFF:
            position += 1
            continue
        position += 2
        if marker == _EOI:
            return None
        if marker in _ALONE or marker == 0:
            continue
        if marker == _DRI:
            restarts = int.from_bytes(data[position + 2 : position + 4], "big") > 0
        elif marker in _SEQUENTIAL:
            components = int.from_bytes(data[position + 7 : position + 8], "big")
        elif marker == _SOS:
            in_one_scan = components > 0 and data[position + 2 : position + 3] == bytes([components])
        position += int.from_bytes(data[position : position + 2], "big")
        if marker == _SOS:
            allowed = frozenset({_EOI, _DNL}) if in_one_scan else _BETWEEN_SCANS
            end = _end_of_scan(data, position, restarts=restarts)
            if end is None:  # cut off, which the decoder itself tells, unless something fills the rest
                return "zeros instead of its end" if data.endswith(_FILLED) else None
            if data[end + 1] not in allowed:
                return f"marker FF {data[end + 1]:02X} within its compressed data"
            position = end
    return None


def _end_of_scan(data: bytes, start: int, *, restarts: bool) -> int | None:
    """Where the first marker behind ``start`` is that no scan holds."""
    found = (_NO_RESTART if restarts else _MARKER).search(data, start)
    return found.start() if found else None
