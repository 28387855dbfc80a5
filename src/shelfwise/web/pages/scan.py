"""The Scan page: photos in, answers out, booked at once; and the worker that keeps it at hand offline."""

from __future__ import annotations

from fastapi import Request, Response
from fastapi.responses import FileResponse, HTMLResponse

from shelfwise.web.access import Clerk, shop_of
from shelfwise.web.pages import page_router
from shelfwise.web.pages.frame import need_store, places, show
from shelfwise.web.rendering import STATIC

__all__ = ["router"]

router = page_router()


@router.get("/scan")
def scan(request: Request, actor: Clerk) -> HTMLResponse:
    """Show the Scan page of the current store."""
    store = need_store(request, actor, "clerk")
    first = not shop_of(request).catalogue.products(limit=1).items
    return show(request, actor, "scan.html", store=store, places=places(request, store), first=first)


@router.get("/sw.js")
async def service_worker() -> Response:
    """Give the service worker. It lies at the top because it may serve only what is below its own address."""
    return FileResponse(STATIC / "sw.js", media_type="text/javascript", headers={"Cache-Control": "no-cache"})
