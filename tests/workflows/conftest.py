from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


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
def painter() -> Callable[..., Path]:
    """Paints such a folder."""
    return paint


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


@pytest.fixture
def painted(tmp_path: Path) -> Path:
    """A folder of thirty pictures in three categories."""
    return paint(tmp_path / "photos")
