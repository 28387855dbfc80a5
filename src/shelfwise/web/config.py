"""What whoever runs the server decides: its public address, how long a sign-in lasts, and the limits."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from shelfwise.errors import ConfigError

__all__ = ["LOOPBACK_NAMES", "WebConfig"]

LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class WebConfig:
    """Settings of the web server.

    Attributes:
        public_address: where browsers reach it, such as ``https://stock.example.org``; None = only by the names of
            this machine itself.
        hosts: further host names and addresses, without a port, under which it may be called.
        any_address: whether any IP address may be its name; no other site's name can lead to one.
        session_lasts: after this time a sign-in ends.
        max_body: bytes of a request's body, except for uploads.
        max_upload: bytes of an upload: photos, a file to import, a model.
        max_held: bytes of uploads that are in memory at a time; more are refused with 503.
        requests_per_minute: of one user.
        photos_per_minute: photos that one user sends or fetches.
        anonymous_per_minute: requests of one address that is not signed in.
        sign_ins_per_minute: of one address; each hashes a password, which takes time and memory.
        secure_cookies: cookies are sent over HTTPS only; None = when ``public_address`` is one.
        access_log: whether each request is logged.

    Raises:
        ConfigError: the public address is none.
    """

    public_address: str | None = None
    hosts: tuple[str, ...] = ()
    any_address: bool = False
    session_lasts: timedelta = timedelta(days=14)
    max_body: int = 2 * _MIB
    max_upload: int = 256 * _MIB
    max_held: int = 512 * _MIB
    requests_per_minute: int = 1200
    photos_per_minute: int = 3000
    anonymous_per_minute: int = 240
    sign_ins_per_minute: int = 60
    secure_cookies: bool | None = None
    access_log: bool = True

    def __post_init__(self) -> None:
        if self.public_address is None:
            return
        parts = urlsplit(self.public_address)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
            raise ConfigError(
                f"{self.public_address!r} is no public address: give one such as https://stock.example.org"
            )

    @property
    def secure(self) -> bool:
        """Whether cookies are for HTTPS only."""
        if self.secure_cookies is not None:
            return self.secure_cookies
        return self.public_address is not None and self.public_address.startswith("https:")

    def takes(self, name: str) -> bool:
        """Whether a request may be addressed to a host name, in lower case and without brackets."""
        return name in self.names or (self.any_address and _is_address(name))

    @property
    def names(self) -> frozenset[str]:
        """Host names, in lower case, that a request may be addressed to."""
        public = urlsplit(self.public_address).hostname if self.public_address else None
        given = (name.strip("[]").lower() for name in (*self.hosts, public or ""))
        return LOOPBACK_NAMES | {name for name in given if name}


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
