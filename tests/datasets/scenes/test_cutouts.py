import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("cv2")

from shelfwise.datasets.dataset import Dataset, Sample
from shelfwise.datasets.scenes.cutouts import CutOut, CutOuts, cut_boxes, cut_pictures, is_cut_outs
from shelfwise.errors import DataError


def singles(cuts: CutOuts) -> list[tuple[int, CutOut]]:
    return [(index, cut) for index, cut in enumerate(cuts) if not cut.boxes]


def test_whole_products_are_cut_out_and_tiny_or_cut_ones_are_not(cuts: CutOuts) -> None:
    assert {cut.photo for _, cut in singles(cuts)} == {"a.png", "b.png"}
    assert all(cut.category == "tea" and not cut.truncated and not cut.loose for _, cut in singles(cuts))


def test_pixels_come_back_in_the_size_of_the_box(cuts: CutOuts) -> None:
    for index, cut in singles(cuts):
        rgba = cuts.rgba(index)
        assert rgba.shape == (cut.height, cut.width, 4)
        assert rgba[cut.height // 2, cut.width // 2, 3] == 255


def test_photos_that_boxes_cover_are_tiles_with_boxes(cuts: CutOuts) -> None:
    tiles = {cut.photo: (index, cut) for index, cut in enumerate(cuts) if cut.boxes}
    assert "c.png" in tiles
    index, tile = tiles["c.png"]
    assert cuts.rgba(index).shape[:2] == (tile.height, tile.width)
    (left, top, right, bottom) = tile.boxes[0]
    assert 0 <= left < right <= tile.width and 0 <= top < bottom <= tile.height
    assert (right - left) * (bottom - top) >= 0.78 * tile.width * tile.height


def test_only_the_photos_asked_for_are_cut(boxed: Dataset, tmp_path: Path) -> None:
    done: list[tuple[int, int]] = []
    some = cut_boxes(boxed, tmp_path / "some", photos=["b.png"], progress=lambda *at: done.append(at))
    assert {cut.photo for cut in some} == {"b.png"}
    assert done == [(1, 1)]


def test_a_set_without_boxes_is_refused(boxed: Dataset, tmp_path: Path) -> None:
    bare = Dataset(boxed.root, "folders", ("tea",), (Sample("a.png", 0),))
    with pytest.raises(DataError, match="no boxes"):
        cut_boxes(bare, tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_parts_share_no_photo_and_are_all_together(tmp_path: Path) -> None:
    entries = [
        {"photo": f"{n}.jpg", "category": "", "width": 1, "height": 1, "outlined": False, "truncated": False}
        for n in range(300)
    ]
    (tmp_path / "cutouts.json").write_text(json.dumps(entries))
    np.save(tmp_path / "pictures.npy", np.zeros(1, np.uint8))
    train, held_out, both = (
        {cut.photo for cut in CutOuts(tmp_path, part)} for part in ("train", "held-out", "all")
    )
    assert train | held_out == both
    assert not train & held_out
    assert 10 < len(held_out) < 60


def test_pictures_before_white_are_cut_out(icons: Path, tmp_path: Path) -> None:
    cuts = cut_pictures(icons, tmp_path / "icons")
    assert [cut.photo for cut in cuts] == ["Fruit/apple.png", "Packages/carton.png"]
    assert [cut.loose for cut in cuts] == [True, False]
    apple = cuts.rgba(0)
    assert apple[0, 0, 3] == 0
    assert tuple(apple[40, 40]) == (200, 30, 30, 255)


def test_pictures_that_are_not_wanted_are_left(icons: Path, tmp_path: Path) -> None:
    cuts = cut_pictures(icons, tmp_path / "icons", keep=lambda name: name.startswith("Fruit"))
    assert len(cuts) == 1
    with pytest.raises(DataError, match="nothing could be cut out"):
        cut_pictures(icons, tmp_path / "none", keep=lambda name: name == "dark.png")


def test_what_is_no_folder_of_cut_outs_is_refused(tmp_path: Path, cuts: CutOuts) -> None:
    assert is_cut_outs(cuts.folder)
    assert not is_cut_outs(tmp_path)
    with pytest.raises(DataError, match="no cut-outs there"):
        CutOuts(tmp_path)


def test_a_damaged_picture_is_told(tmp_path: Path, cuts: CutOuts) -> None:
    (tmp_path / "cutouts.json").write_bytes((cuts.folder / "cutouts.json").read_bytes())
    np.save(tmp_path / "pictures.npy", np.zeros(10, np.uint8))
    with pytest.raises(DataError, match="damaged"):
        CutOuts(tmp_path).rgba(0)
