import os
import shutil
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from PIL import Image

import shelfwise
from shelfwise.errors import ImageError, ProductError, ProductIndexError, StorageError
from shelfwise.inference.classifier import load
from shelfwise.inference.products import ProductStore, journal
from shelfwise.workflows import product_folder
from shelfwise.workflows.product_edits import remove_product, rename_product
from shelfwise.workflows.product_folder import has_index, index_folder
from shelfwise.workflows.products import ProductBook

COLOURS = {"red": (250, 10, 10), "ruby": (240, 30, 5), "green": (10, 250, 10), "blue": (10, 10, 250)}


def noon():
    return datetime(2026, 1, 31, 13, 0, tzinfo=timezone(timedelta(hours=1)))


@pytest.fixture
def shop(toy, tmp_path, monkeypatch):
    toy.write_toy_bundle(tmp_path / "bundle")
    toy.write_toy_bundle(tmp_path / "other" / "bundle", name="other")
    for name, colour in COLOURS.items():
        Image.new("RGB", (20, 20), colour).save(tmp_path / f"{name}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def book(shop):
    return ProductBook(load(shop / "bundle"), shop / "products", clock=noon)


@pytest.fixture
def filled(book):
    book.add("Cola", ["red.png"], category="drinks/soda")
    book.add("Lime", ["green.png"])
    return book


def photos(book):
    return {product.name: [photo.name for photo in product.photos] for product in book.read().products}


def one(book, photo):
    (answer,) = book.match([photo])
    return answer


def test_added_products_are_found(filled):
    answers = list(filled.match(["ruby.png", "green.png", "blue.png", "none.png"]))
    assert [each.match and each.match.product.name for each in answers] == ["Cola", "Lime", None, None]
    assert [each.category for each in answers] == ["drinks/soda", "Green", "Blue", None]
    assert answers[3].reason == "no such file"
    assert answers[2].finding.matches[0].similarity < answers[2].finding.threshold


def test_times_are_in_utc(filled):
    assert filled.read().find("Cola").added == "2026-01-31T12:00:00Z"


def test_adding_again_changes_nothing(filled):
    before = (filled.store.folder / "index.json").read_bytes()
    assert filled.add("cola", ["red.png"]).added.known == 1
    assert (filled.store.folder / "index.json").read_bytes() == before


def test_a_broken_photo_does_not_stop_the_others(book, shop):
    (shop / "bad.jpg").write_bytes(b"no picture")
    addition = book.add("Cola", ["bad.jpg", "red.png", "none.png"])
    assert addition.added.new == 1
    assert [error.source for error in addition.errors] == ["bad.jpg", "none.png"]


@pytest.mark.parametrize("given", [[], ["none.png"]])
def test_no_photo_is_no_product(book, given):
    with pytest.raises(ProductError, match=r"no photo is given|none of the photos can be read.*none\.png"):
        book.add("Cola", given)
    assert not book.store.exists()


@pytest.mark.parametrize(
    "wrong",
    [{"name": " "}, {"category": "a//b"}, {"gtin": "4006381333930"}],
    ids=["name", "category", "gtin"],
)
def test_wrong_words_are_refused_before_photos_are_read(book, wrong):
    photos = iter(lambda: pytest.fail("read"), None)
    with pytest.raises(ProductError):
        book.add(**{"name": "Cola", "photos": photos, **wrong})


def test_progress_is_told(book):
    seen = []
    book.add("Cola", ["red.png", "ruby.png"], progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]


def test_without_an_index_nothing_is_matched(book):
    with pytest.raises(ProductIndexError, match="shelfwise products add"):
        list(book.match(["red.png"]))
    assert not book.store.folder.exists()


def test_another_models_index_is_refused_with_the_command_that_helps(filled, shop):
    other = ProductBook(load(shop / "other" / "bundle"), filled.store.folder)
    for attempt in (lambda: list(other.match(["red.png"])), lambda: other.add("X", ["blue.png"])):
        with pytest.raises(ProductIndexError, match=r"made with the model toy.*shelfwise products rebuild"):
            attempt()
    rebuilt = other.rebuild()
    assert rebuilt.lost == ()
    assert rebuilt.index.model.id == other.classifier.bundle.id
    assert one(other, "ruby.png").match.product.category == "drinks/soda"
    with pytest.raises(ProductIndexError, match="made with the model other"):
        filled.read()


def test_rebuilding_for_the_same_model_gives_the_same_files(filled):
    before = {path: path.read_bytes() for path in filled.store.folder.rglob("*") if path.is_file()}
    filled.rebuild()
    assert {path: path.read_bytes() for path in filled.store.folder.rglob("*") if path.is_file()} == before


def test_rebuilding_mends_lost_embeddings(filled):
    for path in filled.store.folder.glob("embeddings-*"):
        path.write_bytes(b"damaged")
    with pytest.raises(ProductIndexError, match="products rebuild"):
        filled.read()
    filled.rebuild()
    assert one(filled, "red.png").match.product.name == "Cola"


def test_rebuilding_leaves_out_a_lost_copy_and_names_it(filled):
    photo = filled.read().find("Cola").photos[0]
    (filled.store.folder / "photos" / photo.sha256[:2] / photo.sha256).unlink()
    rebuilt = filled.rebuild()
    assert len(rebuilt.lost) == 1
    assert "Cola" in rebuilt.lost[0]
    assert photos(filled) == {"Cola": [], "Lime": ["green.png"]}


def test_rebuilding_waits_for_a_copy_that_cannot_be_read_now(filled):
    photo = filled.read().find("Cola").photos[0]
    copy = filled.store.folder / "photos" / photo.sha256[:2] / photo.sha256
    data = copy.read_bytes()
    copy.unlink()
    copy.mkdir()  # stands for a disk that fails for a moment
    with pytest.raises(StorageError, match="cannot be read"):
        filled.rebuild()
    copy.rmdir()
    copy.write_bytes(data)
    assert filled.rebuild().lost == ()
    assert list(photos(filled)) == ["Cola", "Lime"]


def test_rebuilding_without_any_copy_changes_nothing(filled):
    for path in filled.store.folder.glob("photos/*/*"):
        path.unlink()
    before = (filled.store.folder / "index.json").read_bytes()
    with pytest.raises(ProductIndexError, match="no copy of a photo can be read"):
        filled.rebuild()
    assert (filled.store.folder / "index.json").read_bytes() == before


def test_rebuilding_does_not_lose_what_is_added_meanwhile(filled):
    def meanwhile(done, total):
        if done == 1:
            ProductBook(filled.classifier, filled.store.folder).add("Sky", ["blue.png"])

    with pytest.raises(ProductIndexError, match="changed meanwhile"):
        filled.rebuild(meanwhile)
    assert "Sky" in photos(filled)


def test_nothing_to_rebuild(book):
    with pytest.raises(ProductIndexError, match="no index of products to rebuild"):
        book.rebuild()


def test_a_right_answer_is_confirmed_by_its_number_or_its_photo(filled):
    assert filled.confirm(one(filled, "ruby.png").id).added.new == 1
    assert photos(filled)["Cola"] == ["red.png", "ruby.png"] or photos(filled)["Cola"] == [
        "ruby.png",
        "red.png",
    ]
    assert filled.confirm("ruby.png").added.known == 1


def test_a_confirmed_product_may_have_another_name_by_now(filled):
    answer = one(filled, "ruby.png")
    rename_product(filled.store.folder, "Cola", "Cola Classic")
    assert filled.confirm(answer.id[:6]).added.product.name == "Cola Classic"


def test_what_is_confirmed_follows_the_product_when_it_is_renamed_or_removed_meanwhile(filled):
    answer = one(filled, "ruby.png")
    classifier, folder = filled.classifier, filled.store.folder

    class Slow:
        bundle = classifier.bundle
        meanwhile = staticmethod(lambda: rename_product(folder, "Cola", "Cola Classic"))

        def stream(self, sources):
            yield from classifier.stream(sources)
            self.meanwhile()

    filled.classifier = Slow()
    assert filled.confirm(answer.id).added.product.name == "Cola Classic"
    filled.classifier.meanwhile = lambda: remove_product(folder, "Lime")
    with pytest.raises(ProductError, match="no product 'Lime'"):
        filled.correct("blue.png", "Lime")
    assert list(photos(filled)) == ["Cola Classic"]


def test_what_cannot_be_confirmed_says_why(filled, shop):
    with pytest.raises(ProductError, match="nothing was said of this photo"):
        filled.confirm("blue.png")
    unknown = one(filled, "blue.png")
    with pytest.raises(ProductError, match=f"'unknown product'.*correct {unknown.id} NAME"):
        filled.confirm("blue.png")
    with pytest.raises(ProductError, match="no answer 0123456789"):
        filled.confirm("0123456789")
    with pytest.raises(ImageError, match="no such file"):
        filled.confirm("nowhere.png")
    answer = one(filled, "ruby.png")
    Image.new("RGB", (20, 20), (1, 2, 3)).save(shop / "ruby.png")
    with pytest.raises(ProductError, match="has changed since answer"):
        filled.confirm(answer.id)
    green = one(filled, "green.png")
    remove_product(filled.store.folder, "Lime")
    with pytest.raises(ProductError, match="'Lime' has been removed"):
        filled.confirm(green.id)


def test_a_picture_without_a_path_is_asked_for(filled, shop):
    answer = one(filled, (shop / "ruby.png").read_bytes())
    assert answer.photo == "-"
    with pytest.raises(ProductError, match="Give its path"):
        filled.confirm(answer.id)
    assert filled.confirm("ruby.png").added.new == 1


def test_a_wrong_answer_is_corrected(filled):
    answer = one(filled, "blue.png")
    with pytest.raises(ProductError, match="no product 'Sky'"):
        filled.correct(answer.id, "Sky")
    assert filled.correct(answer.id, "Sky", new=True).added.new == 1
    assert one(filled, "blue.png").match.product.name == "Sky"


def test_correcting_takes_the_photo_away_from_the_wrong_product(filled):
    filled.confirm(one(filled, "ruby.png").id)
    assert filled.correct("ruby.png", "Lime").added.moved == 1
    assert photos(filled)["Cola"] == ["red.png"]


def test_a_journal_that_cannot_be_written_stops_nobody_who_is_told(filled, monkeypatch):
    def full(self, answers):
        raise StorageError("cannot write answers.jsonl: the disk is full")

    monkeypatch.setattr(journal.Journal, "write", full)
    told = []
    answers = list(filled.match(["red.png"] * 200, tell=told.append))
    assert len(answers) == 200
    assert len(told) == 1
    assert "the disk is full" in told[0]
    with pytest.raises(StorageError):
        list(filled.match(["red.png"]))


def test_answers_are_written_although_the_rest_is_not_wanted(filled):
    answers = filled.match(["red.png", "ruby.png", "green.png"])
    first = next(answers)
    answers.close()
    assert filled.journal.find(first.id) is not None


def test_editing_needs_an_index_and_no_model(filled, shop):
    with pytest.raises(ProductIndexError, match="no index of products"):
        remove_product(shop / "none", "Cola")
    assert not (shop / "none").exists()
    filled.add("Cola", ["ruby.png"])
    left = remove_product(filled.store.folder, "cola", Path("ruby.png"))
    assert [photo.name for photo in left.photos] == ["red.png"]
    remove_product(filled.store.folder, "cola")
    assert photos(filled) == {"Lime": ["green.png"]}


def test_the_index_of_a_run_lies_beside_its_bundle(tmp_path):
    home = tmp_path / "home"
    bundle = tmp_path / "runs" / "shop" / "bundle"
    bundle.mkdir(parents=True)
    assert index_folder(bundle, None, home=lambda: home) == tmp_path / "runs" / "shop" / "products"
    assert index_folder(bundle, tmp_path / "mine", home=lambda: home) == tmp_path / "mine"


@pytest.mark.parametrize("writable", [True, False], ids=["writable", "read-only"])
def test_bundles_side_by_side_have_an_index_each(toy, tmp_path, monkeypatch, writable):
    if not writable:
        monkeypatch.setattr(product_folder.os, "access", lambda path, mode: mode != os.W_OK)
    bundles = [tmp_path / "models" / name for name in ("fp32", "int8")]
    for bundle in bundles:
        toy.write_toy_bundle(bundle)
    folders = [index_folder(bundle, None, home=lambda: tmp_path / "home") for bundle in bundles]
    assert len(set(folders)) == 2
    if writable:
        assert folders == [tmp_path / "models" / f"{name}.products" for name in ("fp32", "int8")]
    else:
        assert {folder.parent for folder in folders} == {tmp_path / "home"}


def test_the_packaged_model_has_its_index_in_the_users_folder(tmp_path):
    packaged = Path(shelfwise.__file__).parent / "models" / "default"
    assert index_folder(packaged, None, home=lambda: tmp_path) == tmp_path / "default"


def test_an_update_of_the_package_loses_no_enrolled_photo(shop, toy, tmp_path, monkeypatch):
    package = tmp_path / "site-packages" / "shelfwise"
    bundle = package / "default_model"
    monkeypatch.setattr(shelfwise, "__file__", str(package / "__init__.py"))

    def install(name):
        shutil.rmtree(package, ignore_errors=True)
        toy.write_toy_bundle(bundle, name=name)
        return ProductBook(load(bundle), index_folder(bundle, None, home=lambda: tmp_path / "home"))

    install("old").add("Cola", ["red.png"], category="drinks/soda")
    (shop / "red.png").unlink()
    updated = install("new")
    with pytest.raises(ProductIndexError, match=r"made with the model old.*shelfwise products rebuild"):
        updated.read()
    updated.rebuild()
    assert one(updated, "ruby.png").match.product.name == "Cola"


def test_a_model_where_nothing_can_be_written_has_its_index_in_the_users_folder(tmp_path, monkeypatch):
    bundle = tmp_path / "shared" / "bundle"
    bundle.mkdir(parents=True)
    monkeypatch.setattr(product_folder.os, "access", lambda path, mode: mode != os.W_OK)
    found = index_folder(bundle, None, home=lambda: tmp_path / "home")
    assert found.parent == tmp_path / "home"
    assert found.name.startswith("shared-")
    # An index that somebody put there is used all the same.
    (tmp_path / "shared" / "products").mkdir()
    assert index_folder(bundle, None, home=lambda: tmp_path) == tmp_path / "shared" / "products"


def test_has_index_agrees_with_the_store(filled, shop):
    assert has_index(filled.store.folder)
    assert not has_index(shop)
    assert ProductStore(filled.store.folder).exists()


def test_the_clock_is_the_machines_by_default(shop):
    book = ProductBook(load(shop / "bundle"), shop / "products")
    before = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    book.add("Cola", ["red.png"])
    assert before <= book.read().find("Cola").added <= datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
