"""A shop with two stores and a user of each role, and browsers that are signed in."""

import io
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import anyio.from_thread
import numpy as np
import pytest
from fastapi import FastAPI
from PIL import Image
from starlette.testclient import TestClient

from shelfwise.accounts.passwords import Passwords
from shelfwise.accounts.users import Users
from shelfwise.types import Detections
from shelfwise.web.app import create_app
from shelfwise.web.config import WebConfig
from shelfwise.workflows.model_shelf import ModelShelf
from shelfwise.workflows.shop import Shop, ShopSettings, open_shop

PASSWORD = "correct horse battery"
ADDRESS = "http://127.0.0.1:8000"
# Hashing as it should be takes a tenth of a second each time.
QUICK = Passwords(time_cost=1, memory_cost=64)


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory, toy: ModuleType) -> Path:
    """The folder of a shop with stores, users and a toy model, made once; tests work on copies of it."""
    folder = tmp_path_factory.mktemp("furnished")
    home = folder / "home"
    shelf = ModelShelf(home / "models")
    # On the shelf before the shop opens: the model that comes with Shelfwise need not be loaded.
    shelf.activate(shelf.add(toy.write_toy_bundle(folder / "toy").path).id)
    with open_shop(ShopSettings(home)) as opened:
        first = opened.catalogue.add_store("Mill Lane", "admin")
        opened.catalogue.add_store("Harbour", "admin")
        opened.users = Users(opened.db, passwords=QUICK)
        opened.users.add("admin", PASSWORD, admin=True)
        for role in ("manager", "clerk", "reader"):
            opened.users.add(role, PASSWORD, roles={first.id: role})
    return home


@pytest.fixture
def shop(tmp_path: Path, furnished: Path) -> Iterator[Shop]:
    """An open shop on SQLite with a toy model: stores 1 Mill Lane and 2 Harbour; users admin, manager, clerk, reader.

    The last three hold their role in the first store only.
    """
    shutil.copytree(furnished, tmp_path / "home")
    with open_shop(ShopSettings(tmp_path / "home")) as opened:
        opened.users = Users(opened.db, passwords=QUICK)
        yield opened


@pytest.fixture(scope="session")
def schema() -> dict[str, Any]:
    """The API's schema; it is the same for every shop, and takes a second to make."""
    return create_app(cast(Shop, None)).openapi()


@pytest.fixture(scope="session")
def portal() -> Iterator[anyio.from_thread.BlockingPortal]:
    """One event loop for all browsers; each request would start its own."""
    with anyio.from_thread.start_blocking_portal() as opened:
        yield opened


@dataclass(frozen=True)
class ShelfScene:
    """A photo of a shelf of two rows, and its boxes: three red products and two green ones, and a blue one below."""

    photo: bytes
    boxes: list[list[float]]
    size: tuple[int, int]

    def find(self, image: Any, *, source: str | None = None) -> Detections:
        """The detector's part: the boxes of this photo, whatever it is given."""
        edges = np.array(self.boxes, np.float32)
        scores = np.linspace(0.9, 0.6, len(edges), dtype=np.float32)
        return Detections(edges, scores, image.width, image.height, source)


@pytest.fixture
def scene(shop: Shop) -> ShelfScene:
    """A shelf that the shop's detector finds the products of."""
    reds = [[20 + 60 * place, 30, 70 + 60 * place, 130] for place in range(3)]
    greens = [[220 + 60 * place, 30, 270 + 60 * place, 130] for place in range(2)]
    blues = [[20, 180, 90, 290]]
    image = Image.new("RGB", (400, 320), (120, 120, 120))
    for boxes, colour in ((reds, (250, 10, 10)), (greens, (10, 250, 10)), (blues, (10, 10, 250))):
        for box in boxes:
            image.paste(colour, tuple(box))
    out = io.BytesIO()
    image.save(out, "PNG")
    made = ShelfScene(out.getvalue(), [*reds, *greens, *blues], image.size)
    shop.shelves.use(made)
    return made


WIDE, HIGH = 1000, 400


COLOURS = [(250, 20, 20), (20, 250, 20), (20, 20, 250), (250, 250, 20), (250, 20, 250), (20, 250, 250)]
ORDER = ((0, 1, 3, 2, 4, 5, 0, 2, 5, 1, 4), (5, 3, 0, 4, 1, 2, 3, 5, 4, 0, 1))
LEFTS = (10, 98, 170, 265, 340, 455, 530, 612, 720, 800, 905)
"""Left edges of a row's products: no step is like the next one."""


class LongShelf:
    """Two rows of eleven products, in six colours, photographed in two parts that overlap."""

    def __init__(self) -> None:
        ends = (*LEFTS[1:], 1000)
        self.boxes = [
            [left, 20 + 190 * row, end - 8, 180 + 190 * row]
            for row in (0, 1)
            for left, end in zip(LEFTS, ends, strict=True)
        ]
        self.picture = Image.new("RGB", (WIDE, HIGH), (128, 128, 128))
        for number, box in enumerate(self.boxes):
            self.picture.paste(COLOURS[ORDER[number // 11][number % 11]], tuple(box))
        self.parts = {"left": (0, 640), "right": (360, WIDE)}

    def photo(self, part: str) -> bytes:
        """A part as a PNG file."""
        left, right = self.parts[part]
        out = io.BytesIO()
        self.picture.crop((left, 0, right, HIGH)).save(out, "PNG")
        return out.getvalue()

    def find(self, image: Any, *, source: str | None = None) -> Detections:
        """The boxes that are whole on the part whose first pixels these are."""
        part = next(
            part
            for part, (left, right) in self.parts.items()
            if (np.asarray(self.picture.crop((left, 0, right, HIGH))) == np.asarray(image)).all()
        )
        left, right = self.parts[part]
        whole = [
            [x - left, top, r - left, bottom] for x, top, r, bottom in self.boxes if x >= left and r <= right
        ]
        return Detections(
            np.array(whole, np.float32),
            np.linspace(0.9, 0.5, len(whole), dtype=np.float32),
            image.width,
            image.height,
            source,
        )


@pytest.fixture
def long_shelf(shop: Shop) -> LongShelf:
    """A shelf that is photographed in two parts, which the shop's detector finds the products of."""
    made = LongShelf()
    shop.shelves.use(made)
    return made


@pytest.fixture
def app(shop: Shop) -> FastAPI:
    """The server's application of that shop."""
    return create_app(shop, WebConfig())


@pytest.fixture
def browser(app: FastAPI, portal: anyio.from_thread.BlockingPortal) -> Iterator[Callable[[], TestClient]]:
    """Makes browsers that nobody is signed in with."""
    opened: list[TestClient] = []

    def make() -> TestClient:
        client = TestClient(app, ADDRESS, client=("127.0.0.1", 50000), follow_redirects=False)
        client.portal = portal
        opened.append(client)
        return client

    yield make
    for client in opened:
        client.close()


@pytest.fixture
def nobody(browser: Callable[[], TestClient]) -> TestClient:
    """A browser that nobody is signed in with."""
    return browser()


@pytest.fixture
def signed_in(shop: Shop, browser: Callable[[], TestClient]) -> Callable[[str], TestClient]:
    """Makes a browser that a user is signed in with; its CSRF token comes with every request."""

    def make(name: str) -> TestClient:
        client = browser()
        made = shop.sessions.start(shop.users.by_name(name), "127.0.0.1", "test")
        client.cookies.set("shelfwise_session", made.secret, domain="127.0.0.1", path="/")
        client.headers["X-CSRF-Token"] = made.csrf
        return client

    return make


@pytest.fixture
def admin(signed_in: Callable[[str], TestClient]) -> TestClient:
    """A browser of the admin."""
    return signed_in("admin")


@pytest.fixture
def manager(signed_in: Callable[[str], TestClient]) -> TestClient:
    """A browser of the first store's manager."""
    return signed_in("manager")


@pytest.fixture
def clerk(signed_in: Callable[[str], TestClient]) -> TestClient:
    """A browser of a clerk of the first store."""
    return signed_in("clerk")


@pytest.fixture
def reader(signed_in: Callable[[str], TestClient]) -> TestClient:
    """A browser of who may only look at the first store."""
    return signed_in("reader")


@pytest.fixture
def with_token(shop: Shop, browser: Callable[[], TestClient]) -> Callable[..., TestClient]:
    """Makes a client that sends a token: ``with_token("clerk", {"read", "book"})``."""

    def make(name: str, scopes: set[str], **more: object) -> TestClient:
        user = shop.users.by_name(name)
        issued = shop.tokens.issue(user.id, "test", scopes, **more)
        client = browser()
        client.headers["Authorization"] = f"Bearer {issued.secret}"
        return client

    return make
