"""``shelfwise review`` as a person would use it."""

import io
import json

import pytest
from PIL import Image
from typer.testing import CliRunner

from shelfwise.answers.book import AnswerBook
from shelfwise.answers.records import AnswerCandidate, NewAnswer
from shelfwise.cli.app import app
from shelfwise.database import open_database
from shelfwise.datasets import read_dataset
from shelfwise.images.photo_store import PhotoStore
from shelfwise.inventory.catalogue import Catalogue


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.delenv("SHELFWISE_DATABASE", raising=False)
    monkeypatch.setenv("SHELFWISE_HOME", str(tmp_path / "shop"))
    return tmp_path / "shop"


@pytest.fixture
def answers(home):
    """Three answers in a shop of two stores; numbers 1 to 3."""
    with open_database(home / "stock.db", create=True) as database:
        for name in ("North", "South"):
            Catalogue(database).add_store(name, "Ada")
        kept = []
        for number in range(3):
            written = io.BytesIO()
            Image.new("RGB", (8, 8), (number, 0, 0)).save(written, "PNG")
            kept.append(PhotoStore(home / "photos").add(written.getvalue()).sha256)
        candidates = (AnswerCandidate("fruit/apple", 0.5), AnswerCandidate("fruit/pear", 0.4))
        book = AnswerBook(database)
        book.record(
            [
                NewAnswer(kept[0], "aaaa", "accept", "fruit/apple", 0.97, (), "Ada", store_id=1),
                NewAnswer(kept[1], "aaaa", "ask", "fruit/apple", 0.5, candidates, "Ada", store_id=2),
                NewAnswer(kept[2], "aaaa", "unknown", None, 0.2, (), "Ada", store_id=2),
            ]
        )
        yield book


def run(*args, code=0):
    result = CliRunner().invoke(app, ["review", *map(str, args)])
    assert result.exit_code == code, result.output
    return result


def numbers(*args):
    return [json.loads(line)["answer"] for line in run("list", "--format", "json", *args).stdout.splitlines()]


def test_without_a_book_it_says_what_to_run(home):
    assert "shelfwise db upgrade" in run("list", code=2).output
    assert "shelfwise db upgrade" in run("export", "set", code=2).output


def test_the_most_doubtful_answers_come_first(answers):
    assert numbers() == [3, 2, 1]
    assert numbers("--limit", "1") == [3]
    assert numbers("--kind", "ask") == [2]
    assert numbers("--store", "north") == [1]
    assert "no store 'East'" in run("list", "--store", "East", code=2).output


def test_a_table_for_people(answers):
    shown = run("list").stdout
    assert "fruit/apple or fruit/pear" in shown
    assert "97%" in shown
    products = (AnswerCandidate("Dairy/Milk", 0.5, product_id=1), AnswerCandidate("Dairy/Milk", 0.4))
    (number,) = answers.record(
        [NewAnswer("ab" * 32, "aaaa", "ask", "Dairy/Milk", 0.5, products, "Ada", store_id=2)]
    )
    assert "Dairy/Milk or" not in run("list").stdout
    answers.judge(number, "confirmed", user="Bo")
    answers.judge(1, "confirmed", user="Bo")
    answers.judge(2, "confirmed", user="Bo")
    answers.judge(3, "unknown", user="Bo")
    assert "No answer waits" in run("list").output


def test_exporting_a_set_and_bringing_it_up_to_date(answers, tmp_path):
    folder = tmp_path / "set"
    assert "no photo has been judged yet" in run("export", folder, code=2).output
    answers.judge(1, "confirmed", user="Bo")
    first = run("export", folder)
    assert "1 photo in 1 category (1 new, 0 moved, 0 removed)" in first.output
    assert "at least two categories" in first.output
    answers.judge(2, "corrected", category="fruit/pear", user="Bo")
    assert "2 photos in 2 categories (1 new" in run("export", folder).output
    assert read_dataset(folder).categories == ("fruit/apple", "fruit/pear")


def test_another_shop_is_named_by_its_folder(answers, home, tmp_path, monkeypatch):
    answers.judge(1, "confirmed", user="Bo")
    monkeypatch.setenv("SHELFWISE_HOME", str(tmp_path / "elsewhere"))
    assert "shelfwise db upgrade" in run("list", code=2).output
    run("export", tmp_path / "set", "--home", home)
    assert read_dataset(tmp_path / "set").categories == ("fruit/apple",)


def test_corrected_shelf_photos_are_exported_with_their_boxes(home, tmp_path, answers):
    from shelfwise.answers.shelf_book import ShelfBook
    from shelfwise.answers.shelf_records import AddedShelf, BoxChange, FoundBox

    assert "no shelf photo" in run("export", tmp_path / "set", "--shelves", code=2).output
    written = io.BytesIO()
    Image.new("RGB", (90, 60), (7, 7, 7)).save(written, "PNG")
    photo = PhotoStore(home / "photos").add(written.getvalue()).sha256
    with open_database(home / "stock.db") as database:
        book = ShelfBook(database)
        shelf = book.add(AddedShelf(photo, 90, 60, "Ada", store_id=1))
        found = [FoundBox((x, 5, x + 20, 55), 0.9, "accept", "fruit/apple", 0.9) for x in (5, 35, 65)]
        book.finish(shelf.id, found, model="m", detector="d")
        book.change(shelf.id, [BoxChange("3", removed=True)], user="Ada")
    told = run("export", tmp_path / "set", "--shelves", "--names", "category").stdout
    assert "1 shelf photo, 2 boxes of 1 category" in told
    assert read_dataset(tmp_path / "set", "coco").categories == ("fruit/apple",)
    with open_database(home / "stock.db") as database:
        book = ShelfBook(database)
        # As an older version kept it: put together from others, and not how.
        old = book.add(AddedShelf(photo, 90, 60, "Ada", store_id=1, joined_from=(1, 1)))
        book.finish(old.id, found, model="m", detector="d")
        book.change(old.id, [BoxChange("1", removed=True)], user="Ada")
    done = run("export", tmp_path / "set", "--shelves")
    assert "1 shelf photo, 2 boxes" in done.stdout
    assert f"left out shelf photo {old.id}: an older Shelfwise put it together" in done.stderr
