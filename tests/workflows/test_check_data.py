"""The check names what strict reading, as training does it, refuses."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shelfwise.datasets.checks import CheckReport
from shelfwise.datasets.layouts import read_dataset
from shelfwise.datasets.split import save_split, split_dataset
from shelfwise.errors import LayoutError
from shelfwise.workflows.check_data import check_data

SIZE = (160, 120)
BOX = (20, 10, 60, 80)


def photo(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fields = np.random.default_rng(seed).integers(30, 220, (6, 8, 3), dtype=np.uint8)
    Image.fromarray(fields).resize(SIZE, Image.Resampling.NEAREST).save(path)


def found(report: CheckReport, kind: str) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    return [
        (f.photos[0].path, f.photos[0].categories, f.photos[0].parts)
        for f in report.findings
        if f.kind == kind and f.severity == "error"
    ]


@pytest.fixture
def listed(tmp_path: Path) -> Callable[..., Path]:
    """Twelve listed photos of two categories, and further lines."""

    def write(*more: str, name: str = "labels.txt") -> Path:
        lines = [f"{number}.png {'Tea' if number % 2 else 'Rice'}" for number in range(12)]
        for number in range(12):
            photo(tmp_path / f"{number}.png", number)
        (tmp_path / name).write_text("\n".join([*lines, *more]))
        return tmp_path

    return write


def test_missing_listed_photos(listed: Callable[..., Path]) -> None:
    root = listed("gone.png Tea", "lost.png Rice")
    with pytest.raises(LayoutError, match="missing photos"):
        read_dataset(root)
    assert found(check_data(root), "missing") == [("gone.png", ("Tea",), ()), ("lost.png", ("Rice",), ())]


def test_one_photo_under_two_labels_in_a_list(listed: Callable[..., Path]) -> None:
    root = listed("0.png Tea", "2.png Tea", "2.png Tea")
    with pytest.raises(LayoutError, match="keep one of the two"):
        read_dataset(root)
    report = check_data(root)
    both = ("Rice", "Tea")
    assert found(report, "label-conflict") == [("0.png", both, ()), ("2.png", both, ())]
    assert report.photos == 12 and sum(report.counts.values()) == 14


def test_one_photo_in_two_lists(listed: Callable[..., Path]) -> None:
    root = listed(name="train.txt")
    (root / "test.txt").write_text("3.png Tea\n")
    assert found(check_data(root), "leakage") == [("3.png", ("Tea",), ("test", "train"))]


def test_a_split_of_the_strict_set_is_held_against_it(listed: Callable[..., Path], tmp_path: Path) -> None:
    root = listed()
    dataset = read_dataset(root)
    save_split(tmp_path / "split.json", dataset, split_dataset(dataset, fractions=(0.5, 0, 0.5)))
    assert set(check_data(root, split=tmp_path / "split.json").parts) == {"train", "test"}


def test_a_link_that_leads_out_is_still_refused(listed: Callable[..., Path], tmp_path: Path) -> None:
    root = listed("out.png Tea")
    (root / "out.png").symlink_to(tmp_path.parent / "elsewhere.png")
    with pytest.raises(LayoutError, match="leads out"):
        check_data(root)


def test_a_missing_photo_of_a_freiburg_fold(tmp_path: Path) -> None:
    for number in range(6):
        photo(tmp_path / "images" / ("TEA" if number % 2 else "RICE") / f"{number}.png", number)
    (tmp_path / "folds").mkdir()
    (tmp_path / "folds/fold0.txt").write_text("images/TEA/1.png\nimages/TEA/9.png\n")
    with pytest.raises(LayoutError, match="missing photos"):
        read_dataset(tmp_path)
    assert found(check_data(tmp_path), "missing") == [("images/TEA/9.png", ("TEA",), ("fold0",))]
    (tmp_path / "folds/fold0.txt").write_text("TEA/9.png\n")
    with pytest.raises(LayoutError, match="missing photos"):
        check_data(tmp_path)


Boxes = list[tuple[int, str, tuple[float, float, float, float]]]


def write_coco(root: Path, boxes: Boxes) -> None:
    images = [{"id": n, "file_name": f"{n}.png", "width": SIZE[0], "height": SIZE[1]} for n in range(4)]
    names = ["Rice", "Tea"]
    annotations = [{"image_id": n, "category_id": names.index(c), "bbox": b} for n, c, b in boxes]
    categories = [{"id": n, "name": name} for n, name in enumerate(names)]
    content = {"images": images, "annotations": annotations, "categories": categories}
    (root / "boxes.json").write_text(json.dumps(content))
    for number in range(4):
        photo(root / "images" / f"{number}.png", number)


def write_yolo(root: Path, boxes: Boxes) -> None:
    (root / "data.yaml").write_text("names: [Rice, Tea]\ntrain: images\n")
    (root / "labels").mkdir()
    for number in range(4):
        photo(root / "images" / f"{number}.png", number)
        lines = [
            f"{int(c == 'Tea')} {(x + w / 2) / SIZE[0]} {(y + h / 2) / SIZE[1]} {w / SIZE[0]} {h / SIZE[1]}"
            for n, c, (x, y, w, h) in boxes
            if n == number
        ]
        (root / "labels" / f"{number}.txt").write_text("\n".join(lines))


def write_voc(root: Path, boxes: Boxes) -> None:
    (root / "Annotations").mkdir()
    for number in range(4):
        photo(root / "JPEGImages" / f"{number}.png", number)
        objects = [
            f"<object><name>{c}</name><bndbox><xmin>{x + 1}</xmin><ymin>{y + 1}</ymin>"
            f"<xmax>{x + w}</xmax><ymax>{y + h}</ymax></bndbox></object>"
            for n, c, (x, y, w, h) in boxes
            if n == number
        ]
        (root / "Annotations" / f"{number}.xml").write_text(f"<annotation>{''.join(objects)}</annotation>")


@pytest.mark.parametrize("write", [write_coco, write_yolo, write_voc])
def test_boxes_that_training_refuses(tmp_path: Path, write: Callable[[Path, Boxes], None]) -> None:
    boxes: Boxes = [(n, "Tea" if n % 2 else "Rice", BOX) for n in range(4)]
    # One box with two labels, one that overhangs by 40 pixels, one beside its picture.
    boxes += [(0, "Tea", BOX), (1, "Tea", (120, 10, 80, 80)), (2, "Rice", (400, 10, 50, 50))]
    write(tmp_path, boxes)
    with pytest.raises(LayoutError):
        read_dataset(tmp_path)
    for name in ("0.png", "3.png"):
        (path,) = tmp_path.rglob(name)
        path.unlink() if name == "3.png" else path.write_bytes(b"no picture")
    report = check_data(tmp_path)
    assert [(path.rpartition("/")[2], its) for path, its, _ in found(report, "label-conflict")] == [
        ("0.png", ("Rice", "Tea"))
    ]
    values = [f.value for f in report.findings if (f.kind, f.severity) == ("box-outside", "error")]
    assert values == pytest.approx([40, 290], abs=0.02)
    assert [path.rpartition("/")[2] for path, _, _ in found(report, "unreadable")] == ["0.png"]
    assert [path.rpartition("/")[2].partition(".")[0] for path, _, _ in found(report, "missing")] == ["3"]


def test_a_missing_yolo_photo_without_labels_has_no_category_and_is_refused(tmp_path: Path) -> None:
    write_yolo(tmp_path, [(n, "Tea" if n % 2 else "Rice", BOX) for n in range(4)])
    (tmp_path / "list.txt").write_text("images/0.png\nimages/1.png\nimages/bare.png\n")
    (tmp_path / "data.yaml").write_text("names: [Rice, Tea]\ntrain: list.txt\n")
    with pytest.raises(LayoutError, match=r"missing photos \(1\): images/bare\.png"):
        check_data(tmp_path)
