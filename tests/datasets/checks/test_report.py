import json
import re
import shutil
from pathlib import Path

import pytest

from shelfwise.datasets.checks import KINDS, SEVERITIES

DOCS = Path(__file__).parents[3] / "docs" / "data-check.md"


@pytest.fixture
def report(shop, checked):
    shutil.copy(shop / "Rice" / "00.png", shop / "Tea" / "copy.png")
    (shop / "Rice" / "empty.jpg").touch()
    (shop / "Rice" / "void.jpg").touch()
    return checked(shop)


def test_summary_rows(report):
    assert [tuple(row) for row in report.summary_rows()] == [
        ("unreadable", "error", 2, "2 pictures cannot be read"),
        ("label-conflict", "error", 1, "1 photo is filed under several categories"),
        ("duplicates", "warning", 1, "1 photo is there more than once"),
    ]


def test_findings_come_gravest_first(report):
    order = [SEVERITIES.index(found.severity) for found in report.findings]
    assert order == sorted(order)
    assert (report.number_of("error"), report.number_of("warning"), report.number_of("info")) == (3, 1, 0)


def test_json_says_it_all_and_is_what_the_docs_say(report):
    content = json.loads(json.dumps(report.to_dict()))
    assert (content["format"], content["version"]) == ("shelfwise-data-check", 1)
    assert content["dataset"]["categories"] == {"Rice": 14, "Tea": 13}
    assert content["dataset"]["samples"] == content["dataset"]["photos"] == 27
    assert content["totals"] == {"error": 3, "warning": 1, "info": 0}
    assert content["limits"]["near_distance"] == 8
    assert sum(row["count"] for row in content["summary"]) == len(content["findings"])
    conflict = next(each for each in content["findings"] if each["kind"] == "label-conflict")
    assert conflict["photos"] == [
        {"path": "Rice/00.png", "categories": ["Rice"], "parts": []},
        {"path": "Tea/copy.png", "categories": ["Tea"], "parts": []},
    ]
    described = set(re.findall(r"`(\w+)`", DOCS.read_text().partition("## The JSON")[2]))
    for part in (content, content["dataset"], content["summary"][0], conflict, conflict["photos"][0]):
        assert set(part) <= described


def test_the_docs_list_every_kind_with_its_severity():
    kinds = DOCS.read_text().partition("## The JSON")[0]
    rows = re.findall(r"^\| `([\w-]+)` \| (\w+)", kinds, flags=re.MULTILINE)
    assert rows == [(name, kind.severity) for name, kind in KINDS.items()]


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_every_kind_speaks_in_sentences(kind):
    assert kind.advice.endswith(".")
    assert "{n}" not in kind.one
    assert kind.sentence(1) == kind.one
    if "{n}" in kind.many:
        assert kind.sentence(1200).startswith("1,200 ")
