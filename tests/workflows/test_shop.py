import io
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PIL import Image

from shelfwise.accounts.records import Actor
from shelfwise.errors import DatabaseError, ModelError, StorageError
from shelfwise.inventory.records import NewProduct
from shelfwise.settings import Settings
from shelfwise.workflows import scanning
from shelfwise.workflows.shop import Shop, ShopSettings, open_shop
from shelfwise.workflows.shop_products import enrol


@pytest.fixture
def settings(toy, tmp_path):
    return ShopSettings(tmp_path / "home", workers=1, model=toy.write_toy_bundle(tmp_path / "bundle").path)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_the_first_start_makes_everything_and_only_the_owner_may_look(settings):
    with open_shop(settings) as shop:
        assert shop.catalogue.stores() == []
        assert shop.shelf.active().packaged
        shop.models.wait()
        files = [path for path in settings.home.rglob("*") if path.is_file()]
        assert {mode(path) & 0o077 for path in files if path.name.startswith("stock.db")} == {0}
    assert sorted(path.name for path in settings.home.iterdir() if path.is_dir()) == [
        "models",
        "photos",
        "products",
    ]
    assert {mode(path) for path in (settings.home, *settings.home.iterdir()) if path.is_dir()} == {0o700}


def test_a_shop_is_the_same_when_it_is_opened_again(settings):
    with open_shop(settings) as shop:
        store = shop.catalogue.add_store("Mill Lane", "ann")
    with open_shop(settings) as shop:
        assert shop.catalogue.stores() == [store]


def test_a_folder_that_was_there_keeps_its_permissions_and_ours_are_private(settings):
    settings.home.mkdir(mode=0o750)
    (settings.home / "mine.txt").write_text("kept")
    settings.home.chmod(0o750)
    with open_shop(settings):
        assert mode(settings.home) == 0o750
        assert mode(settings.home / "photos") == 0o700
        assert (settings.home / "mine.txt").read_text() == "kept"


def test_the_environment_says_where(tmp_path):
    found = ShopSettings.of(
        Settings({"SHELFWISE_HOME": str(tmp_path), "SHELFWISE_DATABASE": "postgresql://db/shop"})
    )
    assert (found.home, found.database) == (tmp_path, "postgresql://db/shop")
    assert ShopSettings.of(Settings({"XDG_DATA_HOME": "/y"})).home == Path("/y/shelfwise/shop")


def test_another_database_may_be_named(settings, tmp_path):
    named = ShopSettings(settings.home, f"sqlite:///{tmp_path}/elsewhere.db", model=settings.model)
    with open_shop(named) as shop:
        assert shop.db.dialect == "sqlite"
    assert (tmp_path / "elsewhere.db").is_file()
    assert not (settings.home / "stock.db").exists()


def test_a_damaged_database_is_told_and_nothing_is_left_running(settings):
    settings.home.mkdir()
    (settings.home / "stock.db").write_bytes(b"no database" * 1000)
    before = set(threading.enumerate())
    with pytest.raises(DatabaseError, match="damaged"):
        open_shop(settings)
    assert set(threading.enumerate()) <= before


def test_a_home_that_cannot_be_made_is_told(settings, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot write"):
        open_shop(ShopSettings(tmp_path / "file" / "home", model=settings.model))


def test_a_shop_without_a_model_that_works_is_open_for_all_else(settings, tmp_path):
    (settings.model / "card.md").write_text("changed")
    with open_shop(settings) as shop:
        shop.catalogue.add_store("Mill Lane", "ann")
        with pytest.raises(ModelError, match=r"card\.md: damaged"):
            shop.models.wait()
        assert not shop.models.ready
        assert "damaged" in shop.models.problem
        with pytest.raises(ModelError, match="no photo is answered"):
            scanning.answer_photos(shop, [b"photo"], None)


def test_closing_twice_is_closing(settings):
    shop = open_shop(settings)
    shop.models.wait()
    shop.close()
    shop.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("answer-")]


def test_the_parts_are_there(settings):
    with open_shop(settings) as shop:
        for name in Shop.__annotations__:
            assert getattr(shop, name) is not None, name
        shop.models.wait()
        assert shop.pool.model.id == shop.shelf.active().id


def test_importing_the_shop_loads_nothing_heavy():
    heavy = "{'sqlalchemy', 'onnxruntime', 'numpy'}"
    code = f"import sys, shelfwise.workflows.shop; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=True
    )
    assert done.stdout.strip() == "[]"


def test_photos_are_answered_and_learned_on_every_database(settings, database):
    url = database.url.render_as_string(hide_password=False)
    with open_shop(ShopSettings(settings.home, url, workers=1, model=settings.model)) as shop:
        product = shop.catalogue.add_product(NewProduct("Cola"))
        photo = io.BytesIO()
        Image.new("RGB", (20, 20), (250, 10, 10)).save(photo, "PNG")
        enrol(shop, product.id, [photo.getvalue()])
        (answer,) = scanning.answer_photos(shop, [photo.getvalue()], Actor("ann", 1, True))
        assert (answer.product_id, answer.product) == (product.id, "Cola")
        assert shop.answers.get(answer.id).product_id == product.id
        assert shop.models.catch_up(shop.products.in_use()) == ()
