import threading
import time

import numpy as np
import pytest

from shelfwise.accounts.records import Actor
from shelfwise.errors import BundleError, ConflictError, ModelError, NotFoundError
from shelfwise.workflows.model_state import PACKAGED
from shelfwise.workflows.model_switch import activate, roll_back, set_shadow
from shelfwise.workflows.shop import ShopSettings, open_shop
from shelfwise.workflows.shop_products import enrol

RED, GREEN, BLUE = (250, 10, 10), (10, 250, 10), (10, 10, 250)
ANN = Actor("ann", 1, admin=True)


@pytest.fixture
def shop(shopper):
    return shopper.shop


@pytest.fixture
def other(shopper):
    """Another model on the shelf: it takes green for blue and the other way round."""
    return shopper.shop.shelf.add(shopper.bundle("other", categories=("Red", "Blue", "Green")))


@pytest.fixture
def broken(shopper, toy):
    """A model whose bundle is sound, and whose network does not give what a classifier needs."""
    network = toy.toy_onnx(names=("images", "answers", "embedding"))
    return shopper.shop.shelf.add(shopper.bundle("broken", model_onnx=network))


def one(shopper, colour, size=20):
    (answer,) = shopper.scan(shopper.photo(*colour, size=size))
    return answer


def switched(shop):
    switch = shop.models.wait_for_switch()
    assert switch.stage == "done", switch.problem
    return switch


def test_another_model_answers(shopper, shop, other):
    assert one(shopper, GREEN).category == "Green"
    began = activate(shop, other.id)
    assert (began.model, began.model_name, began.running) == (other.id, "other", True)
    assert not switched(shop).running
    assert shop.shelf.active().id == other.id
    answer = one(shopper, GREEN)
    assert (answer.category, answer.model, answer.model_name) == ("Blue", other.id, "other")


def test_going_back_and_forth(shopper, shop, other):
    with pytest.raises(ConflictError, match="no other model before"):
        roll_back(shop)
    activate(shop, other.id)
    switched(shop)
    roll_back(shop)
    switched(shop)
    assert (shop.shelf.active().packaged, one(shopper, GREEN).category) == (True, "Green")
    roll_back(shop)
    switched(shop)
    assert one(shopper, GREEN).category == "Blue"


def test_what_is_active_answers_after_a_restart(shopper, shop, other):
    activate(shop, other.id)
    switched(shop)
    shop.close()
    with open_shop(shop.settings) as again:
        assert again.pool.model.id == other.id
        assert again.models.name_of(other.id) == "other"


def test_the_active_model_again_changes_nothing(shop):
    shop.models.wait()
    assert activate(shop, PACKAGED).stage == "done"
    assert shop.shelf.previous() is None


def test_products_are_known_by_the_new_model_too(shopper, shop, other):
    cola = shopper.product("Cola")
    enrol(shop, cola, [shopper.photo(*RED), shopper.photo(*RED, size=21)])
    activate(shop, other.id)
    switch = switched(shop)
    assert (switch.done, switch.total, switch.lost) == (2, 2, ())
    assert one(shopper, RED, size=30).product_id == cola
    lime = shopper.product("Lime")
    enrol(shop, lime, [shopper.photo(*GREEN)])
    roll_back(shop)
    switch = switched(shop)
    assert (switch.done, switch.total) == (1, 1)  # the old index lacked but this one
    assert one(shopper, GREEN, size=30).product_id == lime


def test_a_photo_that_is_gone_is_told_and_stops_nothing(shopper, shop, other):
    cola = shopper.product("Cola")
    done = enrol(shop, cola, [shopper.photo(*RED), shopper.photo(*RED, size=21)])
    shop.photos.path(done.photos[0]).unlink()
    activate(shop, other.id)
    switch = switched(shop)
    assert [lost.split(":")[0] for lost in switch.lost] == [done.photos[0]]
    assert one(shopper, RED, size=30).product_id == cola


def test_a_model_that_fails_changes_nothing(shopper, shop, other, broken):
    activate(shop, broken.id)
    switch = shop.models.wait_for_switch()
    assert switch.stage == "failed"
    assert switch.problem
    assert shop.shelf.active().packaged
    assert shop.shelf.previous() is None
    assert one(shopper, GREEN).category == "Green"
    activate(shop, other.id)  # and others still can
    switched(shop)


def test_what_is_not_there_or_damaged_is_told_at_once(shop, other):
    for ask in (activate, set_shadow):
        with pytest.raises(NotFoundError):
            ask(shop, "0" * 12)
    (other.path / "card.md").write_text("changed")
    shop.close()
    with open_shop(shop.settings) as again, pytest.raises(BundleError, match="damaged"):
        activate(again, other.id)


def test_a_shop_whose_model_is_damaged_is_helped_by_another(shopper, shop, other):
    shop.close()
    (shop.settings.model / "card.md").write_text("changed")
    with open_shop(shop.settings) as again:
        activate(again, other.id)
        switched(again)
        assert (again.models.ready, again.models.problem) == (True, None)
        assert again.pool.model.id == other.id
        again.models.wait()
        product = shopper.product  # a new product is learned by the model that helps
        shopper.shop = again
        assert enrol(again, product("Cola"), [shopper.photo(*RED)]).new == 1


def test_no_answer_is_lost_while_models_are_switched(shopper, shop, other):
    cola = shopper.product("Cola")
    enrol(shop, cola, [shopper.photo(*RED)])
    answers, ended = [], threading.Event()

    def ask_once():
        answers.extend(shopper.scan(shopper.photo(*RED, size=30), shopper.photo(*GREEN, size=30)))

    def ask():
        while not ended.is_set():
            ask_once()

    ask_once()
    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for model in (other.id, PACKAGED, other.id):
        activate(shop, model)
        switched(shop)
    ended.set()
    for thread in threads:
        thread.join()
    ask_once()  # on a busy machine none may have been asked between two switches
    reds, greens = answers[::2], answers[1::2]
    assert {answer.product_id for answer in reds} == {cola}
    assert {(answer.model == other.id, answer.category) for answer in greens} == {
        (False, "Green"),
        (True, "Blue"),
    }


def test_photos_enrolled_during_a_switch_are_not_lost(shopper, shop, other):
    products = [shopper.product(f"product {number}") for number in range(8)]
    photos = [shopper.photo(30 * number, 250 - 30 * number, 100) for number in range(8)]
    enrol(shop, products[0], [photos[0]])
    activate(shop, other.id)
    for product, photo in zip(products[1:], photos[1:], strict=True):
        enrol(shop, product, [photo])
    switched(shop)
    assert len(shop.products.in_use().index.products) == 8


def test_one_change_at_a_time(shopper, shop, other):
    third = shop.shelf.add(shopper.bundle("third"))
    with shop.products.changing:  # nothing can be put to work meanwhile
        activate(shop, other.id)
        with pytest.raises(ConflictError, match="other goes on still"):
            activate(shop, third.id)
    switched(shop)


def test_a_shop_may_be_closed_in_the_middle(shop, other):
    activate(shop, other.id)
    shop.close()
    assert not shop.models.switch.running
    with open_shop(shop.settings) as again:
        assert again.pool.model.id in (other.id, again.shelf.model(PACKAGED).id)


def test_a_shadow_answers_silently(shopper, shop, other):
    active = shop.shelf.active().id
    assert set_shadow(shop, other.id).shadow
    before = one(shopper, GREEN)
    one(shopper, RED)
    shop.models.shadow.settled()
    assert shop.models.shadow.problem is None
    assert before.category == "Green"
    compared = shop.shadow.comparison(active, other.id)
    assert (compared.n, compared.agreement) == (2, 0.5)
    (difference,) = compared.examples
    assert (difference.answer_id, difference.candidate_category) == (before.id, "Blue")
    set_shadow(shop, None)
    one(shopper, BLUE)
    assert shop.models.shadow is None
    assert shop.shadow.comparison(active, other.id).n == 2


def test_a_shadow_knows_products_as_it_would_when_active(shopper, shop, toy, tmp_path):
    # It is sure of nothing by itself; of the product it is.
    vague = shop.shelf.add(shopper.bundle("vague", model_onnx=toy.toy_onnx(gain=0.0)))
    cola = shopper.product("Cola", "Drinks")
    enrol(shop, cola, [shopper.photo(*RED)])
    set_shadow(shop, vague.id)
    one(shopper, RED, size=30)
    shop.models.shadow.settled()
    assert shop.models.shadow.problem is None
    assert shop.shadow.comparison(shop.shelf.active().id, vague.id).n == 1
    assert (shop.products.folder / vague.id / "index.json").is_file()


def test_a_shadow_goes_on_after_a_restart_and_ends_when_it_is_activated(shopper, shop, other):
    set_shadow(shop, other.id)
    shop.close()
    with open_shop(shop.settings) as again:
        again.models.wait()
        limit = time.monotonic() + 30
        while again.models.shadow is None and time.monotonic() < limit:
            time.sleep(0.01)
        assert again.models.shadow.model.id == other.id
        activate(again, other.id)
        switched(again)
        assert again.models.shadow is None
        assert again.shelf.shadow() is None


def test_a_shadow_that_fails_is_told_and_disturbs_nobody(shopper, shop, broken):
    set_shadow(shop, broken.id)
    assert one(shopper, GREEN).category == "Green"
    shop.models.shadow.settled()
    assert shop.models.shadow.problem


def test_a_slow_shadow_leaves_photos_out_and_keeps_nobody_waiting(toy, tmp_path, shopper):
    shopper.shop.close()
    settings = ShopSettings(
        tmp_path / "small", workers=1, model=shopper.shop.settings.model, shadow_waiting=2
    )
    with open_shop(settings) as shop:
        slow = shop.shelf.add(shopper.bundle("slow"))
        shop.models.wait()
        with shop.products.changing:  # the shadow waits here until it may catch up
            set_shadow(shop, slow.id)
            shop.models.offer_to_shadow([(number, "0" * 64) for number in range(1, 100)])
            assert shop.models.shadow.left_out >= 99 - 2 - 8
        shop.models.shadow.settled()
        assert shop.models.shadow.problem is None


def test_predictions_of_the_pool_and_of_the_index_are_one_model_s(shopper, shop, other):
    shop.models.wait()
    activate(shop, other.id)
    switched(shop)
    assert shop.products.in_use().classifier is shop.pool.model.many
    assert shop.products.of(other.id) is shop.products.in_use()
    before = shop.products.of(shop.shelf.previous().id)
    assert before.look(np.ones((1, 3), np.float32))  # what is in hand is answered
    with pytest.raises(ModelError, match="at work no more"):
        before.learn(1, "Cola", [shopper.photo(*RED)])
    assert np.isfinite(shop.pool.submit(shopper.photo(*RED)).result().prediction.embedding).all()
