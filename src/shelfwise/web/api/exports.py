"""Products, counts and movements as CSV and XLSX files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import IO, Annotated, Any, Final

from fastapi import Path, Query
from fastapi.responses import StreamingResponse

from shelfwise.inventory.exchange.columns import Table
from shelfwise.inventory.exchange.exporting import Slice, export_file
from shelfwise.inventory.exchange.writing import Format
from shelfwise.web.access import Reader, TheShop
from shelfwise.web.api.fields import Moment, StoreId
from shelfwise.web.api.places import store_for
from shelfwise.web.api.schemas import group, problems

__all__ = ["router"]

router = group("Exchange")

_TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_PIECE: Final = 64 * 1024
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The file.",
        "content": {
            kind.partition(";")[0]: {"schema": {"type": "string", "format": "binary"}}
            for kind in _TYPES.values()
        },
    }
}


@router.get(
    "/exports/{what}.{form}",
    summary="Export a file",
    response_class=StreamingResponse,
    responses=_FILE | problems(404),
)
def export_rows(
    shop: TheShop,
    actor: Reader,
    what: Annotated[Table, Path(description="What the rows are.")],
    form: Annotated[Format, Path(description="Kind of file.")],
    store: StoreId,
    since: Annotated[Moment | None, Query(description="Movements from this time on.")] = None,
    until: Annotated[Moment | None, Query(description="Movements before this time.")] = None,
) -> StreamingResponse:
    """Export a file that can be imported again; of counts, a sheet to count with."""
    store_for(shop, actor, "reader", store)
    out: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the answer
    try:
        export_file(shop.db, what, form, store, out, Slice(since, until))
    except BaseException:
        out.close()
        raise
    return StreamingResponse(
        _pieces(out),
        media_type=_TYPES[form],
        headers={"Content-Disposition": f'attachment; filename="{what}.{form}"'},
    )


def _pieces(out: IO[bytes]) -> Iterator[bytes]:
    with out:
        out.seek(0)
        while piece := out.read(_PIECE):
            yield piece
