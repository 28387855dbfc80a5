"""Naming the boxes of a shelf photo: by the model alone, and with products that it knows by sight."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from shelfwise.datasets.dataset import Box
from shelfwise.errors import ModelError
from shelfwise.inference.classifier import load
from shelfwise.types import Candidate, Decision, Prediction
from shelfwise.workflows.products import ProductBook
from shelfwise.workflows.shelf_naming import ClassifierNamer, named_of

RED, GREEN, BLUE = (250, 10, 10), (10, 250, 10), (10, 10, 250)
BOXES = np.array([(0, 0, 40, 60), (40.4, 0, 79.6, 60), (80, 0, 120, 60)], np.float32)


@pytest.fixture
def classifier(toy, tmp_path):
    toy.write_toy_bundle(tmp_path / "bundle")
    return load(tmp_path / "bundle")


@pytest.fixture
def image():
    pixels = np.zeros((60, 120, 3), np.uint8)
    for place, colour in enumerate((RED, GREEN, BLUE)):
        pixels[:, 40 * place : 40 * place + 40] = colour
    return pixels


def index_of(classifier, tmp_path, *, photos):
    """An index of one product, known by a few photos of red."""
    book = ProductBook(classifier, tmp_path / "products")
    for number in range(photos):
        Image.new("RGB", (20, 20), (250, 10 + 2 * number, 10)).save(tmp_path / f"{number}.png")
    names = [str(tmp_path / f"{number}.png") for number in range(photos)]
    book.add("Cola", names, category="drinks/soda", gtin="4006381333931")
    return book.read()


def prediction(answer, node=None, probability=None, candidates=()):
    level = None if node is None else "category"
    return Prediction(
        ("tea", "jam"),
        np.array([0.7, 0.3], np.float32),
        decision=Decision(answer, node, level, probability, 0.0, candidates),
    )


def test_each_box_is_named_by_its_own_pixels(classifier, image):
    names = ClassifierNamer(classifier).name(image, BOXES)
    assert [named.category for named in names.named] == ["Red", "Green", "Blue"]
    assert all(named.answer == "accept" and named.product is None for named in names.named)
    assert names.product_ids == (None, None, None)
    assert names.embeddings.shape == (3, 3)


def test_a_box_gets_the_answer_that_the_same_box_of_a_photo_file_gets(classifier):
    image = np.random.default_rng(3).integers(0, 255, (90, 120, 3), np.uint8, endpoint=True)
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    box = np.array([(11.75, 20.25, 70.5, 80.5)], np.float32)
    (said,) = ClassifierNamer(classifier).name(image, box).predictions
    pixels = classifier.bundle.preprocessing.load(file.getvalue(), box=Box(11.75, 20.25, 58.75, 60.25))
    np.testing.assert_array_equal(said.probabilities, classifier.probabilities(pixels[None])[0])


def test_no_boxes_need_no_model(classifier, image):
    names = ClassifierNamer(classifier).name(image, np.zeros((0, 4), np.float32))
    assert names.named == () and len(names.embeddings) == 0


def test_boxes_beyond_the_picture_by_rounding_are_named_too(classifier, image):
    names = ClassifierNamer(classifier).name(image, np.array([(119.4, 59.6, 120, 60)], np.float32))
    assert names.named[0].category == "Blue"


def test_progress_counts_the_crops(classifier, image):
    told = []
    boxes = np.repeat(BOXES, 25, axis=0)
    ClassifierNamer(classifier).name(image, boxes, lambda done, total: told.append((done, total)))
    assert told == [(32, 75), (64, 75), (75, 75)]


def test_a_known_product_is_named_with_its_category_and_number(classifier, image, tmp_path):
    index = index_of(classifier, tmp_path, photos=4)
    names = ClassifierNamer(classifier, index).name(image, BOXES)
    first = names.named[0]
    assert (first.answer, first.product, first.category) == ("accept", "Cola", "drinks/soda")
    assert first.gtin == "4006381333931"
    assert names.product_ids[0] == index.find("Cola").id
    assert names.named[2].product is None and names.product_ids[2] is None


def test_a_product_of_which_one_photo_is_known_is_asked_about(classifier, image, tmp_path):
    named = ClassifierNamer(classifier, index_of(classifier, tmp_path, photos=1)).name(image, BOXES).named[0]
    assert (named.answer, named.product) == ("ask", "Cola")
    assert named.candidates[0].product == "Cola"
    assert named.candidates[1].category == "Red"


def test_a_crop_of_which_the_network_sees_nothing_is_named_by_the_model_alone(classifier, tmp_path):
    index = index_of(classifier, tmp_path, photos=4)
    names = ClassifierNamer(classifier, index).name(np.zeros((60, 120, 3), np.uint8), BOXES)
    assert {named.product for named in names.named} == {None}


def test_a_model_without_embeddings_is_an_error(classifier, image):
    class Blind:
        bundle = classifier.bundle

        def predictions(self, images):
            return [replace(each, embedding=None) for each in classifier.predictions(images)]

    with pytest.raises(ModelError, match="no embedding"):
        ClassifierNamer(Blind()).name(image, BOXES)


@pytest.mark.parametrize(
    ("said", "answer", "category", "confidence"),
    [
        (prediction("accept", "tea", 0.95), "accept", "tea", 0.95),
        (prediction("ask", None, None, (Candidate("jam", 0.6), Candidate("tea", 0.4))), "ask", "jam", 0.6),
        (prediction("ask"), "ask", "tea", 0.7),
        (prediction("unknown"), "unknown", None, 0.7),
        (Prediction(("tea", "jam"), np.array([0.2, 0.8], np.float32)), "accept", "jam", 0.8),
    ],
)
def test_the_model_s_own_answer_is_kept(said, answer, category, confidence):
    named = named_of(said, None, None)
    assert (named.answer, named.category) == (answer, category)
    assert named.confidence == pytest.approx(confidence)
    assert bool(named.candidates) == (answer != "accept")
