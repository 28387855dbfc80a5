"""Products, counts and movements as CSV and XLSX files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import IO, Annotated, Any, Final, Literal

from fastapi import Path
from fastapi.responses import StreamingResponse

from shelfwise.errors import EntryError
from shelfwise.inventory.exchange import export_file
from shelfwise.web.access import Reader, TheShop
from shelfwise.web.api.fields import OptionalId
from shelfwise.web.api.imports import What
from shelfwise.web.api.places import store_for
from shelfwise.web.api.schemas import group, problems

__all__ = ["router"]

router = group("Exchange")

Format = Literal["csv", "xlsx"]
_TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_IN_MEMORY: Final = 4 * 1024 * 1024
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
    what: Annotated[What, Path(description="What the rows are.")],
    form: Annotated[Format, Path(description="Kind of file.")],
    store: OptionalId = None,
) -> StreamingResponse:
    """Export a file that can be imported again. Counts and movements are of a store."""
    if what != "products" and store is None:
        raise EntryError("store", "say which store the rows are of")
    if store is not None:
        store_for(shop, actor, "reader", store)
    out: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed with the answer
    try:
        export_file(shop.db, what, form, store, out)
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
