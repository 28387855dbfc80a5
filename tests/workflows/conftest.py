import io
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from shelfwise.accounts.records import Actor
from shelfwise.errors import ImageError
from shelfwise.inventory.records import NewProduct
from shelfwise.workflows.scanning import ScanAnswer, answer_photos
from shelfwise.workflows.shop import Shop, ShopSettings, open_shop

if TYPE_CHECKING:
    from tests.workflows.training_process import TrainingProcess


def paint(folder: Path, *, per_class: int = 10, size: int = 40, seed: int = 0) -> Path:
    """Photos of three categories that differ in colour, with noise."""
    random = np.random.default_rng(seed)
    for channel, name in enumerate(("apples", "pears", "plums")):
        (folder / name).mkdir(parents=True)
        for number in range(per_class):
            pixels = random.integers(0, 100, (size, size, 3), dtype=np.uint8)
            pixels[..., channel] += random.integers(100, 150, dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number:02}.png")
    return folder


@pytest.fixture(scope="session")
def finished() -> "type[Trained]":
    """The class of runs that a module trains once."""
    return Trained


@pytest.fixture(scope="session")
def painter() -> Callable[..., Path]:
    """Paints such a folder."""
    return paint


@pytest.fixture(autouse=True)
def _quick_training(quick_training: None) -> None:
    """Most trainings here are only there for what is done with them."""


@dataclass(frozen=True)
class Trained:
    """Runs on painted photos that are finished."""

    photos: Path
    runs: tuple[Path, ...]

    def copied(self, folder: Path) -> "Trained":
        """The same in ``folder``, to be changed."""
        shutil.copytree(self.photos.parent, folder, dirs_exist_ok=True)
        copy = Trained(folder / self.photos.name, tuple(folder / run.name for run in self.runs))
        for run in copy.runs:
            config = run / "config.toml"
            config.write_text(config.read_text().replace(str(self.photos.parent), str(folder)))
        return copy


@pytest.fixture
def power_failure(monkeypatch: pytest.MonkeyPatch) -> Callable[[], AbstractContextManager[None]]:
    """A block in which a training must break off at the end of its second epoch, before that is kept."""
    pytest.importorskip("torch", reason="training needs torch")
    from shelfwise.training import loop

    finish = loop.Trainer.finish_epoch

    def fail(trainer, epoch, *figures):
        if epoch == 2:
            raise RuntimeError("the power failed")
        finish(trainer, epoch, *figures)

    @contextmanager
    def block():
        with monkeypatch.context() as patch:
            patch.setattr(loop.Trainer, "finish_epoch", fail)
            with pytest.raises(RuntimeError, match="power"):
                yield

    return block


@pytest.fixture(scope="session")
def training_process(request: pytest.FixtureRequest) -> "type[TrainingProcess]":
    """The class of processes that run ``shelfwise train``."""
    from tests.workflows import training_process

    training_process.start_the_process_to_fork_from(request.config.rootpath)
    return training_process.TrainingProcess


@pytest.fixture
def painted(tmp_path: Path) -> Path:
    """A folder of thirty pictures in three categories."""
    return paint(tmp_path / "photos")


class Shopper:
    """A shop with a toy model that sees a photo's mean colour, and photos for it."""

    def __init__(self, shop: Shop, write_bundle: Callable[..., Any], folder: Path) -> None:
        self.shop = shop
        self._write_bundle = write_bundle
        self._folder = folder

    @staticmethod
    def photo(red: int, green: int, blue: int, size: int = 20) -> bytes:
        """A photo of one colour."""
        written = io.BytesIO()
        Image.new("RGB", (size, size), (red, green, blue)).save(written, "PNG")
        return written.getvalue()

    def product(self, name: str, category: str | None = None) -> int:
        """The number of a new product."""
        return self.shop.catalogue.add_product(NewProduct(name, category=category)).id

    def bundle(self, name: str, **changes: Any) -> Path:
        """Another model, on disk."""
        return self._write_bundle(self._folder / "bundles" / name / "bundle", name=name, **changes).path

    def scan(self, *photos: bytes, store: int | None = None) -> list[ScanAnswer | ImageError]:
        """What is said of photos, given by ann."""
        return answer_photos(self.shop, photos, ANN, store)


ANN = Actor("ann", 1, admin=True)


@pytest.fixture
def shopper(toy: ModuleType, tmp_path: Path, sqlite_template: Path) -> Iterator[Shopper]:
    """An open shop with a toy model."""
    (tmp_path / "home").mkdir()
    shutil.copy(sqlite_template, tmp_path / "home" / "stock.db")
    model = toy.write_toy_bundle(tmp_path / "package" / "bundle").path
    with open_shop(ShopSettings(tmp_path / "home", workers=2, model=model)) as shop:
        yield Shopper(shop, toy.write_toy_bundle, tmp_path)
