"""Writes the tables of columns in docs/stock-files.md from the code: python scripts/stock_files_page.py"""

from __future__ import annotations

from pathlib import Path

from shelfwise.inventory.exchange.columns import COLUMNS, TABLES

PAGE = Path(__file__).parents[1] / "docs" / "stock-files.md"
BEGIN, END = "<!-- columns of {} -->", "<!-- end -->"


def table(name: str) -> str:
    """The columns of one table as Markdown."""
    lines = ["| column | what it holds | also understood |", "|---|---|---|"]
    for column in COLUMNS[name]:
        notes = (
            " **Required.**"
            if column.required
            else " Exports only; imports pass over it."
            if column.out_only
            else ""
        )
        others = ", ".join(f"`{other}`" for other in column.others)
        lines.append(f"| `{column.name}` | {column.about}.{notes} | {others} |")
    return "\n".join(lines)


def page(text: str) -> str:
    """The page with its tables written anew."""
    for name in TABLES:
        before, begin, rest = text.partition(BEGIN.format(name))
        _, end, after = rest.partition(END)
        text = f"{before}{begin}\n{table(name)}\n{end}{after}"
    return text


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
