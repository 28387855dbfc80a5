"""Shelfwise tells a shop what it has by looking."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from shelfwise.errors import ImageError, ShelfwiseError
    from shelfwise.inference.classifier import Classifier, load
    from shelfwise.types import Candidate, Prediction
    from shelfwise.workflows.shelf import ShelfReader, load_shelf
    from shelfwise.workflows.shelf_count import ShelfCount

__all__ = [
    "Candidate",
    "Classifier",
    "ImageError",
    "Prediction",
    "ShelfCount",
    "ShelfReader",
    "ShelfwiseError",
    "__version__",
    "load",
    "load_shelf",
]

__version__ = "0.1.0"

# ONNX Runtime would keep a list of what it does in the user's home and send it to its makers. It looks at this when
# it is imported. Whoever wants that sets it to 0.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

_HOMES: Final = {
    "Candidate": "shelfwise.types",
    "Classifier": "shelfwise.inference.classifier",
    "ImageError": "shelfwise.errors",
    "Prediction": "shelfwise.types",
    "ShelfCount": "shelfwise.workflows.shelf_count",
    "ShelfReader": "shelfwise.workflows.shelf",
    "ShelfwiseError": "shelfwise.errors",
    "load": "shelfwise.inference.classifier",
    "load_shelf": "shelfwise.workflows.shelf",
}


def __getattr__(name: str) -> Any:
    # Imported on first use, so that `import shelfwise` and `shelfwise --help` stay quick.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
