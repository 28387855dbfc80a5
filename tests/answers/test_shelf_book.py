"""What is kept of shelf photos, and how people change it."""

from dataclasses import replace

import pytest

from shelfwise.answers.planogram_book import PlanogramBook
from shelfwise.answers.records import AnswerCandidate
from shelfwise.answers.shelf_book import ShelfBook
from shelfwise.answers.shelf_records import MOST_BOXES, AddedShelf, BoxChange, FoundBox, Saying
from shelfwise.errors import ChangedError, ConflictError, EntryError, NotFoundError

GALA = FoundBox((10, 10, 50, 90), 0.9, "accept", "fruit/apple", 0.95, 1)
PERHAPS = FoundBox(
    (60, 10, 100, 90), 0.8, "ask", "fruit/pear", 0.6, candidates=[AnswerCandidate("fruit/apple", 0.3)]
)
STRANGE = FoundBox((110, 10, 150, 90), 0.5, "unknown")


@pytest.fixture
def book(stocked):
    return ShelfBook(stocked)


@pytest.fixture
def shelf(book):
    """A photo of 200 × 100 pixels on which three boxes were found."""
    added = book.add(AddedShelf("a" * 64, 200, 100, "Ada", store_id=1))
    assert book.finish(added.id, [GALA, PERHAPS, STRANGE], model="m", detector="d", embeddings=b"e")
    return added.id


def keys(boxes):
    return [box.key for box in boxes]


def test_what_was_found_is_kept(book, shelf):
    photo, boxes = book.read(shelf)
    assert (photo.state, photo.model, photo.detector, photo.version) == ("done", "m", "d", 2)
    assert photo.corrected_at is None
    assert keys(boxes) == ["1", "2", "3"]
    gala, perhaps, strange = boxes
    assert (gala.answer, gala.now_product, gala.now_category) == ("accept", "Gala", "fruit/apple")
    assert (perhaps.answer, perhaps.now_product_id, perhaps.now_category) == ("ask", None, "fruit/pear")
    assert perhaps.candidates == (AnswerCandidate("fruit/apple", 0.3),)
    assert (strange.answer, strange.now_category, strange.score) == ("unknown", None, 0.5)
    assert book.read_whole(shelf) == (photo, boxes, b"e")


def test_a_photo_is_finished_once(book, shelf):
    assert not book.finish(shelf, [GALA], model="other", detector="d")
    assert not book.fail(shelf, "too late")
    assert len(book.read(shelf)[1]) == 3
    other = book.add(AddedShelf("b" * 64, 9, 9, "Ada"))
    assert book.fail(other.id, "no detector")
    assert (book.get(other.id).state, book.get(other.id).problem) == ("failed", "no detector")
    with pytest.raises(ConflictError, match="not been found yet"):
        book.change(other.id, [BoxChange("1", removed=True)], user="Ada")


def test_what_was_found_can_be_wanted_again_until_it_is_there_or_fails(book, shelf):
    before = book.get(shelf)
    assert before.again_at is None
    wanted = book.again(shelf)
    assert (wanted.state, wanted.version) == ("done", before.version)  # nothing that is shown has changed
    assert wanted.again_at is not None
    assert book.again(shelf) == wanted
    assert not book.fail(shelf, "no model")
    failed = book.get(shelf)
    assert (failed.problem, failed.again_at, failed.version) == ("no model", None, before.version + 1)
    assert book.again(shelf).problem == "no model"
    book.renamed(shelf, {"3": replace(STRANGE, category="fruit/kiwi")}, model="n", embeddings=lambda _: b"f")
    named, boxes, embeddings = book.read_whole(shelf)
    assert (named.problem, named.again_at, named.version) == (None, None, before.version + 2)
    assert (named.model, boxes[2].category, embeddings) == ("n", "fruit/kiwi", b"f")


def test_boxes_are_renamed_moved_taken_away_and_added(book, shelf):
    changes = [
        BoxChange("2", saying=Saying("corrected", product_id=2)),
        BoxChange("3", removed=True),
        BoxChange("1", box=(12, 10, 50, 90), saying=Saying("confirmed")),
        BoxChange("new-1", box=(160, 0, 200, 100), saying=Saying("corrected", category=" fruit / apple")),
    ]
    photo, boxes, before = book.change(shelf, changes, user="Bob", version=2)
    assert (photo.version, photo.corrected_by) == (3, "Bob")
    assert photo.corrected_at is not None
    gala, perhaps, strange, fresh = boxes
    assert (gala.moved, gala.box, gala.verdict, gala.right_product) == (
        True,
        (12, 10, 50, 90),
        "confirmed",
        "Gala",
    )
    assert (perhaps.answer, perhaps.now_product, perhaps.now_category) == ("accept", "Oat drink", None)
    assert strange.removed
    assert (fresh.key, fresh.score, fresh.kind, fresh.now_category) == ("new-1", None, None, "fruit/apple")
    assert sorted(keys(before)) == ["1", "2", "3", "new-1"]


def test_what_is_so_already_changes_nothing(book, shelf):
    changes = [BoxChange("1", box=GALA.box, removed=False, saying=Saying(None))]
    photo, _, before = book.change(shelf, changes, user="Bob")
    assert (photo.version, photo.corrected_at, before) == (2, None, [])
    book.change(shelf, [BoxChange("3", removed=True)], user="Bob")
    assert book.change(shelf, [BoxChange("3", removed=True)], user="Eve")[0].corrected_by == "Bob"


def test_everything_can_be_taken_back(book, shelf):
    book.change(shelf, [BoxChange("3", removed=True, saying=Saying("unknown"))], user="Bob")
    book.change(shelf, [BoxChange("3", removed=False, saying=Saying(None))], user="Bob")
    _, boxes = book.read(shelf)
    assert (boxes[2].removed, boxes[2].verdict, boxes[2].answer) == (False, None, "unknown")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (BoxChange("1", box=(-1, 0, 5, 5)), "boxes.0.box"),
        (BoxChange("1", box=(0, 0, 201, 5)), "boxes.0.box"),
        (BoxChange("1", box=(0, 0, 5, 101)), "boxes.0.box"),
        (BoxChange("1", box=(5, 5, 5, 9)), "boxes.0.box"),
        (BoxChange("1", box=(9, 5, 5, 9)), "boxes.0.box"),
        (BoxChange("1", box=(float("nan"), 0, 5, 5)), "boxes.0.box"),
        (BoxChange("1", box=(0, 0, float("inf"), 5)), "boxes.0.box"),
        (BoxChange("9"), "boxes.0.key"),
        (BoxChange("a b", box=(0, 0, 5, 5)), "boxes.0.key"),
        (BoxChange("x" * 41, box=(0, 0, 5, 5)), "boxes.0.key"),
        (BoxChange("1", saying=Saying("corrected")), "boxes.0.category"),
        (BoxChange("1", saying=Saying("corrected", category="a/" * 9)), "boxes.0.category"),
        (BoxChange("1", saying=Saying("corrected", product_id=77)), "boxes.0.product_id"),
        (BoxChange("1", saying=Saying("corrected", product_id=2**70)), "boxes.0.product_id"),
        (BoxChange("1", saying=Saying("unknown", category="fruit")), "boxes.0.category"),
        (BoxChange("1", saying=Saying("confirmed", product_id=2)), "boxes.0.verdict"),
        (BoxChange("3", saying=Saying("confirmed")), "boxes.0.verdict"),
    ],
)
def test_a_wrong_change_is_refused_whole(book, shelf, change, field):
    with pytest.raises(EntryError) as refused:
        book.change(shelf, [change, BoxChange("2", removed=True)], user="Bob")
    assert refused.value.field == field
    assert book.get(shelf).version == 2
    assert not book.read(shelf)[1][1].removed


def test_too_many_boxes_are_refused(book, shelf):
    many = [BoxChange(f"n{number}", box=(0, 0, 5, 5)) for number in range(MOST_BOXES)]
    with pytest.raises(EntryError, match="at most"):
        book.change(shelf, many, user="Bob")


def test_a_change_of_an_older_version_is_refused(book, shelf):
    book.change(shelf, [BoxChange("3", removed=True)], user="Bob", version=2)
    with pytest.raises(ChangedError):
        book.change(shelf, [BoxChange("1", removed=True)], user="Eve", version=2)
    with pytest.raises(NotFoundError):
        book.change(99, [], user="Eve")
    with pytest.raises(NotFoundError):
        book.get(2**80)


def test_photos_are_listed_newest_first(book):
    numbers = [book.add(AddedShelf(f"{n:064x}", 9, 9, "Ada", store_id=1 + n % 2)).id for n in range(5)]
    own = book.add(AddedShelf("c" * 64, 9, 9, "Ada")).id
    page = book.list(None, limit=4)
    assert [each.id for each in page.items] == [own, *reversed(numbers)][:4]
    assert [each.id for each in book.list(None, cursor=page.next).items] == numbers[1::-1]
    assert {each.store_id for each in book.list([1]).items} == {1}
    assert own in {each.id for each in book.list([1], "Ada").items}
    assert own not in {each.id for each in book.list([1], "Bob").items}


def test_only_what_somebody_looked_at_is_exported(book, shelf, stocked):
    untouched = book.add(AddedShelf("b" * 64, 9, 9, "Ada", store_id=1)).id
    book.finish(untouched, [], model="m", detector="d")
    assert list(book.corrected()) == []
    book.change(shelf, [BoxChange("3", removed=True)], user="Bob")
    assert [each.id for each in book.corrected()] == [shelf]
    assert list(book.corrected([2])) == []


def test_a_place_has_one_planogram(stocked):
    from shelfwise.inventory.catalogue import Catalogue

    place = Catalogue(stocked).add_location(1, "Shelf").id
    book = PlanogramBook(stocked)
    assert book.find(place) is None
    with pytest.raises(NotFoundError):
        book.get(place)
    with pytest.raises(NotFoundError):
        book.remove(place)
    with pytest.raises(NotFoundError):
        book.put(99, "{}", user="Ada")
    book.put(place, "first", user="Ada")
    book.put(place, "second", user="Bob")
    assert (book.get(place).content, book.get(place).user) == ("second", "Bob")

    def refuse(there):
        assert there is not None
        raise ChangedError("changed")

    with pytest.raises(ChangedError):
        book.put(place, "third", user="Ada", check=refuse)
    book.remove(place)
    assert book.find(place) is None
