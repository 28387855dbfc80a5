"""Planograms: what they are, their files, drafting one from a photo, and comparing a shelf with one."""

from shelfwise.shelf.compare import compare
from shelfwise.shelf.comparison import Comparison, Extra, Fix, Found, Place, Unnamed
from shelfwise.shelf.drafting import draft, left_out
from shelfwise.shelf.planned import Entry, Planogram
from shelfwise.shelf.planogram_files import (
    parse_planogram,
    planogram_text,
    read_planogram,
    write_planogram,
)

__all__ = [
    "Comparison",
    "Entry",
    "Extra",
    "Fix",
    "Found",
    "Place",
    "Planogram",
    "Unnamed",
    "compare",
    "draft",
    "left_out",
    "parse_planogram",
    "planogram_text",
    "read_planogram",
    "write_planogram",
]
