import pytest

from shelfwise.errors import ConflictError, EntryError, NotFoundError


def paths(shop, **wanted):
    return [each.path for each in shop.catalogue.locations(shop.store.id, **wanted)]


def test_stores_by_name_and_their_roots(small_shop):
    catalogue = small_shop.catalogue
    harbour = catalogue.add_store("  Harbour   Road ", "ann")
    assert [each.name for each in catalogue.stores()] == ["Harbour Road", "Main Street"]
    root = catalogue.location(harbour.root_id)
    assert (root.path, root.parent_id, root.store_id) == ("", None, harbour.id)
    assert catalogue.location_at(harbour.id, "") == root
    renamed = catalogue.rename_store(harbour.id, "Quay")
    assert (renamed.name, catalogue.location(harbour.root_id).name) == ("Quay", "Quay")
    with pytest.raises(ConflictError, match="store Main Street already"):
        catalogue.add_store("MAIN street")
    assert catalogue.rename_store(harbour.id, "QUAY").name == "QUAY"


def test_an_archived_store_is_out_of_the_list_and_comes_back(sqlite_shop):
    catalogue = sqlite_shop.catalogue
    assert catalogue.archive_store(sqlite_shop.store.id).archived
    assert catalogue.stores() == []
    assert [each.id for each in catalogue.stores(archived=True)] == [sqlite_shop.store.id]
    with pytest.raises(ConflictError, match="restore it"):
        catalogue.add_store("Main Street")
    assert catalogue.restore_store(sqlite_shop.store.id) == sqlite_shop.store
    assert catalogue.stores() == [sqlite_shop.store]


def test_every_store_has_a_level_of_every_product(small_shop):
    milk = small_shop.product(minimum=1)
    other = small_shop.catalogue.add_store("Harbour")
    assert small_shop.stock(milk) == small_shop.stock(milk, other) == (0, 0)
    bread = small_shop.product()
    assert small_shop.stock(bread) == small_shop.stock(bread, other) == (0, 2)


def test_locations_are_a_tree_by_path(small_shop):
    catalogue, store = small_shop.catalogue, small_shop.store.id
    assert paths(small_shop) == ["", "Aisle 1", "Aisle 1 / Shelf 2", "Back room"]
    assert small_shop.shelf.name == "Shelf 2"
    assert catalogue.location(small_shop.shelf.parent_id).path == "Aisle 1"
    assert catalogue.location_at(store, "aisle 1/SHELF 2") == small_shop.shelf
    with pytest.raises(NotFoundError, match="no location Aisle 9"):
        catalogue.location_at(store, "Aisle 9 / Shelf 1")
    assert len(paths(small_shop)) == 4


def test_paths_follow_a_new_name(small_shop):
    catalogue = small_shop.catalogue
    catalogue.rename_location(small_shop.shelf.parent_id, "Fridge")
    assert catalogue.location(small_shop.shelf.id).path == "Fridge / Shelf 2"
    assert catalogue.location_at(small_shop.store.id, "fridge / shelf 2").id == small_shop.shelf.id
    with pytest.raises(ConflictError, match="this store has Back room already"):
        catalogue.rename_location(small_shop.shelf.parent_id, "back room")
    with pytest.raises(EntryError, match="rename the store"):
        catalogue.rename_location(small_shop.store.root_id, "All")


def test_a_sister_whose_name_begins_alike_keeps_its_path(sqlite_shop):
    catalogue = sqlite_shop.catalogue
    sister = catalogue.add_location(sqlite_shop.store.id, "Aisle 10")
    catalogue.rename_location(sqlite_shop.shelf.parent_id, "Fridge")
    assert catalogue.location(sister.id).path == "Aisle 10"


@pytest.mark.parametrize("name", ["", "  ", "a/b", "x" * 201, "a\0b", 5, "a\ud800"])
def test_names_that_no_location_may_have(sqlite_shop, name):
    with pytest.raises(EntryError, match="name"):
        sqlite_shop.catalogue.add_location(sqlite_shop.store.id, name)


def test_locations_where_they_cannot_be(sqlite_shop):
    catalogue, store = sqlite_shop.catalogue, sqlite_shop.store.id
    other = catalogue.add_store("Harbour")
    with pytest.raises(NotFoundError, match="no store 999"):
        catalogue.add_location(999, "Shelf")
    with pytest.raises(NotFoundError, match="in this store"):
        catalogue.add_location(other.id, "Shelf", sqlite_shop.shelf.id)
    with pytest.raises(ConflictError, match="already"):
        catalogue.add_location(store, "SHELF 2", sqlite_shop.shelf.parent_id)
    with pytest.raises(EntryError, match="deep"):
        catalogue.location_at(store, "/".join("abcdefghi"), create=True)
    deep = catalogue.location_at(store, "/".join("abcdefgh"), create=True)
    with pytest.raises(EntryError, match="deep"):
        catalogue.add_location(store, "i", deep.id)
    with pytest.raises(EntryError, match="name"):
        catalogue.location_at(store, "a//b", create=True)


def test_archiving_a_location_takes_those_below_it(small_shop):
    catalogue = small_shop.catalogue
    aisle = catalogue.archive_location(small_shop.shelf.parent_id)
    assert aisle.archived
    assert paths(small_shop) == ["", "Back room"]
    assert paths(small_shop, archived=True) == ["Aisle 1", "Aisle 1 / Shelf 2"]
    with pytest.raises(ConflictError, match="restore that first"):
        catalogue.restore_location(small_shop.shelf.id)
    with pytest.raises(NotFoundError, match="archived"):
        catalogue.location_at(small_shop.store.id, "Aisle 1")
    with pytest.raises(ConflictError, match="archived"):
        catalogue.add_location(small_shop.store.id, "Shelf 3", aisle.id)
    assert catalogue.location_at(small_shop.store.id, "Aisle 1 / Shelf 2", create=True) == small_shop.shelf


def test_a_location_with_stock_is_not_archived(small_shop):
    milk = small_shop.product()
    small_shop.book("received", milk, 1, 0)
    with pytest.raises(ConflictError, match="other than 0: 1"):
        small_shop.catalogue.archive_location(small_shop.shelf.parent_id)
    small_shop.book("counted", milk, 0, 1)
    assert small_shop.catalogue.archive_location(small_shop.shelf.parent_id).archived
    with pytest.raises(ConflictError, match="archive the store"):
        small_shop.catalogue.archive_location(small_shop.store.root_id)


def test_what_is_not_there_is_told(sqlite_shop):
    catalogue = sqlite_shop.catalogue
    for ask in (
        lambda: catalogue.store(99),
        lambda: catalogue.rename_store(99, "x"),
        lambda: catalogue.archive_store(99),
        lambda: catalogue.location(99),
        lambda: catalogue.archive_location(99),
        lambda: catalogue.category(99),
        lambda: catalogue.archive_category(99),
        lambda: catalogue.rename_category(99, "x"),
    ):
        with pytest.raises(NotFoundError, match="99"):
            ask()


def test_numbers_that_no_row_can_have_are_not_there(small_shop):
    catalogue, huge = small_shop.catalogue, 2**70
    for ask in (
        lambda: catalogue.store(huge),
        lambda: catalogue.locations(huge),
        lambda: catalogue.add_location(huge, "x"),
        lambda: catalogue.add_location(small_shop.store.id, "x", huge),
        lambda: catalogue.location(-1),
        lambda: catalogue.location_at(huge, ""),
        lambda: catalogue.category(huge),
        lambda: catalogue.products(category_id=huge),
        lambda: catalogue.product(huge),
        lambda: small_shop.ledger.movement(huge),
        lambda: small_shop.ledger.booking(huge),
        lambda: small_shop.ledger.undo(huge, user="ann"),
        lambda: small_shop.history.movements(store_id=huge),
        lambda: small_shop.history.movements(product_id=huge),
        lambda: small_shop.history.movements(location_id=huge),
    ):
        with pytest.raises(NotFoundError, match="there is no"):
            ask()


def test_categories(small_shop):
    catalogue = small_shop.catalogue
    apple = catalogue.add_category("fruit / apple")
    assert apple.name == "fruit/apple"
    with pytest.raises(ConflictError, match="already"):
        catalogue.add_category("Fruit/Apple")
    with pytest.raises(EntryError, match="part of the path"):
        catalogue.add_category("fruit//apple")
    boskoop = small_shop.product("Boskoop", category="FRUIT/apple")
    assert boskoop.category_id == apple.id
    assert catalogue.rename_category(apple.id, "obst/äpfel").name == "obst/äpfel"
    assert [each.name for each in catalogue.products("apfel").items] == ["Boskoop"]
    assert catalogue.products("fruit").items == ()
    with pytest.raises(ConflictError, match="1 product"):
        catalogue.archive_category(apple.id)
    catalogue.change_product(boskoop.id, {"category": None})
    assert catalogue.archive_category(apple.id).archived
    assert catalogue.categories() == []
    assert [each.id for each in catalogue.categories(archived=True)] == [apple.id]
    assert catalogue.restore_category(apple.id).archived is False


def test_a_path_that_no_index_could_hold_is_refused(small_shop):
    signs = "".join(chr(0x4E00 + 31 * n) for n in range(200))  # three bytes each, and nothing repeats
    place = small_shop.catalogue.add_location(small_shop.store.id, signs)
    for _ in range(2):
        place = small_shop.catalogue.add_location(small_shop.store.id, signs, place.id)
    with pytest.raises(EntryError, match="too long"):
        small_shop.catalogue.add_location(
            small_shop.store.id,
            signs * 1,
            small_shop.catalogue.add_location(small_shop.store.id, signs, place.id).id,
        )
    with pytest.raises(EntryError, match="whole words"):
        small_shop.catalogue.add_category("\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 200)
