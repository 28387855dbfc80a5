"""What the box layouts share: COCO, YOLO and Pascal VOC."""

import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shelfwise.datasets.dataset import Box, PhotoNote
from shelfwise.datasets.layouts import read_dataset
from shelfwise.datasets.layouts.boxes import fitted_box
from shelfwise.errors import ImageError, LayoutError
from shelfwise.images.preprocess import Preprocessing

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
SIZE = (40, 30)
Shelf = dict[str, list[tuple[str, Box]]]
LAYOUTS = ("coco", "voc", "yolo")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_one_sample_a_box(shelves: Any, tmp_path: Path, layout: str) -> None:
    shelves.WRITERS[layout](tmp_path, shelves.SHELF)
    dataset = read_dataset(tmp_path)
    assert dataset.layout == layout
    assert dataset.categories == ("oil", "tea")
    assert shelves.shelf_of(dataset) == shelves.SHELF
    assert all(dataset.path(index).is_file() for index in range(len(dataset)))


PLACES = {"coco": "images", "voc": "JPEGImages", "yolo": "train/images"}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_photo_without_boxes_is_noted(shelves: Any, tmp_path: Path, layout: str) -> None:
    shelves.WRITERS[layout](tmp_path, {**shelves.SHELF, "0-bare.jpg": []})
    dataset = read_dataset(tmp_path)
    assert shelves.shelf_of(dataset) == shelves.SHELF
    part = "train" if layout == "yolo" else None
    assert dataset.notes == (PhotoNote(f"{PLACES[layout]}/0-bare.jpg", part),)


BOXES = st.builds(
    lambda x, y, w, h: Box(float(x), float(y), float(w), float(h)),
    *[st.integers(0, 15)] * 2,
    *[st.integers(1, 15)] * 2,
)
NAMES = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=6)
SHELVES = st.dictionaries(
    st.integers(0, 99).map("{}.jpg".format),
    st.lists(st.tuples(NAMES, BOXES), min_size=1, max_size=4, unique_by=lambda item: item[1]),
    min_size=1,
    max_size=3,
)


@pytest.mark.parametrize("layout", LAYOUTS)
@settings(CALM, max_examples=25)
@given(shelf=SHELVES)
def test_written_boxes_are_read_back(shelves: Any, layout: str, shelf: Shelf) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shelves.WRITERS[layout](Path(folder), shelf)
        assert shelves.shelf_of(read_dataset(Path(folder), layout)) == shelf


@CALM
@given(st.tuples(*[st.floats(-10, 60, allow_nan=False)] * 4))
def test_a_fitted_box_lies_in_the_picture(corners: tuple[float, float, float, float]) -> None:
    try:
        box = fitted_box(*corners, SIZE, "here")
    except LayoutError:
        return
    assert box.x >= 0 and box.y >= 0 and box.width >= 1 and box.height >= 1
    assert box.x + box.width <= SIZE[0] + 1e-6 and box.y + box.height <= SIZE[1] + 1e-6


def test_a_box_that_hangs_over_a_little_is_clipped() -> None:
    assert fitted_box(-1, -0.5, 41.5, 31, SIZE, "here") == Box(0, 0, 40, 30)


@pytest.mark.parametrize("over", [1, 25])
def test_the_check_is_given_boxes_as_they_are_drawn(over: int) -> None:
    drawn = fitted_box(-1, 5, 40 + over, 25, SIZE, "here", strict=False)
    assert drawn == Box(-1, 5, 41 + over, 20)


def test_a_box_of_a_picture_of_unknown_size_is_taken_as_it_is() -> None:
    assert fitted_box(-1, 2.001, 9000, 31, None, "here") == Box(-1, 2, 9001, 29)
    with pytest.raises(LayoutError, match="less than a pixel"):
        fitted_box(5, 5, 5, 10, None, "here")


@pytest.mark.parametrize(
    ("corners", "message"),
    [
        ((0, 0, 60, 10), "outside the picture of 40×30 pixels"),
        ((-9, 0, 10, 10), "outside"),
        ((5, 5, 5, 10), "less than a pixel"),
        ((9, 5, 5, 10), "less than a pixel"),
        ((float("nan"), 0, 5, 5), "finite"),
    ],
)
def test_a_wrong_box_is_refused(corners: tuple[float, float, float, float], message: str) -> None:
    with pytest.raises(LayoutError, match=f"here: the box .*{message}"):
        fitted_box(*corners, SIZE, "here")


@pytest.mark.parametrize("content", [b"", b"x", None])
@pytest.mark.parametrize("layout", ["coco", "yolo", "voc"])
def test_boxes_of_a_picture_that_cannot_be_read_are_kept(
    shelves: Any, tmp_path: Path, layout: str, content: bytes | None
) -> None:
    write = {
        "coco": partial(shelves.write_coco, sized=False),
        "yolo": shelves.write_yolo,
        "voc": shelves.write_unsized_voc,
    }[layout]
    write(tmp_path, shelves.SHELF)
    (photo,) = tmp_path.rglob("a.jpg")
    if content is None:
        content = photo.read_bytes()[:20]
    photo.write_bytes(content)
    dataset = read_dataset(tmp_path)
    assert dataset.counts() == (1, 2)
    assert shelves.shelf_of(dataset)["b.jpg"] == shelves.SHELF["b.jpg"]
    preprocessing = Preprocessing(8, mean=(0, 0, 0), std=(1, 1, 1))
    for index in (0, 1):
        with pytest.raises(ImageError, match=r"a\.jpg"):
            preprocessing.load(dataset.path(index), box=dataset.samples[index].box)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_one_box_with_two_labels_is_refused(shelves: Any, tmp_path: Path, layout: str) -> None:
    box = Box(0, 0, 8, 5)
    shelves.WRITERS[layout](tmp_path, {"b.jpg": [("tea", box), ("tea", box), ("oil", box)]})
    with pytest.raises(LayoutError, match=r"is 'oil'.*, but .* it is 'tea'"):
        read_dataset(tmp_path)
