"""A server that is asked for anything its schema allows and forbids, and sent uploads that no shop would send."""

from __future__ import annotations

import contextlib
import io
import re
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import requests
import uvicorn
from PIL import Image

from benchmarks import machine
from benchmarks.goals import GOALS
from benchmarks.hostile_uploads import KINDS, Upload, good_photo, uploads
from benchmarks.options import Options
from benchmarks.result import BenchmarkError, Result
from benchmarks.schema_cases import LEFT_OUT, Drawn, cases_of
from shelfwise.inventory.records import NewProduct
from shelfwise.web.app import create_app
from shelfwise.web.config import WebConfig
from shelfwise.workflows.model_shelf import ModelShelf
from shelfwise.workflows.shop import Shop, ShopSettings, open_shop

__all__ = ["server_hostile"]

NAME = "server-hostile"
CASES = 2000
UPLOADS = 1000
TOGETHER = 4
SLOW = 30.0
_PASSWORD = "a long password for one run"
_SCOPES = {"read", "classify", "book", "manage", "admin"}
_SIGNED_OUT = frozenset(
    ("DELETE /api/v1/session", "DELETE /api/v1/me/sessions", "DELETE /api/v1/me/sessions/{session_id}")
)
_KEPT = re.compile(r"[0-9a-f]{64}(-\d+)?\.(jpg|png|webp)\Z")
_METHOD = (
    "A shop on SQLite with a store, products and the model that ships is served by uvicorn on this machine; requests"
    " go over its socket.",
    f"Schemathesis draws {CASES:,} requests from the schema that the server gives (seed 0), the same number for every"
    " operation, half of them by the schema and half against it; numbers of records are small in every other one, so"
    " that they meet what is there. Half are sent with an admin's token, half in an admin's session. A server error"
    " is an answer of 500 or above, or none.",
    f"{UPLOADS:,} bad uploads (seed 0; {', '.join(KINDS)}) go to `/classify`, {TOGETHER - 1} beside a good photo each"
    " time. Served wrongly is each one where the server fails or takes more than half a minute, where the good photo"
    " is not answered, where what is no picture is answered like one, or where what was kept of it is not served as"
    " the picture that it is; and each file in the shop's folder under a name that the server does not give.",
)


def server_hostile(options: Options) -> Result:
    """Both parts on one running server."""
    count = options.photos or UPLOADS
    cases = CASES * count // UPLOADS
    with tempfile.TemporaryDirectory() as folder, _served(Path(folder) / "shop", options) as (shop, base):
        options.tell(f"  served at {base}")
        statuses, errors = _ask(shop, base, cases)
        options.tell(f"  {sum(statuses.values())} requests, {len(errors)} server errors: {errors[:3]}")
        answered, wrong = _send(shop, base, count)
        options.tell(f"  {count} uploads, {len(wrong)} served wrongly: {wrong[:3]}")
    asked = sum(statuses.values())
    said = ", ".join(f"{status}: {number}" for status, number in sorted(statuses.items()))
    figures = (
        GOALS[NAME][0].figure(len(errors), len(errors), len(errors), ours=f"{asked:,} requests", peer=said),
        GOALS[NAME][1].figure(
            len(wrong), len(wrong), len(wrong), ours=f"{count:,} uploads", peer=f"{answered} of them read"
        ),
    )
    return Result(
        name=NAME,
        figures=figures,
        command=(f"python -m benchmarks {NAME}",),
        method=_METHOD,
        machine=machine.facts(),
        versions=machine.versions(("shelfwise", "fastapi", "uvicorn", "schemathesis", "pillow")),
        samples={
            "statuses": {str(key): value for key, value in statuses.items()},
            "errors": errors,
            "wrong": wrong,
        },
    )


@contextlib.contextmanager
def _served(home: Path, options: Options) -> Iterator[tuple[Shop, str]]:
    """A filled shop at work, and its address."""
    if options.bundle is not None:
        shelf = ModelShelf(home / "models")
        shelf.activate(shelf.add(options.bundle).id)
    many = 10_000_000
    config = WebConfig(
        requests_per_minute=many, photos_per_minute=many, anonymous_per_minute=many, access_log=False
    )
    with open_shop(ShopSettings(home)) as shop:
        shop.models.wait()
        store = shop.catalogue.add_store("Mill Lane", "benchmark")
        shop.catalogue.add_location(store.id, "Shelf 1")
        for number in range(3):
            shop.catalogue.add_product(NewProduct(f"Product {number}", "goods"))
        server = uvicorn.Server(
            uvicorn.Config(create_app(shop, config), port=0, log_level="critical", lifespan="off")
        )
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        try:
            yield shop, f"http://127.0.0.1:{_port(server, thread)}"
        finally:
            server.should_exit = True
            thread.join(30)


def _port(server: uvicorn.Server, thread: threading.Thread) -> int:
    while not server.started:
        if not thread.is_alive():
            raise BenchmarkError("the server did not start")
        time.sleep(0.05)
    return int(server.servers[0].sockets[0].getsockname()[1])


def _ask(shop: Shop, base: str, cases: int) -> tuple[Counter[int], list[str]]:
    """Answers by status, and the requests that failed on the server."""
    statuses: Counter[int] = Counter()
    errors: list[str] = []
    session = requests.Session()

    def send(drawn: Drawn) -> None:
        what = f"{drawn.method} {drawn.case.operation.path}"
        try:
            answer = session.request(
                drawn.method, drawn.url, headers=drawn.headers, data=drawn.body, timeout=2 * SLOW
            )
        except requests.RequestException as error:
            statuses[0] += 1
            errors.append(f"{what}: {type(error).__name__}")
            return
        statuses[answer.status_code] += 1
        if answer.status_code >= 500:
            errors.append(f"{what}: {answer.status_code}")

    schema = session.get(f"{base}/api/v1/openapi.json", timeout=SLOW).json()
    operations = sum(len(each) for each in schema["paths"].values())
    sent = random = 0
    for callers, headers in enumerate((_by_token(shop), _by_session(shop, base)), start=1):
        # The first records are drawn at, so the callers' own are made last and out of reach.
        leave_out = LEFT_OUT | (_SIGNED_OUT if "Cookie" in headers else frozenset())
        # Of some operations there are few requests to draw: it is drawn again until there are enough.
        while (missing := callers * cases // 2 - sent) > 0:
            each = max(2, -(-missing // operations))
            sent += cases_of(
                schema, each, send, base=base, headers=headers, random=random, leave_out=leave_out
            )
            random += 1
    return statuses, errors


def _caller(shop: Shop, name: str) -> Any:
    for number in range(3):
        shop.users.add(f"{name} {number}", None)
    return shop.users.add(name, _PASSWORD, admin=True)


def _by_token(shop: Shop) -> dict[str, str]:
    user = _caller(shop, "program")
    return {"Authorization": f"Bearer {shop.tokens.issue(user.id, 'benchmark', _SCOPES).secret}"}


def _by_session(shop: Shop, base: str) -> dict[str, str]:
    user = _caller(shop, "person")
    entry = {"name": user.name, "password": _PASSWORD}
    answer = requests.post(f"{base}/api/v1/session", json=entry, timeout=SLOW)
    cookies = "; ".join(f"{name}={value}" for name, value in answer.cookies.items())
    return {"Cookie": cookies, "X-CSRF-Token": answer.json()["csrf"]}


def _send(shop: Shop, base: str, count: int) -> tuple[int, list[str]]:
    """How many bad uploads were read as pictures, and those that were served wrongly."""
    session = requests.Session()
    session.headers.update(_by_token_of_sender(shop))
    answered, wrong = 0, []
    drawn = uploads(count)
    while bad := list(islice(drawn, TOGETHER - 1)):
        good = Upload("good", "good.jpg", good_photo(), may_be_read=True)
        reply = _classified(session, base, [*bad, good])
        if isinstance(reply, str):
            wrong += [f"{each.kind}: {reply}" for each in bad]
            continue
        for upload, answer in zip(bad, reply, strict=False):
            answered += answer["error"] is None
            wrong += _wrong(session, base, upload, answer)
    wrong += [f"a file {path.name}" for path in _strange_files(shop)]
    return answered, wrong


def _by_token_of_sender(shop: Shop) -> dict[str, str]:
    user = shop.users.add("sender", None, admin=True)
    return {"Authorization": f"Bearer {shop.tokens.issue(user.id, 'uploads', _SCOPES).secret}"}


def _classified(session: requests.Session, base: str, sent: list[Upload]) -> list[dict[str, Any]] | str:
    """The answers in order, or what is wrong with all of them."""
    files = [("photos", (each.name, each.data, "image/jpeg")) for each in sent]
    try:
        answer = session.post(f"{base}/api/v1/classify", files=files, timeout=SLOW)
    except requests.RequestException as error:
        return type(error).__name__
    if answer.status_code != 200:
        return f"{answer.status_code} for all photos of the request"
    answers: list[dict[str, Any]] = answer.json()["answers"]
    if len(answers) != len(sent):
        return f"{len(answers)} answers to {len(sent)} photos"
    return answers if answers[-1]["error"] is None else "the good photo was not answered"


def _wrong(session: requests.Session, base: str, upload: Upload, answer: dict[str, Any]) -> list[str]:
    if answer["error"] is not None:
        return []
    if not upload.may_be_read:
        return [f"{upload.kind}: {upload.name} was answered"]
    kept = session.get(f"{base}/api/v1/photos/{answer['photo']}", timeout=SLOW)
    kind = kept.headers.get("Content-Type", "")
    if kept.status_code != 200 or kept.headers.get("X-Content-Type-Options") != "nosniff":
        return [f"{upload.kind}: kept, and served with {kept.status_code}"]
    if any(mark in kept.content for mark in (b"<script>", b"<?php", b"PK\x03\x04")):
        return [f"{upload.kind}: what was behind the picture is kept"]
    try:
        with Image.open(io.BytesIO(kept.content)) as image:
            image.load()
            shown = Image.MIME.get(image.format or "")
    except (OSError, SyntaxError, ValueError) as error:
        return [f"{upload.kind}: kept, and cannot be read: {error}"]
    return [] if shown == kind else [f"{upload.kind}: {shown} is served as {kind}"]


def _strange_files(shop: Shop) -> list[Path]:
    """Files among the photos that have another name than theirs, and files beside the shop's own."""
    files = [path for path in shop.photos.folder.rglob("*") if path.is_file() and not _KEPT.match(path.name)]
    known = {"photos", "models", "products", "stock.db", "stock.db-wal", "stock.db-shm"}
    files += [path for path in shop.settings.home.iterdir() if path.name not in known]
    return files + [
        path for path in shop.settings.home.parent.iterdir() if path.name != shop.settings.home.name
    ]
