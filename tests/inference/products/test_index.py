import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shelfwise.errors import ProductError
from shelfwise.inference.products import Enrolled, ProductIndex
from shelfwise.inference.products.records import clean_category, clean_name, name_key

GTIN = "4006381333931"


@pytest.fixture
def three(making):
    index = ProductIndex.empty(making.model)
    for name, values in {"Cola": (1, 0, 0), "Lime": (0, 1, 0), "Water": (0, 0, 1)}.items():
        index, _ = index.add(name, [making.enrolled(name, values)], now=making.now)
    return index


def names(index):
    return [product.name for product in index.products]


def said(index, *values):
    match = index.search(np.array([values], np.float32))[0].best
    return match.product.name if match else None


def test_a_photo_like_one_is_that_product_and_no_other_is_unknown(three):
    assert said(three, 5, 0.2, 0) == "Cola"
    assert said(three, 0, 0.1, 7) == "Water"
    assert said(three, -1, -1, -1) is None


def test_the_answer_says_how_sure(three):
    finding = three.search(np.array([[1, 0.1, 0]], np.float32), top=2)[0]
    first, second = finding.matches
    assert (first.product.name, second.product.name) == ("Cola", "Lime")
    assert first.confidence > 0.9 > second.confidence
    assert second.similarity < finding.threshold < first.similarity <= 1


def test_an_empty_index_knows_nothing(making):
    finding = ProductIndex.empty(making.model).search(np.ones((1, 3), np.float32))[0]
    assert finding.matches == ()
    assert finding.best is None


def test_one_photo_of_one_product_is_enough_to_begin(making):
    index, _ = ProductIndex.empty(making.model).add("Cola", [making.enrolled(1, (1, 0, 0))], now=making.now)
    assert said(index, 1, 0.1, 0) == "Cola"
    assert said(index, 0, 1, 0) is None


def test_adding_again_changes_nothing(three, making):
    again, added = three.add("cola", [making.enrolled("Cola", (0, 1, 0))], now="2027-01-01T00:00:00Z")
    assert again is three
    assert (added.new, added.known, added.moved) == (0, 1, 0)


def test_the_same_photo_twice_counts_once(three, making):
    photo = making.enrolled("new", (1, 1, 0))
    index, added = three.add("Cola", [photo, photo], now=making.now)
    assert added.new == 1
    assert len(index.find("COLA").photos) == 2


def test_a_photo_belongs_to_one_product(three, making):
    photo = making.enrolled("Cola", (1, 0, 0))
    with pytest.raises(ProductError, match=r"Cola\.jpg: this photo is enrolled under 'Cola' already.*--move"):
        three.add("Lime", [photo], now=making.now)
    moved, added = three.add("Lime", [photo], now=making.now, move=True)
    assert (added.new, added.moved) == (0, 1)
    assert (len(moved.find("Cola").photos), len(moved.find("Lime").photos)) == (0, 2)
    assert said(moved, 1, 0.3, 0) == "Lime"
    assert names(moved) == ["Cola", "Lime", "Water"]


def test_a_photo_given_again_needs_no_embedding(three, making):
    cola, lime = making.photo("Cola"), making.photo("Lime")
    again, added = three.add("Cola", [], now=making.now, again=[cola.sha256])
    assert again is three
    assert (added.new, added.known, added.moved) == (0, 1, 0)
    with pytest.raises(ProductError, match="--move"):
        three.add("Cola", [], now=making.now, again=[lime.sha256])
    moved, added = three.add("Cola", [], now="2027-01-01T00:00:00Z", again=[lime.sha256], move=True)
    assert (added.new, added.known, added.moved) == (0, 0, 1)
    assert lime in moved.find("Cola").photos
    assert said(moved, 0, 1, 0) == "Cola"


def test_a_photo_given_again_that_has_been_taken_away_is_asked_for_once_more(three, making):
    without, _ = three.remove("Lime")
    with pytest.raises(ProductError, match="taken away meanwhile"):
        without.add("Lime", [], now=making.now, again=[making.photo("Lime").sha256])


def test_category_and_number_are_kept_and_can_be_set_later(three, making):
    index, _ = three.add("Cola", [], now=making.now, category=" drinks/ soda /", gtin="4 006381 333931")
    product = index.find("cola")
    assert (product.category, product.gtin) == ("drinks/soda", GTIN)
    with pytest.raises(ProductError, match="is that of 'Cola' already"):
        index.add("Lime", [], now=making.now, gtin="04006381333931")
    again, _ = index.add("Cola", [], now=making.now, gtin=GTIN)
    assert again is index


def test_renaming_keeps_the_product(three, making):
    index, product = three.rename("cola", "Zola")
    assert product.id == three.find("Cola").id
    assert names(index) == ["Lime", "Water", "Zola"]
    assert said(index, 1, 0, 0) == "Zola"
    capitals, _ = index.rename("zola", "ZOLA")
    assert names(capitals)[-1] == "ZOLA"
    with pytest.raises(ProductError, match="'Lime' already"):
        index.rename("Zola", "lime")
    other, added = index.add("Cola", [making.enrolled("x", (1, 0, 0))], now=making.now)
    assert added.product.id != product.id
    assert len({each.id for each in other.products}) == 4


def test_a_new_product_may_have_an_id_of_the_caller_s(three, making):
    index, added = three.add("Tea", [making.enrolled(9, (1, 1, 0))], now=making.now, new_id="00000000002a")
    assert added.product.id == "00000000002a"
    assert index.product("00000000002a").name == "Tea"
    _, added = index.add("cola", [making.enrolled(8, (1, 0, 0))], now=making.now, new_id="00000000002b")
    assert added.product.id == three.find("Cola").id  # one that is there keeps its own


def test_removing(three, making):
    index, gone = three.remove("Lime")
    assert gone.name == "Lime"
    assert said(index, 0, 1, 0) is None
    with pytest.raises(ProductError, match=r"no product 'Lime'\. "):
        index.remove("Lime")
    with pytest.raises(ProductError, match="Did you mean 'Water'"):
        index.find("Watr")
    empty, _ = three.remove_photo("Cola", making.photo("Cola").sha256)
    assert empty.find("Cola").photos == ()
    with pytest.raises(ProductError, match="not enrolled under 'Lime'"):
        three.remove_photo("Lime", making.photo("Cola").sha256)


ADDITIONS = st.lists(
    st.tuples(st.sampled_from("ABCDE"), st.integers(0, 1000)), unique_by=lambda each: each[1], max_size=15
)


@settings(max_examples=30)
@given(ADDITIONS, st.randoms())
def test_the_order_of_adding_does_not_matter(making, additions, random):
    def built(steps):
        index = ProductIndex.empty(making.model)
        for name, number in steps:
            values = np.random.default_rng(number).standard_normal(6)
            index, _ = index.add(name, [making.enrolled(number, values)], now=making.now)
        return index

    one = built(additions)
    mixed = additions.copy()
    random.shuffle(mixed)
    other = built(mixed)
    assert one.products == other.products
    assert np.array_equal(one.embeddings, other.embeddings)
    assert one.calibration == other.calibration
    together = ProductIndex.empty(making.model)
    for name in sorted({name for name, _ in additions}, reverse=True):
        photos = [
            making.enrolled(number, np.random.default_rng(number).standard_normal(6))
            for each, number in additions
            if each == name
        ]
        together, _ = together.add(name, photos, now=making.now)
    assert together.calibration == one.calibration


@settings(max_examples=30)
@given(ADDITIONS)
def test_the_threshold_lies_between_what_was_fitted(making, additions):
    index = ProductIndex.empty(making.model)
    for name, number in additions:
        values = np.random.default_rng(number).standard_normal(6)
        index, _ = index.add(name, [making.enrolled(number, values)], now=making.now)
    fitted = index.calibration
    assert fitted.other < fitted.threshold < fitted.same
    several = [product for product in index.products if len(product.photos) > 1]
    assert fitted.same_photos == sum(len(product.photos) for product in several)
    assert fitted.other_photos == (len(additions) if len(index.products) > 1 else 0)


def test_taking_away_what_was_added_gives_the_index_of_before(three, making):
    index, _ = three.add("New", [making.enrolled("n", (1, 1, 1))], now=making.now)
    back, _ = index.remove("new")
    assert back.products == three.products
    assert back.calibration == three.calibration


@pytest.mark.parametrize("values", [(0, 0, 0), (np.nan, 0, 1), (np.inf, 0, 0)])
def test_an_embedding_that_is_none_is_refused(three, making, values):
    with pytest.raises(ProductError, match="nothing to compare"):
        three.add("Bad", [making.enrolled("bad", values)], now=making.now)


def test_embeddings_of_another_length_are_refused(three, making):
    with pytest.raises(ProductError, match="different lengths"):
        three.add("Bad", [making.enrolled("bad", (1, 2))], now=making.now)
    with pytest.raises(ProductError, match="2 numbers"):
        three.search(np.ones((1, 2), np.float32))


@pytest.mark.parametrize("wrong", ["", " \t", "a\x1bb", "x" * 201, "\u202e"])
def test_names_that_cannot_be(three, making, wrong):
    with pytest.raises(ProductError, match="cannot be a product's name"):
        three.add(wrong, [], now=making.now)


@pytest.mark.parametrize("wrong", ["", "/", "a//b", "a/\x07"])
def test_categories_that_cannot_be(wrong):
    with pytest.raises(ProductError, match="cannot be a category"):
        clean_category(wrong)


@given(st.text())
def test_a_clean_name_stays_as_it_is(text):
    try:
        clean = clean_name(text)
    except ProductError:
        return
    assert clean_name(clean) == clean
    assert name_key(clean) == name_key(f"  {clean} ")


def test_embeddings_are_rounded_as_they_are_stored(making):
    values = np.random.default_rng(0).standard_normal(50)
    index, _ = ProductIndex.empty(making.model).add(
        "A", [Enrolled(making.photo(1), values.astype(np.float32))], now=making.now
    )
    assert np.array_equal(index.embeddings, index.embeddings.astype(np.float16))
    assert np.linalg.norm(index.embeddings[0]) == pytest.approx(1, abs=1e-3)
