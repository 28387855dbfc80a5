"""Products: added, changed by two people at once, known by photos, archived and taken back."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from shelfwise.inventory.records import NewProduct, Product
from shelfwise.workflows.shop import Shop

from .conftest import PHONE, Tabs

Photos = Callable[[str], Path]


@pytest.fixture
def paint(shop: Shop) -> Product:
    return shop.catalogue.add_product(NewProduct("Red paint", category="paint", minimum=Decimal(3)))


def test_a_product_is_added(shop: Shop, tabs: Tabs) -> None:
    page = tabs("manager", PHONE)
    page.goto("/products")
    page.get_by_role("button", name="Add a product").click()
    dialog = page.get_by_role("dialog", name="Add a product")
    dialog.get_by_label("Name", exact=True).fill("Oat drink")
    dialog.get_by_label("Category").fill("drinks/milk")
    dialog.get_by_label("Barcode number").fill("4006381333932")
    dialog.get_by_label("Minimum").fill("2,5")
    dialog.get_by_role("button", name="Add the product").click()
    expect(dialog.get_by_label("Barcode number")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("Barcode number").fill("4006381333931")
    dialog.get_by_role("button", name="Add the product").click()
    expect(page.get_by_role("heading", name="Oat drink")).to_be_visible()
    made = shop.catalogue.product_by_gtin("4006381333931")
    assert (made.name, made.category, made.minimum, made.unit) == (
        "Oat drink",
        "drinks/milk",
        Decimal("2.5"),
        "piece",
    )


def test_who_changes_what_has_changed_meanwhile_is_told_and_nothing_is_lost(
    shop: Shop, tabs: Tabs, paint: Product
) -> None:
    page = tabs("manager")
    page.goto(f"/products/{paint.id}")
    page.get_by_label("Minimum").fill("")
    page.get_by_label("Target").fill("12")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#flash")).to_contain_text("Saved.")
    now = shop.catalogue.product(paint.id)
    assert (now.minimum, now.target, now.category) == (None, 12, "paint")
    shop.catalogue.change_product(paint.id, {"name": "Crimson paint"}, None)
    page.get_by_label("Target").fill("15")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main [data-form-error]")).to_contain_text("Load the page again")
    expect(page.get_by_label("Target")).to_have_value("15")
    assert shop.catalogue.product(paint.id).name == "Crimson paint"


def test_photos_make_a_product_known_at_sight(
    shop: Shop, tabs: Tabs, paint: Product, colour_photo: Photos, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff no picture")
    page = tabs("manager")
    page.goto(f"/products/{paint.id}")
    page.locator("#enrol-files").set_input_files(
        [str(colour_photo("Red")), str(broken), str(colour_photo("Red"))]
    )
    expect(page.locator(".photo-grid li")).to_have_count(2)
    expect(page.locator("#flash")).to_contain_text("2 photos are added.")
    expect(page.locator("#flash")).to_contain_text("broken.jpg:")
    assert len(shop.catalogue.product_photos(paint.id)) == 2
    assert shop.catalogue.product(paint.id).photo is not None

    page.goto("/scan")
    page.locator("#scan-choose").set_input_files(str(colour_photo("Red")))
    expect(page.get_by_role("radio", name="Red paint", checked=True)).to_have_count(1)

    page.goto(f"/products/{paint.id}")
    page.get_by_role("button", name="Remove photo 1").click()
    page.get_by_role("button", name="Remove", exact=True).last.click()
    expect(page.locator(".photo-grid li")).to_have_count(1)
    assert len(shop.catalogue.product_photos(paint.id)) == 1


def test_a_product_is_archived_and_taken_back(shop: Shop, tabs: Tabs, paint: Product) -> None:
    page = tabs("manager")
    page.goto(f"/products/{paint.id}")
    page.get_by_role("button", name="Archive").click()
    page.locator("#confirm").get_by_role("button", name="Archive").click()
    expect(page.locator("main")).to_contain_text("This product is archived.")
    assert shop.catalogue.product(paint.id).archived
    page.goto("/products")
    expect(page.get_by_role("heading", name="No products yet")).to_be_visible()
    page.get_by_label("Show").select_option(label="Archived products")
    page.get_by_role("link", name="Red paint").click()
    page.get_by_role("button", name="Take it back").click()
    expect(page.locator("#flash")).to_contain_text("It is in use again.")
    assert not shop.catalogue.product(paint.id).archived


def test_clerks_look_and_change_nothing(shop: Shop, tabs: Tabs, paint: Product) -> None:
    page = tabs("clerk")
    page.goto(f"/products/{paint.id}")
    expect(page.get_by_text("paint", exact=True)).to_be_visible()
    expect(page.locator("main form, main button, main input")).to_have_count(0)
    token = page.locator("meta[name=csrf]").get_attribute("content") or ""
    headers = {"X-CSRF-Token": token, "If-Match": "*"}
    reply = page.request.patch(f"/api/v1/products/{paint.id}", data={"name": "Mine"}, headers=headers)
    assert reply.status == 403
    assert shop.catalogue.product(paint.id).name == "Red paint"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wrong_with_it_for_anybody(
    tabs: Tabs, paint: Product, accessible: Callable[[Page], None], scheme: str
) -> None:
    page = tabs("manager", PHONE, scheme)
    page.goto("/products")
    accessible(page)
    page.get_by_role("button", name="Add a product").click()
    accessible(page)
    page.goto(f"/products/{paint.id}")
    accessible(page)
