import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelfwise.accounts.names import clean_name, name_key, short
from shelfwise.errors import EntryError


def test_names_are_tidied():
    assert clean_name("  Ana   María ") == "Ana María"
    assert name_key("ANA  maría") == name_key("Ana María")
    assert name_key("straße") == name_key("STRASSE")


@pytest.mark.parametrize("name", ["", "  ", "a\0b", "x" * 65, "a\x1b[31m", "\ufdfa" * 30])
def test_strange_names_are_refused(name):
    with pytest.raises(EntryError) as caught:
        clean_name(name, "user")
    assert caught.value.field == "user"


@given(st.text())
def test_the_key_of_a_key_is_the_key(name):
    assert name_key(name_key(name)) == name_key(name)


@given(st.text(), st.integers(1, 20))
def test_short_text_can_be_shown_and_kept(text, limit):
    found = short(text, limit)
    assert len(found) <= limit and found.isprintable() and "\0" not in found


@given(st.text(st.characters(codec=None)))
def test_any_text_has_a_key_that_a_database_takes(name):
    assert name_key(name).isprintable() and "\0" not in name_key(name).encode("utf-8").decode("utf-8")
