"""Name what is on photos, with a trained model and no training library."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shelfwise.bundle import Bundle, default_bundle, read_bundle
from shelfwise.errors import BundleError, ImageError, ModelError
from shelfwise.images.decode import DEFAULT_LIMITS, Limits, rgb_of
from shelfwise.inference.decision import DecisionMaker
from shelfwise.inference.engines import Engine, Precision, open_session
from shelfwise.inference.session import Session
from shelfwise.types import Decision, Prediction

__all__ = ["Classifier", "Source", "decisions_of", "load", "refuse_wrong_logits", "session_of", "softmax"]

Source = Path | str | bytes | NDArray[np.uint8] | Image.Image
"""A photo: a path (also as text), a picture file's bytes, RGB pixels, or a Pillow image."""

_BATCH = 16
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_Row = tuple[NDArray[np.float32], NDArray[np.float32], Decision | None]


def load(
    bundle: str | Path | None = None,
    *,
    threads: int | None = None,
    batch_size: int = _BATCH,
    limits: Limits = DEFAULT_LIMITS,
    engine: Engine = "auto",
    precision: Precision = "auto",
    photos: int | None = None,
) -> Classifier:
    """Load a trained model.

    ::

        classifier = shelfwise.load("runs/shop/bundle")
        for prediction in classifier.classify(["a.jpg", "b.heic"]):
            print(prediction.category, prediction.confidence)

    Args:
        bundle: the ``bundle`` folder of a training run; None for the model that comes with Shelfwise.
        threads: how many photos are worked on at once; one a core by default, and all cores for one where
            ``photos`` is 1.
        batch_size: photos that go through the network together.
        limits: what one picture may cost at most.
        engine, precision, photos: what runs the network, as for
            :func:`~shelfwise.inference.engines.open_session`.

    Raises:
        BundleError: the folder is missing, damaged or of another version, or the model is a detector.
        ConfigError: the engine or the precision does not exist.
        MissingExtraError: the engine is not installed.
    """
    opened = read_bundle(default_bundle() if bundle is None else Path(bundle))
    session = session_of(opened, engine=engine, precision=precision, callers=threads, photos=photos)
    return Classifier(opened, session, threads=threads, batch_size=batch_size, limits=limits)


class Classifier:
    """Names what is on photos.

    Each core takes a batch of photos through everything, from decoding to probabilities. That leaves no core
    idle whether decoding or the network takes longer, and the order of results is that of the photos.

    Args:
        bundle: the trained model.
        session: what runs the network; by default that of :func:`session_of`. Several threads call it at a time.
        threads: how many batches are worked on at once; one a core by default.
        batch_size: photos that go through the network together.
        limits: what one picture may cost at most.

    Raises:
        BundleError: the bundle is a detector's.
        ModelError: the bundle's network cannot be loaded or does not fit its categories.
    """

    def __init__(
        self,
        bundle: Bundle,
        session: Session | None = None,
        threads: int | None = None,
        batch_size: int = _BATCH,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        if batch_size < 1 or (threads is not None and threads < 1):
            raise ValueError("threads and batch_size must be at least 1")
        bundle.refuse_other_task("classify")
        self.bundle = bundle
        self._session = session or session_of(bundle, callers=threads)
        self._decisions = decisions_of(bundle)
        self._metric = bundle.metric()
        self._threads = threads or os.cpu_count() or 1
        self._batch_size = batch_size
        self._limits = limits

    @property
    def categories(self) -> tuple[str, ...]:
        """Category names in label order."""
        return self.bundle.categories

    def classify(self, images: Iterable[Source]) -> list[Prediction]:
        """Classify photos and return one prediction for each, in the same order.

        Args:
            images: paths, picture files as bytes, uint8 RGB arrays of shape (height, width, 3), Pillow images.

        Raises:
            ImageError: at the first photo that cannot be read; :meth:`stream` goes on instead.
        """
        predictions = []
        for result in self.stream(images):
            if isinstance(result, ImageError):
                raise result
            predictions.append(result)
        return predictions

    def stream(self, sources: Iterable[Source]) -> Iterator[Prediction | ImageError]:
        """Classify any number of photos in constant memory, giving results as they come, in order.

        ``sources`` is read a few batches ahead, in the calling thread.

        Yields:
            For each source a prediction, or the error that says why it cannot be read.
        """
        if isinstance(sources, str | bytes | Path | np.ndarray | Image.Image):
            raise TypeError("give a list of photos, even for one: classify([photo])")
        numbered = enumerate(sources, start=1)
        # Small batches first: results come soon, and a few photos still keep all cores busy.
        batches = _batches(numbered, (2, 4, 8, self._batch_size))
        for results in self._ahead(self._classify_batch, batches):
            yield from results

    def answer(self, photos: Sequence[Source]) -> list[Prediction | ImageError]:
        """Classify a few photos as one batch, in the calling thread; several threads may call it at the same time.

        Returns:
            For each photo a prediction, or the error that says why it cannot be read.
        """
        return self._classify_batch(list(enumerate(photos, start=1)))

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities of all categories for pictures that are preprocessed already.

        Args:
            images: uint8 array of shape (N, size, size, 3).

        Returns:
            float32 array of shape (N, categories); each row sums to 1.
        """
        parts = self._ahead(self._run, self._cut(images))
        return np.concatenate(
            [np.zeros((0, len(self.categories)), np.float32), *(probabilities for probabilities, *_ in parts)]
        )

    def predictions(self, images: NDArray[np.uint8]) -> list[Prediction]:
        """Predictions, decisions included, for pictures that are preprocessed already.

        Args:
            images: uint8 array of shape (N, size, size, 3).
        """
        parts = self._ahead(lambda batch: list(self._rows(batch)), self._cut(images))
        return [
            Prediction(self.categories, probabilities, None, embedding, decision)
            for rows in parts
            for probabilities, embedding, decision in rows
        ]

    def _cut(self, images: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
        """Preprocessed pictures in batches."""
        size = self.bundle.preprocessing.size
        if images.dtype != np.uint8 or images.shape[1:] != (size, size, 3):
            raise ValueError(
                f"must be uint8 of shape (N, {size}, {size}, 3), not {images.dtype} {images.shape}"
            )
        return (images[i : i + self._batch_size] for i in range(0, len(images), self._batch_size))

    def _ahead(self, work: Callable[[_Item], _Result], items: Iterable[_Item]) -> Iterator[_Result]:
        """Map over items in all threads, in order, never more than a few items ahead of the consumer."""
        pool = ThreadPoolExecutor(self._threads, thread_name_prefix="classify")
        pending: deque[Future[_Result]] = deque()
        try:
            for item in items:
                pending.append(pool.submit(work, item))
                if len(pending) >= 2 * self._threads:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _classify_batch(self, batch: Sequence[tuple[int, Source]]) -> list[Prediction | ImageError]:
        size = self.bundle.preprocessing.size
        pixels = np.empty((len(batch), size, size, 3), np.uint8)
        results: list[Prediction | ImageError] = []
        errors: dict[int, ImageError] = {}
        for position, (number, source) in enumerate(batch):
            try:
                pixels[position - len(errors)] = self._pixels(source, number)
            except ImageError as error:
                # A new one without traceback: that would keep the photo's bytes in memory.
                errors[position] = ImageError(error.source, error.reason)
        rows = self._rows(pixels[: len(batch) - len(errors)])
        for position, (_, source) in enumerate(batch):
            if error_here := errors.get(position):
                results.append(error_here)
            else:
                probabilities, embedding, decision = next(rows)
                results.append(
                    Prediction(self.categories, probabilities, _path_text(source), embedding, decision)
                )
        return results

    def _rows(self, images: NDArray[np.uint8]) -> Iterator[_Row]:
        """Probabilities, embedding and decision of each picture."""
        if len(images):
            probabilities, embeddings, logits = self._run(images)
            decisions: Sequence[Decision | None] = [None] * len(images)
            if self._decisions is not None:
                decisions = self._decisions.decide(logits, probabilities, embeddings)
            yield from zip(probabilities, self._compared(embeddings), decisions, strict=True)

    def _compared(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Embeddings as products are compared by: in the bundle's metric where it has one."""
        if self._metric is None:
            return embeddings
        if embeddings.shape[1] != len(self._metric):
            raise BundleError(
                f"{self.bundle.path}: its metric takes embeddings of {len(self._metric)} numbers, but its network"
                f" gives {embeddings.shape[1]}"
            )
        turned: NDArray[np.float32] = embeddings @ self._metric
        return turned

    def _pixels(self, source: Source, number: int) -> NDArray[np.uint8]:
        preprocessing = self.bundle.preprocessing
        name = _path_text(source) or f"picture {number}"
        if isinstance(source, str):
            return preprocessing.load(Path(source), name=name, limits=self._limits)
        if isinstance(source, Path | bytes):
            return preprocessing.load(source, name=name, limits=self._limits)
        if isinstance(source, Image.Image):
            source = rgb_of(source, name=name)
        return preprocessing.apply(source, name=name)

    def _run(
        self, images: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Probabilities, embeddings and logits."""
        logits, embedding = self._session.run(images)
        refuse_wrong_logits(self.bundle, logits, len(images))
        return softmax(logits, self.bundle.temperature), embedding, logits


def refuse_wrong_logits(bundle: Bundle, logits: NDArray[np.float32], photos: int) -> None:
    """Refuse logits that are not (photos, categories) finite numbers. Raises ModelError."""
    if logits.shape != (photos, len(bundle.categories)):
        raise ModelError(
            f"{bundle.path}: {len(bundle.categories)} categories, but logits of shape {logits.shape}"
        )
    if not np.isfinite(logits).all():
        raise ModelError(f"{bundle.path}: the network gives NaN or infinite logits")


def softmax(logits: NDArray[np.float32], temperature: float = 1.0) -> NDArray[np.float32]:
    """Probabilities along the last axis, ``exp(z / T) / sum(exp(z / T))``, without overflow.

    The temperature is that of Guo et al. 2017, "On Calibration of Modern Neural Networks", section 4.2.
    """
    scaled = logits.astype(np.float64) / temperature
    scaled -= scaled.max(axis=-1, keepdims=True)
    np.exp(scaled, out=scaled)
    scaled /= scaled.sum(axis=-1, keepdims=True)
    return scaled.astype(np.float32)


def session_of(
    bundle: Bundle,
    *,
    engine: Engine = "auto",
    precision: Precision = "auto",
    callers: int | None = None,
    photos: int | None = None,
) -> Session:
    """What runs a bundle's network for a :class:`Classifier`: one thread a call, since all cores call it.

    Only a single photo has all cores to itself, where ``callers`` is not given.

    Args:
        bundle: the trained model.
        engine, precision, photos: as for :func:`~shelfwise.inference.engines.open_session`.
        callers: how many threads will call it at once; one a core by default.

    Raises:
        BundleError: the network does not fit the bundle's categories or preprocessing, or the model is a detector.
        ModelError: it cannot be loaded.
    """
    bundle.refuse_other_task("classify")
    alone = photos == 1 and callers is None
    session = open_session(
        bundle.model_source(),
        engine=engine,
        precision=precision,
        # A single photo is in nobody's way, unless the caller has said how many threads to use.
        threads=None if alone else 1,
        streams=1 if alone else callers,
        photos=photos,
    )
    if session.categories not in (None, len(bundle.categories)):
        raise BundleError(
            f"{bundle.path}: {len(bundle.categories)} categories, but its network gives {session.categories}"
        )
    if session.size not in (None, bundle.preprocessing.size):
        raise BundleError(
            f"{bundle.path}: preprocessing makes pictures of {bundle.preprocessing.size} pixels, "
            f"but its network takes {session.size}"
        )
    return session


def decisions_of(bundle: Bundle) -> DecisionMaker | None:
    """What decides by a bundle's rule; None where it has none. Raises BundleError where the rule does not fit."""
    if bundle.decision is None:
        return None
    try:
        return DecisionMaker.from_rule(bundle.decision, bundle.reference(), bundle.categories)
    except BundleError:
        raise
    except ModelError as error:
        raise BundleError(f"{bundle.path}: {error}. Train again") from error


def _path_text(source: Source) -> str | None:
    return str(source) if isinstance(source, str | Path) else None


def _batches(items: Iterator[_Item], sizes: Sequence[int]) -> Iterator[list[_Item]]:
    """Cut into lists of ``sizes``, the last of which repeats and none of which is exceeded."""
    growing = iter(min(size, sizes[-1]) for size in sizes)
    while batch := list(islice(items, next(growing, sizes[-1]))):
        yield batch
