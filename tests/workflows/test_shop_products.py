import threading

import pytest

from shelfwise.accounts.records import Actor
from shelfwise.errors import ConflictError, NotFoundError
from shelfwise.inference.products import ProductStore
from shelfwise.workflows.shop import ShopSettings, open_shop
from shelfwise.workflows.shop_products import enrol, forget, judge, product_changed

RED, RUBY, GREEN, BLUE = (250, 10, 10), (240, 30, 5), (10, 250, 10), (10, 10, 250)
ANN = Actor("ann", 1, admin=True)


@pytest.fixture
def cola(shopper):
    product = shopper.product("Cola")
    enrol(shopper.shop, product, [shopper.photo(*RED)])
    return product


def known(shop):
    """Names in the index, and how many photos each has."""
    return {product.name: len(product.photos) for product in shop.products.in_use().index.products}


def named(shopper, colour):
    (answer,) = shopper.scan(shopper.photo(*colour, size=31))
    return answer.product


def test_photos_of_a_product_are_the_stock_book_s_and_the_model_s(shopper):
    product = shopper.product("Cola")
    done = enrol(shopper.shop, product, [shopper.photo(*RED), b"no picture", shopper.photo(*RUBY)], ANN)
    assert (done.new, len(done.photos), [error.source for error in done.errors]) == (2, 2, ["photo 2"])
    assert set(shopper.shop.catalogue.product_photos(product)) == set(done.photos)
    assert done.product.photo == done.photos[0]  # shown in lists
    assert known(shopper.shop) == {"Cola": 2}
    assert named(shopper, RED) == "Cola"
    assert named(shopper, BLUE) is None


def test_the_same_photo_again_changes_nothing(shopper, cola):
    done = enrol(shopper.shop, cola, [shopper.photo(*RED), shopper.photo(*RED)])
    assert (done.new, len(done.photos)) == (0, 1)
    assert known(shopper.shop) == {"Cola": 1}


def test_a_photo_belongs_to_one_product(shopper, cola):
    lime = shopper.product("Lime")
    done = enrol(shopper.shop, lime, [shopper.photo(*RED)])
    assert done.new == 1
    assert shopper.shop.catalogue.product_photos(cola) == ()
    assert shopper.shop.catalogue.product(cola).photo is None
    assert known(shopper.shop) == {"Lime": 1}
    assert named(shopper, RED) == "Lime"


def test_nothing_is_enrolled_where_nothing_can_be(shopper, cola):
    with pytest.raises(NotFoundError):
        enrol(shopper.shop, 999, [shopper.photo(*RED)])
    assert enrol(shopper.shop, cola, [b"no picture"]).new == 0
    shopper.shop.catalogue.archive_product(cola)
    with pytest.raises(ConflictError, match="archived"):
        enrol(shopper.shop, cola, [shopper.photo(*GREEN)])


def test_a_photo_of_which_the_model_sees_nothing_is_told(shopper, cola):
    done = enrol(shopper.shop, cola, [shopper.photo(0, 0, 0), shopper.photo(*RUBY)])
    assert (done.new, [error.reason for error in done.errors]) == (
        1,
        ["the model sees nothing on this photo"],
    )
    black = shopper.shop.photos.add(shopper.photo(0, 0, 0)).sha256
    shopper.shop.catalogue.add_product_photo(cola, black)
    (lost,) = shopper.shop.models.catch_up(shopper.shop.products.in_use())
    assert lost == f"{black}: the model sees nothing on this photo"
    assert known(shopper.shop) == {"Cola": 2}


def test_forgetting_a_photo(shopper, cola):
    (photo,) = shopper.shop.catalogue.product_photos(cola)
    with pytest.raises(NotFoundError, match="has no photo"):
        forget(shopper.shop, cola, "0" * 64)
    assert forget(shopper.shop, cola, photo).photo is None
    assert known(shopper.shop) == {}
    assert named(shopper, RED) is None
    assert shopper.shop.photos.has(photo)


def test_a_correction_is_learned_at_once(shopper, cola):
    lime = shopper.product("Lime")
    (answer,) = shopper.scan(shopper.photo(*GREEN))
    assert answer.product is None
    judged = judge(shopper.shop, answer.id, "corrected", product_id=lime, actor=ANN)
    assert (judged.verdict, judged.right_product_id, judged.judged_by) == ("corrected", lime, "ann")
    assert named(shopper, GREEN) == "Lime"
    assert known(shopper.shop) == {"Cola": 1, "Lime": 1}


def test_a_wrong_product_is_unlearned_by_a_correction(shopper, cola):
    lime = shopper.product("Lime")
    (answer,) = shopper.scan(shopper.photo(*RED))
    assert answer.product_id == cola
    judge(shopper.shop, answer.id, "corrected", product_id=lime, actor=ANN)
    assert named(shopper, RED) == "Lime"


def test_a_photo_that_shows_nothing_of_ours_is_forgotten(shopper, cola):
    (answer,) = shopper.scan(shopper.photo(*RED))
    judge(shopper.shop, answer.id, "unknown", actor=ANN)
    assert known(shopper.shop) == {}
    assert shopper.shop.catalogue.product_photos(cola) == ()


def test_what_was_enrolled_by_hand_stays_when_an_older_answer_is_judged(shopper, cola):
    (answer,) = shopper.scan(shopper.photo(*GREEN))
    lime = shopper.product("Lime")
    enrol(shopper.shop, lime, [shopper.photo(*GREEN)])
    judge(shopper.shop, answer.id, "unknown", actor=ANN)
    assert known(shopper.shop) == {"Cola": 1, "Lime": 1}


@pytest.mark.parametrize("said", [True, False])
def test_a_doubtful_answer_that_is_confirmed_is_learned(shopper, cola, said):
    (answer,) = shopper.scan(shopper.photo(*RUBY))
    judge(shopper.shop, answer.id, "confirmed", product_id=cola if said else None, actor=ANN)
    assert known(shopper.shop) == {"Cola": 2}
    assert answer.photo in shopper.shop.catalogue.product_photos(cola)


def test_a_sure_answer_that_is_confirmed_teaches_nothing_more(shopper, cola):
    enrol(shopper.shop, cola, [shopper.photo(*shade) for shade in ((240, 40, 10), (250, 10, 40))])
    (answer,) = shopper.scan(shopper.photo(*RUBY))
    judge(shopper.shop, answer.id, "confirmed", product_id=cola, actor=ANN)
    assert known(shopper.shop) == {"Cola": 3}


def test_a_doubtful_answer_about_a_product_that_is_archived_meanwhile_is_only_written_down(shopper, cola):
    (answer,) = shopper.scan(shopper.photo(*RUBY))
    shopper.shop.catalogue.archive_product(cola)
    assert judge(shopper.shop, answer.id, "confirmed", actor=ANN).verdict == "confirmed"
    assert len(shopper.shop.catalogue.product_photos(cola)) == 1


def test_judging_what_is_not_there(shopper, cola):
    with pytest.raises(NotFoundError):
        judge(shopper.shop, 999, "confirmed", actor=ANN)
    (answer,) = shopper.scan(shopper.photo(*GREEN))
    with pytest.raises(NotFoundError):
        judge(shopper.shop, answer.id, "corrected", product_id=999, actor=ANN)
    assert shopper.shop.answers.get(answer.id).verdict is None


def test_names_stay_in_step(shopper, cola):
    lime = shopper.product("Lime")
    enrol(shopper.shop, lime, [shopper.photo(*GREEN)])
    catalogue = shopper.shop.catalogue
    # Two products exchange their names.
    catalogue.change_product(cola, {"name": "Other"}, None)
    catalogue.change_product(lime, {"name": "Cola"}, None)
    catalogue.change_product(cola, {"name": "Lime"}, None)
    product_changed(shopper.shop, lime)
    product_changed(shopper.shop, cola)
    assert known(shopper.shop) == {"Cola": 1, "Lime": 1}
    assert (named(shopper, RED), named(shopper, GREEN)) == ("Lime", "Cola")


def test_names_that_an_index_cannot_take_are_no_problem(shopper):
    odd = shopper.product("Tea\N{ZERO WIDTH SPACE}bags")
    enrol(shopper.shop, odd, [shopper.photo(*RED)])
    enrol(shopper.shop, shopper.product("Tea bags"), [shopper.photo(*GREEN)])
    assert named(shopper, RED) == "Tea\N{ZERO WIDTH SPACE}bags"
    assert named(shopper, GREEN) == "Tea bags"
    assert len(known(shopper.shop)) == 2


def test_what_was_missed_is_learned_at_the_next_start(shopper, cola, tmp_path):
    shop = shopper.shop
    lime = shopper.product("Lime")
    missed = shop.photos.add(shopper.photo(*GREEN)).sha256
    shop.catalogue.add_product_photo(lime, missed)  # as if the power had failed in between
    gone = shop.photos.add(shopper.photo(*BLUE))
    shop.catalogue.add_product_photo(lime, gone.sha256)
    shop.photos.path(gone.sha256).unlink()
    shop.catalogue.change_product(cola, {"name": "Cola Classic"}, None)
    shop.close()
    with open_shop(ShopSettings(shop.settings.home, workers=1, model=shop.settings.model)) as again:
        again.models.wait()
        lost = again.models.catch_up(again.products.in_use())
        assert known(again) == {"Cola Classic": 1, "Lime": 1}
        assert [each.split(":")[0] for each in lost] == [gone.sha256]


def test_what_the_stock_book_never_took_down_is_forgotten_at_the_next_start(shopper, cola):
    learned = shopper.shop.products.in_use()
    lime = shopper.product("Lime")
    learned.learn(
        lime, "Lime", [shopper.photo(*GREEN)]
    )  # as if the power had failed before the stock book knew
    assert known(shopper.shop) == {"Cola": 1, "Lime": 1}
    shopper.shop.models.catch_up(learned)
    assert known(shopper.shop) == {"Cola": 1}


def test_what_a_restored_book_does_not_have_is_forgotten_before_anything_is_answered(shopper, cola):
    shop = shopper.shop
    lime = shopper.product("Lime")
    shop.products.in_use().learn(lime, "Lime", [shopper.photo(*GREEN), shopper.photo(*BLUE)])
    blue = shop.photos.add(shopper.photo(*BLUE)).sha256
    shop.catalogue.add_product_photo(cola, blue)  # the book has it with another product
    shop.close()
    with open_shop(ShopSettings(shop.settings.home, workers=1, model=shop.settings.model)) as again:
        again.models.wait()
        assert known(again) == {"Cola": 2}


@pytest.mark.parametrize("file", ["index.json", "embeddings"])
def test_a_damaged_index_is_made_anew(shopper, cola, file):
    shop = shopper.shop
    folder = shop.products.in_use().store.folder
    damaged = folder / file if file.endswith("json") else next(folder.glob("embeddings-*.npy"))
    damaged.write_bytes(b"damaged")
    (answer,) = shopper.scan(shopper.photo(*RED))  # photos are answered all the same
    assert answer.category == "Red"
    assert shop.models.catch_up(shop.products.in_use()) == ()
    assert ProductStore(folder).read() is not None
    assert named(shopper, RED) == "Cola"


def test_a_damaged_index_keeps_nobody_from_enrolling(shopper, cola):
    folder = shopper.shop.products.in_use().store.folder
    (folder / "index.json").write_bytes(b"damaged")
    lime = shopper.product("Lime")
    assert enrol(shopper.shop, lime, [shopper.photo(*GREEN)]).new == 1
    assert known(shopper.shop) == {"Cola": 1, "Lime": 1}
    next(folder.glob("embeddings-*.npy")).write_bytes(b"damaged")
    forget(shopper.shop, lime, shopper.shop.catalogue.product_photos(lime)[0])
    assert known(shopper.shop) == {"Cola": 1}


def test_catching_up_with_nothing_missed_writes_nothing(shopper, cola):
    learned = shopper.shop.products.in_use()
    before = (learned.store.folder / "index.json").stat()
    seen = []
    shopper.shop.models.catch_up(learned, lambda *progress: seen.append(progress))
    assert (learned.store.folder / "index.json").stat() == before
    assert seen == [(0, 0)]


def test_many_at_once_lose_nothing(shopper):
    products = [shopper.product(f"product {number}") for number in range(6)]

    def work(number, product):
        colour = (40 * number, 250 - 40 * number, 100)
        enrol(shopper.shop, product, [shopper.photo(*colour), shopper.photo(*colour, size=21)])
        shopper.scan(shopper.photo(*colour, size=22))

    threads = [threading.Thread(target=work, args=each) for each in enumerate(products)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert known(shopper.shop) == {f"product {number}": 2 for number in range(6)}
    assert all(len(shopper.shop.catalogue.product_photos(product)) == 2 for product in products)


def test_photos_that_a_verdict_gives_and_takes_are_in_the_audit_log(shopper, cola):
    shop, lime = shopper.shop, shopper.product("Lime")
    (answer,) = shopper.scan(shopper.photo(*RED))
    judge(shop, answer.id, "corrected", product_id=lime, actor=ANN, address="192.0.2.7")
    (other,) = shopper.scan(shopper.photo(*RED))
    judge(shop, other.id, "unknown", actor=ANN)
    told = [
        (entry.user, entry.action, entry.subject, entry.address) for entry in shop.audit.entries().items[::-1]
    ]
    assert told == [
        ("ann", "product.forget", "product Cola", "192.0.2.7"),
        ("ann", "product.learn", "product Lime", "192.0.2.7"),
        ("ann", "product.forget", "product Lime", None),
    ]
