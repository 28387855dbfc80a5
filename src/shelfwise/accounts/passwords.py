"""Passwords: which are too weak to be taken, and how they are kept (argon2id)."""

from __future__ import annotations

import functools
import threading
import unicodedata
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shelfwise.accounts.common_passwords import COMMON
from shelfwise.accounts.names import name_key
from shelfwise.errors import EntryError

__all__ = ["LONGEST", "SHORTEST", "Passwords"]

SHORTEST: Final = 10
LONGEST: Final = 256

# Digits and signs that are written for letters, as in "P@ssw0rd".
_DRESS: Final = str.maketrans("0134578@$!", "oleastbasi")
_ROWS: Final = ("01234567890123456789", "98765432109876543210", "13579135791357913579")


class Passwords:
    """Checks, hashes and verifies passwords. At most two are hashed at once, for each takes its memory.

    Args:
        time_cost: argon2's passes.
        memory_cost: argon2's memory in KiB. The defaults take about a tenth of a second; tests take less.
        parallelism: argon2's lanes.
    """

    def __init__(self, *, time_cost: int = 3, memory_cost: int = 65536, parallelism: int = 1) -> None:
        self._hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_cost, parallelism=parallelism)
        self._turns = threading.BoundedSemaphore(2)

    @functools.cached_property
    def _nobody(self) -> str:
        """What a password is compared to where there is no user, so that the answer takes as long."""
        return self._hasher.hash("nobody's password")

    def check(self, password: str, name: str) -> None:
        """Refuse a password that others would guess.

        Args:
            name: the user's name.

        Raises:
            EntryError: the field ``password``: too short, too long, the name, or one of the commonest.
        """
        if len(password) < SHORTEST:
            raise EntryError("password", f"take at least {SHORTEST} characters; a few words do well")
        if len(password) > LONGEST:
            raise EntryError("password", f"take at most {LONGEST} characters")
        if not _is_text(password):
            raise EntryError("password", "it has characters that are no valid text")
        if name_key(name) in (key := name_key(password)) and len(key) < len(name_key(name)) + 4:
            raise EntryError("password", "take one that is not your name")
        if _is_common(key):
            raise EntryError("password", "this is one of the commonest passwords: take another")

    def hash(self, password: str) -> str:
        """What is kept of a password: argon2's own text form with its parameters and salt."""
        with self._turns:
            return self._hasher.hash(_normal(password))

    def verify(self, kept: str | None, password: str) -> bool:
        """Whether it is the password. Takes as long where there is none (``kept`` is None) as where it is wrong."""
        fits = len(password) <= LONGEST and _is_text(password)
        with self._turns:
            # Asked for whoever it is: the first answer tells nothing either.
            nobody = self._nobody
            try:
                right = self._hasher.verify(kept or nobody, _normal(password) if fits else "")
            except (VerificationError, InvalidHashError):
                return False
        return right and fits and kept is not None

    def is_outdated(self, kept: str) -> bool:
        """Whether it was hashed with other parameters than are used now."""
        return self._hasher.check_needs_rehash(kept)


def _normal(password: str) -> str:
    # Keyboards write the same letter in different forms.
    return unicodedata.normalize("NFKC", password)


def _is_text(password: str) -> bool:
    try:
        password.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _is_common(key: str) -> bool:
    tight = key.replace(" ", "")
    if len(set(tight)) <= 2:
        return True
    if tight.isdigit():
        return any(tight[:10] in row for row in _ROWS) or _repeats(tight)
    plain = "".join(filter(str.isalpha, tight.strip("0123456789!?.,-_#*+ ")))
    dressed = "".join(filter(str.isalpha, tight.strip("0123456789!?.,-_#*+ ").translate(_DRESS)))
    all_dressed = "".join(filter(str.isalpha, tight.translate(_DRESS)))
    return any(_whole(word) in COMMON for word in (plain, dressed, all_dressed))


def _whole(word: str) -> str:
    """The shortest part that the word repeats: "pass" of "passpass"."""
    place = (word + word).find(word, 1)
    return word[:place] if word and place < len(word) else word


def _repeats(digits: str) -> bool:
    return len(_whole(digits)) <= 4
