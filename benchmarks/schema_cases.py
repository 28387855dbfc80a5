"""Requests drawn from the schema of the API by schemathesis, right ones and wrong ones, for a running app."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import Case, GenerationMode

__all__ = ["LEFT_OUT", "Drawn", "cases_of", "prepared"]

LEFT_OUT = frozenset(("POST /api/v1/session", "POST /api/v1/models/{model_id}/activate"))
"""Operations that others are tested by: tries to sign in are throttled, and a model takes long to load."""
_FEW = 3
"""Numbers of records are taken from 1 to this, so that half of the requests meet what is there."""


@dataclass(frozen=True)
class Drawn:
    """A request as it is sent, and the case it was made from, which can check the answer."""

    case: Case
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


def cases_of(
    schema: Mapping[str, Any],
    each: int,
    send: Callable[[Drawn], None],
    *,
    base: str,
    headers: Mapping[str, str],
    random: int = 0,
    leave_out: frozenset[str] = frozenset(),
) -> int:
    """Draw requests for every operation of a schema and send them; how many were sent.

    Args:
        schema: the OpenAPI document.
        each: how many for each operation; half of them follow the schema, the others break it.
        send: sends one and judges the answer.
        base: address of the server.
        headers: sent with every request, in place of what is drawn for them.
        random: the seed.
        leave_out: operations, such as ``DELETE /api/v1/session``, that are not sent to.
    """
    sent = 0

    def take(case: Case, known: bool) -> None:
        nonlocal sent
        if known:
            case.path_parameters = _known(case.path_parameters)
            case.query = _known(case.query)
            case.body = _known(case.body)
        drawn = prepared(case, base, headers)
        if drawn is not None:
            sent += 1
            send(drawn)

    for operation in _operations(schema):
        if f"{operation.method.upper()} {operation.path}" in leave_out:
            continue
        for mode, count in ((GenerationMode.POSITIVE, (each + 1) // 2), (GenerationMode.NEGATIVE, each // 2)):
            if count:
                _draw(operation, mode, count, random, take)
    return sent


def prepared(case: Case, base: str, headers: Mapping[str, str]) -> Drawn | None:
    """The request of a case in bytes, or None where HTTP cannot carry it."""
    try:
        request = requests.Request(**case.as_transport_kwargs(base_url=base)).prepare()
    except (ValueError, UnicodeError, requests.RequestException):
        return None
    body = request.body
    content = body.encode("utf-8", "surrogateescape") if isinstance(body, str) else bytes(body or b"")
    plain = {
        name: value if isinstance(value, str) else value.decode("latin-1")
        for name, value in request.headers.items()
        # Who asks is not drawn: it would be turned away at the door.
        if name.lower() not in ("content-length", "authorization", "cookie", "x-csrf-token")
    }
    return Drawn(case, str(request.method), str(request.url), {**plain, **headers}, content)


def _operations(schema: Mapping[str, Any]) -> Iterator[Any]:
    for result in schemathesis.openapi.from_dict(dict(schema)).get_all_operations():
        yield result.ok()


def _draw(
    operation: Any, mode: GenerationMode, count: int, random: int, take: Callable[[Case, bool], None]
) -> None:
    number = 0

    @seed(random)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def each(case: Case) -> None:
        nonlocal number
        number += 1
        take(case, number % 2 == 1)

    each()


def _known(value: Any) -> Any:
    """Numbers of records as small ones, which are there."""
    if isinstance(value, Mapping):
        return {name: _few(name, _known(part)) for name, part in value.items()}
    if isinstance(value, list):
        return [_known(part) for part in value]
    return value


def _few(name: object, part: Any) -> Any:
    is_number = isinstance(part, int) and not isinstance(part, bool)
    if is_number and str(name).removesuffix("_id") in _RECORDS:
        return part % _FEW + 1
    return part


_RECORDS = frozenset(
    ("answer", "category", "id", "location", "movement", "parent", "product", "store", "to_location", "user")
)
