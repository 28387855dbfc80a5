import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from shelfwise.accounts.tables import throttles
from shelfwise.accounts.throttle import ADDRESS, NAME, Throttle
from shelfwise.errors import SignInError, ThrottledError

GOOD = "seven green bottles"


@pytest.fixture
def throttle(database, clock):
    return Throttle(database, now=clock)


def waits(throttle, clock, key, address, tries):
    """What has to be waited before each of so many tries, waiting as told."""
    found = []
    for _ in range(tries):
        waited = 0.0
        try:
            throttle.admit(key, address)
        except ThrottledError as error:
            waited = error.retry_after
            clock.go(seconds=waited)
            throttle.admit(key, address)
        found.append(round(waited))
    return found


def test_waits_for_a_name_grow_and_stop_growing(throttle, clock):
    assert waits(throttle, clock, "ana", None, 16) == [0] * 5 + [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_an_address_that_tries_many_names_waits_too(throttle, clock):
    found = [waits(throttle, clock, f"name {number}", "10.0.0.7", 1)[0] for number in range(24)]
    assert found == [0] * 20 + [1, 2, 4, 8]
    throttle.admit("name 99", "10.0.0.8")


def test_a_try_too_early_is_not_counted(throttle, clock):
    waits(throttle, clock, "ana", None, 6)
    for _ in range(20):
        with pytest.raises(ThrottledError) as caught:
            throttle.admit("ana", None)
    assert caught.value.retry_after == pytest.approx(2)
    clock.go(seconds=2)
    throttle.admit("ana", None)


def test_success_gives_the_name_its_tries_back_and_the_address_one(throttle, clock):
    for _ in range(4):
        throttle.admit("ana", "10.0.0.7")
    throttle.succeeded("ana", "10.0.0.7")
    assert waits(throttle, clock, "ana", None, 5) == [0] * 5
    found = [waits(throttle, clock, f"name {number}", "10.0.0.7", 1)[0] for number in range(18)]
    assert found == [0] * 17 + [1]


def test_after_a_quiet_time_it_is_forgotten(throttle, clock, database):
    waits(throttle, clock, "ana", "10.0.0.7", 10)
    clock.go(hours=1, seconds=1)
    for number in range(20):
        throttle.admit(f"name {number}", "10.0.0.7")
    clock.go(days=1, seconds=1)
    assert waits(throttle, clock, "ana", "10.0.0.7", 5) == [0] * 5
    with database.read() as connection:
        assert len(connection.execute(select(throttles)).all()) == 2


def test_names_are_not_kept_as_they_were_typed(throttle, database):
    throttle.admit("my secret password", "10.0.0.7")
    with database.read() as connection:
        assert "secret" not in str(connection.execute(select(throttles)).all())


def test_many_at_once_get_no_more_tries(throttle):
    start, admitted = threading.Barrier(12), []

    def guess():
        start.wait()
        try:
            throttle.admit("ana", "10.0.0.7")
            admitted.append(True)
        except ThrottledError:
            pass

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(admitted) == NAME.free


def test_the_right_password_does_not_help_before_the_wait_is_over(accounts):
    accounts.user()
    for _ in range(5):
        with pytest.raises(SignInError):
            accounts.users.check_password("Ana", "wrong wrong wrong", "10.0.0.7")
    for name in ("ANA", "ana "):
        with pytest.raises(ThrottledError, match="wait 1 second"):
            accounts.users.check_password(name, GOOD, "10.0.0.8")
    accounts.clock.go(seconds=1)
    accounts.users.check_password("Ana", GOOD, "10.0.0.7")


def test_unknown_names_are_slowed_down_alike(accounts):
    accounts.user()

    def answers(name):
        found = []
        for _ in range(8):
            with pytest.raises((SignInError, ThrottledError)) as caught:
                accounts.users.check_password(name, "wrong wrong wrong")
            found.append(str(caught.value))
        return found

    assert answers("Ana") == answers("nobody")


@given(st.integers(0, 10_000))
def test_waits_never_shrink_and_have_a_limit(tries):
    for limit in (NAME, ADDRESS):
        assert 0 <= limit.wait(tries) <= limit.wait(tries + 1) <= limit.longest
