"""Tests of versions in headers."""

import pytest

from shelfwise.errors import EntryError
from shelfwise.web.etags import etag, version_of


def test_a_version_goes_there_and_back():
    assert etag(3) == '"v3"'
    assert version_of(etag(3)) == 3
    assert version_of('W/"v12"') == 12


def test_none_and_any_ask_for_no_version():
    assert version_of(None) is None
    assert version_of("*") is None


@pytest.mark.parametrize("tag", ["3", "v3", '"3"', '"v"', '"v3", "v4"', '"v-1"', '"v' + "9" * 30 + '"'])
def test_what_is_no_tag_of_ours_is_refused(tag):
    with pytest.raises(EntryError) as caught:
        version_of(tag)
    assert caught.value.field == "If-Match"
