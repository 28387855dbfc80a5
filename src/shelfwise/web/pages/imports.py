"""Import and export: files in, tried first; files out; and the empty files to begin with."""

from __future__ import annotations

import io
from typing import Annotated, Final

from fastapi import Path, Request, Response
from fastapi.responses import HTMLResponse

from shelfwise.inventory.exchange.columns import COLUMNS, TABLES, Table
from shelfwise.inventory.exchange.writing import MEDIA_TYPES, Format, write_table
from shelfwise.web.access import Manager
from shelfwise.web.pages import page_router
from shelfwise.web.pages.frame import need_store, show

__all__ = ["router"]

router = page_router()
_ABOUT: Final[dict[Table, str]] = {
    "products": "New products, and changes of those that are there",
    "counts": "How much is there: each row sets a level",
    "movements": "What came and went, from another system or an earlier export",
}


@router.get("/import")
def import_page(request: Request, actor: Manager) -> HTMLResponse:
    """Show how to bring files in and out of the current store."""
    store = need_store(request, actor, "manager")
    return show(
        request,
        actor,
        "import.html",
        store=store,
        tables=[(table, table.capitalize(), _ABOUT[table]) for table in TABLES],
        columns={table: [each for each in COLUMNS[table] if not each.out_only] for table in TABLES},
    )


@router.get("/import/{what}-template.{form}")
def template(
    actor: Manager,
    what: Annotated[Table, Path(description="What the rows are.")],
    form: Annotated[Format, Path(description="Kind of file.")],
) -> Response:
    """Give a file with nothing but the headings that an import understands."""
    out = io.BytesIO()
    write_table(out, form, what, [column.name for column in COLUMNS[what] if not column.out_only], [])
    return Response(
        out.getvalue(),
        media_type=MEDIA_TYPES[form],
        headers={"Content-Disposition": f'attachment; filename="{what}-template.{form}"'},
    )
