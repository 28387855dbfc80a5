"""New products in seconds: an index of embeddings beside a model, and the search in it. No training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from shelfwise.inference.products.calibration import Calibration, Prior, measured_prior
    from shelfwise.inference.products.index import ModelRef, ProductIndex
    from shelfwise.inference.products.journal import Answer, Journal
    from shelfwise.inference.products.matches import Added, Enrolled, Finding, Match
    from shelfwise.inference.products.records import Photo, Product
    from shelfwise.inference.products.store import ProductStore

__all__ = [
    "Added",
    "Answer",
    "Calibration",
    "Enrolled",
    "Finding",
    "Journal",
    "Match",
    "ModelRef",
    "Photo",
    "Prior",
    "Product",
    "ProductIndex",
    "ProductStore",
    "measured_prior",
]

_HOMES: Final = {
    "calibration": ("Calibration", "Prior", "measured_prior"),
    "index": ("ModelRef", "ProductIndex"),
    "journal": ("Answer", "Journal"),
    "matches": ("Added", "Enrolled", "Finding", "Match"),
    "records": ("Photo", "Product"),
    "store": ("ProductStore",),
}


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            import importlib

            return getattr(importlib.import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
