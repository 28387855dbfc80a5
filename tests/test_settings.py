from pathlib import Path

import pytest

from shelfwise.errors import ConfigError
from shelfwise.settings import Settings


def test_named_places_come_first() -> None:
    settings = Settings(
        {
            "SHELFWISE_CACHE": "/c",
            "SHELFWISE_DATA": "/d",
            "SHELFWISE_MODEL": "/m",
            "SHELFWISE_MIRROR": "http://127.0.0.1:9/",
            "HF_ENDPOINT": "http://127.0.0.1:8",
            "XDG_CACHE_HOME": "/x",
            "XDG_DATA_HOME": "/x",
        }
    )
    assert (settings.cache_dir, settings.data_dir, settings.model) == (Path("/c"), Path("/d"), Path("/m"))
    assert settings.mirror == "http://127.0.0.1:9/"
    assert settings.hub == "http://127.0.0.1:8"


@pytest.mark.parametrize("folder", ["", "relative"])
def test_relative_or_empty_variables_are_ignored(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    names = ("SHELFWISE_CACHE", "SHELFWISE_DATA", "SHELFWISE_MODEL", "SHELFWISE_MIRROR", "HF_ENDPOINT")
    empty = dict.fromkeys(names, "")
    settings = Settings({"XDG_CACHE_HOME": folder, "XDG_DATA_HOME": folder, **empty})
    assert settings.cache_dir == Path("/home/ann/.cache/shelfwise")
    assert settings.data_dir == Path("/home/ann/.local/share/shelfwise/data")
    assert (settings.model, settings.mirror, settings.hub) == (None, None, None)


def test_the_folders_of_the_user_are_used() -> None:
    settings = Settings({"XDG_CACHE_HOME": "/x", "XDG_DATA_HOME": "/y"})
    assert settings.cache_dir == Path("/x/shelfwise")
    assert settings.data_dir == Path("/y/shelfwise/data")


def test_a_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    assert Settings({"SHELFWISE_MODEL": "~/shop"}).model == Path("/home/ann/shop")


def test_by_default_the_environment_is_the_process_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELFWISE_MODEL", "/m")
    assert Settings().model == Path("/m")


@pytest.mark.parametrize(("place", "asked"), [("cache", "cache_dir"), ("data", "data_dir"), ("home", "home")])
def test_without_a_home_the_error_says_what_to_set(
    place: str, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    settings = Settings({})
    assert settings.model is None
    with pytest.raises(ConfigError, match=f"set SHELFWISE_{place.upper()}"):
        getattr(settings, asked)


def test_the_index_of_products_has_its_place() -> None:
    settings = Settings({"SHELFWISE_PRODUCTS": "/p", "XDG_DATA_HOME": "/y"})
    assert (settings.products, settings.products_home) == (Path("/p"), Path("/y/shelfwise/products"))
    assert Settings({"SHELFWISE_PRODUCTS": ""}).products is None


def test_the_shop_has_its_place_and_its_database() -> None:
    named = Settings(
        {"SHELFWISE_HOME": "/s", "SHELFWISE_DATABASE": "postgresql://db/shop", "XDG_DATA_HOME": "/y"}
    )
    assert (named.home, named.database) == (Path("/s"), "postgresql://db/shop")
    unnamed = Settings({"SHELFWISE_HOME": "", "SHELFWISE_DATABASE": "", "XDG_DATA_HOME": "/y"})
    assert (unnamed.home, unnamed.database) == (Path("/y/shelfwise/shop"), None)


def test_the_shop_does_not_move_with_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings({"SHELFWISE_HOME": "shop"}).home == tmp_path / "shop"
