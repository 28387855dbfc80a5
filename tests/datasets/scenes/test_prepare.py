import os
import shutil
from pathlib import Path

import pytest

pytest.importorskip("cv2")

from shelfwise.datasets.dataset import Dataset
from shelfwise.datasets.scenes.cutouts import CutOuts
from shelfwise.datasets.scenes.prepare import prepare_cuts
from shelfwise.errors import DataError


def test_cut_outs_are_taken_as_they_are(cuts: CutOuts, tmp_path: Path) -> None:
    assert prepare_cuts(cuts.folder, tmp_path) == cuts.folder
    assert list(tmp_path.iterdir()) == []


def test_a_set_with_boxes_is_cut_out_once(boxed: Dataset, tmp_path: Path) -> None:
    source = boxed.root / "boxes.json"
    calls: list[tuple[int, int]] = []
    folder = prepare_cuts(source, tmp_path, progress=lambda *at: calls.append(at))
    assert folder.parent == tmp_path
    assert folder.name.startswith("boxes-")
    assert {cut.category for cut in CutOuts(folder) if not cut.boxes} == {"tea"}
    assert calls[-1] == (4, 4)
    assert prepare_cuts(source, tmp_path, progress=lambda *at: calls.append(at)) == folder
    assert len(calls) == 4


def test_pictures_of_single_products_are_cut_out(icons: Path, tmp_path: Path) -> None:
    assert len(CutOuts(prepare_cuts(icons, tmp_path))) == 2


def test_a_folder_that_changed_is_cut_out_anew(icons: Path, tmp_path: Path) -> None:
    icons = shutil.copytree(icons, tmp_path / "icons")
    first = prepare_cuts(icons, tmp_path / "cuts")
    assert prepare_cuts(icons, tmp_path / "cuts") == first
    picture = next(path for path in sorted(icons.rglob("*")) if path.is_file())
    picture.with_name("more.png").write_bytes(picture.read_bytes())
    second = prepare_cuts(icons, tmp_path / "cuts")
    assert (len(CutOuts(first)), len(CutOuts(second))) == (2, 3)
    before = picture.stat()
    os.utime(picture, ns=(before.st_atime_ns, before.st_mtime_ns + 1_000_000_000))
    assert prepare_cuts(icons, tmp_path / "cuts") not in (first, second)


def test_a_set_whose_photos_changed_is_cut_out_anew(boxed: Dataset, tmp_path: Path) -> None:
    root = shutil.copytree(boxed.root, tmp_path / "boxed")
    source = root / "boxes.json"
    first = prepare_cuts(source, tmp_path / "cuts")
    photo = root / boxed.samples[0].path
    before = photo.stat()
    os.utime(photo, ns=(before.st_atime_ns, before.st_mtime_ns + 1_000_000_000))
    second = prepare_cuts(source, tmp_path / "cuts")
    assert second != first
    (root / "notes.txt").write_text("of no photo")
    assert prepare_cuts(source, tmp_path / "cuts") == second


def test_what_is_neither_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        prepare_cuts(tmp_path / "nothing", tmp_path)
    (tmp_path / "list.txt").write_text("a.jpg 1")
    with pytest.raises(DataError, match="neither"):
        prepare_cuts(tmp_path / "list.txt", tmp_path / "cache")
