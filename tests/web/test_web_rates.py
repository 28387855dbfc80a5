"""Tests of how often one may ask."""

import pytest

from shelfwise.errors import ThrottledError
from shelfwise.web.rates import Rates


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_as_much_as_a_minute_allows_may_come_at_once_then_it_waits():
    clock = Clock()
    rates = Rates({"requests": 60}, clock)
    for _ in range(60):
        rates.take("requests", "ada")
    with pytest.raises(ThrottledError, match="60 requests in a minute") as caught:
        rates.take("requests", "ada")
    assert caught.value.retry_after == pytest.approx(1)
    clock.now += 1
    rates.take("requests", "ada")
    with pytest.raises(ThrottledError):
        rates.take("requests", "ada")


def test_everybody_and_every_kind_has_a_bucket_of_their_own():
    rates = Rates({"requests": 1, "photos": 1}, Clock())
    rates.take("requests", "ada")
    rates.take("requests", "grace")
    rates.take("photos", "ada")
    with pytest.raises(ThrottledError):
        rates.take("photos", "ada")


def test_many_at_once_are_taken_together_or_not_at_all():
    clock = Clock()
    rates = Rates({"photos": 60}, clock)
    rates.take("photos", "ada", 50)
    with pytest.raises(ThrottledError) as caught:
        rates.take("photos", "ada", 20)
    assert caught.value.retry_after == pytest.approx(10)
    rates.take("photos", "ada", 10)


def test_more_than_ever_fits_is_let_through_by_a_full_bucket_and_paid_for_afterwards():
    clock = Clock()
    rates = Rates({"photos": 60}, clock)
    rates.take("photos", "ada", 90)
    clock.now += 30
    with pytest.raises(ThrottledError) as caught:
        rates.take("photos", "ada")
    assert caught.value.retry_after == pytest.approx(1)


def test_the_buckets_of_those_who_were_here_longest_ago_are_given_up(monkeypatch):
    monkeypatch.setattr("shelfwise.web.rates._MOST_BUCKETS", 2)
    rates = Rates({"requests": 1}, Clock())
    rates.take("requests", "ada")
    rates.take("requests", "grace")
    rates.take("requests", "lin")
    with pytest.raises(ThrottledError):
        rates.take("requests", "grace")
    rates.take("requests", "ada")
