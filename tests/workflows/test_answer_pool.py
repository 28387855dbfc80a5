"""The pool answers many callers' photos as the classifier would, refuses when full, and loses none."""

import io
import threading
import time
from concurrent.futures import CancelledError, wait

import numpy as np
import pytest
from PIL import Image

from shelfwise.errors import ImageError, ModelError, OverloadedError
from shelfwise.images.reading import Limits
from shelfwise.inference.classifier import Classifier, load
from shelfwise.inference.session import Outputs
from shelfwise.workflows.answer_pool import AnswerPool, ServedModel, open_model
from shelfwise.workflows.pool_figures import SECONDS, Tally

RED, GREEN, BLUE = (230, 10, 10), (10, 230, 10), (10, 10, 230)


def photo(colour=RED, size=(24, 16)) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, colour).save(written, "PNG")
    return written.getvalue()


class Gate:
    """A session that waits for a sign before each answer, and notes what it was asked."""

    size, categories = 8, 3

    def __init__(self, session):
        self.session, self.open, self.asked = session, threading.Event(), []
        self.open.set()
        self.entered = threading.Semaphore(0)

    def run(self, images):
        self.asked.append(len(images))
        self.entered.release()
        assert self.open.wait(20)
        return self.session.run(images)


@pytest.fixture
def bundle(toy, tmp_path):
    toy.write_toy_bundle(tmp_path / "bundle")
    return tmp_path / "bundle"


@pytest.fixture
def classifier(bundle) -> Classifier:
    return load(bundle, threads=1)


@pytest.fixture
def gated(classifier):
    """A classifier whose network waits, and its gate, which is open yet."""
    gate = Gate(classifier._session)
    return Classifier(classifier.bundle, gate, threads=1), gate


def test_answers_are_the_classifiers(classifier):
    photos = [photo(colour) for colour in (RED, GREEN, BLUE) * 7]
    with AnswerPool(classifier, workers=2) as pool:
        answers = [future.result(20) for future in [pool.submit(each) for each in photos]]
    expected = classifier.classify(photos)
    assert [answer.prediction.category for answer in answers] == [each.category for each in expected]
    for answer, prediction in zip(answers, expected, strict=True):
        np.testing.assert_allclose(answer.prediction.probabilities, prediction.probabilities, atol=1e-6)
        np.testing.assert_allclose(answer.prediction.embedding, prediction.embedding, atol=1e-6)
        assert answer.model == classifier.bundle.id
        assert 0 < answer.seconds < 20


def test_a_lone_photo_is_answered_at_once_and_by_all_cores(gated, classifier):
    many, gate = gated
    with AnswerPool(ServedModel(many=many, alone=classifier), workers=2, batch=16) as pool:
        gate.asked.clear()
        assert pool.submit(photo(GREEN)).result(20).prediction.category == "Green"
    assert gate.asked == []


def test_photos_that_come_together_are_shared_out_among_the_workers(gated):
    many, gate = gated
    with AnswerPool(many, workers=2, batch=8) as pool:
        gate.open.clear()
        gate.entered = threading.Semaphore(0)
        gate.asked.clear()
        futures = pool.submit_all([photo()] * 8)
        assert gate.entered.acquire(timeout=20) and gate.entered.acquire(timeout=20)
        gate.open.set()
        assert len(wait(futures, timeout=20).done) == 8
    assert sorted(gate.asked) == [4, 4]
    assert pool.figures().batch_sizes == {4: 2}


def test_what_waits_is_taken_in_batches_no_larger_than_allowed(gated):
    many, gate = gated
    with AnswerPool(many, workers=1, batch=3) as pool:
        gate.open.clear()
        gate.asked.clear()
        futures = [pool.submit(photo())]
        assert gate.entered.acquire(timeout=20) and gate.entered.acquire(timeout=20)
        futures += [pool.submit(photo()) for _ in range(7)]
        gate.open.set()
        assert {future.result(20).prediction.category for future in futures} == {"Red"}
    assert gate.asked == [1, 3, 3, 1]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"", "file is empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture"),
        (b"<!DOCTYPE html><html></html>", "not a picture"),
        (photo()[:60], "truncated"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 40 + b"\xff\xd9", "damaged JPEG"),
    ],
)
def test_a_photo_that_cannot_be_read_fails_alone(classifier, bad, reason):
    with AnswerPool(classifier, workers=1) as pool:
        first, broken, last = pool.submit_all([photo(RED), bad, photo(BLUE)])
        with pytest.raises(ImageError, match=reason):
            broken.result(20)
        assert first.result(20).prediction.category == "Red"
        assert last.result(20).prediction.category == "Blue"
    figures = pool.figures()
    assert (figures.answered, figures.unreadable, figures.failed) == (2, 1, 0)


def test_a_bomb_is_refused_by_its_header(bundle):
    with AnswerPool(load(bundle, threads=1, limits=Limits(max_pixels=1000)), workers=1) as pool:
        with pytest.raises(ImageError, match="over the limit"):
            pool.submit(photo(size=(400, 400))).result(20)
        assert pool.submit(photo()).result(20).prediction.category == "Red"


def test_a_network_that_fails_on_a_batch_answers_each_photo_by_itself(classifier):
    class Picky:
        size, categories = 8, 3

        def run(self, images):
            if len(images) > 1 or images[0, 0, 0, 2] > 200:
                raise ModelError("too much for it")
            return classifier._session.run(images)

    with AnswerPool(Classifier(classifier.bundle, Picky(), threads=1), workers=1) as pool:
        good, bad = pool.submit_all([photo(GREEN), photo(BLUE)])
        assert good.result(20).prediction.category == "Green"
        with pytest.raises(ModelError, match="too much"):
            bad.result(20)
        assert pool.submit(photo(RED)).result(20).prediction.category == "Red"
    assert pool.figures().failed == 1


def test_a_full_pool_refuses_and_says_when_to_try_again(gated):
    many, gate = gated
    with AnswerPool(many, workers=1, waiting=4) as pool:
        gate.open.clear()
        gate.entered = threading.Semaphore(0)
        futures = [pool.submit(photo())]
        assert gate.entered.acquire(timeout=20)
        futures += [pool.submit(photo()) for _ in range(4)]
        with pytest.raises(OverloadedError, match="4 photos wait") as refused:
            pool.submit(photo())
        with pytest.raises(OverloadedError):
            pool.submit_all([photo(), photo()])
        assert 1 <= refused.value.retry_after <= 60
        assert (pool.figures().waiting, pool.figures().running, pool.figures().refused) == (4, 1, 3)
        gate.open.set()
        assert len(wait(futures, timeout=20).done) == 5
        assert pool.submit(photo()).result(20).prediction.category == "Red"


def test_what_waits_is_bounded_in_bytes_too(gated):
    many, gate = gated
    one = photo(size=(500, 500))
    with AnswerPool(many, workers=1, waiting_bytes=2 * len(one)) as pool:
        gate.open.clear()
        gate.entered = threading.Semaphore(0)
        pool.submit(one)
        assert gate.entered.acquire(timeout=20)
        pool.submit_all([one, one])
        with pytest.raises(OverloadedError):
            pool.submit(photo())
        gate.open.set()


def test_more_photos_than_may_wait_are_taken_where_nothing_waits(classifier):
    with AnswerPool(classifier, workers=1, waiting=2) as pool:
        assert len(wait(pool.submit_all([photo()] * 9), timeout=20).done) == 9


def test_swapping_the_model_under_load_loses_no_photo(toy, tmp_path, classifier):
    toy.write_toy_bundle(tmp_path / "other", categories=("Rot", "Grün", "Blau"))
    models = [ServedModel(classifier, classifier), open_model(tmp_path / "other")]
    words = {models[0].id: "Green", models[1].id: "Grün"}
    assert len(words) == 2
    with AnswerPool(models[0], workers=2, waiting=2000) as pool:
        futures = []
        for turn in range(40):
            futures += [pool.submit(photo(GREEN)) for _ in range(10)]
            assert pool.swap(models[(turn + 1) % 2]).id == models[turn % 2].id
        answers = [future.result(30) for future in futures]
        assert pool.model.id == models[0].id
    assert {words[answer.model] == answer.prediction.category for answer in answers} == {True}
    assert {answer.model for answer in answers} == set(words)
    assert pool.figures().answered == 400


def test_a_model_that_fails_is_not_swapped_in(classifier):
    class Broken:
        size, categories = 8, 3

        def run(self, images):
            return Outputs(
                np.full((len(images), 3), np.nan, np.float32), np.zeros((len(images), 3), np.float32)
            )

    with AnswerPool(classifier, workers=1) as pool:
        with pytest.raises(ModelError, match="NaN"):
            pool.swap(Classifier(classifier.bundle, Broken(), threads=1))
        assert pool.submit(photo()).result(20).prediction.category == "Red"


def test_closing_answers_what_waits_and_takes_no_more(gated):
    many, gate = gated
    pool = AnswerPool(many, workers=1, batch=2)
    gate.open.clear()
    futures = [pool.submit(photo()) for _ in range(6)]
    closing = threading.Thread(target=pool.close)
    closing.start()
    time.sleep(0.05)
    with pytest.raises(OverloadedError, match="stopping"):
        pool.submit(photo())
    assert closing.is_alive()
    gate.open.set()
    closing.join(20)
    assert not closing.is_alive()
    assert {future.result(0).prediction.category for future in futures} == {"Red"}
    pool.close()


def test_a_photo_that_nobody_waits_for_any_more_is_not_looked_at(gated):
    many, gate = gated
    with AnswerPool(many, workers=1) as pool:
        gate.open.clear()
        gate.entered = threading.Semaphore(0)
        gate.asked.clear()
        first = pool.submit(photo())
        assert gate.entered.acquire(timeout=20)
        left, wanted = pool.submit(photo(BLUE)), pool.submit(photo(GREEN))
        assert left.cancel()
        gate.open.set()
        assert wanted.result(20).prediction.category == "Green"
        with pytest.raises(CancelledError):
            left.result(20)
        assert first.result(20).prediction.category == "Red"
    assert gate.asked == [1, 1]
    assert pool.figures().cancelled == 1


def test_many_callers_at_once_each_get_their_own_answer(classifier):
    wrong = []

    def call(pool, colour, category):
        answers = [pool.submit(photo(colour)).result(30).prediction.category for _ in range(15)]
        wrong.extend(answer for answer in answers if answer != category)

    with AnswerPool(classifier, workers=2) as pool:
        threads = [
            threading.Thread(target=call, args=(pool, *each))
            for each in ((RED, "Red"), (GREEN, "Green"), (BLUE, "Blue")) * 4
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    figures = pool.figures()
    assert wrong == []
    assert figures.answered == sum(figures.seconds) == 180
    assert sum(size * count for size, count in figures.batch_sizes.items()) == 180
    assert (figures.waiting, figures.running) == (0, 0)


def test_the_pause_follows_the_pace_of_the_workers():
    tally = Tally()
    tally.batch(4, 8.0)
    assert tally.photo_seconds == 2.0
    for _ in range(60):
        tally.batch(2, 1.0)
    assert tally.photo_seconds == pytest.approx(0.5, rel=1e-3)
    tally.done(ImageError("photo", "not a picture"), 0.03)
    tally.done(ModelError("broken"), 99.0)
    assert (tally.answered, tally.unreadable, tally.failed) == (0, 1, 1)
    assert tally.seconds[SECONDS.index(0.05)] == tally.seconds[-1] == 1


def test_opening_a_model_gives_one_for_many_and_one_for_a_lone_photo(bundle):
    served = open_model(bundle)
    for classifier in (served.many, served.alone):
        assert classifier.classify([photo(BLUE)])[0].category == "Blue"
    assert served.id == served.many.bundle.id
