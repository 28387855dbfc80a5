"""The name that was probably meant, for messages about one that the stock book does not have."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from shelfwise.text import nearest

if TYPE_CHECKING:
    from shelfwise.inventory.catalogue import Catalogue

__all__ = ["path_meant", "products_meant", "question"]

_PAGE: Final = 500
_PAGES: Final = 10
_BEGINNING: Final = 3
_MANY: Final = 4


def question(*meant: str | None) -> str:
    """What follows a message: ``. Did you mean 'Whole milk'?``; nothing where no name is like it."""
    names = [repr(name) for name in meant if name]
    if len(names) > _MANY:
        return f". Did you mean {', '.join(names[:_MANY])} or another one?"
    listed = " or ".join(filter(None, (", ".join(names[:-1]), names[-1] if names else "")))
    return f". Did you mean {listed}?" if names else ""


def products_meant(catalogue: Catalogue, text: str) -> list[str]:
    """The products whose names begin with a text; where none does, the one whose name is most like it.

    It is looked for among those that have a word with the beginning of one of the text's, and among the first of
    all by name: a few thousand, however many the book has.
    """
    from shelfwise.inventory.names import words_in

    start, names = text.strip().casefold(), set[str]()
    for word in sorted(words_in(text), key=len, reverse=True)[:_PAGES]:
        page = catalogue.products(word[:_BEGINNING], limit=_PAGE)
        names.update(product.name for product in page.items)
    if beginning := sorted(name for name in names if start and name.casefold().startswith(start)):
        return beginning
    cursor: str | None = None
    for _ in range(_PAGES):
        page = catalogue.products(cursor=cursor, limit=_PAGE)
        names.update(product.name for product in page.items)
        if (cursor := page.next) is None:
            break
    found = nearest(text, sorted(names))
    return [found] if found else []


def path_meant(text: str, paths: Iterable[str]) -> str | None:
    """The place's or category's path most like a text, which may be the last name of a path alone."""
    by_name = {path: path for path in paths if path}
    for path in list(by_name):
        by_name.setdefault(path.rpartition("/")[2].strip(), path)
    found = nearest(text, by_name)
    return None if found is None else by_name[found]
