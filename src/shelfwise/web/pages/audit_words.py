"""The entries of the audit log in words: what was done, to which one, and what else is worth knowing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from shelfwise.accounts.records import AuditEntry
from shelfwise.web.pages.devices import device_words

__all__ = ["WORDS", "details_words", "done_words", "subject_words"]

Pair = tuple[str, str]
"""A label and its value."""

WORDS: Final[Mapping[str, str]] = {
    "session.start": "Signed in",
    "session.end": "Signed out",
    "session.fail": "Sign-in failed",
    "user.add": "Added a user",
    "user.change": "Changed a user",
    "user.password": "Set a password",
    "user.disable": "Disabled a user",
    "user.enable": "Enabled a user",
    "user.take-back": "Took an invitation back",
    "link.make": "Made a link",
    "link.use": "Used a link",
    "token.issue": "Made a token",
    "token.revoke": "Revoked a token",
    "product.add": "Added a product",
    "product.change": "Changed a product",
    "product.learn": "Added photos",
    "product.forget": "Removed a photo",
    "category.add": "Added a category",
    "category.change": "Changed a category",
    "store.add": "Added a store",
    "store.change": "Changed a store",
    "location.add": "Added a place",
    "location.change": "Changed a place",
    "planogram.put": "Planned a place",
    "planogram.remove": "Removed a planogram",
    "model.add": "Uploaded a model",
    "model.activate": "Switched the model",
    "model.roll-back": "Went back to a model",
    "model.shadow": "Tries a model in the shadow",
    "model.remove": "Removed a model",
    "import": "Imported a file",
    "book.restore": "Restored a backup",
}
"""What was done, by the entry's action."""
_LINKS: Final[Mapping[tuple[str, object], str]] = {
    ("link.make", "invite"): "Invited a user",
    ("link.make", "reset"): "Made a password link",
    ("link.use", "first"): "Became the first admin",
    ("link.use", "invite"): "Accepted an invitation",
    ("link.use", "reset"): "Used a password link",
}
_LABELS: Final[Mapping[str, str]] = {
    "id": "Number",
    "admin": "Admin",
    "device": "Browser",
    "ended": "Browsers signed out",
    "others": "Other browsers signed out",
    "session": "Number of the browser signed out",
    "scopes": "May",
    "expires_at": "Works until",
    "gtin": "Barcode number",
    "pack_size": "Units in a pack",
    "photos": "New photos",
    "stores": "Stores",
    "store_id": "Store",
}
# They go without saying, or the words for what was done say them.
_SILENT: Final[Mapping[str, frozenset[str]]] = {
    "link.make": frozenset({"kind"}),
    "link.use": frozenset({"kind"}),
}
# Their subjects begin with what sort of thing it is; a user's and a model's are the bare name.
_SORTED: Final = frozenset({"product", "category", "store", "location", "planogram"})


def done_words(entry: AuditEntry) -> str:
    """What was done: ``Changed a product``."""
    if entry.action == "model.shadow" and entry.subject == "none":
        return "Ended the trial of a model"
    if entry.action == "import" and entry.details.get("emptied"):
        return "Imported a file that emptied fields"
    known = _LINKS.get((entry.action, _hashable(entry.details.get("kind")))) or WORDS.get(entry.action)
    return known or entry.action.replace(".", ": ").replace("-", " ").capitalize()


def subject_words(entry: AuditEntry) -> str:
    """To which one; empty where there is none. The words for what was done say what sort of thing it is."""
    if entry.action == "model.shadow" and entry.subject == "none":
        return ""
    sort = entry.action.partition(".")[0]
    return entry.subject.removeprefix(f"{sort} ") if sort in _SORTED else entry.subject


def details_words(entry: AuditEntry, stores: Mapping[int, str], zone: tzinfo = UTC) -> list[Pair]:
    """What else is worth knowing, as labels and values; what is not known here has its own name as the label.

    Args:
        entry: whose details.
        stores: the names of the stores by their ids, the archived ones too.
        zone: where the reader is.
    """
    silent = _SILENT.get(entry.action, frozenset())
    # What has a name of its own needs no number; a user's tokens may be called alike.
    numbered = entry.action.startswith("token.") or not entry.subject
    told: list[Pair] = []
    for key, value in entry.details.items():
        if key in silent or (key == "id" and not numbered) or (key == "invited_by" and not value):
            continue
        if key == "roles" and isinstance(value, Mapping):
            told += _roles(value, stores)
        elif key == "admin" and isinstance(value, bool):
            told += [("Admin", "yes")] if value else []
        else:
            told += _pairs(_label(key), key, value, stores, zone)
    # A record's number is for those who look for it; the rest is said first.
    return sorted(told, key=lambda pair: pair[0] == _LABELS["id"])


def _pairs(label: str, key: str, value: Any, stores: Mapping[int, str], zone: tzinfo) -> list[Pair]:
    if not isinstance(value, Mapping) or not value:
        return [(label, _value(key, value, stores, zone))]
    if set(value) == {"before", "after"}:
        before, after = value["before"], value["after"]
        return [(label, f"{_value(key, after, stores, zone)} (was {_value(key, before, stores, zone)})")]
    inner: list[Pair] = []
    for name, each in value.items():
        inner += _pairs(f"{label}, {_label(name)[:1].lower()}{_label(name)[1:]}", name, each, stores, zone)
    return inner


def _roles(roles: Mapping[str, Any], stores: Mapping[int, str]) -> list[Pair]:
    """``Role: clerk at Mill Lane``; of a change, what it was and what it is now in each store that differs."""
    if set(roles) != {"before", "after"}:
        held = [f"{role} at {_store(store, stores)}" for store, role in roles.items()]
        return [("Role", ", ".join(held))] if held else []
    before, after = (each if isinstance(each, Mapping) else {} for each in (roles["before"], roles["after"]))
    return [
        (
            f"Role at {_store(store, stores)}",
            f"{after.get(store, 'none')} (was {before.get(store, 'none')})",
        )
        for store in dict.fromkeys((*before, *after))
        if before.get(store) != after.get(store)
    ]


def _label(key: str) -> str:
    words = key.replace("_", " ")
    return _LABELS.get(key) or words[:1].upper() + words[1:]


def _value(key: str, value: Any, stores: Mapping[int, str], zone: tzinfo) -> str:
    if key == "device":
        return device_words(str(value))
    if key in ("store_id", "stores"):
        if value is None:
            return "all"
        each = value if isinstance(value, list) else [value]
        return ", ".join(_store(one, stores) for one in each) or "none"
    if key == "expires_at" and isinstance(value, str):
        return _day(value, zone)
    if value is None or value in ({}, [], ""):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_value(name, each, stores, zone)}" for name, each in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_value("", each, stores, zone) for each in value)
    return str(value)


def _store(number: Any, stores: Mapping[int, str]) -> str:
    known = stores.get(int(number)) if str(number).isascii() and str(number).isdigit() else None
    return known or f"store {number}"


def _day(text: str, zone: tzinfo) -> str:
    try:
        return datetime.fromisoformat(text).astimezone(zone).strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError):
        return text


def _hashable(value: Any) -> object:
    return value if isinstance(value, str) else None
