"""Models: upload, read the card, try in the shadow, compare, switch and go back."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from shelfwise.answers.records import AnswerCandidate, NewAnswer, NewShadowAnswer
from shelfwise.workflows.shop import Shop

from .conftest import DESK, PHONE, Tabs

MILL_LANE = 1


@pytest.fixture
def packed(tmp_path: Path, toy: ModuleType) -> Path:
    """The ZIP of another model with a report."""
    folder = toy.write_toy_bundle(
        tmp_path / "run" / "bundle",
        name="autumn",
        card="# Autumn\n\nA [link](https://example.org).\n\n| What | Value |\n|---|---:|\n| Right | 93 % |\n",
        metrics={"test": {"accuracy": 0.93}},
    ).path
    path = tmp_path / "autumn.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in folder.iterdir():
            archive.write(file, f"bundle/{file.name}")
        archive.writestr("report/index.html", "<!doctype html><title>R</title><p>All went well</p>")
    return path


def test_a_model_is_uploaded_used_and_gone_back_from(
    shop: Shop, tabs: Tabs, packed: Path, accessible: Callable[[Page], None]
) -> None:
    shop.models.wait()
    page = tabs("admin", DESK)
    page.goto("/models")
    page.get_by_role("button", name="Upload a model").click()
    page.get_by_label("ZIP file").set_input_files(packed)
    page.get_by_role("button", name="Upload", exact=True).click()
    expect(page.locator("#flash")).to_contain_text("autumn is here")
    accessible(page)
    page.get_by_role("button", name="Switch to autumn").click()
    page.locator("#confirm [data-yes]").click()
    expect(page.get_by_role("heading", name="Changed to autumn")).to_be_visible(timeout=30_000)
    expect(page.locator(".model-card.active")).to_contain_text("autumn")
    assert shop.shelf.active().name == "autumn"
    page.get_by_role("button", name="Go back to toy").click()
    page.locator("#confirm [data-yes]").click()
    expect(page.get_by_role("heading", name="Changed to toy")).to_be_visible(timeout=30_000)
    assert shop.shelf.active().name == "toy"


def test_what_is_no_model_is_told_in_the_dialog(tabs: Tabs, tmp_path: Path) -> None:
    wrong = tmp_path / "holiday.zip"
    wrong.write_bytes(b"no archive")
    page = tabs("admin", DESK)
    page.goto("/models")
    page.get_by_role("button", name="Upload a model").click()
    page.get_by_label("ZIP file").set_input_files(wrong)
    page.get_by_role("button", name="Upload", exact=True).click()
    expect(page.locator("#upload [data-form-error]")).not_to_be_empty()


def test_the_card_and_the_report_are_shown(
    shop: Shop, tabs: Tabs, packed: Path, accessible: Callable[[Page], None]
) -> None:
    added = shop.shelf.add(packed, by="admin")
    page = tabs("admin", PHONE)
    page.goto(f"/models/{added.id}")
    expect(page.get_by_role("heading", name="Autumn", exact=True)).to_be_visible()
    page.locator("iframe").scroll_into_view_if_needed()
    expect(page.frame_locator("iframe").get_by_text("All went well")).to_be_visible()
    accessible(page)


def test_a_trial_is_started_compared_and_ended(
    shop: Shop, tabs: Tabs, packed: Path, accessible: Callable[[Page], None]
) -> None:
    shop.models.wait()
    added = shop.shelf.add(packed, by="admin")
    page = tabs("admin", DESK, "dark")
    page.goto("/models")
    page.locator("li", has_text="autumn").get_by_role("button", name="Try in the shadow").click()
    page.locator("#confirm [data-yes]").click()
    expect(page.locator("li", has_text="autumn")).to_contain_text("In the shadow")
    page.get_by_role("link", name="Compare").click()
    expect(page.get_by_role("heading", name="No photo has been answered by both yet")).to_be_visible()
    _differing(shop, added.id)
    page.reload()
    expect(page.locator(".stat").first).to_contain_text("2")
    expect(page.locator(".difference")).to_have_count(1)
    expect(page.locator(".difference")).to_contain_text("not right")
    expect(page.locator(".verdict")).to_contain_text("judge more")
    accessible(page)
    page.get_by_role("button", name="End the trial").click()
    page.wait_for_url("**/models")
    assert shop.shelf.shadow() is None


def _differing(shop: Shop, candidate: str) -> None:
    """Two photos that both models answered; on one they differ, and a person says that the candidate is right."""
    active, new = shop.shelf.active().id, []
    for shade in (10, 200):
        out = io.BytesIO()
        Image.new("RGB", (64, 64), (shade, 20, 20)).save(out, "PNG")
        photo = shop.photos.add(out.getvalue()).sha256
        new.append(
            NewAnswer(
                photo,
                active,
                "accept",
                "Red",
                0.9,
                [AnswerCandidate("Red", 0.9)],
                "clerk",
                store_id=MILL_LANE,
            )
        )
    one, other = shop.answers.record(new)
    shop.shadow.record(
        [
            NewShadowAnswer(one, candidate, "accept", "Red", 0.8),
            NewShadowAnswer(other, candidate, "accept", "Blue", 0.8),
        ]
    )
    shop.answers.judge(other, "corrected", category="Blue", user="clerk")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_models_are_usable_by_all_and_on_a_phone(
    shop: Shop, tabs: Tabs, packed: Path, accessible: Callable[[Page], None], scheme: str
) -> None:
    shop.models.wait()
    shop.shelf.add(packed, by="admin")
    page = tabs("admin", PHONE, scheme)
    page.goto("/models")
    accessible(page)
    page.get_by_role("button", name="Upload a model").click()
    accessible(page)
