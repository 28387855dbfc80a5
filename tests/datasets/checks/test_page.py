import re
import shutil
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

import shelfwise.datasets.checks as checks
from shelfwise.datasets.checks.page import SINGLES, render_page
from shelfwise.datasets.checks.thumbnails import Thumbnails
from shelfwise.errors import MissingExtraError

HOSTILE = "<script>alert('x')<&\".png"
TEMPLATE = Path(checks.__file__).parent / "templates" / "check.html"


class Tags(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.found = []
        self.open = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def all(self, tag):
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture
def report(shop, checked):
    shutil.copy(shop / "Rice" / "00.png", shop / "Tea" / HOSTILE)
    (shop / "Rice" / "empty.jpg").touch()
    (shop / "Rice" / "odd\x1b[31m.jpg").touch()
    return checked(shop)


def test_the_page_is_well_formed_and_loads_nothing(report):
    page = render_page(report)
    page.encode("utf-8")
    tags = Tags(page)
    assert tags.open == []
    assert not tags.all("script") and not tags.all("link") and not tags.all("iframe")
    assert all(image["src"].startswith("data:image/jpeg;base64,") for image in tags.all("img"))
    assert all(image["alt"] for image in tags.all("img"))
    assert not re.search(r"(https?:)?//\w", re.sub(r"data:image/[^\"]+", "", page))
    assert [attributes["lang"] for attributes in tags.all("html")] == ["en"]
    assert "prefers-color-scheme: dark" in page


def test_hostile_names_are_shown_as_text(report):
    page = render_page(report)
    assert "<script>" not in page
    assert "&lt;script&gt;alert(" in page
    assert "\x1b" not in page


def test_every_summary_line_leads_to_its_section(report):
    tags = Tags(render_page(report))
    targets = {attributes["id"] for attributes in tags.all("details") if "id" in attributes}
    links = {attributes["href"].removeprefix("#") for attributes in tags.all("a")}
    assert links == targets == {f"{row.kind}-{row.severity}" for row in report.summary_rows()}
    assert len(tags.all("summary")) == len(tags.all("details"))


def test_duplicates_stand_side_by_side(report):
    page = render_page(report)
    section = page.partition('id="label-conflict-error"')[2].partition("</details>")[0]
    assert section.count("<img") == 2
    assert "Rice and Tea" in section


def test_a_clean_set_says_so(shop, checked):
    page = render_page(checked(shop))
    assert "Nothing found" in page
    assert "rendered by a program" not in page
    assert "rendered by a program" in render_page(replace(checked(shop), rendered=True))


def test_the_number_of_photos_is_bounded(shop, checked, paint):
    for number in range(SINGLES + 7):
        paint(1000 + number, (50, 50)).save(shop / "Rice" / f"tiny{number}.png")
    page = render_page(checked(shop))
    section = page.partition('id="tiny-warning"')[2].partition("</details>")[0]
    assert section.count("<img") == SINGLES
    assert "7 more" in section


def test_thumbnails_stay_within_their_budget(shop):
    one = Thumbnails(shop, 10**6).address("Rice/00.png")
    assert one is not None
    thumbnails = Thumbnails(shop, int(len(one) * 2.5))
    assert [thumbnails.address("Rice/00.png") is not None for _ in range(4)] == [True, True, False, False]
    assert thumbnails.address("Rice/none.png") is None


def test_a_missing_library_is_named(report, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingExtraError, match=r"shelfwise\[train\]"):
        render_page(report)


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_texts_have_the_contrast_that_wcag_aa_asks_for(scheme):
    block = re.findall(r":root \{([^}]+)\}", TEMPLATE.read_text())[scheme]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
    pairs = [(text, back) for text in ("text", "soft") for back in ("page", "card", "sunk")]
    pairs += [("link", "card"), ("good", "card")]
    pairs += [(name, f"{name}-back") for name in ("error", "warning", "info")]
    pairs += [(name, "card") for name in ("error", "warning", "info")]
    for text, back in pairs:
        low, high = sorted((luminance(colours[text]), luminance(colours[back])))
        assert (high + 0.05) / (low + 0.05) >= 4.5, (text, back)
