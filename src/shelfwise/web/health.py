"""For whatever watches the server: is it up, is it ready, and its figures."""

from __future__ import annotations

import ipaddress

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from shelfwise.errors import ShelfwiseError
from shelfwise.web.access import Numbers, TheShop, address_of, signed_in
from shelfwise.web.config import LOOPBACK_NAMES

__all__ = ["router"]

router = APIRouter(include_in_schema=False)
_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


@router.api_route("/healthz", methods=["GET", "HEAD"])
async def alive() -> JSONResponse:
    """Up: the process answers."""
    return JSONResponse({"status": "up"})


@router.api_route("/readyz", methods=["GET", "HEAD"])
def ready(shop: TheShop) -> JSONResponse:
    """Ready: the database answers and the model is loaded. 503 otherwise, with what is missing."""
    checks = {"database": _database(shop), "model": _model(shop)}
    fine = all(said == "ready" for said in checks.values())
    return JSONResponse(
        {"status": "ready" if fine else "not ready", **checks},
        200 if fine else 503,
        headers={} if fine else {"Retry-After": "2"},
    )


def _database(shop: TheShop) -> str:
    try:
        shop.catalogue.stores()
    except ShelfwiseError:
        # Why is in the log; an address with a password in it must not be shown.
        return "does not answer"
    return "ready"


def _model(shop: TheShop) -> str:
    return "ready" if shop.models.ready else "is loading"


@router.get("/metrics")
def metrics(request: Request, numbers: Numbers) -> Response:
    """Figures for Prometheus; for this machine itself, or with a token that may read."""
    if not _is_local(request):
        signed_in(request).require("reader")
    return Response(numbers.text(), media_type=_PROMETHEUS)


def _is_local(request: Request) -> bool:
    # A proxy on this machine passes on what comes from elsewhere, and says so.
    if "forwarded" in request.headers or "x-forwarded-for" in request.headers:
        return False
    # Some proxies say nothing, but pass on the name that they were called by.
    if request.url.hostname not in LOOPBACK_NAMES:
        return False
    try:
        return ipaddress.ip_address(address_of(request)).is_loopback
    except ValueError:
        return False
