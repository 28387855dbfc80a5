"""Fixtures: painted photos that differ from each other, and folders of them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shelfwise.datasets.checks import CheckReport, Finding, check_dataset
from shelfwise.datasets.dataset import Dataset
from shelfwise.datasets.layouts import read_dataset

Paint = Callable[..., Image.Image]


@pytest.fixture(scope="session")
def paint() -> Paint:
    """A sharp picture of coloured fields and grain, another one for each seed."""

    def painted(seed: int, size: tuple[int, int] = (160, 120)) -> Image.Image:
        rng = np.random.default_rng(seed)
        fields = Image.fromarray(rng.integers(30, 220, (6, 8, 3), dtype=np.uint8))
        pixels = np.asarray(fields.resize(size, Image.Resampling.NEAREST), dtype=np.int16)
        grain = rng.integers(-25, 26, (*pixels.shape[:2], 1), dtype=np.int16)
        return Image.fromarray(np.clip(pixels + grain, 0, 255).astype(np.uint8))

    return painted


@pytest.fixture
def shop(tmp_path: Path, paint: Paint) -> Path:
    """A folder of two categories with twelve good photos each; nothing to find in it."""
    for category, first in (("Rice", 100), ("Tea", 200)):
        (tmp_path / "shop" / category).mkdir(parents=True)
        for number in range(12):
            paint(first + number).save(tmp_path / "shop" / category / f"{number:02}.png")
    return tmp_path / "shop"


@pytest.fixture
def checked() -> Callable[[Path], CheckReport]:
    """Read a folder and check it."""
    return lambda root: check_dataset(read_dataset(root))


@pytest.fixture
def of_kind() -> Callable[[CheckReport, str], list[Finding]]:
    """The findings of one kind."""
    return lambda report, kind: [finding for finding in report.findings if finding.kind == kind]


@pytest.fixture
def with_parts() -> Callable[[Dataset, Mapping[str, Sequence[int]]], Dataset]:
    """A dataset with other official parts."""
    from dataclasses import replace

    return lambda dataset, parts: replace(
        dataset, official={name: tuple(members) for name, members in parts.items()}
    )
