"""A real server and a real browser: pages as people have them, on a phone and on a desk, in light and in dark."""

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from fastapi import FastAPI
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

PASSWORD = "correct horse battery"
PHONE, DESK = (390, 844), (1280, 800)
WAIT = 20_000
"""Milliseconds; long, for machines that have much else to do. What is there sooner is not waited for."""

expect.set_options(timeout=WAIT)
COLOURS = {"Red": (200, 90, 80), "Green": (80, 200, 90), "Blue": (90, 80, 200)}


# A module's, not the session's: while it is open it holds the thread's event loop, which other tests want.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser; tests are skipped where there is none."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    flags += [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
    ]  # a camera that shows green
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        yield browser
        browser.close()


@dataclass
class Server:
    """A running server; ``stop`` and ``start`` make it unreachable and reachable at the same address."""

    app: FastAPI
    port: int = 0
    url: str = ""
    _running: uvicorn.Server | None = None
    _thread: threading.Thread | None = None

    def start(self) -> None:
        listening = socket.create_server(("127.0.0.1", self.port))
        self.port = listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        config = uvicorn.Config(self.app, log_level="critical", access_log=False, timeout_graceful_shutdown=1)
        self._running = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._running.run, args=([listening],), daemon=True)
        self._thread.start()
        until = time.monotonic() + 30
        while not self._running.started:
            assert time.monotonic() < until, "the server did not start"
            time.sleep(0.01)

    def stop(self) -> None:
        if self._running is not None and self._thread is not None:
            self._running.should_exit = True
            self._thread.join(15)
            assert not self._thread.is_alive(), "the server did not stop"
            self._running = None


@pytest.fixture
def server(app: FastAPI) -> Iterator[Server]:
    """The application of the ``shop`` fixture on a real port."""
    running = Server(app)
    running.start()
    yield running
    running.stop()


def sign_in(context: BrowserContext, name: str) -> None:
    """Start a session in a browser."""
    reply = context.request.post("/api/v1/session", data={"name": name, "password": PASSWORD})
    assert reply.ok, reply.text()


@dataclass
class Tabs:
    """Opens pages, signed in or not; at the test's end none may have had an error of script or a refused resource."""

    browser: Browser
    url: str
    contexts: list[BrowserContext] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def __call__(
        self, name: str | None = "manager", size: tuple[int, int] = DESK, scheme: str = "light", **more: Any
    ) -> Page:
        """A new browser in which ``name`` is signed in (None: nobody), on a screen of ``size``."""
        context = self.browser.new_context(
            base_url=self.url,
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,
            has_touch=size == PHONE,
            **more,
        )
        context.set_default_timeout(WAIT)
        self.contexts.append(context)
        if name is not None:
            sign_in(context, name)
        page = context.new_page()
        # Nothing is done on a page, and nothing of it is looked at, before its scripts have run: Playwright waits by
        # itself until what is handled so is gone. A click that leads to a page does not wait for that page's scripts.
        page.add_locator_handler(page.locator("html[data-starting]"), lambda: None)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", self._listen)
        return page

    def close(self) -> None:
        """Close them all, and say what went wrong in them."""
        for context in self.contexts:
            context.close()
        assert not self.problems

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type == "error" and ("Refused" in message.text or "violates" in message.text):
            self.problems.append(message.text)


@pytest.fixture
def tabs(chromium: Browser, server: Server) -> Iterator[Tabs]:
    """``tabs("clerk", PHONE, "dark")`` gives a page of a signed-in browser: ``.goto("/stock")``."""
    opened = Tabs(chromium, server.url)
    yield opened
    opened.close()


def until(page: Page, true: Callable[[], bool]) -> None:
    """Wait until it is so. The page's own way to wait for an expression is not allowed by its security policy."""
    for _ in range(WAIT // 50):
        if true():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it never came to that")


@pytest.fixture
def accessible() -> Callable[[Page], None]:
    """Asserts that axe finds nothing wrong with a page, and that it does not scroll sideways."""

    def check(page: Page) -> None:
        over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert over <= 0, f"{page.url} is {over} pixels wider than the screen"
        found = Axe().run(page).response["violations"]
        told = [
            f"{each['id']}: {node['html']} — {node['failureSummary']}"
            for each in found
            for node in each["nodes"]
        ]
        assert not told, f"{page.url}:\n" + "\n".join(told)

    return check


@pytest.fixture
def colour_photo(tmp_path: Path) -> Callable[[str], Path]:
    """Makes a photo of one of the toy model's colours; each is another file."""
    made: list[Path] = []

    def make(colour: str) -> Path:
        path = tmp_path / f"{colour}-{len(made)}.png"
        size = (40 + len(made), 40)  # so that no two photos are the same
        Image.new("RGB", size, COLOURS[colour]).save(path)
        made.append(path)
        return path

    return make
