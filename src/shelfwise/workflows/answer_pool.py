"""A bounded pool that answers photos of many callers at once, a few photos a time, beside an event loop.

One worker a core takes a share of what waits through everything, from decoding to the decision, as ``classify`` does:
that leaves no core idle. Nobody waits for a batch to fill. A photo that comes alone gets all cores, which answers it
in half the time of one.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from shelfwise.bundle import default_bundle, read_bundle
from shelfwise.errors import ImageError, OverloadedError
from shelfwise.images.decode import DEFAULT_LIMITS, Limits
from shelfwise.inference.classifier import Classifier, session_of
from shelfwise.inference.engines import choose, open_session
from shelfwise.types import Prediction
from shelfwise.workflows.pool_figures import PoolFigures, Tally

__all__ = ["AnswerPool", "PhotoAnswer", "ServedModel", "open_model"]

_BATCH: Final = 8
_WAITING: Final = 64
_WAITING_BYTES: Final = 256 * 1024 * 1024
_SHORTEST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 60.0
_UNNAMED: Final = "photo"


@dataclass(frozen=True, slots=True)
class PhotoAnswer:
    """What a model says of one photo.

    Attributes:
        model: id of the model's bundle.
        prediction: what it says, with embedding and decision.
        seconds: from asking to the answer.
    """

    model: str
    prediction: Prediction
    seconds: float


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model, opened in two ways that answer alike.

    Attributes:
        many: takes one thread a call; all cores call it at the same time.
        alone: takes all cores for one call; the same as ``many`` where that makes no difference.
    """

    many: Classifier
    alone: Classifier

    @property
    def id(self) -> str:
        """Id of the model's bundle."""
        return self.many.bundle.id


def open_model(bundle: Path | None = None, *, limits: Limits = DEFAULT_LIMITS) -> ServedModel:
    """Open a model for a pool.

    Args:
        bundle: the model's folder; None for the one that comes with Shelfwise.
        limits: what one picture may cost at most.

    Raises:
        BundleError: the folder is missing, damaged or of another version.
        ModelError: its network cannot be loaded.
    """
    opened = read_bundle(default_bundle() if bundle is None else bundle)
    many = Classifier(opened, session_of(opened), limits=limits)
    if choose().engine == "cuda" or (os.cpu_count() or 1) == 1:
        return ServedModel(many, many)
    session = open_session(opened.model_source(), threads=None, streams=1)
    return ServedModel(many, Classifier(opened, session, threads=1, limits=limits))


class AnswerPool:
    """Answers photos with a model that may be swapped at any time.

    ::

        pool = AnswerPool(open_model())
        answer = pool.submit(photo).result()
        pool.close()

    Args:
        model: what answers; a classifier alone serves for many and for one.
        workers: photos are worked on by so many threads; one a core by default.
        batch: photos that a worker takes at most.
        waiting: photos that may wait for a worker.
        waiting_bytes: length of all that wait, at most.

    Raises:
        ModelError: the model's network fails.
    """

    def __init__(
        self,
        model: ServedModel | Classifier,
        *,
        workers: int | None = None,
        batch: int = _BATCH,
        waiting: int = _WAITING,
        waiting_bytes: int = _WAITING_BYTES,
    ) -> None:
        workers = workers or os.cpu_count() or 1
        if min(workers, batch, waiting, waiting_bytes) < 1:
            raise ValueError("workers, batch and what may wait must be at least 1")
        self._model = _tried(model)
        self._batch, self._limit, self._limit_bytes = batch, waiting, waiting_bytes
        self._waiting: deque[_Job] = deque()
        self._bytes = self._busy = self._running = 0
        self._closed = False
        self._tally = Tally()
        self._changed = threading.Condition()
        self._workers = [
            threading.Thread(target=self._work, name=f"answer-{number}", daemon=True)
            for number in range(1, workers + 1)
        ]
        for worker in self._workers:
            worker.start()

    @property
    def model(self) -> ServedModel:
        """What answers the photos that no worker has taken yet."""
        return self._model

    def submit(self, photo: bytes) -> Future[PhotoAnswer]:
        """Ask what is on a photo. The future can be cancelled as long as no worker has taken the photo.

        Args:
            photo: content of a picture file.

        Returns:
            The answer to come; an ImageError where the photo cannot be read, a ModelError where the model fails.

        Raises:
            OverloadedError: as many photos wait as may wait, or the pool is closed.
        """
        return self.submit_all([photo])[0]

    def submit_all(self, photos: Sequence[bytes]) -> list[Future[PhotoAnswer]]:
        """Ask what is on several photos, all or none; as :meth:`submit` for each.

        More than may wait are taken where nothing else waits.
        """
        now = time.monotonic()
        jobs = [_Job(photo, Future(), now) for photo in photos]
        length = sum(map(len, photos))
        with self._changed:
            if self._closed:
                raise OverloadedError("the server is stopping: try again soon", _SHORTEST_PAUSE)
            full = len(self._waiting) + len(jobs) > self._limit or self._bytes + length > self._limit_bytes
            if full and self._waiting:
                self._tally.refused += len(jobs)
                raise OverloadedError(
                    f"{len(self._waiting)} photos wait to be answered already: try again a little later",
                    self._pause(),
                )
            self._waiting += jobs
            self._bytes += length
            self._changed.notify(len(jobs))
        return [job.future for job in jobs]

    def swap(self, model: ServedModel | Classifier) -> ServedModel:
        """Answer with another model from the next batch on. What workers have in hand is finished by the old one.

        Returns:
            The model before.

        Raises:
            ModelError: the new model's network fails; the old one stays.
        """
        tried = _tried(model)
        with self._changed:
            before, self._model = self._model, tried
        return before

    def figures(self) -> PoolFigures:
        """Counts of what waits, was answered and how long it took."""
        with self._changed:
            return self._tally.figures(len(self._waiting), self._running)

    def close(self) -> None:
        """Take no more photos, answer those that wait, and end the workers."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for worker in self._workers:
            worker.join()

    def __enter__(self) -> AnswerPool:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _pause(self) -> float:
        """Seconds until what waits and runs now will be answered."""
        ahead = (len(self._waiting) + self._running) * self._tally.photo_seconds / len(self._workers)
        return min(_LONGEST_PAUSE, max(_SHORTEST_PAUSE, ahead))

    def _work(self) -> None:
        while (taken := self._take()) is not None:
            jobs, classifier = taken
            started = time.monotonic()
            results = _results(classifier, [job.photo for job in jobs])
            ended = time.monotonic()
            # Before the answers are out: who gets one and asks again at once is alone again.
            with self._changed:
                self._busy -= 1
                self._running -= len(jobs)
                self._tally.batch(len(jobs), ended - started)
                for job, result in zip(jobs, results, strict=True):
                    self._tally.done(result, ended - job.since)
            for job, result in zip(jobs, results, strict=True):
                if isinstance(result, Prediction):
                    job.future.set_result(PhotoAnswer(classifier.bundle.id, result, ended - job.since))
                else:
                    job.future.set_exception(result)

    def _take(self) -> tuple[list[_Job], Classifier] | None:
        """A share of what waits, and what answers it; None where the pool is closed and nothing waits."""
        with self._changed:
            while True:
                while not self._waiting:
                    if self._closed:
                        return None
                    self._changed.wait()
                idle = len(self._workers) - self._busy
                share = min(self._batch, -(-len(self._waiting) // idle))
                jobs = [self._next() for _ in range(share)]
                wanted = [job for job in jobs if job.future.set_running_or_notify_cancel()]
                self._tally.cancelled += len(jobs) - len(wanted)
                if wanted:
                    break
            alone = len(wanted) == 1 and not self._busy and not self._waiting
            self._busy += 1
            self._running += len(wanted)
            return wanted, self._model.alone if alone else self._model.many

    def _next(self) -> _Job:
        job = self._waiting.popleft()
        self._bytes -= len(job.photo)
        return job


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    photo: bytes
    future: Future[PhotoAnswer]
    since: float


def _results(classifier: Classifier, photos: Sequence[bytes]) -> list[Prediction | Exception]:
    """What comes of each photo; where a batch fails as a whole, of each by itself, so that one spoils no other's."""
    try:
        return [
            ImageError(_UNNAMED, result.reason) if isinstance(result, ImageError) else result
            for result in classifier.answer(photos)
        ]
    except Exception as error:  # noqa: BLE001 - whoever asked gets it; the worker goes on
        if len(photos) > 1:
            return [_results(classifier, [photo])[0] for photo in photos]
        return [error]


def _tried(model: ServedModel | Classifier) -> ServedModel:
    """The model after a first answer: some engines set themselves up only then, and one that fails is refused."""
    served = ServedModel(model, model) if isinstance(model, Classifier) else model
    size = served.many.bundle.preprocessing.size
    for classifier in {id(each): each for each in (served.many, served.alone)}.values():
        classifier.predictions(np.zeros((1, size, size, 3), np.uint8))
    return served
