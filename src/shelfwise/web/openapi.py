"""The API's schema, with what the framework cannot know: the shape of problems, and keys of writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from shelfwise.web.api.schemas import PREFIX, Problem, ProblemField, problems

__all__ = ["add_schema"]

_KEY: Final[dict[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Any text of up to 200 characters without spaces, new for each write. The same write sent again "
    "with it gets the first one's reply and changes nothing more.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": r"^[\x21-\x7e]+$"},
    "example": "0b9f6a1e-4a3c-4a58-9a0d-1f1f3c1f7a52",
}
_CSRF: Final[dict[str, Any]] = {
    "name": "X-CSRF-Token",
    "in": "header",
    "required": False,
    "description": "The session's token (`csrf` of `GET /me`); needed with the session's cookie, not with a token.",
    "schema": {"type": "string", "maxLength": 200},
}
_WRITES: Final = ("post", "put", "patch", "delete")
_SIGN_IN: Final = (f"{PREFIX}/session", "post")
_REFERENCES: Final = "#/components/schemas/{model}"


def add_schema(app: FastAPI) -> None:
    """Make ``app.openapi()`` say all that there is. It is made when it is first asked for."""
    plain: Callable[[], dict[str, Any]] = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(plain())
        return app.openapi_schema

    # The framework's own way to change the schema.
    app.openapi = openapi  # type: ignore[method-assign]


def _completed(schema: dict[str, Any]) -> dict[str, Any]:
    _, definitions = models_json_schema(
        [(Problem, "serialization"), (ProblemField, "serialization")], ref_template=_REFERENCES
    )
    schemas = schema.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(definitions["$defs"])
    for path, item in schema["paths"].items():
        for method in _WRITES:
            if method in item and (path, method) != _SIGN_IN:
                _add_keys(item[method])
    return schema


def _add_keys(operation: dict[str, Any]) -> None:
    others = [one for one in operation.get("parameters", []) if one["name"] != _KEY["name"]]
    operation["parameters"] = [*others, _KEY, _CSRF]
    # The key may have been used for another write before.
    operation["responses"].setdefault("409", problems(409)[409])
