"""The file that says which models a shop has, and which of them is active, previous and in the shadow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final, Literal

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shelfwise.errors import ModelError, StorageError
from shelfwise.files import atomic_write_text, storage_errors

__all__ = ["PACKAGED", "Entry", "State", "StateFile"]

PACKAGED: Final = "packaged"
"""Stands for the model that comes with Shelfwise, whose id is another one after an update."""

_STATE: Final = "shelf.json"
_WAIT: Final = 30.0
_MAX_STATE: Final = 4 << 20


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


_Id = Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
_Key = Annotated[str, Field(pattern=rf"^([0-9a-f]{{12}}|{PACKAGED})$")]


class Entry(_Strict):
    """When, as ISO 8601, and by whom a model was uploaded."""

    added_at: str
    added_by: str | None = None


class State(_Strict):
    """What the file says. Models are named by id, the packaged one by :data:`PACKAGED`."""

    format: Literal["shelfwise-models"] = "shelfwise-models"
    version: Literal[1] = 1
    active: _Key = PACKAGED
    previous: _Key | None = None
    shadow: _Key | None = None
    models: dict[_Id, Entry] = {}


class StateFile:
    """The file in a folder of models; replaced as a whole, under a lock that holds between processes too.

    Args:
        folder: made when something is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self) -> State:
        """What it says; where there is none, that the packaged model is active and alone.

        Raises:
            ModelError: it cannot be read, is damaged or of another version.
        """
        path = self.folder / _STATE
        try:
            with path.open("rb") as file:
                data = file.read(_MAX_STATE)
            return State.model_validate_json(data)
        except FileNotFoundError:
            return State()
        except OSError as error:
            raise ModelError(f"{path}: cannot be read ({error.strerror or error})") from error
        except ValidationError as error:
            raise ModelError(
                f"{path}: damaged or of another version ({error.errors()[0]['msg']}). Restore it from a backup, or"
                " remove it to begin with the model that comes with Shelfwise"
            ) from error

    def write(self, state: State) -> None:
        """Replace it, within :meth:`locked`. Raises StorageError where it cannot be written."""
        atomic_write_text(self.folder / _STATE, state.model_dump_json(indent=2) + "\n")

    @contextmanager
    def locked(self) -> Iterator[State]:
        """What it says, which nobody else changes meanwhile.

        Raises:
            ModelError: as :meth:`read`.
            StorageError: the folder cannot be made, or somebody else holds the lock for too long.
        """
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
            yield self.read()
        finally:
            lock.release()
