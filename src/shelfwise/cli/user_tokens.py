"""``shelfwise users tokens``: tokens of the API, for programs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer

from shelfwise.cli.shop_options import DatabaseOption, HomeOption
from shelfwise.cli.stock_options import FormatOption, find_store, print_rows
from shelfwise.cli.tables import examples_text
from shelfwise.cli.user_options import opened
from shelfwise.text import printable

if TYPE_CHECKING:
    from shelfwise.accounts.records import Token

__all__ = ["app"]

_DAYS: Final = 3650

app = typer.Typer(help="Tokens of the API, for programs.", pretty_exceptions_enable=False)


@app.command(
    epilog=examples_text(
        [
            "shelfwise users tokens issue Ana 'till one' --scope read --scope book --store Harbour",
            "shelfwise users tokens issue Ana report --scope read --days 90",
        ]
    )
)
def issue(
    user: Annotated[
        str, typer.Argument(metavar="USER", help="Whose it is; it may do no more than they may.")
    ],
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for.")],
    scope: Annotated[
        list[str],
        typer.Option(
            "--scope",
            metavar="SCOPE",
            help="read; classify (photos, and judge answers); book (also count and undo); manage (products, "
            "categories, locations, imports, what to order); or admin. May be repeated, none implies another.",
        ),
    ],
    store: Annotated[
        list[str] | None,
        typer.Option(
            "--store", metavar="STORE", help="Only this store; may be repeated. By default all of the user's."
        ),
    ] = None,
    days: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=_DAYS, help="Days after which it expires.")
    ] = None,
    home: HomeOption = None,
    database: DatabaseOption = None,
) -> None:
    """Issue a token and print its secret, which is shown this once."""
    from shelfwise.database import utc_now

    with opened(home, database) as there:
        made = there.tokens.issue(
            there.users.by_name(user).id,
            name,
            scope,
            [find_store(there.catalogue, each).id for each in store] if store else None,
            utc_now() + timedelta(days=days) if days else None,
            by=there.by,
        )
    # The secret alone is the output, so that it can be piped on.
    typer.echo(
        f"Token {made.token.id} of {made.token.user}. Keep its secret, it is not shown again:", err=True
    )
    typer.echo(made.secret)


@app.command("list", epilog=examples_text(["shelfwise users tokens list", "shelfwise users tokens list Ana"]))
def list_tokens(
    user: Annotated[str | None, typer.Argument(metavar="USER", help="Whose; by default everybody's.")] = None,
    output: FormatOption = "table",
    home: HomeOption = None,
    database: DatabaseOption = None,
) -> None:
    """List the tokens that were not revoked."""
    from shelfwise.database import utc_now

    with opened(home, database) as there:
        names, now = there.store_names(), utc_now()
        found = there.tokens.list(None if user is None else there.users.by_name(user).id)
    rows = [
        (
            token.id,
            token.user,
            token.name,
            " ".join(sorted(token.scopes)),
            _stores(token, names),
            _end(token, now),
            token.last_used,
        )
        for token in found
    ]
    headings = [">id", "user", "name", "scopes", "stores", "expires", "last used"]
    print_rows(headings, rows, output, "There is no token yet.")


@app.command(epilog=examples_text(["shelfwise users tokens revoke 3"]))
def revoke(
    number: Annotated[int, typer.Argument(metavar="ID", help="The token's number in the list.")],
    home: HomeOption = None,
    database: DatabaseOption = None,
) -> None:
    """Make a token useless at once."""

    with opened(home, database) as there:
        token = there.tokens.get(number)
        there.tokens.revoke(number, by=there.by)
    typer.echo(f"Revoked {printable(token.name)} of {printable(token.user)}")


def _stores(token: Token, names: dict[int, str]) -> str:
    if token.store_ids is None:
        return "all"
    return ", ".join(names.get(each, str(each)) for each in sorted(token.store_ids))


def _end(token: Token, now: datetime) -> str:
    if token.expires_at is None:
        return "never"
    return "expired" if token.expires_at <= now else f"{token.expires_at:%Y-%m-%d}"
