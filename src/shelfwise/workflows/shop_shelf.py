"""Shelf photos of a shop: the products on each are looked for in the background, one photo at a time.

What takes seconds a photo must hold up neither the event loop nor who scans single products. So there is one thread
for all shelf photos, which the system serves after everybody else where it can, and a bounded queue before it. The
detector is loaded when the first photo comes. What is to be done is in the book: what was still waiting when a server
ended, also to be looked at once more, is looked at when somebody asks for it again (:meth:`ShopShelves.resume`).
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shelfwise.errors import EntryError, OverloadedError, ShelfwiseError
from shelfwise.images.decode import open_picture

if TYPE_CHECKING:
    from pathlib import Path

    from shelfwise.accounts.records import Actor
    from shelfwise.answers.shelf_records import ShelfPhoto
    from shelfwise.workflows.shelf import BoxFinder
    from shelfwise.workflows.shop import Shop

__all__ = ["MOST_PIXELS", "LookingAt", "ShopShelves", "add_shelf_photo", "detector_of", "look_again"]

MOST_PIXELS: Final = 64_000_000
"""How large a shelf photo may be."""

_NICER: Final = 5
_SECONDS_EACH: Final = 10.0
_LONGEST_PAUSE: Final = 60.0
_LOG: Final = logging.getLogger("shelfwise.shelf")


@dataclass(frozen=True, slots=True)
class LookingAt:
    """How far looking at a shelf photo is.

    Attributes:
        ahead: photos that are looked at before it; 0 where it is its turn.
        done, total: boxes that are named, and of how many; both 0 while products are still being found.
    """

    ahead: int
    done: int = 0
    total: int = 0


class _StoppedError(Exception):
    """The shop is being closed: the photo goes on waiting."""


class ShopShelves:
    """Looks for products on shelf photos and writes down what it finds. Any thread may call it.

    Args:
        waiting: how many photos may wait before more are refused.
        load: loads the detector, when the first photo comes.
    """

    def __init__(self, waiting: int, load: Callable[[], BoxFinder]) -> None:
        self._limit = waiting
        self._load = load
        self._finder: BoxFinder | None = None
        self._shop: Shop | None = None
        self._changed = threading.Condition()
        self._waiting: deque[int] = deque()
        self._futures: dict[int, Future[None]] = {}
        self._progress = (0, 0)
        self._current: int | None = None
        self._reserved = 0
        self._closed = False
        self._worker: threading.Thread | None = None

    def begin(self, shop: Shop) -> None:
        """Take photos of this shop from now on."""
        self._shop = shop

    def use(self, finder: BoxFinder) -> None:
        """Find products with this detector, in the place of the one that would be loaded."""
        self._finder = finder

    def reserve(self) -> None:
        """Keep a place in the queue for a photo that is to come; :meth:`look` or :meth:`release` gives it back.

        Raises:
            OverloadedError: as many wait as may wait.
        """
        with self._changed:
            waiting = len(self._waiting) + self._reserved
            if self._closed:
                raise OverloadedError("the server is stopping: try again soon", 1.0)
            if waiting >= self._limit:
                raise OverloadedError(
                    f"{waiting} shelf photos wait already: try again a little later",
                    min(_LONGEST_PAUSE, _SECONDS_EACH * waiting),
                )
            self._reserved += 1

    def release(self) -> None:
        """Give back a place that was kept."""
        with self._changed:
            self._reserved -= 1

    def look(self, shelf_id: int) -> Future[None]:
        """Look at a shelf photo that a place was kept for, and that the book has waiting; done when it no more is."""
        with self._changed:
            self._reserved -= 1
            # Somebody who saw it waiting in the list may have been quicker: it is looked at once.
            return self._futures.get(shelf_id) or self._taken(shelf_id)

    def resume(self, shelf: ShelfPhoto) -> LookingAt | None:
        """How far looking at a photo is; one that waits and was lost, as when a server ended, is looked at again.

        Returns:
            None where it is done or failed, and nobody waits for its being looked at once more.
        """
        with self._changed:
            if shelf.id not in self._futures:
                if shelf.state != "waiting" and shelf.again_at is None:
                    return None
                before = len(self._waiting) + self._reserved
                if self._closed or before >= self._limit:
                    # It will be its turn when somebody asks later.
                    return LookingAt(before + (self._current is not None))
                self._taken(shelf.id)
            if shelf.id == self._current:
                return LookingAt(0, *self._progress)
            before = self._waiting.index(shelf.id) if shelf.id in self._waiting else 0
            return LookingAt(before + (self._current is not None))

    def future(self, shelf_id: int) -> Future[None] | None:
        """What is done when a photo has been looked at; None where it is in no queue."""
        with self._changed:
            return self._futures.get(shelf_id)

    def close(self) -> None:
        """Look at no more photos. Those that wait, also to be looked at once more, wait for the next server."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            worker = self._worker
        if worker is not None:
            worker.join()

    def _taken(self, shelf_id: int) -> Future[None]:
        future: Future[None] = Future()
        self._futures[shelf_id] = future
        self._waiting.append(shelf_id)
        if self._worker is None:
            self._worker = threading.Thread(target=self._work, name="look-at-shelves", daemon=True)
            self._worker.start()
        self._changed.notify_all()
        return future

    def _work(self) -> None:
        _give_way()
        while (shelf_id := self._next()) is not None:
            try:
                # Where the shop is being closed, the photo goes on waiting, and so do those behind it.
                with contextlib.suppress(_StoppedError):
                    self._look(shelf_id)
            finally:
                with self._changed:
                    self._current = None
                    future = self._futures.pop(shelf_id)
                future.set_result(None)

    def _next(self) -> int | None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._waiting)
            if self._closed:
                for future in self._futures.values():
                    future.cancel()
                return None
            self._current, self._progress = self._waiting.popleft(), (0, 0)
            return self._current

    def _look(self, shelf_id: int) -> None:
        shop = self._shop
        if shop is None:
            return
        problem = "it could not be looked at; the log of the server says why"
        try:
            # Here, for it brings the classifier, which takes a while to import.
            from shelfwise.workflows.shop_shelf_reading import name_again, read_shelf_photo

            if shop.shelf_photos.get(shelf_id).again_at is not None:
                name_again(shop, shelf_id, self._go_on)
            else:
                if self._finder is None:
                    self._finder = self._load()
                read_shelf_photo(shop, shelf_id, self._finder, self._go_on)
            problem = ""
        except ShelfwiseError as error:
            problem = str(error)
        except _StoppedError:
            problem = ""
            raise
        except Exception:  # noqa: BLE001 - the next photo is looked at all the same
            _LOG.exception("shelf photo %d could not be looked at", shelf_id)
        finally:
            if problem:
                with contextlib.suppress(ShelfwiseError):
                    shop.shelf_photos.fail(shelf_id, problem)

    def _go_on(self, done: int, total: int) -> None:
        if self._closed:
            raise _StoppedError
        self._progress = (done, total)


def add_shelf_photo(
    shop: Shop, data: bytes, actor: Actor, store_id: int | None = None, location_id: int | None = None
) -> ShelfPhoto:
    """Keep a shelf photo and look for the products on it in the background; ``shop.shelves`` tells how far that is.

    Args:
        shop: the shop.
        data: a picture file.
        actor: who gives it.
        store_id, location_id: where it was taken, as far as that is known.

    Raises:
        OverloadedError: as many shelf photos wait as may wait; nothing was kept.
        EntryError: at ``photo``: it has more than :data:`MOST_PIXELS`; nothing was kept.
        ImageError: it is no picture, cut off, damaged or too large.
        StorageError: it cannot be written.
    """
    from shelfwise.answers.shelf_records import AddedShelf

    width, height = open_picture(data, name="the photo", limits=shop.photos.limits).size
    if width * height > MOST_PIXELS:
        raise EntryError(
            "photo",
            f"{width:,} × {height:,} pixels are {width * height / 1e6:.1f} megapixels, over the limit of "
            f"{MOST_PIXELS / 1e6:.0f}: send it smaller",
        )
    shop.shelves.reserve()
    try:
        photo = shop.photos.add(data, name="the photo")
        new = AddedShelf(photo.sha256, photo.width, photo.height, actor.name, store_id, location_id)
        shelf = shop.shelf_photos.add(new)
    except BaseException:
        shop.shelves.release()
        raise
    shop.shelves.look(shelf.id)
    return shelf


def look_again(shop: Shop, shelf_id: int) -> None:
    """Look once more, in the background, at a photo that was looked at, or that could not be.

    Where its products have been found, they stay where they are, and what nobody has said the name of is named with
    what is known by now. Asked for while it is so, it is done once.

    Raises:
        OverloadedError: as many shelf photos wait as may wait.
        NotFoundError: there is no such shelf photo.
        ConflictError: it waits already.
    """
    asked = shop.shelf_photos.get(shelf_id).again_at is not None
    if asked and shop.shelves.future(shelf_id) is not None:
        return
    shop.shelves.reserve()
    try:
        shop.shelf_photos.again(shelf_id)
    except BaseException:
        shop.shelves.release()
        raise
    shop.shelves.look(shelf_id)


def detector_of(bundle: Path | None) -> BoxFinder:
    """The detector in a bundle; None for the one that comes with Shelfwise.

    Raises:
        BundleError: the bundle is missing, damaged or of no detector.
        ModelError: its network cannot be loaded.
    """
    from shelfwise.shelf.detector import load_detector

    return load_detector(bundle)


def _give_way() -> None:
    """Let the system serve this thread, and those that it starts, after all others, where it can."""
    if sys.platform == "linux":
        # Linux takes a thread's number here as well, and gives what it begins the same.
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICER)
