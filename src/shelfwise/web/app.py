"""The application: an open shop's API and pages, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

import shelfwise
from shelfwise.web import health
from shelfwise.web.api import groups
from shelfwise.web.api.uploads import Held
from shelfwise.web.config import WebConfig
from shelfwise.web.metrics import Metrics
from shelfwise.web.middleware import BodyLimit, Edge
from shelfwise.web.openapi import add_schema
from shelfwise.web.pages import page_routers
from shelfwise.web.pages.frame import NoStoreError, no_store_page
from shelfwise.web.problems import add_handlers
from shelfwise.web.rates import Rates
from shelfwise.web.rendering import STATIC, Static

if TYPE_CHECKING:
    from shelfwise.workflows.shop import Shop

__all__ = ["create_app"]

_ABOUT: Final = """\
The stock book of a shop that sees: products, places, movements, counts, what to order; photos that are answered
by a trained model; and who may do what.

* **Sign in** with `POST /session` (a cookie; writes then need `X-CSRF-Token`), or send a token: `Authorization:
  Bearer …`.
* **Quantities** are strings with up to three places (`"2.000"`). **Times** are RFC 3339.
* **Lists** come in pages: `{"items": […], "next": "…"}`; ask for the next with `?cursor=`.
* **Writes** take an `Idempotency-Key`: sent again with the same key, a write gets its first reply.
* **Errors** are `application/problem+json` (RFC 9457), with the fields that are wrong under `errors`.
"""


def create_app(shop: Shop, config: WebConfig | None = None) -> FastAPI:
    """The server's application. It does not close the shop.

    Args:
        shop: an open shop.
        config: by default for this machine only.
    """
    config = config or WebConfig()
    metrics = Metrics(lambda: shop.pool.figures() if shop.models.ready else None)
    app = FastAPI(
        title="Shelfwise",
        summary="Stock by photo, for a shop's own machine.",
        description=_ABOUT,
        version=shelfwise.__version__,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.shop = shop
    app.state.config = config
    app.state.metrics = metrics
    app.state.held = Held(config.max_held)
    app.state.rates = Rates(
        {
            "requests": config.requests_per_minute,
            "photos": config.photos_per_minute,
            "anonymous requests": config.anonymous_per_minute,
            "sign-ins": config.sign_ins_per_minute,
        }
    )
    for router in (*groups(), health.router, *page_routers()):
        _add(app, router.routes)
    app.mount("/static", Static(directory=STATIC), name="static")
    add_handlers(app)
    app.add_exception_handler(NoStoreError, no_store_page)
    add_schema(app)
    app.add_middleware(BodyLimit, config=config)
    app.add_middleware(Edge, config=config, metrics=metrics)
    return app


def _add(app: FastAPI, routes: list[BaseRoute]) -> None:
    # Each route knows its whole path already. Included routers would be searched one by one, and twice.
    for route in routes:
        assert isinstance(route, APIRoute)
        app.router.routes.append(route)
