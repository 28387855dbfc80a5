import threading
from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import event

from shelfwise.accounts.records import Actor
from shelfwise.errors import ImageError, NotFoundError, OverloadedError
from shelfwise.inference.products.index import ProductIndex
from shelfwise.types import Candidate, Decision, Prediction
from shelfwise.workflows.answer_words import Speaker
from shelfwise.workflows.scanning import ProductChoice, ScanCandidate, answer_photos
from shelfwise.workflows.shop import ShopSettings, open_shop
from shelfwise.workflows.shop_products import enrol, product_changed

RED, RUBY, GREEN = (250, 10, 10), (240, 30, 5), (10, 250, 10)
SHADES = ((250, 10, 10), (240, 40, 10), (250, 10, 40))


def test_a_photo_is_kept_answered_and_written_down(shopper):
    photo = shopper.photo(*RED)
    (answer,) = shopper.scan(photo)
    active = shopper.shop.shelf.active()
    assert (answer.kind, answer.category, answer.product_id) == ("accept", "Red", None)
    assert (answer.model, answer.model_name) == (active.id, "toy")
    assert [each.category for each in answer.candidates] == ["Red"]  # the others are 0 %
    assert shopper.shop.photos.has(answer.photo)
    kept = shopper.shop.answers.get(answer.id)
    assert (kept.photo, kept.model, kept.kind, kept.category) == (answer.photo, active.id, "accept", "Red")
    assert (kept.user, kept.verdict, len(kept.candidates)) == ("ann", None, 1)
    assert kept.confidence == pytest.approx(answer.confidence)


def test_the_store_is_written_down_too(shopper):
    store = shopper.shop.catalogue.add_store("Mill Lane", "ann")
    (answer,) = shopper.scan(shopper.photo(*RED), store=store.id)
    assert shopper.shop.answers.get(answer.id).store_id == store.id


def test_a_photo_that_cannot_be_read_fails_no_other(shopper):
    results = shopper.scan(b"no picture", shopper.photo(*RED), b"", shopper.photo(*GREEN))
    assert [type(each) is ImageError for each in results] == [True, False, True, False]
    assert [each.category for each in results if not isinstance(each, ImageError)] == ["Red", "Green"]
    with pytest.raises(NotFoundError):
        shopper.shop.answers.get(results[3].id + 1)
    assert shopper.scan() == []


def test_an_enrolled_product_is_named(shopper):
    cola = shopper.product("Cola", "Drinks")
    enrol(shopper.shop, cola, [shopper.photo(*RED)])
    (answer,) = shopper.scan(shopper.photo(*RUBY))
    assert (answer.product_id, answer.product) == (cola, "Cola")
    assert answer.category == "Red"  # what the model says stays said
    first = answer.candidates[0]
    assert (first.category, first.product_id, first.product) == ("Drinks", cola, "Cola")
    kept = shopper.shop.answers.get(answer.id)
    assert (kept.product_id, kept.candidates[0].product_id) == (cola, cola)


def test_a_product_is_relied_on_once_enough_photos_of_it_are_known(shopper):
    cola = shopper.product("Cola")
    for number, shade in enumerate(SHADES):
        if number:
            (answer,) = shopper.scan(shopper.photo(*RUBY))
            assert (answer.kind, answer.product_id, answer.doubt) == ("ask", cola, "few_photos")
        enrol(shopper.shop, cola, [shopper.photo(*shade)])
    (answer,) = shopper.scan(shopper.photo(*RUBY))
    assert (answer.kind, answer.product_id, answer.doubt) == ("accept", cola, None)
    assert shopper.shop.answers.get(answer.id).kind == "accept"


def test_a_sister_that_is_not_enrolled_is_asked_about(shopper):
    cola = shopper.product("Cola")
    enrol(shopper.shop, cola, [shopper.photo(*shade) for shade in SHADES])
    (answer,) = shopper.scan(shopper.photo(200, 90, 90))
    assert answer.confidence > 0.9  # there is nothing else that it might be
    assert (answer.kind, answer.product_id, answer.doubt) == ("ask", cola, "differs")


def test_products_that_are_named_by_sight_are_not_named_again_for_their_category(shopper):
    ids = {name: shopper.product(f"{name} paint", name) for name in ("Red", "Green", "Blue")}
    enrol(shopper.shop, ids["Red"], [shopper.photo(200, 90, 80)])
    (answer,) = shopper.scan(shopper.photo(200, 90, 80, size=30))
    assert [each.product_id for each in answer.candidates] == [ids["Red"], ids["Green"], ids["Blue"]]
    assert [each.by_sight for each in answer.candidates] == [True, False, False]


def test_a_photo_of_which_the_network_sees_nothing_fails_no_other(shopper):
    cola = shopper.product("Cola")
    enrol(shopper.shop, cola, [shopper.photo(*RED)])
    black, red = shopper.scan(shopper.photo(0, 0, 0), shopper.photo(*RED))
    assert (black.product_id, red.product_id) == (None, cola)


def test_the_name_is_the_stock_book_s_even_before_the_index_is_told(shopper):
    cola = shopper.product("Cola")
    enrol(shopper.shop, cola, [shopper.photo(*RED)])
    shopper.shop.catalogue.change_product(cola, {"name": "Cola Classic"}, None)
    (answer,) = shopper.scan(shopper.photo(*RED))
    assert answer.product == "Cola Classic"


def test_an_archived_product_is_not_named(shopper):
    cola = shopper.product("Cola")
    enrol(shopper.shop, cola, [shopper.photo(*RED)])
    shopper.shop.catalogue.archive_product(cola)
    (answer,) = shopper.scan(shopper.photo(*RED))
    assert answer.product_id is None
    product_changed(shopper.shop, cola)
    assert not shopper.shop.products.in_use().index.products
    shopper.shop.catalogue.restore_product(cola)
    product_changed(shopper.shop, cola)
    (answer,) = shopper.scan(shopper.photo(*RED))
    assert answer.product_id == cola


def test_products_of_the_category_are_offered_for_one_tap(shopper):
    first = shopper.product("Apple juice", "red")  # capitals do not count
    (answer,) = shopper.scan(shopper.photo(*RED))
    likeliest = answer.candidates[0]
    assert (likeliest.product_id, likeliest.product) == (first, "Apple juice")  # the only one of its category
    assert answer.product_id is None
    second = shopper.product("Beet", "Red/Roots")
    (answer,) = shopper.scan(shopper.photo(*RED))
    likeliest = answer.candidates[0]
    assert likeliest.product_id is None
    assert likeliest.choices == (ProductChoice(first, "Apple juice"), ProductChoice(second, "Beet"))
    shopper.shop.catalogue.archive_product(first)
    (answer,) = shopper.scan(shopper.photo(*RED))
    assert answer.candidates[0].product_id == second


def prediction(decision=None, probabilities=(0.5, 0.3, 0.1, 0.1), embedding=(1.0, 0.0, 0.0)):
    categories = ("Fruit/Apple/Gala", "Fruit/Apple/Fuji", "Fruit/Pear", "Drinks/Milk")
    return Prediction(
        categories, np.array(probabilities, np.float32), None, np.array(embedding, np.float32), decision
    )


def said(shopper, made):
    """What is said of a photo; among many the same is said."""
    shopper.shop.models.wait()
    model = shopper.shop.shelf.active().id
    words = Speaker(shopper.shop).say(model, made)
    assert Speaker(shopper.shop).say_all(model, [prediction(), made, made])[1:] == [words, words]
    return words


def assert_same(words, others):
    """All is the same, but for rounding: a product of matrices adds up in another order than one of vectors."""
    assert [without_confidence(each) for each in words] == [without_confidence(each) for each in others]
    assert [confidences(each) for each in words] == [pytest.approx(confidences(each)) for each in others]


def without_confidence(words):
    candidates = tuple(replace(each, confidence=0.0) for each in words.candidates)
    return replace(words, confidence=0.0, candidates=candidates)


def confidences(words):
    return [words.confidence, *(each.confidence for each in words.candidates)]


def told(words):
    return [(each.category, round(each.confidence, 2)) for each in words.candidates]


def test_a_level_that_is_sure_is_told_once(shopper):
    decision = Decision("accept", "Fruit/Apple", "category", 0.8, 0.0)
    words = said(shopper, prediction(decision))
    assert (words.kind, words.category, words.confidence) == ("accept", "Fruit/Apple", 0.8)
    assert told(words) == [("Fruit/Apple", 0.8), ("Fruit/Pear", 0.1), ("Drinks/Milk", 0.1)]


def test_where_a_person_is_asked_the_likeliest_is_told_first(shopper):
    candidates = (Candidate("Fruit/Apple/Fuji", 0.4), Candidate("Fruit/Pear", 0.35))
    words = said(shopper, prediction(Decision("ask", None, None, None, 0.0, candidates)))
    assert (words.kind, words.category, words.confidence) == ("ask", "Fruit/Apple/Fuji", 0.4)
    assert {category for category, _ in told(words)} == {"Fruit/Apple/Fuji", "Fruit/Pear", "Fruit/Apple/Gala"}


def test_a_strange_photo_has_no_category_but_guesses(shopper):
    words = said(shopper, prediction(Decision("unknown", None, None, None, 9.0)))
    assert (words.kind, words.category, words.product_id) == ("unknown", None, None)
    assert len(words.candidates) == 3


def test_a_strange_photo_of_an_enrolled_product_is_that_product(shopper):
    cola = shopper.product("Cola", "Drinks")
    enrol(shopper.shop, cola, [shopper.photo(*shade) for shade in SHADES])
    words = said(shopper, prediction(Decision("unknown", None, None, None, 9.0)))
    assert (words.kind, words.category, words.product_id) == ("accept", "Drinks", cola)


def test_between_twins_a_person_is_asked(shopper):
    twins = [shopper.product(name) for name in ("Cola", "Cola light", "Cola zero")]
    for shade, twin in enumerate(twins):
        enrol(shopper.shop, twin, [shopper.photo(250, 10 + shade, 10)])
    (answer,) = shopper.scan(shopper.photo(250, 11, 11))
    assert (answer.kind, answer.doubt) == ("ask", "alike")
    assert {each.product_id for each in answer.candidates} == set(twins)


@pytest.mark.parametrize(
    ("stock", "meant"),
    [
        (("Fruit/Apple", "Fruit/Apple/Cox", "Apple"), {"Fruit/Apple", "Fruit/Apple/Cox"}),
        (("Produce/Apple", "Fruit"), {"Produce/Apple"}),
        (("Fruit", "Drinks"), {"Fruit"}),
        (("Drinks", "Pineapple"), set()),
    ],
)
def test_the_shop_s_own_categories_are_understood(shopper, stock, meant):
    for category in stock:
        shopper.product(f"one of {category}", category)
    words = said(shopper, prediction(Decision("accept", "Fruit/Apple", "category", 0.8, 0.0)))
    first = words.candidates[0]
    assert {choice.product for choice in first.choices} == {f"one of {category}" for category in meant}


@pytest.mark.parametrize(
    ("products", "proposed", "wider"),
    [
        (("Oat drink",), None, True),  # no apple, whatever else there is of fruit
        (("Oat drink", "Cox apples"), "Cox apples", False),
        (("Cox apples", "Red apple"), None, False),
    ],
)
def test_a_product_of_a_wider_category_is_proposed_only_where_its_name_says_so(
    shopper, products, proposed, wider
):
    for name in products:
        shopper.product(name, "fruit")
    words = said(shopper, prediction(Decision("accept", "Fruit/Apple", "category", 0.95, 0.0)))
    first = words.candidates[0]
    assert (first.category, first.product, first.wider) == ("Fruit/Apple", proposed, wider)
    assert {each.product for each in first.choices} == set(products)


def test_a_product_of_the_category_that_looks_otherwise_is_a_mere_choice(shopper):
    other = shopper.product("Cox", "Fruit/Apple")
    enrol(shopper.shop, other, [shopper.photo(*GREEN)])
    words = said(shopper, prediction(Decision("accept", "Fruit/Apple", "category", 0.95, 0.0)))
    first = words.candidates[0]
    assert (first.category, first.product_id) == ("Fruit/Apple", None)
    assert [each.product_id for each in first.choices] == [other]


def test_what_looks_alike_comes_first_among_the_choices(shopper):
    shopper.product("A", "Fruit/Apple")
    alike = shopper.product("B", "Fruit/Apple")
    enrol(shopper.shop, alike, [shopper.photo(*GREEN)])
    words = said(shopper, prediction(Decision("accept", "Fruit/Apple", "category", 0.8, 0.0)))
    first = next(each for each in words.candidates if each.category == "Fruit/Apple" and each.choices)
    assert isinstance(first, ScanCandidate)
    assert [choice.product for choice in first.choices] == ["B", "A"]
    assert words.product_id is None


def test_of_a_large_category_the_first_products_are_choices(shopper):
    for number in range(60):
        shopper.product(f"{number % 7} {number}", f"Fruit/Apple/{number % 3}")
    words = said(shopper, prediction(Decision("accept", "Fruit/Apple", "category", 0.8, 0.0)))
    assert [each.product for each in words.candidates[0].choices] == [
        "0 0",
        "0 14",
        "0 21",
        "0 28",
        "0 35",
        "0 42",
    ]


def test_for_many_photos_the_stock_book_is_asked_as_often_as_for_one(shopper):
    categories = ("Fruit/Apple/Gala", "Fruit/Apple/Fuji", "Fruit/Pear", "Drinks/Milk")
    for number, category in enumerate(categories):
        product = shopper.product(category.lower(), category)
        enrol(shopper.shop, product, [shopper.photo(60 * number, 200, 9)])
    shopper.shop.models.wait()
    model = shopper.shop.shelf.active().id
    chances = np.random.default_rng(0).dirichlet(np.ones(4), 40)
    many = [prediction(None, row, (*row[:2], 0.5)) for row in chances]
    asked: list[list[str]] = []

    def listen(_connection, _cursor, statement, *_: object) -> None:
        if threading.current_thread() is threading.main_thread():
            asked[-1].append(statement)

    engine = shopper.shop.db.engine
    event.listen(engine, "before_cursor_execute", listen)
    for some in (many[:1], many):
        asked.append([])
        words = Speaker(shopper.shop).say_all(model, some)
    event.remove(engine, "before_cursor_execute", listen)
    assert asked[0] == asked[1]
    assert sum(statement.startswith("SELECT") for statement in asked[0]) == 3
    assert_same(words, [Speaker(shopper.shop).say(model, each) for each in many])
    assert Speaker(shopper.shop).say_all(model, []) == []


def test_the_products_known_by_sight_are_searched_once_for_many_photos(shopper, monkeypatch):
    for number, category in enumerate(("Fruit/Pear", "Drinks/Milk", "Fruit/Apple/Fuji")):
        shades = [shopper.photo(90 * number, 200, shade) for shade in (5, 25, 45)]
        enrol(shopper.shop, shopper.product(category.lower(), category), shades)
    shopper.shop.models.wait()
    model = shopper.shop.shelf.active().id
    chances = np.random.default_rng(1).dirichlet(np.ones(4), 40)
    many = [prediction(None, row, row[:3]) for row in chances]
    nothing = prediction(None, chances[0], (0.0, 0.0, 0.0))
    no_number = prediction(None, chances[1], (np.nan, 0.0, 1.0))
    many[7:7] = [nothing, no_number]
    one_by_one = [Speaker(shopper.shop).say(model, each) for each in many]
    asked = []
    search = ProductIndex.search

    def counted(index, embeddings, top=3):
        asked.append(len(embeddings))
        return search(index, embeddings, top)

    monkeypatch.setattr(ProductIndex, "search", counted)
    words = Speaker(shopper.shop).say_all(model, many)
    assert asked == [40]
    assert_same(words, one_by_one)
    assert len({each.product for each in words}) > 2
    assert [words[7].product, words[8].product] == [None, None]
    assert [each.kind for each in Speaker(shopper.shop).say_all(model, [nothing])] == [words[7].kind]


def test_what_is_refused_is_not_kept(toy, tmp_path, shopper):
    settings = ShopSettings(
        tmp_path / "small", workers=1, batch=1, waiting=1, model=shopper.shop.settings.model
    )
    answered, refused = [], []
    with open_shop(settings) as shop:
        shop.models.wait()

        def ask(number):
            try:
                answered.extend(
                    answer_photos(shop, [shopper.photo(*RED, size=400 + number)], Actor("ann", 1, True))
                )
            except OverloadedError as error:
                refused.append(error.retry_after)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        kept = [path for path in shop.photos.folder.rglob("*.png") if path.is_file()]
        assert len(answered) + len(refused) == 40
        assert len(kept) == len(answered) == len({answer.id for answer in answered})
        assert all(pause > 0 for pause in refused)


def test_many_at_once(shopper):
    cola = shopper.product("Cola")
    enrol(shopper.shop, cola, [shopper.photo(*RED)])
    found, refused = [], []

    def ask(number):
        try:
            found.extend(
                shopper.scan(shopper.photo(*RED, size=20 + number), shopper.photo(*GREEN, size=20 + number))
            )
        except OverloadedError as error:
            refused.append(error)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not refused
    assert len({answer.id for answer in found}) == 24
    assert sorted(answer.product or "" for answer in found) == [""] * 12 + ["Cola"] * 12
