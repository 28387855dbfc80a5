import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelfwise.errors import ProductError
from shelfwise.gtin import check_digit, gtin_key, parse_gtin

BODIES = st.sampled_from((7, 11, 12, 13)).flatmap(
    lambda length: st.text("0123456789", min_size=length, max_size=length)
)


@pytest.mark.parametrize(
    "right", ["4006381333931", "73513537", "036000291452", "10614141543219", "96385074", "5901234123457"]
)
def test_published_numbers_are_right(right):
    assert parse_gtin(right) == right


def test_blanks_and_hyphens_do_not_count():
    assert parse_gtin(" 4-006381 333931\n") == "4006381333931"


@given(BODIES, st.integers(0, 9))
def test_one_last_digit_is_right(body, last):
    right = check_digit(body)
    if last == right and body.strip("0"):
        assert parse_gtin(f"{body}{last}") == f"{body}{last}"
    else:
        with pytest.raises(ProductError):
            parse_gtin(f"{body}{last}")


@given(BODIES, st.data())
def test_one_mistyped_digit_is_found(body, data):
    digits = f"{body}{check_digit(body)}"
    place = data.draw(st.integers(0, len(digits) - 1))
    other = data.draw(st.sampled_from([d for d in "0123456789" if d != digits[place]]))
    with pytest.raises(ProductError):
        parse_gtin(digits[:place] + other + digits[place + 1 :])


@pytest.mark.parametrize(
    "wrong", ["", "123", "40063813339310", "4006381333932", "４００６３８１３３３９３１", "abc", "0" * 13]
)
def test_others_are_refused(wrong):
    with pytest.raises(ProductError, match="GTIN"):
        parse_gtin(wrong)


def test_spellings_of_one_number_are_one():
    assert gtin_key("036000291452") == gtin_key("0036000291452") == gtin_key("00036000291452")
