from pathlib import Path

import pytest

from shelfwise.errors import ConfigError
from shelfwise.settings import Settings


def test_named_cache_and_model_come_first() -> None:
    settings = Settings.from_environment(
        {"SHELFWISE_CACHE": "/c", "XDG_CACHE_HOME": "/x", "SHELFWISE_MODEL": "/m"}
    )
    assert settings == Settings(cache_dir=Path("/c"), model=Path("/m"))


@pytest.mark.parametrize("home", ["", "relative"])
def test_relative_or_empty_xdg_cache_is_ignored(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    settings = Settings.from_environment({"XDG_CACHE_HOME": home, "SHELFWISE_MODEL": ""})
    assert settings == Settings(cache_dir=Path("/home/ann/.cache/shelfwise"), model=None)


def test_xdg_cache_is_used() -> None:
    assert Settings.from_environment({"XDG_CACHE_HOME": "/x"}).cache_dir == Path("/x/shelfwise")


def test_without_a_home_the_error_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    with pytest.raises(ConfigError, match="set SHELFWISE_CACHE"):
        Settings.from_environment({})
