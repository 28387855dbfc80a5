"""The models of a shop at work: loaded at the start, switched while photos come in, and tried in the shadow."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from shelfwise.errors import ConflictError, ModelError, ShelfwiseError
from shelfwise.text import some
from shelfwise.workflows.model_loading import load_soonest, load_tried
from shelfwise.workflows.model_switch import Switch

if TYPE_CHECKING:
    from shelfwise.inference.classifier import Classifier
    from shelfwise.workflows.answer_pool import AnswerPool, ServedModel
    from shelfwise.workflows.learned_products import LearnedProducts, Progress, Wanted
    from shelfwise.workflows.model_facts import ShelfModel
    from shelfwise.workflows.model_shelf import ModelShelf
    from shelfwise.workflows.shadow_answers import ShadowAnswers
    from shelfwise.workflows.shop import Shop, ShopSettings

__all__ = ["ShopModels"]

_MOMENT_SECONDS: Final = 1.0


class ShopModels:
    """Loads the active model in the background and holds what answers with it. Any thread may call it.

    Args:
        shelf: says which model is active.
        settings: how many photos are answered at once, and how many may wait.
    """

    def __init__(self, shelf: ModelShelf, settings: ShopSettings) -> None:
        self._shelf = shelf
        self._settings = settings
        self._changed = threading.Condition()
        self._pool: AnswerPool | None = None
        self._ready = False
        self._problem: str | None = None
        self._note: str | None = None
        self._switch: Switch | None = None
        self._shadow: ShadowAnswers | None = None
        self._names: dict[str, str] = {}
        self._closed = False
        self._shop: Shop | None = None
        self._threads: list[threading.Thread] = []
        self._loader = self._started(self._load, "load-model")

    @property
    def ready(self) -> bool:
        """Whether photos are answered at once."""
        return self._ready

    @property
    def problem(self) -> str | None:
        """Why no photo can be answered, else None."""
        return self._problem

    @property
    def note(self) -> str | None:
        """What went wrong at the start without keeping photos from being answered, else None."""
        return self._note

    @property
    def switch(self) -> Switch | None:
        """The latest change to another model since the start, else None."""
        return self._switch

    @property
    def shadow(self) -> ShadowAnswers | None:
        """The model that is tried in the shadow, else None."""
        return self._shadow

    @property
    def pool(self) -> AnswerPool:
        """What answers photos, once the model is loaded. Raises ModelError where it cannot be."""
        self.wait()
        with self._changed:
            if self._pool is None:
                raise ModelError("no model is at work")
            return self._pool

    def wait(self) -> None:
        """Wait until photos can be answered and products be learned.

        Raises:
            ModelError: the active model cannot be loaded; another one can be activated.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._problem is not None or self._closed)
            if self._ready:
                return
            problem = self._problem or "the shop is closed"
        raise ModelError(f"the active model cannot be used, so no photo is answered: {problem}")

    def wait_for_switch(self) -> Switch | None:
        """Wait until the latest change to another model has ended, and say how."""
        with self._changed:
            self._changed.wait_for(lambda: self._switch is None or not self._switch.running)
            return self._switch

    def name_of(self, model: str) -> str:
        """The name of a model that is or was at work since the start."""
        return self._names.get(model, model)

    def begin(self, shop: Shop) -> None:
        """Go on when the books are open: products by sight, and the shadow."""
        self._shop = shop
        self._started(lambda: self._complete(shop), "learn-products")

    def catch_up(self, learned: LearnedProducts, progress: Progress | None = None) -> tuple[str, ...]:
        """Learn the photos of products that were missed. Returns those that cannot be read, and why."""
        return _caught_up(self._open_shop(), learned, progress or self._go_on)

    def change(self, model: ShelfModel) -> Switch:
        """Begin to answer with another model, in the background. The one before answers until all is ready.

        Raises:
            ConflictError: another change goes on.
        """
        shop = self._open_shop()
        with self._changed:
            if self._switch is not None and self._switch.running:
                raise ConflictError(
                    f"the change to the model {self._switch.model_name} goes on still: wait until it has ended"
                )
            began = self._switch = Switch(model.id, model.name, "loading")
        self._started(lambda: self._switched(shop, model), "switch-model")
        return began

    def use_shadow(self, model: ShelfModel | None) -> None:
        """Try this model in the shadow from now on, and no other; None for none."""
        from shelfwise.workflows.shadow_answers import ShadowAnswers

        shop = self._open_shop()
        with self._changed:
            before, tried = self._shadow, None
            if model is not None and not self._closed:
                tried = ShadowAnswers(shop, model, self._settings.shadow_waiting)
            self._shadow = tried
        if before is not None:
            before.close()

    def offer_to_shadow(self, answers: Sequence[tuple[int, str]]) -> None:
        """Let the shadow model answer too, later: numbers of answers, and hashes of their photos."""
        shadow = self._shadow
        if shadow is not None:
            shadow.offer(answers)

    def close(self) -> None:
        """Answer what was taken on, and end."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            shadow, self._shadow = self._shadow, None
            threads = list(self._threads)
        if shadow is not None:
            shadow.close()
        for thread in threads:
            thread.join()
        if self._pool is not None:
            self._pool.close()

    def _started(self, work: Callable[[], None], name: str) -> threading.Thread:
        thread = threading.Thread(target=work, name=name, daemon=True)
        with self._changed:
            self._threads = [each for each in self._threads if each.is_alive()]
            thread.start()
            self._threads.append(thread)
        return thread

    def _load(self) -> None:
        problem = "it could not be loaded; the log says why"
        try:
            model = self._shelf.active()
            self._names[model.id] = model.name
            self._pool = self._pool_of(load_soonest(model))
            problem = ""
        except ShelfwiseError as error:
            problem = str(error)
        finally:
            # Whatever happened, nobody may wait for ever.
            if problem:
                self._fail(problem)

    def _complete(self, shop: Shop) -> None:
        self._loader.join()
        if self._pool is None:
            return
        problem = "its products could not be opened; the log says why"
        try:
            learned = shop.products.opened(self._pool.model.many)
            learned.forget_others(_wanted(shop))
            shop.products.use(learned)
            problem = ""
        except ShelfwiseError as error:
            problem = str(error)
            return
        finally:
            if problem:
                self._fail(problem)
        with self._changed:
            self._ready = True
            self._changed.notify_all()
            # Making another engine ready takes all cores: it leaves the first photos, and what else starts, a moment.
            self._changed.wait_for(lambda: self._closed, _MOMENT_SECONDS)
        try:
            self._quicken(shop, learned)
            kept, shadow = self._shelf.shadow(), self._shadow
            # Somebody may have set it meanwhile: what it has begun goes on.
            if kept is not None and (shadow is None or shadow.model.id != kept.id):
                self.use_shadow(kept)
            lost = self.catch_up(learned)
            self._note = f"photos of products cannot be learned: {some(lost)}" if lost else None
        except ShelfwiseError as error:
            self._note = str(error)

    def _quicken(self, shop: Shop, learned: LearnedProducts) -> None:
        """Put what answers most photos a second in the place of what was loaded soonest."""
        served = load_tried(self._shelf.model(learned.model_id))
        with shop.products.changing:
            # Another model may answer by now.
            if self._pool is not None and self._pool.model.id == served.id:
                learned.use(served.many)
                self._pool.swap(served)

    def _switched(self, shop: Shop, model: ShelfModel) -> None:
        end: dict[str, Any] = {"stage": "failed", "problem": "it could not be loaded; the log says why"}
        try:
            with self._changed:
                self._changed.wait_for(lambda: self._ready or self._problem is not None or self._closed)
            self._names[model.id] = model.name
            served = load_tried(model)
            learned = shop.products.opened(served.many)
            self._count(0, 0)
            lost = _caught_up(
                shop, learned, self._count, lambda: self._put_to_work(shop, model, served, learned)
            )
            end = {"stage": "done", "lost": lost}
            shadow = self._shadow
            if shadow is not None and shadow.model.id == model.id:
                self.use_shadow(None)
        except ShelfwiseError as error:
            end["problem"] = str(error)
        finally:
            self._tell(**end)

    def _put_to_work(
        self, shop: Shop, model: ShelfModel, served: ServedModel, learned: LearnedProducts
    ) -> None:
        """The one moment in which the model changes. Products' photos stay as they are meanwhile."""
        if self._closed:
            raise ModelError("the shop is being closed")
        self._shelf.activate(model.id)
        shop.products.use(learned)
        pool = self._pool
        # Not under the lock: both try the model once more, and who asks for the pool would wait for that.
        if pool is not None:
            pool.swap(served)
        else:
            pool = self._pool_of(served)
        with self._changed:
            self._pool, self._ready, self._problem = pool, True, None
            self._changed.notify_all()

    def _pool_of(self, served: ServedModel | Classifier) -> AnswerPool:
        from shelfwise.workflows.answer_pool import AnswerPool

        settings = self._settings
        return AnswerPool(served, workers=settings.workers, batch=settings.batch, waiting=settings.waiting)

    def _go_on(self, done: int, total: int) -> None:
        """Progress that nobody looks at; ends with the shop."""
        if self._closed:
            raise ModelError("the shop is being closed")

    def _count(self, done: int, total: int) -> None:
        self._go_on(done, total)
        self._tell(stage="learning", done=done, total=total)

    def _tell(self, **news: Any) -> None:
        with self._changed:
            if self._switch is not None:
                self._switch = replace(self._switch, **news)
            self._changed.notify_all()

    def _fail(self, problem: str) -> None:
        with self._changed:
            self._problem = problem
            self._changed.notify_all()

    def _open_shop(self) -> Shop:
        if self._shop is None:
            raise ModelError("the shop is not open yet")
        return self._shop


def _caught_up(
    shop: Shop, learned: LearnedProducts, progress: Progress, then: Callable[[], None] | None = None
) -> tuple[str, ...]:
    return learned.catch_up(lambda: _wanted(shop), shop.photos.read, shop.products.changing, progress, then)


def _wanted(shop: Shop) -> list[Wanted]:
    from shelfwise.workflows.shop_products import wanted_products

    with shop.db.read() as connection:
        return wanted_products(connection)
