"""What a browser calls itself, in words that people know their own device by."""

from __future__ import annotations

from typing import Final

__all__ = ["device_words"]

# The first that is named counts: Edge also names Chrome, and Chrome also names Safari.
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("CrOS", "Chromebook"),
    ("Linux", "Linux"),
)


def device_words(agent: str) -> str:
    """A browser and its system, such as ``Firefox on Windows``; what is not known is cut to 60 letters."""
    browser = next((words for sign, words in _BROWSERS if sign in agent), None)
    system = next((words for sign, words in _SYSTEMS if sign in agent), None)
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or agent[:60].strip() or "Unknown device"
