"""Whether a network keeps all its weights in its own file.

An ONNX file may name other files to read weights from, anywhere on the machine. A bundle's network never does, so
one that is uploaded must not either. The file is walked by the field numbers of onnx.proto; no library parses it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from shelfwise.errors import BundleError

__all__ = ["refuse_outside_weights"]

# Message → field number → the message in it; what is not named here is stepped over.
_FIELDS: Final[Mapping[str, Mapping[int, str]]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
_EXTERNAL_DATA: Final = 13
_DATA_LOCATION: Final = 14
_DEPTH: Final = 64
_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5


def refuse_outside_weights(model: bytes, name: str) -> None:
    """Refuse a network that reads weights from other files.

    Args:
        model: the ONNX file's content.
        name: what to call it in the error.

    Raises:
        BundleError: it does, or it is no ONNX file.
    """
    try:
        outside = _outside(memoryview(model), "model", 0)
    except (IndexError, ValueError) as error:
        raise BundleError(f"{name}: is no ONNX network ({error}). Export it again") from error
    if outside:
        raise BundleError(
            f"{name}: reads weights from other files, which no bundle's network does. Do not trust this model"
        )


def _outside(data: memoryview, kind: str, depth: int) -> bool:
    if depth > _DEPTH:
        raise ValueError("too many graphs within graphs")
    for number, value in _fields(data):
        if kind == "tensor" and (number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value)):
            return True
        inner = _FIELDS[kind].get(number)
        if inner is not None and isinstance(value, memoryview) and _outside(value, inner, depth + 1):
            return True
    return False


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """The fields of one message: number, and a number or the bytes."""
    at, end = 0, len(data)
    while at < end:
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield number, value
        elif wire == _BYTES:
            length, at = _varint(data, at)
            if length > end - at:
                raise ValueError("it is cut off")
            yield number, data[at : at + length]
            at += length
        elif wire in (_EIGHT, _FOUR):
            at += 8 if wire == _EIGHT else 4
        else:
            raise ValueError("not in the form of a protocol buffer")
    if at > end:
        raise ValueError("it is cut off")


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number is too long")
