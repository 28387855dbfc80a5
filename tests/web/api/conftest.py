"""A stocked shop: two products, a shelf, and photos to send."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import pytest
from PIL import Image
from starlette.testclient import TestClient

from shelfwise.inventory.records import NewProduct
from shelfwise.workflows.shop import Shop


@dataclass(frozen=True)
class Goods:
    """Numbers of what is in the shop; ``root`` and ``other_root`` are the two stores' root locations."""

    store: int
    other: int
    root: int
    other_root: int
    shelf: int
    tea: int
    rice: int


@pytest.fixture
def goods(shop: Shop) -> Goods:
    """Tea (minimum 5) and rice, and a shelf in the first store."""
    by_name = {store.name: store for store in shop.catalogue.stores()}
    first, other = by_name["Mill Lane"], by_name["Harbour"]
    tea = shop.catalogue.add_product(
        NewProduct("Tea", "drinks", minimum=Decimal(5), target=Decimal(20), pack_size=Decimal(6))
    )
    rice = shop.catalogue.add_product(NewProduct("Rice", "food", unit="kg"))
    shelf = shop.catalogue.add_location(first.id, "Shelf 1")
    return Goods(first.id, other.id, first.root_id, other.root_id, shelf.id, tea.id, rice.id)


@pytest.fixture
def book(goods: Goods) -> Callable[..., dict]:
    """Books one movement of tea at the first store's root: ``book(client, "received", 12)``."""

    def make(client: TestClient, kind: str, quantity: object, **more: object) -> dict:
        line = {
            "kind": kind,
            "product_id": goods.tea,
            "location_id": goods.root,
            "quantity": quantity,
            **more,
        }
        answer = client.post("/api/v1/movements", json={"lines": [line]})
        assert answer.status_code == 201, answer.text
        return answer.json()["movements"][0]

    return make


@pytest.fixture
def photo() -> Callable[..., bytes]:
    """Makes a picture of one colour: ``photo((255, 0, 0))``."""

    def make(colour: tuple[int, int, int] = (250, 10, 10), size: int = 24, kind: str = "PNG") -> bytes:
        out = io.BytesIO()
        Image.new("RGB", (size, size), colour).save(out, kind)
        return out.getvalue()

    return make
