"""Markdown that others wrote, as HTML that can do nothing: no HTML of its own, no pictures, no scripts in links."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

__all__ = ["MOST_LETTERS", "markdown_html"]

MOST_LETTERS: Final = 200_000
"""How much of a text is shown."""
_BELOW: Final = 2  # the page has headings of the first two levels itself
_LOWEST: Final = 6


def markdown_html(text: str) -> Markup:
    """A text's HTML, for a template.

    HTML in it is shown as it is written. Links lead to web and mail addresses only and tell nobody where they were
    followed from. Its headings begin at the third level.
    """
    made = _reader().parse(text[:MOST_LETTERS])
    _tame(made)
    # Everything that comes from the text is escaped by the renderer.
    return Markup(_reader().renderer.render(made, _reader().options, {}))  # noqa: S704


@cache
def _reader() -> MarkdownIt:
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    # By default relative addresses and ftp pass too; what leads where is the page's business.
    reader.validateLink = lambda url: url.strip().lower().startswith(("https://", "http://", "mailto:"))  # type: ignore[method-assign]
    reader.add_render_rule("table_open", _table_open)
    reader.add_render_rule("table_close", lambda *_: "</table></div>\n")
    return reader


def _table_open(_renderer: object, tokens: Sequence[Token], place: int, *_: object) -> str:
    number = sum(token.type == "table_open" for token in tokens[: place + 1])
    # It scrolls by itself where it is wide, so the keyboard must reach it, and each needs a name of its own.
    return (
        f'<div class="table-wrap" tabindex="0" role="region" aria-label="Table {number}">'
        '<table class="table">\n'
    )


def _tame(tokens: Sequence[Token]) -> None:
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1:]) + _BELOW, _LOWEST)}"
        elif token.type == "link_open":
            token.attrSet("rel", "noopener noreferrer nofollow")
        # The page's policy allows no style of an element: what is on the right has a class.
        if "right" in str(token.attrs.pop("style", "")):
            token.attrSet("class", "number")
        if token.children:
            _tame(token.children)
