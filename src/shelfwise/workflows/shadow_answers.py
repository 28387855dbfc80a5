"""A model that is tried on the active one's photos, in the background: nobody sees or waits for its answers."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from shelfwise.errors import ModelError, NotFoundError, ShelfwiseError

if TYPE_CHECKING:
    from shelfwise.inference.classifier import Classifier
    from shelfwise.workflows.learned_products import LearnedProducts
    from shelfwise.workflows.model_facts import ShelfModel
    from shelfwise.workflows.shop import Shop

__all__ = ["ShadowAnswers"]

_BATCH: Final = 8
_NICENESS: Final = 15
_CATCH_UP_SECONDS: Final = 300.0


class ShadowAnswers:
    """Answers photos with a second model and writes that beside the answers that were given.

    One thread of low priority works through a bounded queue, which holds hashes and no photos. What comes while it is
    full is left out, and counted.

    Args:
        shop: the shop.
        model: the model to try.
        waiting: how many photos may wait.

    Attributes:
        model: the model that is tried.
        problem: why it does not answer, else None.
        left_out: photos that found the queue full.
    """

    def __init__(self, shop: Shop, model: ShelfModel, waiting: int) -> None:
        self.model = model
        self.problem: str | None = None
        self.left_out = 0
        self._shop = shop
        self._queue: queue.Queue[tuple[int, str] | None] = queue.Queue(waiting)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="shadow", daemon=True)
        self._thread.start()

    def offer(self, answers: Iterable[tuple[int, str]]) -> None:
        """Ask for answers too, later; never waits.

        Args:
            answers: the answer's number and the photo's hash.
        """
        for answer in answers:
            try:
                self._queue.put_nowait(answer)
            except queue.Full:
                self.left_out += 1

    def settled(self) -> None:
        """Wait until what was offered before is written down."""
        self._queue.join()

    def close(self) -> None:
        """End, after the photos in hand."""
        self._ended.set()
        with contextlib.suppress(queue.Full):
            self._queue.put_nowait(None)
        self._thread.join()

    def _work(self) -> None:
        _give_way()
        learned: LearnedProducts | None = None
        caught_up = 0.0
        while (batch := self._next()) is not None:
            try:
                if learned is None:
                    learned = self._shop.products.opened(self._classifier())
                if time.monotonic() - caught_up > _CATCH_UP_SECONDS or not caught_up:
                    self._shop.models.catch_up(learned, self._go_on)
                    caught_up = time.monotonic()
                self._answer(learned, batch)
                self.problem = None
            except ShelfwiseError as error:
                self.problem = str(error)
            finally:
                for _ in batch:
                    self._queue.task_done()

    def _go_on(self, done: int, total: int) -> None:
        if self._ended.is_set():
            raise ModelError("the trial of this model has been ended")

    def _classifier(self) -> Classifier:
        from shelfwise.inference.classifier import load

        return load(self.model.path, threads=1, batch_size=_BATCH)

    def _next(self) -> list[tuple[int, str]] | None:
        """What to answer next, a few at a time; None at the end."""
        first = self._queue.get()
        taken = [first]
        while len(taken) < _BATCH and taken[-1] is not None:
            try:
                taken.append(self._queue.get_nowait())
            except queue.Empty:
                break
        batch = [each for each in taken if each is not None]
        if len(batch) < len(taken) or self._ended.is_set():
            for _ in taken:
                self._queue.task_done()
            return None
        return batch

    def _answer(self, learned: LearnedProducts, batch: Sequence[tuple[int, str]]) -> None:
        from shelfwise.answers.records import NewShadowAnswer
        from shelfwise.types import Prediction
        from shelfwise.workflows.answer_words import Speaker

        speaker, new = Speaker(self._shop, learned), []
        numbers, photos = [], []
        for number, photo in batch:
            with contextlib.suppress(NotFoundError):
                photos.append(self._shop.photos.read(photo))
                numbers.append(number)
        for number, result in zip(numbers, learned.classifier.stream(photos), strict=True):
            if isinstance(result, Prediction):
                words = speaker.say(self.model.id, result)
                new.append(
                    NewShadowAnswer(number, self.model.id, words.kind, words.category, words.confidence)
                )
        if new and not self._ended.is_set():
            self._shop.shadow.record(new)


def _give_way() -> None:
    """Let this thread, and those it starts, run only where the others leave time."""
    with contextlib.suppress(OSError, AttributeError):
        # Linux takes a thread's number here; elsewhere it may refuse.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
