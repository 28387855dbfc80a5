"""Fixtures for all tests; among them a small web server that can resume, break off and refuse."""

import functools
import gc
import hashlib
import importlib.util
import io
import os
import re
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from shelfwise.training.report.pictures import Picture, Plot

pytest_plugins = ["tests.database_fixtures"]

# A busy machine is no failure.
settings.register_profile("shelfwise", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shelfwise")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Spare the collector of garbage the modules and tests, a million objects that live until the end.

    To go through all of them again and again took a tenth of the suite's time.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.set_threshold(700, 10, 100)
        gc.enable()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real photos; the test is skipped where it is absent."""
    default = Path(__file__).parents[1] / ".." / "shared" / "data"
    folder = Path(os.environ.get("SHELFWISE_DATA", default)).resolve()
    if not folder.is_dir():
        pytest.skip(f"no real photos at {folder}: set SHELFWISE_DATA")
    return folder


@pytest.fixture(scope="session")
def real_weights() -> Path:
    """The folder of published weights and of what they answer; the test is skipped where it is absent."""
    default = Path(__file__).parents[1] / ".." / "shared" / "weights"
    folder = Path(os.environ.get("SHELFWISE_WEIGHTS", default)).resolve()
    if not folder.is_dir():
        pytest.skip(f"no published weights at {folder}: set SHELFWISE_WEIGHTS")
    return folder


@pytest.fixture(scope="session")
def quickly() -> Callable[..., AbstractContextManager[None]]:
    """A block in which trainings do not do what takes longer than to learn a few photos; for fixtures of many tests.

    The exporter's table of operators is made once, for an export changes nothing in it. The plots of a report are
    drawn only with ``plots=True``.
    """
    tables: list[Callable[..., Any]] = []

    @contextmanager
    def block(*, plots: bool = False) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            if importlib.util.find_spec("torch") is not None:
                from torch.onnx._internal.exporter._registration import ONNXRegistry

                if not tables:
                    tables.append(functools.cache(ONNXRegistry.from_torchlib))
                patch.setattr(ONNXRegistry, "from_torchlib", staticmethod(tables[0]))
            if not plots and importlib.util.find_spec("matplotlib") is not None:
                from shelfwise.training.report import page

                patch.setattr(page, "draw", _drawn)
            yield

    return block


def _drawn(plot: "Plot") -> "tuple[bytes, Picture | None]":
    """A plot of one pixel."""
    from PIL import Image

    from shelfwise.training.report.pictures import Picture, data_uri

    written = io.BytesIO()
    Image.new("RGB", (1, 1)).save(written, "PNG")
    uri = data_uri(written.getvalue(), "png")
    return written.getvalue(), Picture(uri, uri, 1, 1, plot.alt) if plot.embedded else None


@pytest.fixture
def quick_exports(quickly: Callable[..., AbstractContextManager[None]]) -> Iterator[None]:
    """Exports to ONNX take a third less: see ``quickly``."""
    with quickly(plots=True):
        yield


@pytest.fixture
def quick_training(
    request: pytest.FixtureRequest, quickly: Callable[..., AbstractContextManager[None]]
) -> Iterator[None]:
    """Trainings are quicker, and leave reports whose plots nobody looks at: see ``quickly``.

    Tests with the mark ``plots`` draw them; those of the report itself do not use this.
    """
    with quickly(plots=request.node.get_closest_marker("plots") is not None):
        yield


@pytest.fixture(scope="session")
def toy() -> ModuleType:
    """The module of toy models: bundles whose network is small enough to reckon by hand."""
    return _module(Path(__file__).parent / "inference" / "toy_models.py")


@pytest.fixture(scope="session")
def toy_sets() -> ModuleType:
    """The module that writes small sets of plain colours in the layouts of the real ones."""
    return _module(Path(__file__).parent / "datasets" / "toy_sets.py")


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass
class Served:
    """A file and how the server treats requests for it."""

    content: bytes
    ranges: bool = True
    validator: bool = True
    break_after: list[int] = field(default_factory=list)  # bytes after which an answer ends, one a request
    statuses: list[int] = field(default_factory=list)  # errors to answer first, one a request
    redirect: str | None = None
    chunked: bool = False


@dataclass
class Site:
    url: str
    files: dict[str, Served]
    requests: list[tuple[str, str | None]]  # path and Range header

    def put(self, path: str, content: bytes, **treatment: Any) -> Served:
        """Serve ``content`` at ``path``."""
        self.files[path] = Served(content, **treatment)
        return self.files[path]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site

    def do_GET(self) -> None:
        self.site.requests.append((self.path, self.headers.get("Range")))
        served = self.site.files.get(self.path)
        if served is None:
            self._answer(404, b"no such file")
        elif served.statuses:
            self._answer(served.statuses.pop(0), b"")
        elif served.redirect is not None:
            self._answer(302, b"", {"Location": served.redirect})
        elif served.chunked:
            self._chunks(served.content)
        else:
            self._file(served)

    def _file(self, served: Served) -> None:
        tag = f'"{hashlib.sha256(served.content).hexdigest()[:12]}"'
        headers = {"ETag": tag} if served.validator else {}
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        status, start = 200, 0
        if match and served.ranges and self.headers.get("If-Range") == tag:
            status, start = 206, int(match.group(1))
            end = len(served.content) - 1
            headers["Content-Range"] = f"bytes {start}-{end}/{len(served.content)}"
        body = served.content[start:]
        limit = served.break_after.pop(0) if served.break_after else None
        self._answer(status, body, headers, limit)

    def _answer(
        self, status: int, body: bytes, headers: dict[str, str] | None = None, limit: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body[:limit])
        self.close_connection = True

    def _chunks(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()
        for start in range(0, len(content), 1000):
            piece = content[start : start + 1000]
            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A client that hangs up in the middle is part of the tests."""


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A server on 127.0.0.1; tests put files into ``site.files`` under their path."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    site = Site("", {}, [])
    handler = type("Handler", (_Handler,), {"site": site})
    server = _Server(("127.0.0.1", 0), handler)
    site.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
