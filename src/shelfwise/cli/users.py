"""``shelfwise users``: who may use the shop's server, and what they may do there."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from shelfwise.cli.shop_options import DatabaseOption, HomeOption
from shelfwise.cli.stock_options import FormatOption, find_store, print_rows
from shelfwise.cli.tables import examples_text
from shelfwise.cli.user_options import opened
from shelfwise.cli.user_tokens import app as tokens_app
from shelfwise.errors import EntryError

if TYPE_CHECKING:
    from datetime import datetime

    from shelfwise.accounts.records import Role, User
    from shelfwise.inventory.catalogue import Catalogue

__all__ = ["EXAMPLES", "app"]

EXAMPLES: Final = (
    "shelfwise users add Ana --role 'Main street=clerk'",
    "shelfwise users roles Ana --role 'Main street=manager'",
    "shelfwise users tokens issue Ana 'till one' --scope read --scope book",
)
NONE: Final = "none"

app = typer.Typer(help="Who may use the server, and what they may do.", pretty_exceptions_enable=False)
app.add_typer(tokens_app, name="tokens", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The user's name; capitals do not count.")]
RoleOption = Annotated[
    list[str] | None,
    typer.Option(
        "--role",
        metavar="STORE=ROLE",
        help="reader, clerk or manager in a store; may be repeated. none takes the role there away.",
    ),
]
AddressOption = Annotated[
    str,
    typer.Option(
        "--address", metavar="URL", help="Where browsers reach your server; the link begins with it."
    ),
]
_HERE: Final = "http://127.0.0.1:8000"


@app.command("list", epilog=examples_text(["shelfwise users list", "shelfwise users list --format csv"]))
def list_users(
    output: FormatOption = "table", home: HomeOption = None, database: DatabaseOption = None
) -> None:
    """List the users and their roles."""
    with opened(home, database) as there:
        names = there.store_names()
        until = there.invitations.open_until()
        rows = [_row(user, names, until.get(user.id)) for user in there.users.list()]
    print_rows(
        ["name", "roles", "state", "link works until", "last seen"],
        rows,
        output,
        "There is no user yet. Add one with: shelfwise users add NAME --admin",
    )


@app.command(
    epilog=examples_text(
        ["shelfwise users add Ana --role 'Main street=clerk'", "shelfwise users add Boss --admin --password"]
    )
)
def add(
    name: NameArgument,
    role: RoleOption = None,
    admin: Annotated[bool, typer.Option("--admin", help="Holds all stores, users and models.")] = False,
    password: Annotated[
        bool, typer.Option("--password", help="Ask for a password here instead of making a link.")
    ] = False,
    address: AddressOption = _HERE,
    home: HomeOption = None,
    database: DatabaseOption = None,
) -> None:
    """Add a user: print a link that invites them, or ask for their password.

    The link works once and for seven days; whoever opens it chooses the password. Give --address where browsers
    reach your server at another address than http://127.0.0.1:8000.
    """
    with opened(home, database) as there:
        roles = _given_roles(there.catalogue, role)
        chosen = (
            typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
            if password
            else None
        )
        user = there.users.add(name, chosen, admin=admin, roles=_kept(roles), by=there.by)
        if password:
            typer.echo(f"Added {user.name}")
        else:
            _tell_link(_invited(user.name), address, there.invitations.reset(user.id, there.by))
    if not (user.admin or user.roles):
        typer.echo(
            f"{user.name} has no role yet, and can do nothing. Give one: "
            f"shelfwise users roles {shlex.quote(user.name)} --role 'STORE=clerk'",
            err=True,
        )


@app.command("take-back", epilog=examples_text(["shelfwise users take-back Ana"]))
def take_back(name: NameArgument, home: HomeOption = None, database: DatabaseOption = None) -> None:
    """Take an invitation back: the link stops working, and the user is removed.

    Only of one who has not chosen a password yet; disable others.
    """
    with opened(home, database) as there:
        user = there.users.take_back(there.users.by_name(name).id, by=there.by)
    typer.echo(f"Took the invitation of {user.name} back")


@app.command(epilog=examples_text(["shelfwise users disable Ana"]))
def disable(name: NameArgument, home: HomeOption = None, database: DatabaseOption = None) -> None:
    """Keep a user from signing in; sessions end, tokens do not work. What they booked stays."""
    with opened(home, database) as there:
        user = there.users.disable(there.users.by_name(name).id, by=there.by)
    typer.echo(f"Disabled {user.name}")


@app.command(epilog=examples_text(["shelfwise users enable Ana"]))
def enable(name: NameArgument, home: HomeOption = None, database: DatabaseOption = None) -> None:
    """Let a disabled user sign in again."""
    with opened(home, database) as there:
        user = there.users.enable(there.users.by_name(name).id, by=there.by)
    typer.echo(f"Enabled {user.name}")


@app.command(
    epilog=examples_text(
        [
            "shelfwise users roles Ana",
            "shelfwise users roles Ana --role 'Main street=manager' --role Harbour=none",
            "shelfwise users roles Ana --admin",
        ]
    )
)
def roles(
    name: NameArgument,
    role: RoleOption = None,
    admin: Annotated[
        bool | None,
        typer.Option("--admin/--no-admin", help="Holds all stores, users and models.", show_default=False),
    ] = None,
    home: HomeOption = None,
    database: DatabaseOption = None,
) -> None:
    """Change what a user may do, or show it. Stores that are not named keep their role."""
    with opened(home, database) as there:
        user = there.users.by_name(name)
        changes = _given_roles(there.catalogue, role)
        if changes or admin is not None:
            wanted = _kept({**user.roles, **changes}) if changes else None
            user = there.users.change(user.id, admin=admin, roles=wanted, by=there.by)
        names = there.store_names()
    typer.echo(f"{user.name}: {_roles_text(user, names) or 'no role'}")


@app.command("reset-password", epilog=examples_text(["shelfwise users reset-password Ana"]))
def reset_password(
    name: NameArgument,
    address: AddressOption = _HERE,
    home: HomeOption = None,
    database: DatabaseOption = None,
) -> None:
    """Print a link by which a user sets a new password; it works once, for a day.

    Until it is used the old password works. Links made before no longer work. Who has not chosen a password yet
    gets another invitation, for seven days.
    """
    with opened(home, database) as there:
        user = there.users.by_name(name)
        secret = there.invitations.reset(user.id, there.by)
    what = (
        f"{user.name} sets a new password here; the link works once, for a day:"
        if user.has_password
        else _invited(user.name)
    )
    _tell_link(what, address, secret)


def _invited(name: str) -> str:
    return f"{name} chooses a password here; the link works once, for seven days:"


def _tell_link(what: str, address: str, secret: str) -> None:
    # The link alone is the output, so that it can be piped on.
    typer.echo(what, err=True)
    typer.echo(f"{address.rstrip('/')}/invitation/{secret}")
    if address == _HERE:
        typer.echo(f"If your server is not at {_HERE}, give its address with --address.", err=True)


def _given_roles(catalogue: Catalogue, given: Sequence[str] | None) -> dict[int, str]:
    """Store id to role, or to ``none``. Raises EntryError, NotFoundError."""
    found: dict[int, str] = {}
    for text in given or ():
        store, sign, role = text.rpartition("=")
        if not sign or not store.strip():
            raise EntryError("role", f"{text!r} is not STORE=ROLE, such as 'Main street=clerk'")
        found[find_store(catalogue, store).id] = role.strip().lower()
    return found


def _kept(roles: Mapping[int, Any]) -> dict[int, Role]:
    """Without those taken away; the accounts check the others."""
    return {store: role for store, role in roles.items() if role != NONE}


def _row(user: User, names: Mapping[int, str], until: datetime | None) -> tuple[object, ...]:
    waiting = "invited" if until else "no password yet"
    state = "disabled" if user.disabled else "active" if user.has_password else waiting
    return user.name, _roles_text(user, names), state, until, user.last_seen


def _roles_text(user: User, names: Mapping[int, str]) -> str:
    if user.admin:
        return "admin"
    return ", ".join(f"{names.get(store, store)}: {role}" for store, role in user.roles.items())
