from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("pycocotools", reason="measuring a detector needs pycocotools")
pytest.importorskip("matplotlib", reason="a report needs Matplotlib")

from shelfwise.errors import ImageError
from shelfwise.training.detect.measures import measure
from shelfwise.training.detect.photos import DetectionPhoto
from shelfwise.training.detect.report import DetectorReport, write_detector_report
from shelfwise.training.detect.report.gallery import FALSE, FOUND, MISSED, view_of_photo, worst_photos
from shelfwise.training.detect.report.plots import progress_figure
from shelfwise.training.report.style import LIGHT
from shelfwise.types import Detections

LEFT, MIDDLE, RIGHT = (8, 8, 60, 90), (100, 8, 160, 90), (200, 8, 260, 90)
NONE = np.zeros((0, 4), np.float32)


def photo(folder: Path, name: str, boxes) -> DetectionPhoto:
    Image.new("RGB", (320, 200), (90, 90, 90)).save(folder / name)
    return DetectionPhoto(folder / name, name, np.array(boxes, np.float32).reshape(-1, 4), NONE)


def found(*rows):
    values = np.array(rows, np.float32).reshape(-1, 5)
    return Detections(values[:, 1:], values[:, 0], 320, 200)


@pytest.fixture
def figures(tmp_path):
    photos = [photo(tmp_path, "good & <b>.png", [LEFT, RIGHT]), photo(tmp_path, "bad.png", [LEFT, RIGHT])]
    return measure(photos, [found((0.9, *LEFT), (0.8, *RIGHT)), found((0.85, *MIDDLE), (0.7, *LEFT))], 0.5)


def test_the_page_holds_everything_it_shows(figures, tmp_path):
    history = [
        {"epoch": 1, "lr": 0.1, "train_loss": 2.0, "ap50": 0.2},
        {"epoch": 2, "lr": 0.1, "train_loss": 1.0, "ap50": 0.4},
    ]
    data = DetectorReport(
        "detector <x>",
        {"test": figures, "val": figures},
        history=history,
        best_epoch=2,
        errors=[ImageError("a.png", "file is empty")],
        facts={"Seed": "42"},
        warning="It knows these photos.",
    )
    page = write_detector_report(tmp_path / "report", data)
    html = page.read_text()
    assert {path.name for path in page.parent.iterdir()} == {
        "index.html", "ap50.png", "counts.png", "precision-recall.png", "train-loss.png"
    }  # fmt: skip
    assert not re.search(r"""(src|href)=["'](?!data:|#)""", html)
    for text in (
        "detector &lt;x&gt;",
        "good &amp; &lt;b&gt;.png",
        "file is empty",
        "It knows these photos.",
        "75.0",
    ):
        assert text in html
    assert html.count(", 1 on no product</p>") == 2  # the bad photo, by chance and among the worst


def test_a_detector_that_finds_nothing_is_said_to(tmp_path):
    photos = [photo(tmp_path, "shelf.png", [LEFT, RIGHT])]
    figures = measure(photos, [found((0.2, *MIDDLE))], 0.5)
    history = [{"epoch": 1, "lr": 0.1, "train_loss": 2.0, "ap50": 0.0}]
    data = DetectorReport("detector", {"test": figures}, history=history, best_epoch=1)
    html = write_detector_report(tmp_path / "report", data).read_text()
    assert "finds nothing: on 1 photo with 2 products, no box has a score from 0.5." in html
    assert "--epochs" in html
    assert "of its boxes are products" not in html
    assert re.search(r'<dt>Right</dt><dd class="value">–</dd><dd class="detail">no boxes</dd>', html)
    assert "the chosen threshold, precision – and recall 0.0" in html


@pytest.mark.parametrize("values", [[0.0], [0.0, 0.0], [0.0, 0.3]])
def test_the_axis_of_ap_begins_at_zero(values):
    history = [{"epoch": number, "ap50": value} for number, value in enumerate(values, start=1)]
    (axes,) = progress_figure(history, "ap50", "AP50", 1, LIGHT).axes
    bottom, top = axes.get_ylim()
    assert bottom == 0
    assert max(*values, 0.01) < top <= 1


def test_without_history_errors_and_facts_there_are_no_such_sections(figures, tmp_path):
    page = write_detector_report(tmp_path / "report", DetectorReport("detector", {"all": figures}))
    html = page.read_text()
    for anchor in ("training", "errors", "facts"):
        assert f'id="{anchor}"' not in html
    with pytest.raises(ValueError, match="at least one measured part"):
        DetectorReport("detector", {})


def test_boxes_are_drawn_by_what_they_are(figures):
    view = view_of_photo(figures.matched[1], 0.5)
    assert (view.there, view.counted, view.right, view.wrong, view.missed) == (2, 2, 1, 1, 1)
    assert view.data is not None
    (Path(figures.matched[1].photo.path).parent / "view.jpg").write_bytes(view.data)
    with Image.open(Path(figures.matched[1].photo.path).parent / "view.jpg") as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    scale = view.width / 320
    for box, colour in ((LEFT, FOUND), (MIDDLE, FALSE), (RIGHT, MISSED)):
        left, top = round(box[0] * scale), round(box[1] * scale)
        corner = pixels[top : top + 3, left : left + 3].reshape(-1, 3)
        wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
        assert np.abs(corner - wanted).sum(1).min() < 120


def test_a_photo_that_is_gone_and_the_worst_first(figures):
    good, bad = figures.matched
    assert worst_photos(figures.matched, 0.5, 5) == [bad]
    good.photo.path.unlink()
    assert view_of_photo(good, 0.5).data is None
