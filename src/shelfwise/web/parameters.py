"""Query parameters that an address of the API does not know are refused: a misspelt one would be ignored silently."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from shelfwise.text import nearest
from shelfwise.web.access import signed_in

__all__ = ["KnownParameters"]

_LONGEST: Final = 100


class KnownParameters(APIRoute):
    """A route that refuses query parameters that its endpoint does not take. Endpoints need nothing for it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's handler, with the check before it."""
        handler = super().get_route_handler()
        known = _query_names(self.dependant)

        async def checked(request: Request) -> Response:
            unknown = [name for name in request.query_params if name not in known]
            if unknown:
                # Who may not ask at all is told that first.
                await run_in_threadpool(signed_in, request)
                raise RequestValidationError([_refused(name, known) for name in unknown])
            return await handler(request)

        return checked


def _query_names(dependant: Dependant) -> frozenset[str]:
    """The query parameters of an endpoint and of all that it depends on."""
    own = {field.alias for field in dependant.query_params}
    return frozenset(own.union(*map(_query_names, dependant.dependencies)))


def _refused(name: str, known: frozenset[str]) -> dict[str, Any]:
    meant = nearest(name[:_LONGEST], sorted(known))
    if meant is not None:
        hint = f"did you mean {meant}?"
    elif known:
        hint = f"there are {', '.join(sorted(known))}"
    else:
        hint = "this address takes none"
    return {
        "type": "value_error",
        "loc": ("query", name[:_LONGEST]),
        "msg": f"there is no such parameter: {hint}",
        "input": None,
    }
