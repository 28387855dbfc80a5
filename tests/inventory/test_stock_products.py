from decimal import Decimal

import pytest

from shelfwise.errors import ChangedError, ConflictError, EntryError, NotFoundError
from shelfwise.inventory.checks import check_book
from shelfwise.inventory.records import NewProduct
from shelfwise.inventory.tables import products

D = Decimal
PHOTO, OTHER = "ab" * 32, "cd" * 32


def names(page):
    return [each.name for each in page.items]


def test_a_product_is_kept_as_it_was_given(small_shop):
    milk = small_shop.catalogue.add_product(
        NewProduct(
            " Milk  1 l ",
            category="dairy",
            gtin="4006381 33393-1",
            unit="bottle",
            pack_size=D(12),
            minimum=D("2.5"),
            target=D(24),
            photo=PHOTO,
        )
    )
    assert (milk.name, milk.category, milk.gtin, milk.unit) == (
        "Milk 1 l",
        "dairy",
        "4006381333931",
        "bottle",
    )
    assert (milk.pack_size, milk.minimum, milk.target, milk.photo) == (D(12), D("2.5"), D(24), PHOTO)
    assert (milk.version, milk.archived) == (1, False)
    catalogue = small_shop.catalogue
    assert catalogue.product(milk.id) == milk
    assert catalogue.product_by_name("milk 1 L") == milk
    assert catalogue.product_by_gtin("04006381333931") == milk
    assert check_book(small_shop.database) == ()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 300),
        ("name", "a\x07"),
        ("category", "a//b"),
        ("gtin", "4006381333932"),
        ("gtin", 4006381333931),
        ("unit", ""),
        ("unit", "u" * 30),
        ("pack_size", D(0)),
        ("pack_size", 0.5),
        ("minimum", D(-1)),
        ("minimum", True),
        ("target", D("0.0005")),
        ("target", D("1E+30")),
        ("photo", "photo.jpg"),
    ],
)
def test_a_wrong_field_is_named(sqlite_shop, field, value):
    good = {"name": "Milk"}
    with pytest.raises(EntryError) as caught:
        sqlite_shop.catalogue.add_product(NewProduct(**(good | {field: value})))
    assert caught.value.field == field
    milk = sqlite_shop.product("Milk")
    with pytest.raises(EntryError) as caught:
        sqlite_shop.catalogue.change_product(milk.id, {field: value})
    assert caught.value.field == field
    assert sqlite_shop.catalogue.product(milk.id) == milk


def test_names_and_gtins_are_taken_once(small_shop):
    catalogue = small_shop.catalogue
    milk = small_shop.product("Milk", gtin="036000291452")
    with pytest.raises(ConflictError, match="this name already: Milk"):
        small_shop.product("MILK")
    with pytest.raises(ConflictError, match="this barcode number already: Milk"):
        small_shop.product("Bread", gtin="0036000291452")
    bread = small_shop.product("Bread")
    with pytest.raises(ConflictError, match="this name"):
        catalogue.change_product(bread.id, {"name": "milk"})
    assert catalogue.change_product(milk.id, {"name": "MILK", "gtin": "0036000291452"}).name == "MILK"
    catalogue.archive_product(milk.id)
    with pytest.raises(ConflictError, match="archived: restore it"):
        small_shop.product("milk")


def test_a_change_makes_a_version_and_an_old_one_is_refused(small_shop):
    catalogue = small_shop.catalogue
    milk = small_shop.product("Milk", category="dairy")
    changed = catalogue.change_product(milk.id, {"name": "Oat milk", "minimum": D(2)}, version=1)
    assert (changed.name, changed.minimum, changed.version, changed.category) == (
        "Oat milk",
        D(2),
        2,
        "dairy",
    )
    with pytest.raises(ChangedError, match="changed meanwhile"):
        catalogue.change_product(milk.id, {"name": "Rice milk"}, version=1)
    assert catalogue.change_product(milk.id, {"name": "Oat milk"}).version == 2  # nothing to change
    assert catalogue.change_product(milk.id, {"minimum": None}).minimum is None
    with pytest.raises(EntryError, match="no such field"):
        catalogue.change_product(milk.id, {"colour": "white"})
    with pytest.raises(NotFoundError, match="no product 99"):
        catalogue.change_product(99, {"name": "x"})
    assert check_book(small_shop.database) == ()


def test_a_target_below_the_minimum_is_refused(small_shop):
    catalogue = small_shop.catalogue
    with pytest.raises(EntryError, match="5 is below the minimum of 50: give at least the minimum") as raised:
        catalogue.add_product(NewProduct("Tea", minimum=D(50), target=D(5)))
    assert raised.value.field == "target"
    tea = catalogue.add_product(NewProduct("Tea", minimum=D(5), target=D(5)))
    for changes in ({"minimum": D("5.5")}, {"target": D("4.5")}, {"minimum": D(2), "target": D(1)}):
        with pytest.raises(EntryError, match="is below the minimum") as raised:
            catalogue.change_product(tea.id, changes)
        assert raised.value.field == "target"
    assert catalogue.product(tea.id) == tea
    assert catalogue.change_product(tea.id, {"minimum": D(9), "target": None}).target is None
    assert catalogue.change_product(tea.id, {"minimum": None, "target": D(1)}).target == 1


def test_an_older_books_target_below_the_minimum_is_no_hindrance_to_other_changes(sqlite_shop):
    tea = sqlite_shop.catalogue.add_product(NewProduct("Tea", minimum=D(50)))
    sqlite_shop.database.write(lambda connection: connection.execute(products.update().values(target=D(5))))
    changes = {"name": "Green tea", "minimum": D(50), "target": D(5)}
    assert sqlite_shop.catalogue.change_product(tea.id, changes).name == "Green tea"
    with pytest.raises(EntryError, match="6 is below the minimum of 50"):
        sqlite_shop.catalogue.change_product(tea.id, {"target": D(6)})


def test_words_find_by_their_beginnings(small_shop):
    catalogue = small_shop.catalogue
    for name, category in (
        ("Käse Gouda jung", "dairy/cheese"),
        ("Gouverneur", None),
        ("Milk 1.5 %", "dairy"),
    ):
        small_shop.product(name, category=category)
    assert names(catalogue.products("kase")) == ["Käse Gouda jung"]
    assert names(catalogue.products("KÄS dair")) == ["Käse Gouda jung"]
    assert names(catalogue.products("gou")) == ["Gouverneur", "Käse Gouda jung"]
    assert names(catalogue.products("gou chee")) == ["Käse Gouda jung"]
    assert names(catalogue.products("ouda")) == []
    assert names(catalogue.products("?!")) == []
    assert names(catalogue.products("  ")) == ["Gouverneur", "Käse Gouda jung", "Milk 1.5 %"]
    assert names(catalogue.products("m% _")) == []
    gouverneur = catalogue.product_by_name("gouverneur")
    catalogue.change_product(gouverneur.id, {"name": "Brie", "category": "dairy/cheese"})
    assert names(catalogue.products("gouv")) == []
    assert names(catalogue.products("cheese bri")) == ["Brie"]
    assert check_book(small_shop.database) == ()


def test_a_gtin_finds_its_product(sqlite_shop):
    milk = sqlite_shop.product("Milk", gtin="4006381333931")
    sqlite_shop.product("Code 4006381333931")
    assert names(sqlite_shop.catalogue.products("40063813 33931")) == ["Milk"]
    assert names(sqlite_shop.catalogue.products("4006381333931")) == ["Code 4006381333931", "Milk"]
    with pytest.raises(NotFoundError, match="GTIN"):
        sqlite_shop.catalogue.product_by_gtin("036000291452")
    with pytest.raises(EntryError, match="last digit"):
        sqlite_shop.catalogue.product_by_gtin("036000291453")
    assert milk.gtin == "4006381333931"


def test_pages_go_through_all_by_name(small_shop):
    wanted = ["a", "B", "c", "ä", "Ω", "z1", "Z2"]
    for name in wanted:
        small_shop.product(name)
    found, cursor = [], None
    while True:
        page = small_shop.catalogue.products(cursor=cursor, limit=3)
        assert len(page.items) <= 3
        found += names(page)
        cursor = page.next
        if cursor is None:
            break
    assert found == ["a", "B", "c", "z1", "Z2", "ä", "Ω"]
    with pytest.raises(EntryError, match="cursor"):
        small_shop.catalogue.products(cursor="nonsense")
    with pytest.raises(EntryError, match="limit"):
        small_shop.catalogue.products(limit=0)


def test_a_category_includes_those_below_it(sqlite_shop):
    for name, category in (("a", "fruit"), ("b", "fruit/apple"), ("c", "fruits"), ("d", None)):
        sqlite_shop.product(name, category=category)
    fruit = sqlite_shop.catalogue.product_by_name("a").category_id
    assert names(sqlite_shop.catalogue.products(category_id=fruit)) == ["a", "b"]


def test_an_archived_product_comes_back_with_its_stock(small_shop):
    milk = small_shop.product("Milk", minimum=D(5))
    small_shop.book("received", milk, 3, 0)
    archived = small_shop.catalogue.archive_product(milk.id)
    assert (archived.archived, archived.version) == (True, 2)
    assert small_shop.stock(milk) is None
    assert names(small_shop.catalogue.products()) == []
    assert names(small_shop.catalogue.products(archived=True)) == ["Milk"]
    assert check_book(small_shop.database) == ()
    small_shop.catalogue.add_store("Harbour")
    assert small_shop.catalogue.archive_product(milk.id).version == 2
    assert small_shop.catalogue.restore_product(milk.id).archived is False
    assert small_shop.stock(milk) == (D(3), 1)
    assert check_book(small_shop.database) == ()


def test_photos_of_a_product(small_shop):
    catalogue, milk = small_shop.catalogue, small_shop.product("Milk", photo=PHOTO)
    for photo in (PHOTO, OTHER, PHOTO):
        catalogue.add_product_photo(milk.id, photo)
    assert catalogue.product_photos(milk.id) == (PHOTO, OTHER)
    catalogue.remove_product_photo(milk.id, PHOTO)
    assert catalogue.product_photos(milk.id) == (OTHER,)
    assert catalogue.product(milk.id).photo is None
    with pytest.raises(NotFoundError, match="no photo"):
        catalogue.remove_product_photo(milk.id, PHOTO)
    with pytest.raises(EntryError, match="SHA-256"):
        catalogue.add_product_photo(milk.id, "x")
    with pytest.raises(NotFoundError, match="no product 99"):
        catalogue.product_photos(99)
