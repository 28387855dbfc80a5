import io
import itertools
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from PIL import Image

import shelfwise
from shelfwise.bundle import derive_bundle
from shelfwise.errors import BundleError, ImageError, ModelError
from shelfwise.images.preprocess import Preprocessing
from shelfwise.inference.classifier import Classifier, session_of, softmax
from shelfwise.inference.engines import open_session
from shelfwise.inference.session import Outputs
from shelfwise.rules import DetectionRule

COLOUR_OF = {"Red": (255, 0, 0), "Green": (0, 255, 0), "Blue": (0, 0, 255)}


class FakeSession:
    """Mean colour; remembers batch sizes, and holds runs back until ``gate`` is open."""

    def __init__(self):
        self.batches = []
        self.gate = threading.Event()
        self.gate.set()

    def run(self, images):
        self.gate.wait(10)
        self.batches.append(len(images))
        means = images.mean(axis=(1, 2), dtype=np.float32) / 255
        return Outputs(means * 10, means)


@pytest.fixture
def fake():
    return FakeSession()


@pytest.fixture
def classifier(bundle, fake):
    return Classifier(bundle, fake, threads=2, batch_size=4)


def png(colour, size=(20, 10)):
    stream = io.BytesIO()
    Image.new("RGB", size, colour).save(stream, "PNG")
    return stream.getvalue()


def many(count):
    names = list(itertools.islice(itertools.cycle(COLOUR_OF), count))
    return names, [png(COLOUR_OF[name]) for name in names]


def test_load_classifies_every_kind_of_source(bundle, tmp_path):
    path = tmp_path / "blue.png"
    path.write_bytes(png(COLOUR_OF["Blue"]))
    classifier = shelfwise.load(str(bundle.path))
    sources = [
        path,
        str(path),
        png(COLOUR_OF["Red"]),
        np.full((30, 40, 3), COLOUR_OF["Green"], np.uint8),
        Image.new("RGB", (9, 9), COLOUR_OF["Red"]),
    ]
    predictions = classifier.classify(sources)
    assert [each.category for each in predictions] == ["Blue", "Blue", "Red", "Green", "Red"]
    assert [each.source for each in predictions] == [str(path), str(path), None, None, None]
    assert predictions[0].confidence > 0.99
    assert predictions[0].categories == classifier.categories == ("Red", "Green", "Blue")
    assert classifier.bundle.id == bundle.id


@pytest.mark.parametrize("count", [0, 1, 3, 16, 61])
def test_keeps_the_order_and_fills_batches(classifier, fake, count):
    names, sources = many(count)
    assert [each.category for each in classifier.classify(sources)] == names
    assert sum(fake.batches) == count
    assert max(fake.batches, default=0) <= 4


def test_broken_photos_are_errors_in_their_place(classifier, tmp_path):
    sources = [png((255, 0, 0)), b"text", tmp_path / "none.jpg", png((0, 255, 0)), b"", np.zeros((3, 3))]
    results = list(classifier.stream(sources))
    assert [getattr(each, "category", None) for each in results] == ["Red", None, None, "Green", None, None]
    errors = [each for each in results if isinstance(each, ImageError)]
    assert [error.reason for error in errors[:3]] == ["not a picture", "no such file", "file is empty"]
    assert [error.source for error in errors] == [
        "picture 2",
        str(tmp_path / "none.jpg"),
        "picture 5",
        "picture 6",
    ]
    assert all(error.__traceback__ is None for error in errors)


def test_a_batch_of_broken_photos_never_reaches_the_network(classifier, fake):
    assert all(isinstance(each, ImageError) for each in classifier.stream([b"text"] * 9))
    assert fake.batches == []


def test_classify_raises_at_the_first_broken_photo(classifier):
    with pytest.raises(ImageError, match="picture 2: not a picture"):
        classifier.classify([png((255, 0, 0)), b"text", b""])


@pytest.mark.parametrize("photo", ["a.jpg", b"abc", np.zeros((3, 3, 3), np.uint8), Image.new("RGB", (3, 3))])
def test_one_photo_without_a_list_is_a_clear_error(classifier, photo):
    with pytest.raises(TypeError, match=r"classify\(\[photo\]\)"):
        classifier.classify(photo)


def test_reads_only_a_few_batches_ahead(classifier):
    taken = []

    def endless():
        for number in itertools.count():
            taken.append(number)
            yield png((255, 0, 0))

    stream = classifier.stream(endless())
    for seen in range(1, 60):
        next(stream)
        assert len(taken) <= seen + 2 * 2 * 4
    stream.close()


def test_leaving_the_stream_early_stops_the_threads(classifier, fake):
    before = threading.active_count()
    stream = classifier.stream(itertools.repeat(png((255, 0, 0))))
    next(stream)
    assert threading.active_count() > before
    stream.close()
    assert threading.active_count() == before


def test_an_error_of_the_source_comes_through(classifier):
    def sources():
        yield png((255, 0, 0))
        raise LookupError("the list ended badly")

    before = threading.active_count()
    with pytest.raises(LookupError, match="ended badly"):
        list(classifier.stream(sources()))
    assert threading.active_count() == before


def test_decoding_goes_on_while_the_network_runs(classifier, fake):
    fake.gate.clear()
    taken = []

    def sources():
        for number in range(12):
            taken.append(number)
            yield png((255, 0, 0))
        fake.gate.set()

    assert len(list(classifier.stream(sources()))) == 12
    assert len(taken) == 12


def test_pixels_are_those_of_the_training_cache(bundle, tmp_path):
    from shelfwise.images.cache import cached_images

    rng = np.random.default_rng(4)
    path = tmp_path / "a.jpg"
    Image.fromarray(rng.integers(0, 255, (90, 70, 3), dtype=np.uint8)).save(path)
    cached, _ = cached_images([(path, None)], bundle.preprocessing, tmp_path / "cache")
    classifier = Classifier(bundle)
    np.testing.assert_array_equal(
        classifier.probabilities(cached)[0], classifier.classify([path])[0].probabilities
    )


@pytest.mark.parametrize("count", [0, 1, 4, 21])
def test_probabilities_of_preprocessed_pictures(classifier, count):
    images = np.zeros((count, 8, 8, 3), np.uint8)
    images[..., 1] = 255
    probabilities = classifier.probabilities(images)
    assert probabilities.shape == (count, 3)
    assert probabilities.dtype == np.float32
    assert (probabilities.argmax(axis=1) == 1).all()


def test_probabilities_refuses_other_shapes(classifier):
    for wrong in (
        np.zeros((2, 9, 9, 3), np.uint8),
        np.zeros((2, 8, 8, 3), np.float32),
        np.zeros((8, 8, 3), np.uint8),
    ):
        with pytest.raises(ValueError, match=r"must be uint8 of shape \(N, 8, 8, 3\)"):
            classifier.probabilities(wrong)


def test_the_temperature_softens(toy, tmp_path):
    image = [png((255, 0, 0))]
    sharp = Classifier(toy.write_toy_bundle(tmp_path / "sharp")).classify(image)[0]
    soft = Classifier(toy.write_toy_bundle(tmp_path / "soft", temperature=5.0)).classify(image)[0]
    assert sharp.category == soft.category == "Red"
    expected = np.exp([2.0, 0, 0]) / np.exp([2.0, 0, 0]).sum()
    np.testing.assert_allclose(soft.probabilities, expected, rtol=1e-5)
    assert soft.confidence < sharp.confidence


def test_a_network_that_does_not_fit_its_bundle_is_refused(toy, tmp_path):
    with pytest.raises(BundleError, match="2 categories, but its network gives 3"):
        shelfwise.load(toy.write_toy_bundle(tmp_path / "a", categories=["x", "y"]).path)
    with pytest.raises(BundleError, match="pictures of 9 pixels, but its network takes 8"):
        shelfwise.load(toy.write_toy_bundle(tmp_path / "b", preprocessing=Preprocessing(9)).path)
    with pytest.raises(BundleError, match="there is no such folder"):
        shelfwise.load(tmp_path / "none")


@pytest.mark.parametrize(
    ("callers", "photos", "expected"),
    [(None, None, (1, None)), (None, 1, (None, 1)), (None, 2, (1, None)), (3, 1, (1, 3)), (2, None, (1, 2))],
)
def test_one_photo_has_all_cores_unless_threads_are_given(bundle, monkeypatch, callers, photos, expected):
    asked = {}

    def remember(model, **settings):
        asked.update(settings)
        return open_session(model, engine="onnxruntime")

    monkeypatch.setattr("shelfwise.inference.classifier.open_session", remember)
    session_of(bundle, callers=callers, photos=photos)
    assert (asked["threads"], asked["streams"]) == expected


def test_embeddings_are_given_out_in_the_bundles_metric(toy, bundle, tmp_path):
    metric = np.array([[1, 0], [0, 2], [1, 1]], np.float16)
    turned = derive_bundle(bundle, tmp_path / "metric", metric=metric)
    photo = [png((51, 102, 255))]
    before, after = (Classifier(each).classify(photo)[0] for each in (bundle, turned))
    assert np.allclose(after.embedding, before.embedding @ metric, atol=1e-6)
    assert np.array_equal(before.probabilities, after.probabilities)
    wrong = derive_bundle(bundle, tmp_path / "wrong", metric=metric[:2])
    with pytest.raises(BundleError, match="takes embeddings of 2 numbers, but its network gives 3"):
        Classifier(wrong).classify(photo)


@pytest.mark.parametrize(
    ("logits", "message"),
    [(np.full((1, 3), np.nan, np.float32), "NaN"), (np.zeros((1, 4), np.float32), "3 categories")],
)
def test_a_network_that_gives_nonsense_is_a_model_error(bundle, logits, message):
    class Nonsense:
        def run(self, images):
            return Outputs(logits, logits)

    with pytest.raises(ModelError, match=message):
        Classifier(bundle, Nonsense()).classify([png((1, 2, 3))])


def test_refuses_no_threads_and_no_batch(bundle, fake):
    for wrong in ({"threads": 0}, {"batch_size": 0}):
        with pytest.raises(ValueError, match="at least 1"):
            Classifier(bundle, fake, **wrong)


@given(
    npst.arrays(
        np.float32,
        st.tuples(st.integers(1, 4), st.integers(1, 6)),
        elements=st.floats(-(2.0**99), 2.0**99, width=32),
    ),
    st.floats(0.01, 100),
)
def test_softmax_sums_to_one_whatever_comes_in(logits, temperature):
    probabilities = softmax(logits, temperature)
    assert np.isfinite(probabilities).all()
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1, rtol=1e-5)


def run_python(code, *arguments):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_importing_the_package_is_light_and_loading_needs_no_torch(bundle):
    code = """
        import sys
        import shelfwise
        heavy = {"numpy", "PIL", "onnxruntime", "pydantic", "rich", "typer"}
        print(sorted(heavy & set(sys.modules)))
        classifier = shelfwise.load(sys.argv[1])
        classifier.classify([open(sys.argv[2], "rb").read()])
        print(sorted({"torch", "onnx", "sklearn", "matplotlib", "typer", "rich"} & set(sys.modules)))
    """
    picture = bundle.path.parent / "a.png"
    picture.write_bytes(png((1, 2, 3)))
    assert run_python(code, bundle.path, picture).split("\n")[:2] == ["[]", "[]"]


def test_the_package_names_what_it_offers():
    assert {"load", "Prediction", "ImageError", "ShelfwiseError"} <= set(dir(shelfwise))
    assert shelfwise.ImageError is ImageError
    with pytest.raises(AttributeError, match="no attribute 'lood'"):
        _ = shelfwise.lood


def test_memory_does_not_grow_with_the_number_of_photos(bundle, tmp_path):
    rng = np.random.default_rng(0)
    for index in range(20):
        Image.fromarray(rng.integers(0, 255, (240, 320, 3), dtype=np.uint8)).save(tmp_path / f"{index}.jpg")
    code = """
        import itertools, resource, sys
        from pathlib import Path
        import shelfwise
        photos = sorted(Path(sys.argv[2]).glob("*.jpg")) + [b"broken"]
        classifier = shelfwise.load(sys.argv[1])
        for result in classifier.stream(itertools.islice(itertools.cycle(photos), int(sys.argv[3]))):
            pass
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    """
    few, lots = (int(run_python(code, bundle.path, tmp_path, count)) for count in (300, 3000))
    assert lots < few * 1.1


@pytest.mark.realdata
def test_real_photos_stream_through(bundle, real_data):
    paths = sorted((real_data / "freiburg" / "images").glob("*/*.jpg"))[::100]
    results = list(Classifier(bundle).stream(paths))
    assert [each.source for each in results] == [str(path) for path in paths]


def test_a_detector_names_nothing_and_says_so(toy, tmp_path, fake):
    found = toy.write_toy_bundle(tmp_path / "bundle", detection=DetectionRule(min_score=0.3))
    with pytest.raises(BundleError, match="finds products on shelf photos and names none"):
        shelfwise.load(found.path)
    with pytest.raises(BundleError, match="finds products on shelf photos and names none"):
        Classifier(found, fake)
