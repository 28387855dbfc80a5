import json
import shutil
import threading
from io import BytesIO
from pathlib import Path

import pytest

from shelfwise.errors import BundleError, ConflictError, ModelError, NotFoundError
from shelfwise.rules import DetectionRule
from shelfwise.workflows.model_facts import Figure
from shelfwise.workflows.model_shelf import ModelShelf
from shelfwise.workflows.model_state import PACKAGED


@pytest.fixture
def packaged(toy, tmp_path):
    return toy.write_toy_bundle(tmp_path / "package" / "default_model", name="packaged toy").path


@pytest.fixture
def shelf(packaged, tmp_path):
    return ModelShelf(tmp_path / "models", packaged=lambda: packaged)


@pytest.fixture
def bundle(toy, tmp_path):
    def write(name, **changes):
        return toy.write_toy_bundle(tmp_path / "sources" / name / "bundle", name=name, **changes).path

    return write


def roles(shelf):
    return {
        model.name: [role for role in ("active", "previous", "shadow") if getattr(model, role)]
        for model in shelf.models()
    }


def test_the_packaged_model_is_always_there_and_nothing_is_written_to_say_so(shelf):
    (only,) = shelf.models()
    assert (only.packaged, only.active, only.added_at, only.categories) == (True, True, None, 3)
    assert shelf.active() == shelf.model(only.id) == shelf.model(PACKAGED)
    assert not shelf.folder.exists()


def test_an_uploaded_zip_is_on_the_shelf_and_not_active(shelf, bundle, tmp_path):
    archive = shutil.make_archive(str(tmp_path / "upload"), "zip", bundle("mine"))
    added = shelf.add(Path(archive), by="ann")
    assert (added.name, added.added_by, added.active, added.packaged) == ("mine", "ann", False, False)
    assert added.card_path.read_text() == "# Toy\n"
    assert added.report_path is None
    assert shelf.active().packaged
    assert ModelShelf(shelf.folder, packaged=lambda: bundle("x")).model(added.id).name == "mine"


def test_a_bundle_s_folder_comes_with_the_report_of_its_run(shelf, bundle):
    folder = bundle("mine")
    (folder.parent / "report").mkdir()
    (folder.parent / "report" / "index.html").write_text("<h1>Report</h1>")
    (folder / "notes.pkl").write_bytes(b"never copied")
    added = shelf.add(folder)
    assert added.report_path.read_text() == "<h1>Report</h1>"
    assert sorted(path.name for path in added.path.iterdir()) == ["bundle.json", "card.md", "model.onnx"]


def test_the_same_model_again_is_told(shelf, bundle, packaged):
    shelf.add(bundle("mine"))
    with pytest.raises(ConflictError, match="on the shelf already"):
        shelf.add(bundle("mine"))
    with pytest.raises(ConflictError, match="on the shelf already"):
        shelf.add(packaged)


def test_a_refused_upload_leaves_nothing_behind(shelf, bundle):
    with pytest.raises(BundleError):
        shelf.add(BytesIO(b"no zip"))
    assert list(shelf.folder.iterdir()) == []
    folder = bundle("bad")
    (folder / "card.md").write_text("changed")
    with pytest.raises(BundleError, match="checksum"):
        shelf.add(folder)
    with pytest.raises(BundleError, match="is no ONNX network"):
        shelf.add(bundle("none", model_onnx=b"none"))
    assert len(shelf.models()) == 1


def test_a_detectors_folder_is_refused_as_its_zip_is(shelf, toy, tmp_path):
    rule = DetectionRule(min_score=0.3)
    detector = toy.write_toy_bundle(tmp_path / "detector" / "bundle", detection=rule).path
    archive = shutil.make_archive(str(tmp_path / "detector"), "zip", detector)
    for source in (detector, Path(archive)):
        with pytest.raises(BundleError, match="finds products"):
            shelf.add(source)
    assert len(shelf.models()) == 1


def test_going_back_and_forth(shelf, bundle):
    mine, other = shelf.add(bundle("mine")), shelf.add(bundle("other"))
    with pytest.raises(ConflictError, match="no other model before"):
        shelf.roll_back()
    assert shelf.activate(mine.id).active
    assert shelf.activate(mine.id).active  # once more changes nothing
    assert roles(shelf) == {"packaged toy": ["previous"], "mine": ["active"], "other": []}
    shelf.activate(other.id)
    assert shelf.roll_back().name == "mine"
    assert shelf.roll_back().name == "other"
    assert roles(shelf) == {"packaged toy": [], "mine": ["previous"], "other": ["active"]}
    shelf.activate(PACKAGED)
    assert shelf.active().packaged
    assert shelf.models()[0].packaged  # the active one comes first


def test_a_shadow_is_another_than_the_active_one(shelf, bundle):
    mine = shelf.add(bundle("mine"))
    with pytest.raises(ConflictError, match="answers already"):
        shelf.set_shadow(PACKAGED)
    assert shelf.set_shadow(mine.id).shadow
    assert shelf.shadow().name == "mine"
    shelf.activate(mine.id)
    assert shelf.shadow() is None
    assert shelf.set_shadow(PACKAGED).packaged
    assert shelf.set_shadow(None) is None
    assert shelf.shadow() is None


def test_removing(shelf, bundle):
    mine, other = shelf.add(bundle("mine")), shelf.add(bundle("other"))
    shelf.activate(mine.id)
    shelf.activate(other.id)
    for model, reason in ((PACKAGED, "comes with Shelfwise"), (other.id, "is active")):
        with pytest.raises(ConflictError, match=reason):
            shelf.remove(model)
    shelf.remove(mine.id)
    assert shelf.previous() is None
    assert not (shelf.folder / mine.id).exists()
    with pytest.raises(NotFoundError):
        shelf.remove(mine.id)
    shelf.set_shadow(PACKAGED)
    shelf.add(bundle("mine"))
    assert len(shelf.models()) == 3


@pytest.mark.parametrize("model", ["0" * 12, "../../etc", "", PACKAGED.upper()])
def test_a_model_that_is_not_there_is_told(shelf, model):
    for ask in (shelf.model, shelf.bundle, shelf.activate, shelf.set_shadow, shelf.remove):
        with pytest.raises(NotFoundError):
            ask(model)


def test_a_damaged_model_does_not_hide_the_others(shelf, bundle):
    mine = shelf.add(bundle("mine"))
    (mine.path / "card.md").write_text("changed")
    again = ModelShelf(shelf.folder, packaged=shelf._packaged)
    assert [model.packaged for model in again.models()] == [True]
    assert "card.md: damaged" in again.damaged()[0]
    with pytest.raises(BundleError, match="damaged"):
        again.activate(mine.id)
    assert again.active().packaged


def test_an_installation_without_its_own_model_shows_the_others(shelf, bundle):
    def none():
        raise BundleError("this installation came without its own")

    shelf.add(bundle("mine"))
    bare = ModelShelf(shelf.folder, packaged=none)
    assert [model.name for model in bare.models()] == ["mine"]
    with pytest.raises(BundleError, match="without its own"):
        bare.active()
    assert bare.activate(bare.models()[0].id).active


def test_an_update_of_the_package_keeps_what_is_active(shelf, bundle, toy, packaged):
    before = shelf.active().id
    shelf.activate(shelf.add(bundle("mine")).id)
    shelf.roll_back()
    shutil.rmtree(packaged)
    toy.write_toy_bundle(packaged, name="newer")
    updated = ModelShelf(shelf.folder, packaged=lambda: packaged)
    assert (updated.active().name, updated.active().id != before) == ("newer", True)


@pytest.mark.parametrize("state", ["", "[]", '{"version": 9}', '{"active": "../../etc"}'])
def test_a_damaged_list_says_what_to_do(shelf, state):
    shelf.folder.mkdir()
    (shelf.folder / "shelf.json").write_text(state)
    with pytest.raises(ModelError, match=r"shelf\.json: damaged.*backup"):
        shelf.models()


def test_figures_are_for_people(shelf, bundle):
    metrics = {
        "test": {"accuracy": 0.93263, "macro_f1": 0.5, "accepted_coverage": 0.897},
        "val": {"accuracy": 1.0},
    }
    assert shelf.add(bundle("mine", metrics=metrics)).metrics == (
        Figure("Right first answers", "93.3 %"),
        Figure("Answered without asking", "89.7 %"),
    )
    assert shelf.active().metrics == ()


def test_many_at_once_lose_nothing(shelf, bundle):
    folders = [bundle(f"model {number}") for number in range(6)]
    threads = [threading.Thread(target=shelf.add, args=(folder,)) for folder in folders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(shelf.models()) == 7
    assert len(json.loads((shelf.folder / "shelf.json").read_text())["models"]) == 6
