"""Shelfwise tells a shop what it has by looking."""

__version__ = "0.1.0"
