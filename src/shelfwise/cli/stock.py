"""``shelfwise stock``: the stock book on the command line."""

from __future__ import annotations

from typing import Final

import typer

from shelfwise.cli import stock_booking, stock_catalogue, stock_files, stock_lists
from shelfwise.cli.signed import NumberCommand

__all__ = ["EXAMPLES", "app"]

EXAMPLES: Final = (
    "shelfwise stock add-store 'Corner shop'",
    "shelfwise stock add-product 'Oat drink' --category drinks/milk --gtin 4006381333931 --minimum 6",
    "shelfwise stock received 'Oat drink' 24 --reason 'delivery 118'",
    "shelfwise stock list --state low",
    "shelfwise stock import products products.csv --dry-run",
)

app = typer.Typer(help="The stock book: book, look up, import, export.", pretty_exceptions_enable=False)

for module in (stock_booking, stock_lists, stock_catalogue, stock_files):
    for function in module.COMMANDS:
        # Of quantities alone a minus is thought of; other commands have nothing that begins with one.
        kind = NumberCommand if function in stock_booking.WITH_QUANTITY else None
        name = function.__name__.rstrip("_").replace("_", "-")
        app.command(name, cls=kind, rich_help_panel=module.PANEL)(function)
