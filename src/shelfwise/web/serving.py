"""Running the server in this process: a socket, the loop, and an end without breaking anything off."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import FrameType
from typing import TYPE_CHECKING, Final

from shelfwise.errors import ConfigError
from shelfwise.web.config import WebConfig

# The libraries of the server take a second to import. Whoever opens the shop before they are has the model loaded
# meanwhile, on another core.
if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

    from shelfwise.workflows.shop import Shop

__all__ = ["Place", "is_loopback", "listen", "serve"]

_BACKLOG: Final = 1024
_SECONDS_TO_FINISH: Final = 20
_SECONDS_IDLE: Final = 30
_LOG: Final = logging.getLogger("shelfwise.web")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the server listens.

    Attributes:
        host: a name or address of this machine.
        port: 0 for any that is free.
        allow_network: whether ``host`` may be reached from other machines.
        proxies: addresses of proxies whose ``X-Forwarded-For`` and ``-Proto`` are believed.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    allow_network: bool = False
    proxies: tuple[str, ...] = ()


def is_loopback(host: str) -> bool:
    """Whether an address or name is reached from this machine only."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def listen(place: Place) -> socket.socket:
    """A socket that takes connections already; they wait until :func:`serve` answers.

    So a port that is taken is told before anything else happens.

    Raises:
        ConfigError: the place is not this machine's, is taken, or is open to the network without leave.
    """
    if not place.allow_network and not is_loopback(place.host):
        raise ConfigError(
            f"{place.host} can be reached from other machines, and what they send would not be encrypted. Put a "
            "proxy with HTTPS before it (see docs/server.md), or say --allow-network if you mean it"
        )
    return _bound(place)


def serve(
    shop: Shop,
    config: WebConfig,
    place: Place,
    *,
    started: Callable[[str, str | None], None],
    listening: socket.socket | None = None,
) -> None:
    """Serve a shop until SIGINT or SIGTERM; what has begun by then is finished.

    Args:
        shop: stays open.
        config: who may call it, and limits.
        place: where it listens.
        started: called with the server's address, and the link that makes the first admin where there is none yet.
        listening: what :func:`listen` gave for the place; closed at the end.

    Raises:
        ConfigError: as :func:`listen`.
    """
    import uvicorn

    from shelfwise.web.app import create_app

    with contextlib.closing(listening or listen(place)) as connections:
        config = _reachable(config, place)
        address = config.public_address or _address(place.host, connections)
        server = uvicorn.Server(_settings(create_app(shop, config), place))
        if shop.db.dialect == "sqlite":
            # A SQLite file has one server: what another one left unanswered nobody answers any more.
            shop.replies.forget_unfinished()
        first = shop.invitations.first_admin()
        with _ended_by_signals(server):
            started(address, None if first is None else f"{address.rstrip('/')}/first/{first}")
            server.run(sockets=[connections])


def _settings(app: FastAPI, place: Place) -> uvicorn.Config:
    import uvicorn

    return uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(place.proxies),
        forwarded_allow_ips=list(place.proxies),
        backlog=_BACKLOG,
        timeout_keep_alive=_SECONDS_IDLE,
        timeout_graceful_shutdown=_SECONDS_TO_FINISH,
    )


def _bound(place: Place) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            place.host.strip("[]"), place.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise ConfigError(f"{place.host} is no name or address of this machine: {error.strerror}") from error
    listening = socket.socket(family, kind, protocol)
    try:
        if sys.platform != "win32":
            # A server that has just ended leaves the port waiting for a minute.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise ConfigError(_why_not(place, error)) from error
    listening.setblocking(False)
    return listening


def _why_not(place: Place, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {place.port} is taken by another program: end that, or choose another with --port"
    if error.errno == errno.EACCES:
        return f"port {place.port} may be used by the system's administrator only: choose one above 1023 with --port"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{place.host} is no address of this machine: leave out --host for this machine alone"
    return f"cannot listen at {place.host}, port {place.port}: {error.strerror}"


def _reachable(config: WebConfig, place: Place) -> WebConfig:
    """The settings with the names that this machine has, where others may call it."""
    if is_loopback(place.host):
        return config
    name = socket.gethostname()
    return replace(config, hosts=(*config.hosts, place.host, name, f"{name}.local"), any_address=True)


def _address(host: str, listening: socket.socket) -> str:
    port = listening.getsockname()[1]
    shown = host.strip("[]")
    if shown in ("0.0.0.0", "::"):  # noqa: S104  # only shown
        shown = socket.gethostname()
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


@contextlib.contextmanager
def _ended_by_signals(server: uvicorn.Server) -> Iterator[None]:
    """Being asked to end is no error: the server ends by it, and nothing else is interrupted.

    While the server runs, it has handlers of its own, and hands the signal on to these when it has ended.
    """

    def note(number: int, _: FrameType | None) -> None:
        _LOG.info("ended by %s", signal.Signals(number).name)
        server.should_exit = True

    asked = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, note) for number in asked}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
