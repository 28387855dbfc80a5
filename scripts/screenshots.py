"""Takes the pictures of the pages for the documents: python scripts/screenshots.py [NAME ...]

Makes a shop with sample data in a temporary folder, starts its server, and opens each page in a browser (Debian's
chromium by Playwright). The pictures go to docs/images/pages/.
"""

from __future__ import annotations

import argparse
import io
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sample_shop import ADMIN, CLERK, MANAGER, PASSWORD, SEEN, design_photos, furnish, photograph_shelf

from shelfwise.web.app import create_app
from shelfwise.web.config import WebConfig
from shelfwise.workflows.shop import Shop, ShopSettings, open_shop

FOLDER = Path(__file__).parents[1] / "docs" / "images" / "pages"
DESK, PHONE = (1280, 800), (390, 844)
MOST_BYTES = 2_000_000
MOST_HEIGHT = 1150
COLOURS = 256


@dataclass(frozen=True)
class Shot:
    """A picture: of which page, as whom, on what screen, what is done there first, and whether all of it is shown."""

    name: str
    path: str
    user: str = MANAGER
    size: tuple[int, int] = DESK
    scheme: str = "light"
    prepare: Callable[[Page], None] | None = None
    whole: bool = True


def scanned(page: Page) -> None:
    """Bring photos of two products that are known and one that is not, and wait for the answers."""
    known = [SEEN["Tomato juice 0.3 l"], SEEN["Choco hoops 375 g"], SEEN["Iced tea 0.33 l"]]
    photos = [design_photos(category, 0, 1, skip=6)[0] for category in known]
    photos.insert(1, design_photos("juice-bottle", 4, 1, skip=1)[0])
    page.locator("#scan-choose").set_input_files(
        [
            {"name": f"photo-{number}.jpg", "mimeType": "image/jpeg", "buffer": photo}
            for number, photo in enumerate(photos)
        ]
    )
    expect(page.locator(".scan-card")).to_have_count(len(photos))
    expect(page.locator(".looking")).to_have_count(0, timeout=120_000)


def shelf_there(page: Page) -> None:
    """Wait until the boxes are over the photo."""
    expect(page.locator("#shelf-bar")).to_be_visible()
    page.wait_for_function("document.querySelector('.shelf-sheet img').complete")


def shelf_box(page: Page) -> None:
    """Choose the first box that is to be checked, near enough to see it."""
    shelf_there(page)
    page.get_by_role("button", name="Zoom in").click()
    page.locator("#shelf-next").click()
    page.locator("#shelf-view").evaluate(
        "view => scrollTo(0, view.getBoundingClientRect().top + scrollY - 60)"
    )


def cool_room(page: Page) -> None:
    """Count what is in the cool room: the first product one less than the book says, the second as it says."""
    page.get_by_label("Place").select_option(label="Cool room")
    rows = page.locator(".count-row")
    rows.nth(0).locator("[data-same]").click()
    rows.nth(0).locator("[data-by='-1']").click()
    rows.nth(1).locator("[data-same]").click()


SHOTS = (
    # First, before the log is full of the signing in for the other pictures.
    Shot("audit", "/audit", ADMIN, scheme="dark"),
    Shot("home", "/"),
    Shot("scan", "/scan", CLERK, (1280, 1100), prepare=scanned, whole=False),
    Shot("scan-phone", "/scan", CLERK, PHONE, prepare=scanned),
    Shot("shelf", "/shelf/1", CLERK, (1280, 1000), prepare=shelf_there),
    Shot("shelf-phone", "/shelf/1", CLERK, PHONE, "dark", prepare=shelf_box),
    Shot("count", "/count", CLERK, PHONE, prepare=cool_room),
    Shot("review", "/review", CLERK),
    Shot("review-phone", "/review", CLERK, PHONE, "dark"),
    Shot("stock", "/stock"),
    Shot("stock-phone", "/stock", CLERK, PHONE, "dark"),
    Shot("product", "/stock/2"),
    Shot("movements", "/movements"),
    Shot("orders", "/orders"),
    Shot("products", "/products", scheme="dark"),
    Shot("import", "/import"),
    Shot("stores", "/stores"),
    Shot("models", "/models", ADMIN),
    Shot("users", "/users", ADMIN),
    Shot("account", "/account"),
)
BEFORE = (Shot("first-start", "/", ADMIN),)
"""Of a shop in which nothing is yet."""


@contextmanager
def served(shop: Shop) -> Iterator[str]:
    """The shop's server on a free port; gives its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(create_app(shop, WebConfig()), log_level="warning", access_log=False)
    )
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    while not server.started:
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def take(shop: Shop, browser: Browser, address: str, shot: Shot) -> None:
    """Open the page and keep its picture."""
    width, height = shot.size
    context = browser.new_context(
        base_url=address,
        viewport={"width": width, "height": height},
        color_scheme=shot.scheme,  # type: ignore[arg-type]
        has_touch=shot.size == PHONE,
        is_mobile=shot.size == PHONE,
        locale="en-GB",
        timezone_id="Europe/Berlin",
    )
    context.set_default_timeout(60_000)
    reply = context.request.post("/api/v1/session", data={"name": shot.user, "password": PASSWORD})
    assert reply.ok, reply.text()
    page = context.new_page()
    page.goto(shot.path)
    if shot.prepare:
        shot.prepare(page)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(300)
    picture = page.screenshot(full_page=shot.whole and shot.size == DESK)
    context.close()
    for session in shop.sessions.list(shop.users.by_name(shot.user).id):
        if session.address == "127.0.0.1":
            shop.sessions.end_one(session.user_id, session.id)
    small(picture, FOLDER / f"{shot.name}.png")
    print(shot.name)


def small(picture: bytes, path: Path) -> None:
    """Keep a picture with few colours, the long ones cut."""
    with Image.open(io.BytesIO(picture)) as opened:
        image = opened.convert("RGB")
    image = image.crop((0, 0, image.width, min(image.height, MOST_HEIGHT)))
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="pictures to take; all without any")
    wanted = set(parser.parse_args().names)
    unknown = wanted - {shot.name for shot in (*BEFORE, *SHOTS)}
    program = shutil.which("chromium")
    if unknown or program is None:
        sys.exit(f"no such picture: {', '.join(unknown)}" if unknown else "chromium is not installed")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as home,
        open_shop(ShopSettings(Path(home) / "shop")) as shop,
        served(shop) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=program, args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        shop.users.add(ADMIN, PASSWORD, admin=True)
        for shots in (BEFORE, SHOTS):
            if shots is SHOTS:
                furnish(shop)
                if not wanted or any(name.startswith("shelf") for name in wanted):
                    photograph_shelf(shop)
            for shot in shots:
                if not wanted or shot.name in wanted:
                    take(shop, browser, address, shot)
        browser.close()
    total = sum(path.stat().st_size for path in FOLDER.glob("*.png"))
    print(f"{total / 1e6:.2f} MB in all")
    if total > MOST_BYTES:
        sys.exit(f"the pictures take more than {MOST_BYTES / 1e6:.0f} MB together")


if __name__ == "__main__":
    main()
