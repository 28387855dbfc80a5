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
    ├── ShelfError             what is on a shelf photo does not allow what was asked for
    │   └── PlanogramError     a planogram is wrong, or its file cannot be read
    ├── TrainingError          training cannot start or go on
    │   └── DivergedError      the loss became NaN or infinite
    ├── DatabaseError          the database cannot be reached, is damaged or of another version
    ├── NotFoundError          nothing of that number or name is here
    ├── EntryError             one field of an entry is wrong; carries its ``field``
    ├── ConflictError          it clashes with what is there; may carry the ``field`` that does
    │   ├── ChangedError       somebody else changed it since it was read
    │   └── KeyReusedError     an idempotency key was used for something else before
    ├── AccessError            the caller may not do this
    │   ├── SignInError        not signed in: wrong name, password or token, or one that has ended
    │   └── ForbiddenError     signed in, but the role does not allow it
    └── BusyError              try again later; carries ``retry_after`` in seconds
        ├── OverloadedError    as many photos wait as may wait
        └── ThrottledError     too many tries or requests in a short time

Every message says what was wrong, where, and what to do about it. The edges (command line, web) turn a
``ShelfwiseError`` into one line and an exit code; anything else is a defect and shows its traceback.
"""

from __future__ import annotations

__all__ = [
    "AccessError",
    "BundleError",
    "BusyError",
    "ChangedError",
    "ConfigError",
    "ConflictError",
    "DataError",
    "DatabaseError",
    "DivergedError",
    "EntryError",
    "FetchError",
    "ForbiddenError",
    "ImageError",
    "KeyReusedError",
    "LayoutError",
    "MissingExtraError",
    "ModelError",
    "NotFoundError",
    "OverloadedError",
    "ParityError",
    "PlanogramError",
    "ProductError",
    "ProductIndexError",
    "ShelfError",
    "ShelfwiseError",
    "SignInError",
    "SplitError",
    "StorageError",
    "ThrottledError",
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
        field: the field of the entry that brought it; None where none did.
    """

    def __init__(self, source: str, reason: str, field: str | None = None) -> None:
        super().__init__(f"{source}: {reason}")
        self.source = source
        self.reason = reason
        self.field = field


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


class ShelfError(ShelfwiseError):
    """What is on a shelf photo does not allow what was asked for, such as joining it to another one."""


class PlanogramError(ShelfError):
    """A planogram is wrong, or its file cannot be read."""


class TrainingError(ShelfwiseError):
    """Training cannot start or go on."""


class DivergedError(TrainingError):
    """The loss became NaN or infinite."""


class DatabaseError(ShelfwiseError):
    """The database cannot be reached, is damaged or of another version."""


class NotFoundError(ShelfwiseError):
    """Nothing of that number or name is here."""


class EntryError(ShelfwiseError):
    """One field of an entry is wrong.

    Args:
        field: path of the field, such as ``quantity`` or ``lines.0.quantity``.
        message: what is wrong with it and what to give instead, without the field's name.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class ConflictError(ShelfwiseError):
    """It clashes with what is there: a name that is taken, a movement that is undone already.

    Args:
        message: what it clashes with, and what to do.
        field: the field of the entry whose value is taken; None where no single one is.
    """

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class ChangedError(ConflictError):
    """Somebody else changed it since it was read."""


class KeyReusedError(ConflictError):
    """An idempotency key was used for something else before."""


class AccessError(ShelfwiseError):
    """The caller may not do this."""


class SignInError(AccessError):
    """Nobody is signed in: wrong name, password or token, or one that has ended."""


class ForbiddenError(AccessError):
    """The caller is known, but their role or their token's scopes do not allow it."""


class BusyError(ShelfwiseError):
    """It cannot be done now.

    Args:
        message: what is busy.
        retry_after: seconds after which to try again.
    """

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class OverloadedError(BusyError):
    """As many photos wait to be answered as may wait."""


class ThrottledError(BusyError):
    """Too many tries or requests in a short time."""
