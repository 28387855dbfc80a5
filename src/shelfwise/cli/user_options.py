"""The accounts in a stock book, open for a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from shelfwise.cli.shop_options import open_book
from shelfwise.cli.stock_options import at_terminal

if TYPE_CHECKING:
    from shelfwise.accounts.invitations import Invitations
    from shelfwise.accounts.tokens import Tokens
    from shelfwise.accounts.users import Users
    from shelfwise.database import Database
    from shelfwise.inventory.catalogue import Catalogue

__all__ = ["Opened", "opened"]


class Opened:
    """The accounts of a stock book.

    Attributes:
        users, catalogue: the users and the stores.
        by: who the audit log says it was: this machine's user, at its terminal.
    """

    def __init__(self, book: Database) -> None:
        from shelfwise.accounts.users import Users
        from shelfwise.inventory.catalogue import Catalogue

        self._book = book
        self.users: Users = Users(book)
        self.catalogue: Catalogue = Catalogue(book)
        self.by = at_terminal()

    @property
    def invitations(self) -> Invitations:
        """The one-time links."""
        from shelfwise.accounts.invitations import Invitations

        return Invitations(self._book)

    @property
    def tokens(self) -> Tokens:
        """The tokens of the API."""
        from shelfwise.accounts.tokens import Tokens

        return Tokens(self._book)

    def store_names(self) -> dict[int, str]:
        """The name of each store by its id, the archived ones too."""
        return {
            store.id: store.name for archived in (False, True) for store in self.catalogue.stores(archived)
        }


@contextmanager
def opened(home: Path | None, database: str | None) -> Iterator[Opened]:
    """The accounts in the stock book. Raises DatabaseError where there is none; it says what to run."""
    from shelfwise.extras import require

    with open_book(home, database) as book:
        require("argon2", what="Passwords", extra="serve")
        yield Opened(book)
