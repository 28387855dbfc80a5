import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelfwise.accounts.passwords import Passwords
from shelfwise.errors import EntryError


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("short", "at least 10"),
        ("x" * 257, "at most 256"),
        ("Ana Maria Ruiz", "not your name"),
        ("ana  maria ruiz1", "not your name"),
        ("password12", "commonest"),
        ("P@ssw0rd2026!", "commonest"),
        ("passwordpassword", "commonest"),
        ("qwertyuiop", "commonest"),
        ("1234567890", "commonest"),
        ("12345678901", "commonest"),
        ("1212121212", "commonest"),
        ("2580258025802580", "commonest"),
        ("aaaaaaaaaaaa", "commonest"),
        ("shelfwise123", "commonest"),
        ("Iloveyou!!!", "commonest"),
        ("bottle\ud800bottle", "no valid text"),
    ],
)
def test_weak_passwords_are_refused(passwords, password, reason):
    with pytest.raises(EntryError, match=reason) as caught:
        passwords.check(password, "Ana Maria Ruiz")
    assert caught.value.field == "password"


@pytest.mark.parametrize(
    "password",
    [
        "seven green bottles",
        "correct horse battery",
        "4711-0815-99x",
        "žluťoučký kůň",
        "Ana likes 7 oranges",
        "3141592653",
    ],
)
def test_others_are_taken(passwords, password):
    passwords.check(password, "Ana")


def test_kept_is_argon2id_and_the_same_password_is_kept_differently(passwords):
    one, other = passwords.hash("seven green bottles"), passwords.hash("seven green bottles")
    assert one.startswith("$argon2id$") and one != other
    assert passwords.verify(one, "seven green bottles")
    assert not passwords.verify(one, "seven green bottle")


@given(st.text(max_size=300), st.text(max_size=300))
def test_only_the_password_itself_is_right(one, other):
    passwords = Passwords(time_cost=1, memory_cost=8)
    fits = one.isascii() and len(one) <= 256
    if fits:
        assert passwords.verify(passwords.hash(one), one)
        assert not other.isascii() or passwords.verify(passwords.hash(one), other) == (one == other)


def test_the_same_letters_in_another_form_are_the_same_password(passwords):
    assert passwords.verify(passwords.hash("cafe\u0301 au lait"), "caf\u00e9 au lait")


def test_nobody_has_no_password(passwords):
    assert not passwords.verify(None, "nobody's password")
    assert not passwords.verify("not a hash", "seven green bottles")
    assert not passwords.verify(passwords.hash(""), "\ud800")


def test_no_user_takes_as_long_as_a_wrong_password():
    passwords = Passwords(time_cost=2, memory_cost=8192)
    kept = passwords.hash("seven green bottles")
    import time

    def seconds(of):
        best = 1.0
        for _ in range(3):
            start = time.perf_counter()
            passwords.verify(of, "seven red bottles")
            best = min(best, time.perf_counter() - start)
        return best

    assert 0.3 < seconds(None) / seconds(kept) < 3


def test_a_hash_of_other_parameters_is_outdated(passwords):
    assert passwords.is_outdated(Passwords(time_cost=2, memory_cost=16).hash("seven green bottles"))
    assert not passwords.is_outdated(passwords.hash("seven green bottles"))
