"""The models that a shop has: the one that comes with Shelfwise and those that were uploaded; which is active."""

from __future__ import annotations

import secrets
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final, Literal

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shelfwise.bundle import Bundle, default_bundle, read_bundle
from shelfwise.errors import BundleError, ConflictError, ModelError, NotFoundError, StorageError
from shelfwise.files import atomic_write_text, storage_errors
from shelfwise.text import printable
from shelfwise.workflows.model_intake import REPORT, IntakeLimits, take_in
from shelfwise.workflows.onnx_check import refuse_outside_weights

__all__ = ["PACKAGED", "Figure", "ModelShelf", "ShelfModel"]

PACKAGED: Final = "packaged"
"""Stands for the model that comes with Shelfwise, whose id is another one after an update."""

_STATE: Final = "shelf.json"
_WAIT: Final = 30.0
_MAX_STATE: Final = 4 << 20
_FIGURES: Final[Mapping[str, str]] = {
    "accuracy": "Right first answers",
    "top3_accuracy": "Right within the first three",
    "category_accuracy": "Right category",
    "exact_accuracy": "Right variety",
    "accepted_coverage": "Answered without asking",
    "accepted_precision": "Right among those",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A measurement of a model, in words for people: ``Right first answers``, ``93.3 %``."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class ShelfModel:
    """A model on the shelf.

    Attributes:
        id: the bundle's.
        name: the network's name.
        active: whether it answers photos now.
        previous: whether it is what :meth:`ModelShelf.roll_back` goes back to.
        shadow: whether it is tried on the same photos without anybody seeing its answers.
        packaged: whether it comes with Shelfwise, and cannot be removed.
        added_at, added_by: when and by whom it was uploaded; None for the packaged one.
        categories: how many categories it knows, such as ``Fruit/Apple``.
        varieties: how many varieties of them it tells apart, such as ``Fruit/Apple/Granny-Smith``.
        knows: both in words.
        bytes: size on the disk.
        path: the bundle's folder.
        card_path: the model card, Markdown.
        report_path: the training's report, HTML, where it came along. It was written by others: show it sandboxed.
        metrics: what was measured on photos that the training never saw.
    """

    id: str
    name: str
    active: bool
    previous: bool
    shadow: bool
    packaged: bool
    added_at: datetime | None
    added_by: str | None
    categories: int
    varieties: int
    knows: str
    bytes: int
    path: Path
    card_path: Path
    report_path: Path | None
    metrics: tuple[Figure, ...]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


_Id = Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
_Key = Annotated[str, Field(pattern=rf"^([0-9a-f]{{12}}|{PACKAGED})$")]


class _Entry(_Strict):
    added_at: str
    added_by: str | None = None


class _State(_Strict):
    """What the file says. Models are named by id, the packaged one by :data:`PACKAGED`."""

    format: Literal["shelfwise-models"] = "shelfwise-models"
    version: Literal[1] = 1
    active: _Key = PACKAGED
    previous: _Key | None = None
    shadow: _Key | None = None
    models: dict[_Id, _Entry] = {}


class ModelShelf:
    """Keeps uploaded models and which of all is active, previous and in the shadow.

    All of that is in one file that is replaced as a whole, under a lock that holds between processes too. Setting
    the active model here changes that file alone; :mod:`shelfwise.workflows.shop_models` puts it to work.

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
        state = self._read()
        return self._described(self._key(model_id, state), state)

    def active(self) -> ShelfModel:
        """The model that answers. Raises BundleError where it is damaged or missing."""
        state = self._read()
        return self._described(state.active, state)

    def shadow(self) -> ShelfModel | None:
        """The model that is tried in the shadow, or None. Raises BundleError where it is damaged or missing."""
        state = self._read()
        return None if state.shadow is None else self._described(state.shadow, state)

    def previous(self) -> ShelfModel | None:
        """The model that was active before, or None. Raises BundleError where it is damaged or missing."""
        state = self._read()
        return None if state.previous is None else self._described(state.previous, state)

    def bundle(self, model_id: str) -> Bundle:
        """The model itself, verified. Raises NotFoundError and BundleError as :meth:`model` does."""
        return self._bundle(self._key(model_id, self._read()))

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
                _copied(source, arriving)
                if isinstance(source, Path) and source.is_dir()
                else take_in(source, arriving, self._limits)
            )
            with self._locked() as state:
                if bundle.id in state.models or self._packaged_id() == bundle.id:
                    raise ConflictError(f"the model {bundle.name} ({bundle.id}) is on the shelf already")
                target = self.folder / bundle.id
                with storage_errors(target):
                    shutil.rmtree(target, ignore_errors=True)  # what a killed process left behind
                    arriving.rename(target)
                entry = _Entry(added_at=datetime.now(UTC).isoformat(timespec="seconds"), added_by=by)
                after = state.model_copy(update={"models": {**state.models, bundle.id: entry}})
                self._write(after)
        finally:
            shutil.rmtree(arriving, ignore_errors=True)
        return self._described(bundle.id, after)

    def remove(self, model_id: str) -> None:
        """Remove an uploaded model for good.

        Raises:
            NotFoundError: there is none of this id.
            ConflictError: it is the packaged one, or it is active or in the shadow.
        """
        with self._locked() as state:
            key = self._key(model_id, state)
            if key == PACKAGED:
                raise ConflictError("the model that comes with Shelfwise cannot be removed")
            for role, holder in (("active", state.active), ("in the shadow", state.shadow)):
                if holder == key:
                    raise ConflictError(f"the model {key} is {role}: choose another one for that first")
            previous = None if state.previous == key else state.previous
            left = {each: entry for each, entry in state.models.items() if each != key}
            self._write(state.model_copy(update={"models": left, "previous": previous}))
        with self._guard:
            self._bundles.pop(key, None)
        shutil.rmtree(self.folder / key, ignore_errors=True)

    def activate(self, model_id: str) -> ShelfModel:
        """Note down which model answers from now on; what it was is the previous one.

        Raises:
            NotFoundError: there is none of this id.
            BundleError: it is damaged; nothing has changed.
        """
        with self._locked() as state:
            key = self._key(model_id, state)
            self._bundle(key)
            if key != state.active:
                shadow = None if state.shadow == key else state.shadow
                state = state.model_copy(update={"active": key, "previous": state.active, "shadow": shadow})
                self._write(state)
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
        with self._locked() as state:
            key = None if model_id is None else self._key(model_id, state)
            if key is not None:
                self._bundle(key)
            if key is not None and key == state.active:
                raise ConflictError("this model answers already: another one can be tried in the shadow")
            if key != state.shadow:
                state = state.model_copy(update={"shadow": key})
                self._write(state)
        return None if key is None else self._described(key, state)

    def _sorted(self) -> tuple[list[ShelfModel], list[str]]:
        state = self._read()
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

    def _described(self, key: str, state: _State) -> ShelfModel:
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
            metrics=_figures(bundle.metrics),
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

    def _key(self, model_id: str, state: _State) -> str:
        if model_id in state.models:
            return model_id
        if model_id in (PACKAGED, self._packaged_id()):
            return PACKAGED
        raise NotFoundError(f"there is no model {printable(model_id)[:40]!r} on the shelf")

    def _read(self) -> _State:
        path = self.folder / _STATE
        try:
            with path.open("rb") as file:
                data = file.read(_MAX_STATE)
            return _State.model_validate_json(data)
        except FileNotFoundError:
            return _State()
        except OSError as error:
            raise ModelError(f"{path}: cannot be read ({error.strerror or error})") from error
        except ValidationError as error:
            raise ModelError(
                f"{path}: damaged or of another version ({error.errors()[0]['msg']}). Restore it from a backup, or"
                " remove it to begin with the model that comes with Shelfwise"
            ) from error

    def _write(self, state: _State) -> None:
        atomic_write_text(self.folder / _STATE, state.model_dump_json(indent=2) + "\n")

    @contextmanager
    def _locked(self) -> Iterator[_State]:
        """The state, which nobody else changes meanwhile."""
        with storage_errors(self.folder):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = FileLock(self.folder / ".lock", timeout=_WAIT, thread_local=False)
            try:
                lock.acquire()
            except Timeout:
                raise StorageError(
                    f"{self.folder}: another shelfwise is changing the models. Try again"
                ) from None
        try:
            yield self._read()
        finally:
            lock.release()


def _copied(folder: Path, arriving: Path) -> Bundle:
    """A copy of a bundle's folder, files that are no part of a bundle left out; verified before and after."""
    source = read_bundle(folder)
    refuse_outside_weights(source.model_onnx(), source.model_path.name)
    with storage_errors(arriving):
        (arriving / "bundle").mkdir()
        for path in (folder / "bundle.json", source.card_path, source.model_path):
            shutil.copyfile(path, arriving / "bundle" / path.name)
        for name in ("reference.npz", "metric.npz"):
            if (folder / name).is_file():
                shutil.copyfile(folder / name, arriving / "bundle" / name)
    page = folder.parent / "report" / "index.html"
    if folder.name == "bundle" and page.is_file():
        with storage_errors(arriving / REPORT):
            shutil.copyfile(page, arriving / REPORT)
    return read_bundle(arriving / "bundle")


def _figures(metrics: Mapping[str, Any]) -> tuple[Figure, ...]:
    """The measurements that people ask for, of the test photos, else of those that the training was watched with."""
    for part in ("test", "val"):
        values = metrics.get(part)
        if isinstance(values, Mapping):
            return tuple(
                Figure(words, f"{100 * values[key]:.1f} %")
                for key, words in _FIGURES.items()
                if isinstance(values.get(key), float | int)
            )
    return ()
