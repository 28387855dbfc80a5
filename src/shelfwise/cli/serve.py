"""``shelfwise serve``: the shop's server, its pages and its API."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from shelfwise.cli.shop_options import DatabaseOption, HomeOption
from shelfwise.files import storage_errors

if TYPE_CHECKING:
    from shelfwise.web.config import WebConfig
    from shelfwise.web.serving import Place
    from shelfwise.workflows.shop import ShopSettings

__all__ = ["EXAMPLES", "serve"]

EXAMPLES: Final = (
    "shelfwise serve",
    "shelfwise serve --home /srv/shop --model runs/shop/bundle",
    "shelfwise serve --public-address https://stock.example.org --proxy 127.0.0.1",
)

_NEEDED: Final = ("sqlalchemy", "fastapi", "uvicorn", "argon2", "jinja2", "prometheus_client")


def serve(
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Where to listen. The default is for this machine alone.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="0 takes one that is free.")
    ] = 8000,
    home: HomeOption = None,
    database: DatabaseOption = None,
    model: Annotated[
        Path | None,
        typer.Option(
            metavar="BUNDLE",
            help="Answer photos with this model from now on. By default the one chosen last, at first the one "
            "that comes with Shelfwise.",
        ),
    ] = None,
    detector: Annotated[
        Path | None,
        typer.Option(
            metavar="BUNDLE",
            help="Find products on shelf photos with this detector. By default the one that comes with Shelfwise.",
        ),
    ] = None,
    public_address: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where browsers reach it, through a proxy with HTTPS: https://stock.example.org",
        ),
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST", help="A further host name that it may be called by; may be repeated."),
    ] = None,
    proxy: Annotated[
        list[str] | None,
        typer.Option(metavar="ADDRESS", help="A proxy whose X-Forwarded-For is believed; may be repeated."),
    ] = None,
    allow_network: Annotated[
        bool, typer.Option("--allow-network", help="Let other machines reach it, without encryption.")
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            max=64,
            help="How many batches of photos are answered at once. By default one a core.",
        ),
    ] = None,
    no_access_log: Annotated[
        bool, typer.Option("--no-access-log", help="Do not log each request to standard error.")
    ] = False,
) -> None:
    """Run the shop's server: stock, photos and people's accounts, at http://127.0.0.1:8000.

    The first start makes the shop's folder and its stock book, and prints a link that makes the first admin. The
    link works once. Ctrl-C ends the server after what has begun.
    """
    from shelfwise.extras import require_found

    # Not imported yet, which takes a second: the model is loaded meanwhile.
    require_found(*_NEEDED, what="The server", extra="serve")
    from shelfwise.web.config import WebConfig
    from shelfwise.web.serving import Place

    config = WebConfig(public_address=public_address, hosts=tuple(name or ()), access_log=not no_access_log)
    place = Place(host, port, allow_network=allow_network, proxies=tuple(proxy or ()))
    _log_to_stderr()
    with _without_collection() as started:
        _run(_settings(home, database, workers, detector), model, config, place, started)


@contextlib.contextmanager
def _without_collection() -> Iterator[Callable[[], None]]:
    """Look for no garbage until the function that is given is called: what a start makes is there to stay."""

    def started() -> None:
        gc.freeze()
        gc.enable()

    gc.disable()
    try:
        yield started
    finally:
        gc.enable()
        gc.unfreeze()


def _settings(
    home: Path | None, database: str | None, workers: int | None, detector: Path | None
) -> ShopSettings:
    from shelfwise.settings import Settings
    from shelfwise.workflows.shop import ShopSettings

    settings = Settings()
    # A folder that is named means the book in it, whatever the environment says.
    return ShopSettings(
        home or settings.home,
        database or (None if home else settings.database),
        workers=workers,
        detector=None if detector is None else _detector(detector),
    )


def _detector(given: Path) -> Path:
    """A detector's bundle, seen to be one: it is loaded when the first shelf photo comes."""
    from shelfwise.bundle import read_bundle
    from shelfwise.workflows.classify import find_detector

    bundle = read_bundle(find_detector(given))
    bundle.refuse_other_task("detect")
    return bundle.path


def _run(
    settings: ShopSettings, model: Path | None, config: WebConfig, place: Place, ready: Callable[[], None]
) -> None:
    from shelfwise.web.serving import is_loopback, listen, serve
    from shelfwise.workflows.shop import one_server, open_shop

    def started(address: str, first: str | None) -> None:
        ready()
        typer.echo(f"Shelfwise is at {address} (end it with Ctrl-C)")
        if first is not None:
            typer.echo(f"Make the first admin here; the link works once: {first}")
        if not is_loopback(place.host) and config.public_address is None:
            typer.secho(
                "Other machines can reach it, and nothing is encrypted: passwords can be read on the way.",
                fg="yellow",
                err=True,
            )

    with contextlib.closing(listen(place)) as listening, one_server(settings):
        if model is not None:
            _use(settings.home, model)
        with open_shop(settings) as shop:
            serve(shop, config, place, started=started, listening=listening)


def _log_to_stderr() -> None:
    import logging

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    # Its start and end are told by the command itself.
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    # The first start makes the stock book: each of its steps would stand above the link that is to be found.
    logging.getLogger("alembic").setLevel(logging.WARNING)


def _use(home: Path, model: Path) -> None:
    """Make a model the active one before the shop opens, and put it on the shelf first where it is not there yet."""
    from shelfwise.bundle import read_bundle
    from shelfwise.errors import NotFoundError
    from shelfwise.workflows.model_shelf import ModelShelf

    given = read_bundle(model)
    with storage_errors(home):
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    shelf = ModelShelf(home / "models")
    try:
        known = shelf.model(given.id)
    except NotFoundError:
        known = shelf.add(model)
    if not known.active:
        shelf.activate(known.id)
