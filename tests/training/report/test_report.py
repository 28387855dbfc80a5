import base64
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from shelfwise.datasets.checks import SummaryRow
from shelfwise.datasets.dataset import Box
from shelfwise.errors import ImageError
from shelfwise.training.metrics import evaluate_predictions
from shelfwise.training.report import PartResult, ReportData, SampleResult, write_report
from shelfwise.training.report.confusion import confusion_figure, shown_categories
from shelfwise.training.report.gallery import confident_mistakes, random_choice
from shelfwise.training.report.page import render
from shelfwise.training.report.pictures import Picture, plots_of
from shelfwise.training.report.plots import best_epoch_of, history_figure, reliability_figure
from shelfwise.training.report.style import DARK, LIGHT, png
from shelfwise.training.report.view import view_of

CATEGORIES = ("Fruit/Apple", "Fruit/Pear", "Milk")
FILES = {"confusion-matrix.png", "calibration.png", "risk-coverage.png", "categories.png", "gallery.png"}


class Page(HTMLParser):
    """What the tests ask of a page: its elements, ids and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def ids(self) -> set[str | None]:
        return {attributes.get("id") for _, attributes in self.elements}


def part(categories: tuple[str, ...], count: int = 60, errors: tuple[ImageError, ...] = ()) -> PartResult:
    generator = np.random.default_rng(5)
    labels = generator.integers(0, len(categories), count)
    odds = generator.dirichlet(np.full(len(categories), 0.5), count)
    scores = (0.3 * np.eye(len(categories))[labels] + 0.7 * odds).astype(np.float32)
    results = [
        SampleResult(Path(f"/photos/{i}.jpg"), f"{i}.jpg", int(label), row)
        for i, (label, row) in enumerate(zip(labels, scores, strict=True))
    ]
    return PartResult(evaluate_predictions(labels, scores, categories, bootstrap=20), results, errors)


def grey(result: SampleResult) -> np.ndarray:
    return np.full((30, 40, 3), 40 + result.label % 3 * 90, np.uint8)


def data_of(**changes: Any) -> ReportData:
    values: dict[str, Any] = {"title": "A report", "parts": {"test": part(CATEGORIES)}, "thumbnail": grey}
    return ReportData(**{**values, **changes})


def page_of(**changes: Any) -> Page:
    """The page alone, with a stand-in for each plot."""
    data = data_of(**changes)
    drawn = {plot.name: Picture("data:,", "data:,", 9, 9, plot.alt) for plot in plots_of(data)}
    return Page(render(data, view_of(data), drawn, []))


def draw_all(**changes: Any) -> dict[str, Figure]:
    """Every plot of a report, drawn."""
    figures = {plot.name: plot.draw(LIGHT) for plot in plots_of(data_of(**changes))}
    for figure in figures.values():
        figure.canvas.draw()  # type: ignore[attr-defined]
    return figures


def history(epochs: int, first: int = 1) -> list[dict[str, float]]:
    return [
        {
            "epoch": e,
            "lr": 1e-3,
            "train_loss": 1 / (e + 1) if e else float("nan"),
            "train_accuracy": 1 - 0.5 / (e + 1) if e else float("nan"),
            "val_loss": 1.2 / (e + 1),
            "val_accuracy": 0.9 - abs(e - 3) / 100,
        }
        for e in range(first, epochs + first)
    ]


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Page]:
    folder = tmp_path_factory.mktemp("full")
    broken = ImageError("/photos/broken.jpg", "file is truncated")
    data = data_of(
        subtitle="With everything",
        parts={"test": part(CATEGORIES, errors=(broken,)), "val": part(CATEGORIES, 20)},
        history=history(5, first=0),
        counts_before=dict(zip(CATEGORIES, (10, 20, 40), strict=True)),
        counts_after=dict.fromkeys(CATEGORIES, 40),
        check_rows=[SummaryRow("blurred", "warning", 3, "3 photos are blurred")],
        facts={"Seed": "42", "Version of numpy": np.__version__},
        rendered=True,
    )
    return folder, Page(write_report(folder, data).read_text("utf-8"))


def test_every_part_of_the_report_is_there(full: tuple[Path, Page]) -> None:
    folder, page = full
    sections = {s["id"] for s in page.all("section")}
    assert sections == {
        *("figures", "training", "categories", "confusion", "pairs", "calibration"),
        *("photos", "counts", "check", "facts"),
    }
    assert {path.name for path in folder.iterdir()} == {
        *FILES,
        *("loss.png", "accuracy.png", "counts.png", "index.html"),
    }
    for words in (
        "Rendered pictures.",
        "With everything",
        "3 photos are blurred",
        "file is truncated",
        "Version of numpy",
        "Everything below is of the part “test”",
    ):
        assert words in page.text


def test_the_page_needs_nothing_but_itself(full: tuple[Path, Page]) -> None:
    folder, page = full
    addresses = [a.get(key) for _, a in page.elements for key in ("src", "srcset", "href") if a.get(key)]
    assert all(address.startswith(("data:", "#")) for address in addresses)
    assert not page.all("script")
    assert "url(" not in (folder / "index.html").read_text("utf-8")
    assert (folder / "index.html").stat().st_size < 8_000_000


def test_links_lead_to_sections_and_pictures_say_what_they_show(full: tuple[Path, Page]) -> None:
    _, page = full
    assert {a["href"].removeprefix("#") for a in page.all("a")} <= page.ids
    images = page.all("img")
    assert images
    assert all(image.get("alt") and image.get("width") and image.get("height") for image in images)
    for label in page.all("label"):
        assert label["for"] in page.ids
    scrollable = [a for _, a in page.elements if "scroll" in (a.get("class") or "").split()]
    assert all(a.get("tabindex") == "0" and a.get("aria-label") for a in scrollable)


def test_plots_have_a_light_and_a_dark_variant_of_one_size(full: tuple[Path, Page]) -> None:
    folder, page = full
    dark = [base64.b64decode(s["srcset"].partition(",")[2]) for s in page.all("source")]
    light = [base64.b64decode(i["src"].partition(",")[2]) for i in page.all("img") if "png" in i["src"][:20]]
    assert len(dark) == len(light) == 6
    assert set(light) == {(folder / f"{n}.png").read_bytes() for n in (
        "loss", "accuracy", "confusion-matrix", "calibration", "risk-coverage", "counts")}  # fmt: skip
    for one, other in zip(dark, light, strict=True):
        assert one != other


def test_the_gallery_shows_truth_prediction_and_confidence(full: tuple[Path, Page]) -> None:
    _, page = full
    photos = [a for a in page.all("li") if "photo" in (a.get("class") or "")]
    assert {a["class"] for a in photos} == {"photo right", "photo wrong"}
    assert re.search(r"true: (Apple|Pear|Milk)", page.text)
    assert re.search(r"\d+\u00a0%", page.text)


def test_what_is_not_there_has_no_section() -> None:
    page = page_of()
    assert {s["id"] for s in page.all("section")} == {
        *("figures", "categories", "confusion", "pairs", "calibration", "photos")
    }
    assert {f"{plot.name}.png" for plot in plots_of(data_of())} == FILES
    assert "Rendered" not in page.text
    assert "Everything below" not in page.text


def test_a_check_that_found_nothing_says_so() -> None:
    assert "Nothing was found." in page_of(check_rows=[]).text


ODD_NAMES = (
    "<script>alert(1)",
    "5 $ & 6 $",
    "苹果/青苹果",
    "تفاح",
    "a" * 90,
    "odd\udcff\nname",
    "ok",
)


def test_names_are_text_on_the_page_whatever_they_hold() -> None:
    page = page_of(title="<b>bold</b>", parts={"test": part(ODD_NAMES)}, facts={"<i>": "</style>"})
    assert not page.all("script")
    assert not page.all("b")
    assert ODD_NAMES[0] in page.text
    assert "青苹果" in page.text


def test_names_are_text_in_the_plots_whatever_they_hold() -> None:
    figures = draw_all(parts={"test": part(ODD_NAMES)}, counts_before=dict.fromkeys(ODD_NAMES, 3))
    labels = [label.get_text() for label in figures["counts"].axes[0].get_yticklabels()]
    assert "5 $ & 6 $" in labels
    assert "odd□□name" in labels
    assert f"{'a' * 18}…{'a' * 17}" in labels


def test_a_perfect_model_of_one_photo_has_a_report() -> None:
    scores = np.array([[1.0, 0.0]], dtype=np.float32)
    evaluation = evaluate_predictions(np.array([0]), scores, ("a", "b"), bootstrap=5)
    one = PartResult(evaluation, [SampleResult(Path("a.jpg"), "a.jpg", 0, scores[0])])
    page = page_of(parts={"test": one}, history=history(1))
    assert "No photo of these was measured: b." in page.text
    assert "pairs" not in page.ids
    draw_all(parts={"test": one}, history=history(1))


def test_a_model_that_is_never_right_has_a_report() -> None:
    scores = np.tile(np.array([[0.1, 0.9]], dtype=np.float32), (5, 1))
    evaluation = evaluate_predictions(np.zeros(5, int), scores, ("a", "b"), bootstrap=5)
    wrong = PartResult(evaluation, [SampleResult(Path(f"{i}"), f"{i}", 0, s) for i, s in enumerate(scores)])
    unmeasured = [dict(history(1)[0], val_loss=np.nan, val_accuracy=np.nan)]
    page = page_of(parts={"test": wrong}, history=unmeasured)
    assert "names 0.0\u00a0% of 5 photos right." in page.text
    draw_all(parts={"test": wrong}, history=unmeasured)


def test_the_best_epoch_is_the_first_of_the_highest_validation_accuracy() -> None:
    rows = history(5)
    assert best_epoch_of(rows) == 3
    rows[4] = dict(rows[4], val_accuracy=rows[2]["val_accuracy"])
    assert best_epoch_of(rows) == 3
    texts = [text.get_text() for text in history_figure(rows, "accuracy", 3, LIGHT).axes[0].texts]
    assert "best epoch 3: 90.0\u00a0%" in texts


def test_of_very_many_categories_those_with_the_most_mistakes_are_in_the_matrix() -> None:
    evaluation = part(tuple(f"Shelf {i % 7}/Product {i}" for i in range(130)), 400).evaluation
    shown = shown_categories(evaluation)
    assert len(shown) == 100
    matrix = evaluation.confusion
    mistakes = matrix.sum(axis=0) + matrix.sum(axis=1) - 2 * matrix.diagonal()
    assert min(mistakes[shown]) >= max(np.delete(mistakes, shown))
    width, _ = confusion_figure(evaluation, LIGHT).get_size_inches()
    assert width * 96 < 2300


def test_the_random_photos_are_the_same_for_the_same_seed() -> None:
    results = part(CATEGORIES).results
    one = [r.key for r in random_choice(results, 12, 1)]
    assert one == [r.key for r in random_choice(results, 12, 1)]
    assert one != [r.key for r in random_choice(results, 12, 2)]
    assert len(set(one)) == 12


def test_the_surest_mistakes_come_first() -> None:
    mistakes = confident_mistakes(part(CATEGORIES).results, 5)
    assert not any(result.right for result in mistakes)
    confidences = [result.confidence for result in mistakes]
    assert confidences == sorted(confidences, reverse=True)


def test_photos_come_from_their_paths_cut_to_their_boxes(tmp_path: Path) -> None:
    pixels = np.zeros((300, 600, 3), np.uint8)
    pixels[:, 300:] = (0, 0, 255)
    Image.fromarray(pixels).save(tmp_path / "both.png")
    scores = np.array([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1]], dtype=np.float32)
    evaluation = evaluate_predictions(np.array([0, 0, 1]), scores, ("a", "b"), bootstrap=0)
    results = [
        SampleResult(tmp_path / "both.png", "whole", 0, scores[0]),
        SampleResult(tmp_path / "both.png", "box", 0, scores[1], Box(310, 0, 100, 200)),
        SampleResult(tmp_path / "gone.png", "gone", 1, scores[2]),
    ]
    page = page_of(parts={"test": PartResult(evaluation, results)}, thumbnail=None)
    sizes = {i["title"]: (i["width"], i["height"]) for i in page.all("img") if "title" in i}
    assert sizes == {"whole": ("240", "120"), "box": ("100", "200")}
    assert "gone cannot be read any more" in page.text


def test_equal_plots_are_equal_bytes() -> None:
    evaluation = part(CATEGORIES).evaluation
    assert png(reliability_figure(evaluation, DARK)) == png(reliability_figure(evaluation, DARK))


def test_a_report_without_a_measured_part_makes_no_sense() -> None:
    with pytest.raises(ValueError, match="at least one"):
        ReportData(title="", parts={})


@pytest.mark.realdata
def test_real_photos(real_data: Path) -> None:
    paths = sorted((real_data / "freiburg" / "images").glob("*/*.jpg"))[::400]
    scores = np.full((len(paths), 3), 1 / 3, np.float32)
    labels = np.arange(len(paths)) % 3
    evaluation = evaluate_predictions(labels, scores, CATEGORIES, bootstrap=0)
    results = [
        SampleResult(p, p.name, int(label), row) for p, label, row in zip(paths, labels, scores, strict=True)
    ]
    page = page_of(parts={"test": PartResult(evaluation, results)}, thumbnail=None)
    assert sum("jpeg" in image["src"][:20] for image in page.all("img")) >= 8
