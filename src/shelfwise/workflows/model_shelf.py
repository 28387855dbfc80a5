"""The models that a shop has: the one that comes with Shelfwise and those that were uploaded; which is active."""

from __future__ import annotations

import secrets
import shutil
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from shelfwise.bundle import Bundle, default_bundle, read_bundle
from shelfwise.errors import BundleError, ConflictError, NotFoundError
from shelfwise.files import storage_errors
from shelfwise.text import printable
from shelfwise.workflows.model_facts import ShelfModel, figures_of
from shelfwise.workflows.model_intake import REPORT, IntakeLimits, copy_in, take_in
from shelfwise.workflows.model_state import PACKAGED, Entry, State, StateFile

__all__ = ["ModelShelf"]


class ModelShelf:
    """Keeps uploaded models and which of all is active, previous and in the shadow.

    All of that is in one file (:mod:`shelfwise.workflows.model_state`). Setting the active model here changes that
    file alone; :mod:`shelfwise.workflows.shop_models` puts it to work.

    Args:
        folder: where it all is; made when something is written.
        packaged: gives the folder of the model that comes with Shelfwise.
        limits: how much an upload may hold.
    """

    def __init__(
        self,
        folder: Path,
        *,
        packaged: Callable[[], Path] = default_bundle,
        limits: IntakeLimits | None = None,
    ) -> None:
        self.folder = folder
        self._state = StateFile(folder)
        self._packaged = packaged
        self._limits = limits or IntakeLimits()
        self._bundles: dict[str, Bundle] = {}
        self._guard = threading.Lock()

    def models(self) -> list[ShelfModel]:
        """All models that can be used: the active one first, then the newest. Damaged ones are in :meth:`damaged`."""
        return self._sorted()[0]

    def damaged(self) -> list[str]:
        """What is wrong with models that cannot be used, a sentence each."""
        return self._sorted()[1]

    def model(self, model_id: str) -> ShelfModel:
        """One model.

        Raises:
            NotFoundError: there is none of this id.
            BundleError: it is damaged.
        """
        state = self._state.read()
        return self._described(self._key(model_id, state), state)

    def active(self) -> ShelfModel:
        """The model that answers. Raises BundleError where it is damaged or missing."""
        state = self._state.read()
        return self._described(state.active, state)

    def shadow(self) -> ShelfModel | None:
        """The model that is tried in the shadow, or None. Raises BundleError where it is damaged or missing."""
        state = self._state.read()
        return None if state.shadow is None else self._described(state.shadow, state)

    def previous(self) -> ShelfModel | None:
        """The model that was active before, or None. Raises BundleError where it is damaged or missing."""
        state = self._state.read()
        return None if state.previous is None else self._described(state.previous, state)

    def bundle(self, model_id: str) -> Bundle:
        """The model itself, verified. Raises NotFoundError and BundleError as :meth:`model` does."""
        return self._bundle(self._key(model_id, self._state.read()))

    def add(self, source: Path | BinaryIO, *, by: str | None = None) -> ShelfModel:
        """Take in a model: the ZIP of a bundle, open or by its path, or a bundle's folder. It is not active yet.

        Raises:
            BundleError: it holds no sound bundle; nothing has changed.
            ConflictError: this very model is on the shelf already.
            StorageError: it cannot be written; nothing has changed.
        """
        arriving = self.folder / f".arriving-{secrets.token_hex(6)}.tmp"
        try:
            with storage_errors(arriving):
                arriving.mkdir(mode=0o700, parents=True)
            bundle = (
                copy_in(source, arriving)
                if isinstance(source, Path) and source.is_dir()
                else take_in(source, arriving, self._limits)
            )
            with self._state.locked() as state:
                if bundle.id in state.models or self._packaged_id() == bundle.id:
                    raise ConflictError(f"the model {bundle.name} ({bundle.id}) is on the shelf already")
                target = self.folder / bundle.id
                with storage_errors(target):
                    shutil.rmtree(target, ignore_errors=True)  # what a killed process left behind
                    arriving.rename(target)
                entry = Entry(added_at=datetime.now(UTC).isoformat(timespec="seconds"), added_by=by)
                after = state.model_copy(update={"models": {**state.models, bundle.id: entry}})
                self._state.write(after)
        finally:
            shutil.rmtree(arriving, ignore_errors=True)
        return self._described(bundle.id, after)

    def remove(self, model_id: str) -> None:
        """Remove an uploaded model for good.

        Raises:
            NotFoundError: there is none of this id.
            ConflictError: it is the packaged one, or it is active or in the shadow.
        """
        with self._state.locked() as state:
            key = self._key(model_id, state)
            if key == PACKAGED:
                raise ConflictError("the model that comes with Shelfwise cannot be removed")
            for role, holder in (("active", state.active), ("in the shadow", state.shadow)):
                if holder == key:
                    raise ConflictError(f"the model {key} is {role}: choose another one for that first")
            previous = None if state.previous == key else state.previous
            left = {each: entry for each, entry in state.models.items() if each != key}
            self._state.write(state.model_copy(update={"models": left, "previous": previous}))
        with self._guard:
            self._bundles.pop(key, None)
        shutil.rmtree(self.folder / key, ignore_errors=True)

    def activate(self, model_id: str) -> ShelfModel:
        """Note down which model answers from now on; what it was is the previous one.

        Raises:
            NotFoundError: there is none of this id.
            BundleError: it is damaged; nothing has changed.
        """
        with self._state.locked() as state:
            key = self._key(model_id, state)
            self._bundle(key)
            if key != state.active:
                shadow = None if state.shadow == key else state.shadow
                state = state.model_copy(update={"active": key, "previous": state.active, "shadow": shadow})
                self._state.write(state)
        return self._described(key, state)

    def roll_back(self) -> ShelfModel:
        """Note down the previous model as the active one again; once more goes forth again.

        Raises:
            ConflictError: there was no other model before.
            BundleError: it is damaged; nothing has changed.
        """
        before = self.previous()
        if before is None:
            raise ConflictError("there was no other model before this one, so there is nothing to go back to")
        return self.activate(before.id)

    def set_shadow(self, model_id: str | None) -> ShelfModel | None:
        """Note down which model is tried in the shadow; None for none.

        Raises:
            NotFoundError: there is none of this id.
            ConflictError: it is the active one.
            BundleError: it is damaged; nothing has changed.
        """
        with self._state.locked() as state:
            key = None if model_id is None else self._key(model_id, state)
            if key is not None:
                self._bundle(key)
            if key is not None and key == state.active:
                raise ConflictError("this model answers already: another one can be tried in the shadow")
            if key != state.shadow:
                state = state.model_copy(update={"shadow": key})
                self._state.write(state)
        return None if key is None else self._described(key, state)

    def _sorted(self) -> tuple[list[ShelfModel], list[str]]:
        state = self._state.read()
        found: list[ShelfModel] = []
        damaged: list[str] = []
        for key in (PACKAGED, *state.models):
            try:
                found.append(self._described(key, state))
            except BundleError as error:
                damaged.append(str(error))
        first = datetime.min.replace(tzinfo=UTC)
        found.sort(key=lambda model: (model.active, model.added_at or first), reverse=True)
        return found, damaged

    def _described(self, key: str, state: State) -> ShelfModel:
        bundle, entry = self._bundle(key), state.models.get(key)
        report = self.folder / key / REPORT
        categories, varieties = bundle.counts
        return ShelfModel(
            id=bundle.id,
            name=bundle.name,
            active=state.active == key,
            previous=state.previous == key,
            shadow=state.shadow == key,
            packaged=key == PACKAGED,
            added_at=datetime.fromisoformat(entry.added_at) if entry else None,
            added_by=entry.added_by if entry else None,
            categories=categories,
            varieties=varieties,
            knows=bundle.knows,
            bytes=sum(each.stat().st_size for each in bundle.path.iterdir() if each.is_file()),
            path=bundle.path,
            card_path=bundle.card_path,
            report_path=report if entry and report.is_file() else None,
            metrics=figures_of(bundle.metrics),
        )

    def _bundle(self, key: str) -> Bundle:
        """A model by its key; verified the first time."""
        with self._guard:
            known = self._bundles.get(key)
        if known is not None and known.path.is_dir():
            return known
        bundle = read_bundle(self._packaged() if key == PACKAGED else self.folder / key / "bundle")
        if key not in (PACKAGED, bundle.id):
            raise BundleError(
                f"{bundle.path}: holds another model, {bundle.id}. Upload the model {key} again"
            )
        with self._guard:
            self._bundles[key] = bundle
        return bundle

    def _packaged_id(self) -> str | None:
        try:
            return self._bundle(PACKAGED).id
        except BundleError:
            return None

    def _key(self, model_id: str, state: State) -> str:
        if model_id in state.models:
            return model_id
        if model_id in (PACKAGED, self._packaged_id()):
            return PACKAGED
        raise NotFoundError(f"there is no model {printable(model_id)[:40]!r} on the shelf")
