import io
import itertools
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shelfwise.errors import ImageError, ProductError
from shelfwise.images.decode import Limits
from shelfwise.inference.classifier import load
from shelfwise.workflows.products import ProductBook


class Photo(bytes):
    """A picture file that counts how many of its kind are in memory."""

    alive = 0
    most = 0

    def __new__(cls, data):
        cls.alive += 1
        cls.most = max(cls.most, cls.alive)
        return super().__new__(cls, data)

    def __del__(self):
        type(self).alive -= 1


def picture(number, side=12):
    pixels = np.random.default_rng(number).integers(0, 256, (side, side, 3), np.uint8)
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, "PNG")
    return written.getvalue()


class Counting:
    """A classifier that remembers what it was given, and has read ahead as far as it may."""

    def __init__(self, classifier):
        self.bundle = classifier.bundle
        self.given = []
        self._classifier = classifier

    def stream(self, sources):
        sources = iter(sources)
        while ahead := list(itertools.islice(sources, 64)):
            self.given += ahead
            yield from self._classifier.stream(ahead)


@pytest.fixture
def book(toy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    toy.write_toy_bundle(tmp_path / "bundle")
    return ProductBook(Counting(load(tmp_path / "bundle", threads=1)), tmp_path / "products")


def files(book):
    return {path: path.read_bytes() for path in book.store.folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("count", [10, 300])
def test_one_copy_is_in_memory_at_a_time_however_many_photos_there_are(book, count):
    Photo.alive = Photo.most = 0
    addition = book.add("Cola", (Photo(picture(number)) for number in range(count)))
    assert addition.added.new == count
    # The one that is being taken in, and the one that the generator gives next.
    assert Photo.most <= 2
    assert Photo.alive == 0
    index = book.read()
    assert index.embeddings.shape == (count, 3)
    assert len([book.store.kept(photo) for photo in index.products[0].photos]) == count


def test_unreadable_photos_are_not_held_in_memory_either(book):
    Photo.alive = Photo.most = 0
    photos = (Photo(picture(number)[:60]) for number in range(300))
    addition = book.add("Cola", itertools.chain([picture(1)], photos))
    assert (addition.added.new, len(addition.errors)) == (1, 300)
    assert Photo.most <= 2


def test_the_model_reads_copies_that_lie_on_the_disk(book):
    book.add("Cola", [picture(1)])
    assert all(isinstance(each, Path) for each in book.classifier.given)


def test_progress_goes_with_the_model_and_not_with_the_reading(book):
    seen = []

    def progress(done, total):
        seen.append((done, total, len(book.classifier.given)))

    photos = [picture(number) for number in range(70)]
    book.add("Cola", [*photos, b"broken"], progress=progress)
    assert [done for done, *_ in seen] == list(range(1, 72))
    assert {total for _, total, _ in seen} == {71}
    # When the first is told, 64 have been read, but the model has seen few of them.
    assert seen[0][2] == 64
    book.add("Lime", (picture(number) for number in range(70, 72)), progress=progress)
    assert [total for _, total, _ in seen[-2:]] == [None, None]


def test_photos_that_are_there_already_are_not_shown_to_the_model(book):
    book.add("Cola", [picture(1), picture(2)])
    book.add("Lime", [picture(3)])
    before, given = files(book), len(book.classifier.given)
    added = book.add("cola", [picture(1), picture(2)]).added
    assert (added.new, added.known) == (0, 2)
    assert files(book) == before
    added = book.add("Cola", [picture(1), picture(3), picture(4)], move=True).added
    assert (added.new, added.moved, added.known) == (1, 1, 1)
    assert len(book.classifier.given) == given + 1


def test_a_photo_that_is_given_twice_is_shown_to_the_model_once(book):
    assert book.add("Cola", [picture(1), picture(1)]).added.new == 1
    assert len(book.classifier.given) == 1


def test_a_photo_of_another_product_is_refused_before_the_rest_is_looked_at(book, tmp_path):
    (tmp_path / "mine.png").write_bytes(picture(1))
    book.add("Cola", ["mine.png"])
    before = files(book)
    with pytest.raises(ProductError, match=r"mine\.png: this photo is enrolled under 'Cola' already.*--move"):
        book.add("Lime", itertools.chain(["mine.png"], iter(lambda: pytest.fail("looked at"), None)))
    assert files(book) == before


def test_a_photo_that_the_model_cannot_take_does_not_stop_the_others(book, tmp_path):
    (tmp_path / "large.png").write_bytes(picture(1, side=40))
    book.classifier = load(tmp_path / "bundle", limits=Limits(max_pixels=1000))
    addition = book.add("Cola", ["large.png", picture(2)])
    assert addition.added.new == 1
    assert [error.source for error in addition.errors] == ["large.png"]
    assert len(list(book.store.folder.glob("photos/*/*"))) == 1


def test_broken_off_leaves_the_index_as_it_was(book):
    book.add("Cola", [picture(1)])
    before = files(book)

    def broken_off(done, total):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        book.add("Cola", [picture(number) for number in range(2, 9)], progress=broken_off)
    assert files(book) == before


def test_what_others_do_meanwhile_is_not_undone(book):
    book.add("Cola", [picture(1)])
    other = ProductBook(book.classifier, book.store.folder)

    def meanwhile(done, total):
        if done == 1:
            other.add("Lime", [picture(5)])
            other.add("Cola", [picture(3)])

    added = book.add("Cola", [picture(2), picture(3)], progress=meanwhile).added
    assert (added.new, added.known) == (1, 1)
    index = book.read()
    assert {product.name: len(product.photos) for product in index.products} == {"Cola": 3, "Lime": 1}
    assert all(book.store.kept(photo) for product in index.products for photo in product.photos)


def test_a_photo_that_is_there_and_goes_meanwhile_is_asked_for_again(book):
    book.add("Cola", [picture(1)])
    other = ProductBook(book.classifier, book.store.folder)

    def meanwhile(done, total):
        if done == 2:
            other.store.update(lambda index: index.remove("Cola")[0])

    with pytest.raises(ProductError, match="taken away meanwhile"):
        book.add("Cola", [picture(1), picture(2)], progress=meanwhile)
    assert book.read().products == ()


def test_the_errors_hold_no_photo(book):
    addition = book.add("Cola", [picture(1), b"broken"])
    (error,) = addition.errors
    assert isinstance(error, ImageError)
    assert error.__traceback__ is None
