"""Secrets of sessions, tokens and links: 32 random bytes, of which only the SHA-256 is kept."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Final

__all__ = ["csrf_of", "digest", "new_secret", "same"]

_CSRF: Final = b"shelfwise csrf"


def new_secret() -> str:
    """A new secret of 43 characters that may stand in a URL."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is kept of a secret, in hexadecimal. It has 256 random bits, so a fast hash is enough."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def csrf_of(secret: str) -> str:
    """The CSRF token of a session: it follows from the secret, which does not follow from it."""
    mac = hmac.digest(secret.encode("utf-8", "replace"), _CSRF, "sha256")
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode("ascii")


def same(one: str, other: str) -> bool:
    """Compare in a time that does not tell where they differ."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))
