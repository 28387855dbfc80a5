"""Tests of what says that an optional library is missing."""

import sys

import pytest

from shelfwise.errors import MissingExtraError
from shelfwise.extras import require, require_found


def test_a_library_that_is_there_is_imported():
    assert require("json", what="Anything", extra="serve") is sys.modules["json"]


def test_what_is_found_is_not_imported(tmp_path, monkeypatch):
    (tmp_path / "slow_to_import.py").write_text("raise AssertionError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    require_found("json", "slow_to_import", what="Anything", extra="serve")
    assert "slow_to_import" not in sys.modules


def test_what_is_missing_is_told_with_what_brings_it():
    with pytest.raises(MissingExtraError, match=r"Anything .*shelfwise\[serve\]"):
        require("not_there_at_all", what="Anything", extra="serve")
    with pytest.raises(MissingExtraError, match=r"Anything .*shelfwise\[serve\]"):
        require_found("json", "not_there_at_all", what="Anything", extra="serve")


def test_a_library_that_misses_one_of_its_own_is_told_as_it_is(tmp_path, monkeypatch):
    (tmp_path / "half_there.py").write_text("import not_there_at_all")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="not_there_at_all"):
        require("half_there", what="Anything", extra="serve")
