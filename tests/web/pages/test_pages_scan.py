"""The Scan page as the server gives it."""

from shelfwise.inventory.records import NewProduct


def test_a_shop_without_products_says_how_the_first_one_is_made(shop, manager, clerk):
    page = manager.get("/scan").text
    assert "data-first" in page
    assert "No products yet: tap a guess to make the first one." in page
    assert "No products yet: ask a manager to make the first one." in clerk.get("/scan").text
    shop.catalogue.add_product(NewProduct("Tea"))
    assert "data-first" not in manager.get("/scan").text


def test_a_new_product_can_have_a_unit_and_a_minimum(manager, clerk):
    page = manager.get("/scan").text
    assert 'id="new-unit"' in page
    assert 'id="new-minimum"' in page
    assert 'id="new-unit"' not in clerk.get("/scan").text
