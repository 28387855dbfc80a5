"""Small sets of photos with boxes: coloured blocks on grey."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def paint_blocks(
    folder: Path, count: int, *, seed: int = 0, size: tuple[int, int] = (160, 128), bare: int = 0
) -> Path:
    """A COCO set: ``count`` photos with one to four blocks each, and ``bare`` ones without any."""
    random = np.random.default_rng(seed)
    images, annotations = [], []
    (folder / "images").mkdir(parents=True)
    for number in range(count + bare):
        pixels = random.integers(90, 130, (size[1], size[0], 3), dtype=np.uint8)
        for place in range(random.integers(1, 5) if number < count else 0):
            width, height = random.integers(24, 36, 2)
            left = place % 2 * 80 + int(random.integers(2, 40))
            top = place // 2 * 64 + int(random.integers(2, 24))
            pixels[top : top + height, left : left + width] = random.choice([20, 240], 3)
            bbox = [left, top, int(width), int(height)]
            annotations.append(
                {"id": len(annotations), "image_id": number, "category_id": 1 + place % 2, "bbox": bbox}
            )
        name = f"{number:03}.png"
        Image.fromarray(pixels).save(folder / "images" / name)
        images.append({"id": number, "file_name": name, "width": size[0], "height": size[1]})
    categories = [{"id": 1, "name": "tea"}, {"id": 2, "name": "oil"}]
    content = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "boxes.json").write_text(json.dumps(content))
    return folder


@pytest.fixture(scope="session")
def block_painter() -> Callable[..., Path]:
    """Paints such a set."""
    return paint_blocks


@pytest.fixture
def blocks(tmp_path: Path) -> Path:
    """Twelve photos with blocks and three bare ones."""
    return paint_blocks(tmp_path / "blocks", 12, bare=3)
