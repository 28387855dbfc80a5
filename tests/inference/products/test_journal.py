import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelfwise.errors import ProductError
from shelfwise.inference.products import Answer, Journal, ProductStore, journal
from shelfwise.inference.products.journal import answer_id


@pytest.fixture
def log(tmp_path):
    return Journal(ProductStore(tmp_path))


def answer(making, text, product="Cola", **changes):
    photo, model = making.photo(text).sha256, making.model.id
    product_id = "c" * 12 if product else None
    values = {
        "id": answer_id(photo, model, product_id),
        "photo": photo,
        "path": f"/shop/{text}.jpg",
        "when": making.now,
        "model": model,
        "product_id": product_id,
        "product": product,
        "similarity": 0.5,
        "confidence": 0.25,
    }
    return Answer(**{**values, **changes})


def test_an_answer_is_found_by_number_beginning_and_photo(log, making):
    said = [answer(making, text) for text in "abc"]
    log.write(said[:2])
    log.write(said[2:])
    for each in said:
        assert log.find(each.id) == log.find(each.id[:7]) == log.find(each.photo) == each
    assert log.find("0000000000") is None
    assert log.find(said[0].id[:3]) is None


def test_nothing_said_is_nothing_found(log):
    assert log.find("0123456789") is None


def test_the_latest_answer_about_a_photo_counts(log, making):
    log.write([answer(making, "a"), answer(making, "a", product=None)])
    assert log.find(making.photo("a").sha256).product is None
    assert log.find(answer(making, "a").id).product == "Cola"


def test_a_beginning_of_several_is_refused(log, making):
    log.write([answer(making, "a", id="abcd000001"), answer(making, "b", id="abcd000002")])
    with pytest.raises(ProductError, match="several answers begin with abcd"):
        log.find("abcd")
    assert log.find("abcd000002").photo == making.photo("b").sha256


def test_numbers_differ_with_photo_model_and_product():
    numbers = {
        answer_id(*each)
        for each in (("a", "m", "p"), ("b", "m", "p"), ("a", "n", "p"), ("a", "m", "q"), ("a", "m", None))
    }
    assert len(numbers) == 5
    assert answer_id("a", "m", "p") in numbers


@given(st.lists(st.binary(max_size=80), max_size=6))
def test_lines_that_are_no_answers_are_passed_over(tmp_path_factory, making, junk):
    folder = tmp_path_factory.mktemp("junk")
    log = Journal(ProductStore(folder))
    (folder / "answers.jsonl").write_bytes(b"\n".join(junk))
    log.write([answer(making, "a")])
    assert log.find(answer(making, "a").id) == answer(making, "a")


def test_a_line_cut_short_spoils_no_other(log, making, tmp_path):
    log.write([answer(making, "a"), answer(making, "b")])
    path = tmp_path / "answers.jsonl"
    path.write_bytes(path.read_bytes()[:-30])
    log.write([answer(making, "c")])
    assert log.find(answer(making, "a").id)
    assert log.find(answer(making, "b").id) is None
    assert log.find(answer(making, "c").id)


def test_it_does_not_grow_without_end(log, making, tmp_path, monkeypatch):
    monkeypatch.setattr(journal, "MAX_BYTES", 20_000)
    for start in range(0, 300, 10):
        log.write([answer(making, number) for number in range(start, start + 10)])
        assert (tmp_path / "answers.jsonl").stat().st_size <= 20_000 + 10 * 1000
    assert log.find(answer(making, 299).id)
    assert log.find(answer(making, 270).id)
    assert log.find(answer(making, 0).id) is None


def test_nothing_to_write_makes_no_folder(tmp_path):
    Journal(ProductStore(tmp_path / "none")).write([])
    assert not (tmp_path / "none").exists()
