"""A shop's server as a process of its own, and clients that ask it over kept connections."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.measure import ROOT
from benchmarks.result import BenchmarkError
from shelfwise.accounts.tokens import Tokens
from shelfwise.accounts.users import Users
from shelfwise.database import open_database

__all__ = ["Client", "Server", "ask_together", "prepared_home", "served"]

_ADDRESS: Final = re.compile(r"http://127\.0\.0\.1:(\d+)")
_START_SECONDS: Final = 60
_BOUNDARY: Final = "shelfwise-benchmark"


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs: its port, and when its process began (``time.monotonic``)."""

    port: int
    began: float


def prepared_home(home: Path) -> str:
    """Make a shop's book with an admin who has a token, and return that."""
    home.mkdir(parents=True, exist_ok=True)
    with open_database(home / "stock.db", create=True) as database:
        admin = Users(database).add("benchmark", None, admin=True)
        return Tokens(database).issue(admin.id, "benchmark", ["read", "classify", "book", "manage"]).secret


@contextlib.contextmanager
def served(home: Path) -> Iterator[Server]:
    """The server of a prepared home, as its process says that it is up; ended gracefully."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SHELFWISE_")}
    began = time.monotonic()
    command = [sys.executable, "-m", "shelfwise", "serve", "--port", "0", "--home", home, "--no-access-log"]
    with subprocess.Popen(
        [str(word) for word in command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        guard = threading.Timer(_START_SECONDS, process.kill)
        guard.start()
        try:
            found = next(filter(None, map(_ADDRESS.search, process.stdout)), None)
            guard.cancel()
            if found is None:
                raise BenchmarkError(f"the server did not start within {_START_SECONDS} s")
            yield Server(int(found[1]), began)
        finally:
            guard.cancel()
            process.terminate()


class Client:
    """One client: a connection that is kept, and a token."""

    def __init__(self, server: Server, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        self._headers = {"Authorization": f"Bearer {token}"}

    def classify(self, photo: bytes) -> dict[str, Any]:
        """The answer to one photo. Raises BenchmarkError where it was not answered."""
        body = (
            (
                f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="photos"; filename="photo.jpg"\r\n'
                "Content-Type: image/jpeg\r\n\r\n"
            ).encode()
            + photo
            + f"\r\n--{_BOUNDARY}--\r\n".encode()
        )
        kind = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}
        answers: list[dict[str, Any]] = json.loads(self.ask("POST", "/api/v1/classify", body, kind))[
            "answers"
        ]
        if answers[0].get("error"):
            raise BenchmarkError(f"a photo was not answered: {answers[0]['error']}")
        return answers[0]

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> bytes:
        """The body of an answer. Raises BenchmarkError where it is no success."""
        self._connection.request(method, path, body, {**self._headers, **(headers or {})})
        reply = self._connection.getresponse()
        content = reply.read()
        if reply.status >= http.client.BAD_REQUEST:
            raise BenchmarkError(f"{method} {path} was answered with {reply.status}: {content[:300]!r}")
        return content

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


def ask_together(
    server: Server, token: str, photos: Sequence[bytes], clients: int
) -> tuple[float, list[float]]:
    """Let so many clients send all photos, each its next one when it has the answer to the last.

    Returns:
        seconds for all of them, and the seconds of each.
    """
    waiting = iter(photos)
    lock = threading.Lock()
    taken: list[float] = []
    failures: list[BaseException] = []

    def work() -> None:
        client = Client(server, token)
        try:
            while True:
                with lock:
                    photo = next(waiting, None)
                if photo is None:
                    return
                asked = time.perf_counter()
                client.classify(photo)
                taken.append(time.perf_counter() - asked)
        except BaseException as error:  # noqa: BLE001  # raised again below
            failures.append(error)
        finally:
            client.close()

    threads = [threading.Thread(target=work) for _ in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    if failures:
        raise failures[0]
    return seconds, taken
