"""Booking what happened, and undoing it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from shelfwise.cli.shop_options import DatabaseOption, HomeOption
from shelfwise.cli.stock_options import (
    AtOption,
    KeyOption,
    PlaceOption,
    ProductArgument,
    QuantityArgument,
    ReasonOption,
    StoreOption,
    UserOption,
    find_place,
    find_product,
    find_store,
    moment,
    number,
    opened,
    user_name,
)
from shelfwise.errors import EntryError
from shelfwise.text import printable

if TYPE_CHECKING:
    from shelfwise.database import Database
    from shelfwise.inventory.records import Booking, Kind

__all__ = ["COMMANDS", "PANEL", "WITH_QUANTITY"]

PANEL: Final = "Book"


@dataclass(frozen=True, slots=True)
class _Given:
    """What every booking may be given."""

    store: str | None
    place: str | None
    at: str | None
    reason: str | None
    key: str | None
    user: str | None
    home: Path | None
    database: str | None


def _command(name: str, kind: Kind, about: str) -> Callable[..., None]:
    """The command that books one kind of movement."""

    def command(
        product: ProductArgument,
        quantity: QuantityArgument,
        store: StoreOption = None,
        place: PlaceOption = None,
        at: AtOption = None,
        reason: ReasonOption = None,
        key: KeyOption = None,
        user: UserOption = None,
        home: HomeOption = None,
        database: DatabaseOption = None,
    ) -> None:
        _book(kind, product, quantity, _Given(store, place, at, reason, key, user, home, database))

    command.__name__ = name
    command.__doc__ = about
    return command


_RECEIVED: Final = _command("received", "received", "Book what was received.")
_SOLD: Final = _command("sold", "sold", "Book what was sold.")
_WASTED: Final = _command("wasted", "wasted", "Book what was thrown away, broken or past its date.")
_COUNT: Final = _command(
    "count", "counted", "Book how much was counted: the level as of that time, whatever the book said."
)
_CORRECT: Final = _command(
    "correct", "corrected", "Add to the level, or take off it: shelfwise stock correct 'Oat drink' -2."
)


def move(
    product: ProductArgument,
    quantity: QuantityArgument,
    to: Annotated[str, typer.Option("--to", metavar="PATH", help="Where it went.")],
    store: StoreOption = None,
    place: PlaceOption = None,
    to_store: Annotated[
        str | None, typer.Option("--to-store", metavar="NAME", help="The store it went to, if another.")
    ] = None,
    at: AtOption = None,
    reason: ReasonOption = None,
    key: KeyOption = None,
    user: UserOption = None,
    home: HomeOption = None,
    database: DatabaseOption = None,
) -> None:
    """Book what was moved to another place; --to '' is the store itself."""
    given = _Given(store, place, at, reason, key, user, home, database)
    _book("moved", product, quantity, given, to=(to_store, to))


def undo(
    movement: Annotated[int, typer.Argument(metavar="NUMBER", help="The movement's number in history.")],
    reason: ReasonOption = None,
    key: KeyOption = None,
    user: UserOption = None,
    home: HomeOption = None,
    database: DatabaseOption = None,
) -> None:
    """Undo a movement by booking its opposite; both stay in the book."""
    with opened(home, database) as book:
        from shelfwise.inventory.ledger import Ledger

        done = Ledger(book.database).undo(movement, user=user_name(user), reason=reason, key=key)
        _tell(done, book.database, "Undone")


WITH_QUANTITY: Final[tuple[Callable[..., None], ...]] = (_RECEIVED, _SOLD, _COUNT, _WASTED, move, _CORRECT)
COMMANDS: Final[tuple[Callable[..., None], ...]] = (*WITH_QUANTITY, undo)


def _book(
    kind: Kind, product: str, quantity: str, given: _Given, to: tuple[str | None, str] | None = None
) -> None:
    with opened(given.home, given.database) as book:
        from shelfwise.inventory.ledger import Ledger
        from shelfwise.inventory.records import Line

        shop = find_store(book.catalogue, given.store)
        target = None
        if to is not None:
            to_store, path = to
            target = find_place(book.catalogue, find_store(book.catalogue, to_store or shop.name), path).id
        line = Line(
            kind=kind,
            product_id=find_product(book.catalogue, product).id,
            location_id=find_place(book.catalogue, shop, given.place).id,
            quantity=_quantity(kind, quantity),
            at=moment(given.at),
            reason=given.reason,
            to_location_id=target,
        )
        try:
            done = Ledger(book.database).book([line], user=user_name(given.user), key=given.key)
        except EntryError as error:
            # There is one line alone: its number says nothing.
            raise EntryError(error.field.removeprefix("lines.0."), error.message) from error
        _tell(done, book.database, "Booked before" if done.repeated else "Booked")


_WITHOUT_SIGN: Final[dict[Kind, str]] = {
    "received": "received adds it",
    "sold": "sold takes it off",
    "wasted": "wasted takes it off",
    "moved": "move takes it off one place and adds it at the other",
    "counted": "it is what is there",
}


def _quantity(kind: Kind, text: str) -> Decimal:
    quantity = number(text)
    if kind in _WITHOUT_SIGN and quantity < 0:
        raise EntryError(
            "quantity", f"give {text.strip().lstrip('-')}, without a sign: {_WITHOUT_SIGN[kind]}"
        )
    return quantity


def _tell(booking: Booking, database: Database, done: str) -> None:
    """Say what was booked, with its number, and the levels that follow."""
    from shelfwise.inventory.exchange.cells import shown
    from shelfwise.inventory.levels import Levels

    levels = Levels(database)
    for each in booking.movements:
        where = each.store + (f" / {each.location}" if each.location else "")
        sign = "= " if each.change is None else "+" if each.change > 0 else ""
        change = sign + shown(each.quantity if each.change is None else each.change)
        now = levels.at_location(each.product_id, each.location_id)
        typer.echo(
            printable(f"{done} {each.id}: {each.kind} {each.product} {change} at {where}; now {shown(now)}")
        )
        if now < 0 and each.undoes is None and each.change is not None and each.change < 0:
            # Allowed, for the book may not know of everything; often it is a slip.
            typer.echo(
                printable(
                    f"note: {each.product} is below 0 at {where} now: count it there, or take a slip back with: "
                    f"shelfwise stock undo {each.id}"
                ),
                err=True,
            )
