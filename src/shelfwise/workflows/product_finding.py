"""Whether ``classify`` tells products: which index it takes, and what it does about one that cannot be used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from shelfwise.errors import ConfigError, ProductIndexError
from shelfwise.settings import Settings
from shelfwise.text import printable
from shelfwise.workflows.product_folder import has_index, index_folder

if TYPE_CHECKING:
    from shelfwise.inference.classifier import Classifier
    from shelfwise.workflows.product_answers import Finder

__all__ = ["product_finder"]


@contextmanager
def product_finder(
    classifier: Classifier, given: Path | None, tell: Callable[[str], None]
) -> Iterator[Finder | None]:
    """What finds the products, or None where there is no index, or one that cannot be used.

    The user is told of one that cannot be used, and of ``SHELFWISE_PRODUCTS`` naming a folder without one.

    Args:
        classifier: the model.
        given: the index that the user asked for: then it has to be there and to be in order.
        tell: shows a line to the user.

    Raises:
        ProductIndexError: the index that was asked for is missing, damaged or of another model.
    """
    settings = Settings()
    folder = _index_to_use(classifier.bundle.path, given or settings.products, settings)
    if folder is None:
        yield None
        return
    # What reads an index is imported where there is one.
    from shelfwise.workflows.products import ProductBook

    try:
        finder = ProductBook(classifier, folder).finder(tell)
    except ProductIndexError as error:
        if given is not None:
            raise
        source = "" if settings.products is None else " (SHELFWISE_PRODUCTS)"
        tell(f"note: products are not told{source}: {printable(str(error))}")
        yield None
        return
    with finder:
        yield finder


def _index_to_use(bundle: Path, named: Path | None, settings: Settings) -> Path | None:
    """The index that is named, whether it is there or not, else the model's own, if it has one."""
    if named is not None:
        return named
    try:
        folder = index_folder(bundle, None, home=lambda: settings.products_home)
    except ConfigError:
        # Without a home folder no index can have been made there; classifying needs neither.
        return None
    return folder if has_index(folder) else None
