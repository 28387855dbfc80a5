"""The shop: all rooms of the server together, opened and closed as one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from shelfwise.files import storage_errors

if TYPE_CHECKING:
    from shelfwise.accounts.audit import AuditLog
    from shelfwise.accounts.invitations import Invitations
    from shelfwise.accounts.replies import Replies
    from shelfwise.accounts.sessions import Sessions
    from shelfwise.accounts.tokens import Tokens
    from shelfwise.accounts.users import Users
    from shelfwise.answers.book import AnswerBook
    from shelfwise.answers.planogram_book import PlanogramBook
    from shelfwise.answers.shadow import ShadowBook
    from shelfwise.answers.shelf_book import ShelfBook
    from shelfwise.database import Database
    from shelfwise.images.photo_store import PhotoStore
    from shelfwise.inventory.catalogue import Catalogue
    from shelfwise.inventory.history import History
    from shelfwise.inventory.ledger import Ledger
    from shelfwise.inventory.levels import Levels
    from shelfwise.inventory.planning import Planning
    from shelfwise.settings import Settings
    from shelfwise.workflows.answer_pool import AnswerPool
    from shelfwise.workflows.model_shelf import ModelShelf
    from shelfwise.workflows.shop_models import ShopModels
    from shelfwise.workflows.shop_products import ShopProducts
    from shelfwise.workflows.shop_shelf import ShopShelves

__all__ = ["Shop", "ShopSettings", "one_server", "open_shop"]

_DATABASE: Final = "stock.db"
_PHOTOS: Final = "photos"
_MODELS: Final = "models"
_PRODUCTS: Final = "products"
_PRIVATE: Final = 0o700


@dataclass(frozen=True, slots=True)
class ShopSettings:
    """What a shop is opened with.

    Attributes:
        home: the shop's folder; made if it is not there.
        database: address of the database; None for the file ``stock.db`` in ``home``.
        workers: how many threads answer photos; None for one a core.
        batch: how many photos go through the network together at most.
        waiting: how many photos may wait for an answer before more are refused.
        shadow_waiting: how many photos may wait for the shadow model; more are left out.
        shelves_waiting: how many shelf photos may wait before more are refused.
        model: the bundle that is there from the beginning; None for the one that comes with Shelfwise.
        detector: the bundle that finds products on shelf photos; None for the one that comes with Shelfwise.
    """

    home: Path
    database: str | None = None
    workers: int | None = None
    batch: int = 8
    waiting: int = 64
    shadow_waiting: int = 256
    shelves_waiting: int = 8
    model: Path | None = None
    detector: Path | None = None

    @classmethod
    def of(cls, settings: Settings) -> ShopSettings:
        """What the environment says. Raises ConfigError where there is no home folder and none is named."""
        return cls(settings.home, settings.database)


@dataclass(slots=True, eq=False)
class Shop:
    """An open shop. All of it may be used from many threads at once.

    Attributes:
        settings: what it was opened with.
        db: the database that all books below are kept in.
        answers, shadow: what models said of photos, and how the shadow model compares.
        photos: the photos, by the SHA-256 of what is stored.
        shelf: the models that are there, and which is active.
        models: the models at work: loading, switching, the shadow.
        products: which stock products the models know by sight.
        shelf_photos, planograms: photos of whole shelves with their boxes, and what should stand at places.
        shelves: looks for the products on shelf photos.
    """

    settings: ShopSettings
    db: Database
    catalogue: Catalogue
    ledger: Ledger
    history: History
    levels: Levels
    planning: Planning
    users: Users
    sessions: Sessions
    tokens: Tokens
    invitations: Invitations
    audit: AuditLog
    replies: Replies
    answers: AnswerBook
    shadow: ShadowBook
    photos: PhotoStore
    shelf: ModelShelf
    products: ShopProducts
    models: ShopModels
    shelf_photos: ShelfBook
    planograms: PlanogramBook
    shelves: ShopShelves
    _closed: bool = field(default=False, init=False)

    @property
    def pool(self) -> AnswerPool:
        """What answers photos with the active model; it waits for the model where that is loading still."""
        return self.models.pool

    def close(self) -> None:
        """Answer what was taken on, end the background work, and close the database. Once more does nothing."""
        if self._closed:
            return
        self._closed = True
        try:
            self.shelves.close()
            self.models.close()
        finally:
            self.db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


@contextlib.contextmanager
def one_server(settings: ShopSettings) -> Iterator[None]:
    """Keep a second server from the shop's book if that is a SQLite file; the shop's folder is made if need be.

    Raises:
        ConflictError: a server is running on the book.
        StorageError: the folder cannot be made or written to.
    """
    from shelfwise.workflows.book_lock import keep_others_out

    home = _private_home(settings.home)
    with keep_others_out(
        settings.database or home / _DATABASE,
        "end it first, or give this one a folder of its own with --home",
    ):
        yield


def open_shop(settings: ShopSettings) -> Shop:
    """Open a shop, and make it on the first start: its folder, which only its owner may read, and the database.

    The active model is loaded in the background meanwhile; what needs it waits for it.

    Raises:
        StorageError: the folder cannot be made or written to.
        DatabaseError: the database cannot be reached or is damaged.
        ConfigError: the database's address is wrong.
    """
    from shelfwise.workflows.model_shelf import ModelShelf
    from shelfwise.workflows.shop_models import ShopModels

    home = _private_home(settings.home)
    model = settings.model
    shelf = (
        ModelShelf(home / _MODELS) if model is None else ModelShelf(home / _MODELS, packaged=lambda: model)
    )
    # The model takes longest, so it begins first.
    models = ShopModels(shelf, settings)
    try:
        return _opened(settings, home, shelf, models)
    except BaseException:
        models.close()
        raise


def _opened(settings: ShopSettings, home: Path, shelf: ModelShelf, models: ShopModels) -> Shop:
    from shelfwise.accounts.audit import AuditLog
    from shelfwise.accounts.invitations import Invitations
    from shelfwise.accounts.replies import Replies
    from shelfwise.accounts.sessions import Sessions
    from shelfwise.accounts.tokens import Tokens
    from shelfwise.accounts.users import Users
    from shelfwise.answers.book import AnswerBook
    from shelfwise.answers.planogram_book import PlanogramBook
    from shelfwise.answers.shadow import ShadowBook
    from shelfwise.answers.shelf_book import ShelfBook
    from shelfwise.database import open_database
    from shelfwise.images.photo_store import PhotoStore
    from shelfwise.images.reading import Limits
    from shelfwise.inventory.catalogue import Catalogue
    from shelfwise.inventory.history import History
    from shelfwise.inventory.ledger import Ledger
    from shelfwise.inventory.levels import Levels
    from shelfwise.inventory.planning import Planning
    from shelfwise.workflows.shop_products import ShopProducts
    from shelfwise.workflows.shop_shelf import ShopShelves, detector_of

    if settings.database is None:
        _private_file(home / _DATABASE)
    db = open_database(settings.database or home / _DATABASE, create=True)
    try:
        shop = Shop(
            settings=settings,
            db=db,
            catalogue=Catalogue(db),
            ledger=Ledger(db),
            history=History(db),
            levels=Levels(db),
            planning=Planning(db),
            users=Users(db),
            sessions=Sessions(db),
            tokens=Tokens(db),
            invitations=Invitations(db),
            audit=AuditLog(db),
            replies=Replies(db),
            answers=AnswerBook(db),
            shadow=ShadowBook(db),
            photos=PhotoStore(home / _PHOTOS, Limits()),
            shelf=shelf,
            products=ShopProducts(home / _PRODUCTS),
            models=models,
            shelf_photos=ShelfBook(db),
            planograms=PlanogramBook(db),
            shelves=ShopShelves(settings.shelves_waiting, lambda: detector_of(settings.detector)),
        )
        models.begin(shop)
        shop.shelves.begin(shop)
    except BaseException:
        db.close()
        raise
    return shop


def _private_home(home: Path) -> Path:
    """The shop's folder, absolute; what is made here nobody else may look into."""
    home = home.expanduser().absolute()
    with storage_errors(home):
        # A folder that is somebody's already keeps its permissions: it may be shared on purpose. Ours do not.
        if not home.is_dir() or not any(home.iterdir()):
            home.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
            _keep_private(home)
        for name in (_PHOTOS, _MODELS, _PRODUCTS):
            folder = home / name
            folder.mkdir(mode=_PRIVATE, exist_ok=True)
            _keep_private(folder)
    return home


def _keep_private(folder: Path) -> None:
    # On a file system without permissions, or of another owner, this cannot be had.
    with contextlib.suppress(PermissionError):
        folder.chmod(_PRIVATE)


def _private_file(path: Path) -> None:
    """Make the database's file, so that it and its neighbours, which take over its permissions, are the owner's."""
    with storage_errors(path), contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
