"""A small grocer's with 60 days of trade behind it, for pictures of the pages; its photos are rendered packagings."""

from __future__ import annotations

import io
import random
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
from PIL import Image

from shelfwise.accounts.records import Actor
from shelfwise.database import utc_now
from shelfwise.datasets.sample.writer import CATEGORIES, render_photo
from shelfwise.datasets.scenes.scene import compose_scene
from shelfwise.datasets.scenes.wares import Wares
from shelfwise.errors import ImageError
from shelfwise.inventory.records import Line, NewProduct, Product
from shelfwise.shelf.detector import load_detector
from shelfwise.workflows.scanning import answer_photos
from shelfwise.workflows.shop import Shop
from shelfwise.workflows.shop_products import enrol
from shelfwise.workflows.shop_shelf import add_shelf_photo

__all__ = ["ADMIN", "CLERK", "MANAGER", "PASSWORD", "design_photos", "furnish", "photograph_shelf"]

ADMIN, MANAGER, CLERK = "Ada", "Grace", "Tim"
PASSWORD = "a chair by the window"
DAYS = 60
SIZE = 400
_SEED, _DESIGNS = 42, 12

# name, category, place, unit, minimum, sold on a day about, pack
GOODS = (
    ("Oat drink 1 l", "drinks/plant drinks", "Cool room", "piece", 12, 4.0, 6),
    ("Whole milk 1 l", "drinks/milk", "Cool room", "piece", 24, 9.0, 12),
    ("Buttermilk 0.5 l", "drinks/milk", "Cool room", "piece", 10, 2.5, 12),
    ("Tomato juice 0.3 l", "drinks/juice", "Aisle 1 / Shelf 2", "piece", 8, 2.5, 6),
    ("Iced tea 0.33 l", "drinks/iced tea", "Aisle 1 / Shelf 2", "piece", 24, 6.0, 24),
    ("Dark roast coffee 250 g", "coffee", "Aisle 1 / Shelf 1", "piece", 6, 1.2, 8),
    ("Choco hoops 375 g", "breakfast", "Aisle 1 / Shelf 1", "piece", 6, 1.4, 10),
    ("Bananas", "fruit/banana", "Front", "kg", 10, 5.5, 18),
    ("Apples Elstar", "fruit/apple", "Front", "kg", 8, 3.5, 13),
    ("Rye bread 750 g", "bread", "Front", "piece", 5, 3.0, 1),
    ("Olive oil 0.75 l", "oil", "Aisle 1 / Shelf 3", "piece", 4, 0.6, 6),
    ("Spaghetti 500 g", "pasta", "Aisle 1 / Shelf 3", "piece", 10, 2.0, 12),
    ("Free-range eggs, 10", "eggs", "Cool room", "piece", 10, 4.0, 20),
)
AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0",
)
# Products that are known by sight, with the sample packaging and the design of it that their photos show.
SEEN = {
    "Buttermilk 0.5 l": "milk-carton",
    "Tomato juice 0.3 l": "juice-bottle",
    "Iced tea 0.33 l": "soda-can",
    "Dark roast coffee 250 g": "coffee-bag",
    "Choco hoops 375 g": "cereal-box",
}


# What stands on the shelf that is photographed: products as the shop calls them.
SHELVED = (
    "Olive oil 0.75 l",
    "Spaghetti 500 g",
    "Dark roast coffee 250 g",
    "Oat drink 1 l",
    "Choco hoops 375 g",
    "Tomato juice 0.3 l",
)
_LEARNED = 4


def photograph_shelf(shop: Shop) -> int:
    """A photo of a composed shelf, whose most frequent products are known by sight; gives its number."""
    scene = compose_scene(Wares(()), "shelf", 7, 0, sizes=(1500, 1500), rows=(3, 4))
    photo = Image.fromarray(scene.picture)
    user = shop.users.by_name(CLERK)
    actor = Actor(user.name, user.id, False, user.roles)
    counts = Counter(placed.product for placed in scene.products)
    products = {each.name: each for each in shop.catalogue.products(limit=100).items}
    for name, (shown, _) in zip(SHELVED, counts.most_common(len(SHELVED)), strict=True):
        boxes = [placed.box for placed in scene.products if placed.product == shown][:_LEARNED]
        enrol(shop, products[name].id, [_jpeg(photo.crop(tuple(map(round, box)))) for box in boxes], actor)
    shop.shelves.use(load_detector())
    store = next(each for each in shop.catalogue.stores() if each.name == "Mill Lane")
    place = shop.catalogue.location_at(store.id, "Aisle 1 / Shelf 3")
    shelf = add_shelf_photo(shop, _jpeg(photo), actor, store.id, place.id)
    future = shop.shelves.future(shelf.id)
    if future is not None:
        future.result()
    return shelf.id


def _jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=92)
    return out.getvalue()


def design_photos(category: str, design: int, count: int, skip: int = 0) -> list[bytes]:
    """Photos of one design of a packaging, found by the draw that `render_photo` begins with."""
    label, found, index = CATEGORIES.index(category), [], 0
    while len(found) < count + skip:
        if int(np.random.default_rng([_SEED, label, index, 1]).integers(_DESIGNS)) == design:
            found.append(index)
        index += 1
    return [render_photo(category, each, seed=_SEED, size=SIZE) for each in found[skip:]]


def furnish(shop: Shop) -> dict[str, Product]:
    """Stores, users, products, 60 days of movements, photos, and answers that wait to be judged."""
    draw = random.Random(7)
    store = shop.catalogue.add_store("Mill Lane", ADMIN)
    other = shop.catalogue.add_store("Station Road", ADMIN)
    shop.users.add(MANAGER, PASSWORD, roles={store.id: "manager", other.id: "reader"}, by=ADMIN)
    shop.users.add(CLERK, PASSWORD, roles={store.id: "clerk"}, by=ADMIN)
    invited = shop.users.add("Noor", None, roles={other.id: "clerk"}, by=ADMIN)
    shop.invitations.reset(invited.id, by=ADMIN)
    for name in ("Front", "Aisle 1 / Shelf 1", "Aisle 1 / Shelf 2", "Aisle 1 / Shelf 3", "Cool room"):
        shop.catalogue.location_at(store.id, name, create=True)
    products = {name: _added(shop, *goods) for name, *goods in ((each[0], *each) for each in GOODS)}
    _trade(shop, store.id, products, draw)
    _photos(shop, store.id, products)
    manager = shop.users.by_name(MANAGER)
    for agent in AGENTS:
        shop.sessions.start(manager, "192.168.1.20", agent, timedelta(days=14))
    shop.audit.record(
        MANAGER, "product.change", "product Rye bread 750 g", {"minimum": "5", "target": "15"}, "192.168.1.20"
    )
    shop.tokens.issue(manager.id, "Till 2", {"read", "book"}, store_ids=frozenset({store.id}), by=MANAGER)
    return products


def _added(
    shop: Shop, name: str, category: str, place: str, unit: str, minimum: int, sold: float, pack: int
) -> Product:
    new = NewProduct(
        name,
        category,
        unit=unit,
        pack_size=Decimal(pack),
        minimum=Decimal(minimum),
        target=Decimal(3 * minimum),
    )
    product = shop.catalogue.add_product(new)
    shop.audit.record(MANAGER, "product.add", f"product {name}", {"id": product.id}, "192.168.1.20")
    return product


def _trade(shop: Shop, store_id: int, products: dict[str, Product], draw: random.Random) -> None:
    """Sales every day, a delivery when it runs low, a count on two days; some are running short now."""
    now = utc_now()
    for name, _, place, unit, minimum, sold, pack in GOODS:
        product, location = products[name], shop.catalogue.location_at(store_id, place)
        level, lines = Decimal(3 * minimum), []
        lines.append(Line("received", product.id, location.id, level, _at(now, DAYS, 8)))
        for day in range(DAYS - 1, 0, -1):
            late = day < 9 and name in ("Rye bread 750 g", "Tomato juice 0.3 l", "Olive oil 0.75 l")
            if level < minimum and not late:
                more = Decimal(pack * max(1, round(2 * minimum / pack)))
                lines.append(Line("received", product.id, location.id, more, _at(now, day, 8)))
                level += more
            gone = Decimal(max(0, round(draw.gauss(sold, sold / 2 + 0.4))))
            if unit == "kg":
                gone += Decimal(draw.randrange(0, 1000, 5)) / 1000
            gone = min(gone, level)
            if gone > 0:
                lines.append(Line("sold", product.id, location.id, gone, _at(now, day, 18)))
                level -= gone
        shop.ledger.book(lines, user=MANAGER)
        shop.ledger.book(
            [Line("counted", product.id, location.id, max(Decimal(0), level), _at(now, 1, 19))], user=CLERK
        )
    front = shop.catalogue.location_at(store_id, "Front")
    bananas = Line("wasted", products["Bananas"].id, front.id, Decimal("1.4"), reason="bruised")
    shop.ledger.book([bananas], user=CLERK)


def _at(now: datetime, days: int, hour: int) -> datetime:
    return (now - timedelta(days=days)).replace(hour=hour, minute=(days * 7) % 60, second=0)


def _photos(shop: Shop, store_id: int, products: dict[str, Product]) -> None:
    """Products known by sight; a delivery booked from photos; answers of strange packagings to be judged."""
    shop.models.wait()
    user = shop.users.by_name(CLERK)
    actor = Actor(user.name, user.id, False, user.roles)
    for name, category in SEEN.items():
        enrolment = enrol(shop, products[name].id, design_photos(category, 0, 3), actor)
        shop.catalogue.change_product(products[name].id, {"photo": enrolment.photos[0]}, None)
    arrived = [
        design_photos(SEEN[name], 0, 1, skip=5)[0] for name in ("Buttermilk 0.5 l", "Dark roast coffee 250 g")
    ]
    lines = []
    for answer in answer_photos(shop, arrived, actor, store_id):
        if isinstance(answer, ImageError) or answer.product_id is None:
            continue
        product = shop.catalogue.product(answer.product_id)
        place = next(goods[2] for goods in GOODS if goods[0] == product.name)
        location = shop.catalogue.location_at(store_id, place)
        lines.append(
            Line(
                "received",
                product.id,
                location.id,
                product.pack_size,
                photo=answer.photo,
                model=answer.model,
                confidence=answer.confidence,
            )
        )
        shop.answers.judge(answer.id, "confirmed", user=CLERK)
    if lines:
        shop.ledger.book(lines, user=CLERK)
    strange = [design_photos(each, design, 1)[0] for design in (4, 9) for each in SEEN.values()]
    answer_photos(shop, strange, actor, store_id)
