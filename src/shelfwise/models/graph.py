"""Reading a network's ONNX graph, for what changes or measures it. Needs onnx, not torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shelfwise.errors import ModelError
from shelfwise.extras import require

if TYPE_CHECKING:
    import onnx

__all__ = ["read_graph"]


def read_graph(model_onnx: bytes, *, what: str) -> onnx.ModelProto:
    """Parse an ONNX file.

    Args:
        model_onnx: its content.
        what: what needs it, for people ("Quantising").

    Raises:
        MissingExtraError: onnx is not installed.
        ModelError: it is no ONNX file.
    """
    require("onnx", what=what, extra="export")
    import onnx
    from google.protobuf.message import DecodeError

    try:
        return onnx.load_from_string(model_onnx)
    except DecodeError as error:
        raise ModelError(f"{what}: not an ONNX network ({error})") from error
