"""Tests of the server's settings: names that it goes by, and cookies."""

import pytest

from shelfwise.errors import ConfigError
from shelfwise.web.config import WebConfig


def test_by_itself_it_goes_by_this_machines_names_only():
    config = WebConfig()
    assert config.takes("localhost")
    assert config.takes("127.0.0.1")
    assert config.takes("::1")
    assert not config.takes("evil.example")
    assert not config.takes("192.168.1.5")


def test_a_public_address_and_further_names_are_taken():
    config = WebConfig(public_address="https://Stock.example.org:8443", hosts=("till", "[fe80::1]"))
    assert config.takes("stock.example.org")
    assert config.takes("till")
    assert config.takes("fe80::1")


def test_any_address_is_taken_but_no_other_name():
    config = WebConfig(any_address=True)
    assert config.takes("192.168.1.5")
    assert config.takes("fe80::1")
    assert not config.takes("evil.example")
    assert not config.takes("")


@pytest.mark.parametrize(
    "address", ["stock.example.org", "ftp://a.example", "https://", "https://a.example/shop"]
)
def test_what_is_no_public_address_is_refused(address):
    with pytest.raises(ConfigError, match="no public address"):
        WebConfig(public_address=address)


def test_cookies_are_for_https_where_the_public_address_is():
    assert WebConfig(public_address="https://a.example").secure
    assert not WebConfig(public_address="http://a.example").secure
    assert not WebConfig().secure
    assert WebConfig(secure_cookies=True).secure
