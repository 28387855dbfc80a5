"""The one exception tree. Whatever Shelfwise raises on purpose derives from :class:`ShelfwiseError`.

::

    ShelfwiseError
    ├── ConfigError            a setting, flag or configuration file is wrong
    ├── MissingExtraError      an optional dependency is not installed
    ├── StorageError           a file could not be written (disk full, no permission)
    ├── DataError              a dataset is wrong
    │   ├── LayoutError        its layout is not recognised or broken
    │   ├── SplitError         it cannot be divided as asked
    │   └── FetchError         it could not be downloaded or unpacked
    ├── ImageError             one picture cannot be read; carries a short ``reason``
    ├── ModelError             a network, its weights or its name is wrong
    │   ├── BundleError        a trained model's folder is missing, damaged or of another version
    │   └── ParityError        an exported network answers otherwise than the one it was made from
    ├── ProductError           a product's name, number or photo cannot be taken as given
    │   └── ProductIndexError  the products' index is missing, damaged or of another model
    └── TrainingError          training cannot start or go on
        └── DivergedError      the loss became NaN or infinite

Every message says what was wrong, where, and what to do about it. The edges (command line, web) turn a
``ShelfwiseError`` into one line and an exit code; anything else is a defect and shows its traceback.
"""

from __future__ import annotations

__all__ = [
    "BundleError",
    "ConfigError",
    "DataError",
    "DivergedError",
    "FetchError",
    "ImageError",
    "LayoutError",
    "MissingExtraError",
    "ModelError",
    "ParityError",
    "ProductError",
    "ProductIndexError",
    "ShelfwiseError",
    "SplitError",
    "StorageError",
    "TrainingError",
]


class ShelfwiseError(Exception):
    """Base of all errors that Shelfwise raises on purpose."""


class ConfigError(ShelfwiseError):
    """A setting, flag or configuration file is wrong."""


class MissingExtraError(ShelfwiseError):
    """An optional dependency is not installed.

    Args:
        what: what needs it, for people ("Training").
        extra: the extra that brings it ("train").
    """

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} needs packages that are not installed. Run: pip install 'shelfwise[{extra}]'"
        )
        self.extra = extra


class StorageError(ShelfwiseError):
    """A file could not be written: disk full, no permission, read-only place."""


class DataError(ShelfwiseError):
    """A dataset is wrong."""


class LayoutError(DataError):
    """A dataset's layout is not recognised or broken."""


class SplitError(DataError):
    """A dataset cannot be divided as asked."""


class FetchError(DataError):
    """A dataset could not be downloaded, verified or unpacked."""


class ImageError(ShelfwiseError):
    """One picture cannot be read.

    Args:
        source: the path, or a name for bytes that have none.
        reason: one short clause without the path ("file is empty").
    """

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"{source}: {reason}")
        self.source = source
        self.reason = reason


class ModelError(ShelfwiseError):
    """A network, its weights or its name is wrong."""


class BundleError(ModelError):
    """A trained model's folder is missing, damaged or of another version."""


class ProductError(ShelfwiseError):
    """A product's name, category, GTIN or photo cannot be taken as given."""


class ProductIndexError(ProductError):
    """The products' index is missing, damaged, of another version or of another model."""


class ParityError(ModelError):
    """An exported network answers otherwise than the one it was made from, on too many photos."""


class TrainingError(ShelfwiseError):
    """Training cannot start or go on."""


class DivergedError(TrainingError):
    """The loss became NaN or infinite."""
