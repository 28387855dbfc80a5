"""The exact McNemar test."""

from fractions import Fraction
from math import comb

import pytest

from shelfwise.answers.mcnemar import exact_p_value


def _by_hand(b, c):
    n, k = b + c, min(b, c)
    return float(min(Fraction(1), 2 * sum(Fraction(comb(n, i), 2**n) for i in range(k + 1))))


@pytest.mark.parametrize(
    ("b", "c", "p"),
    [
        (0, 0, 1.0),
        (1, 0, 1.0),
        (0, 5, 0.0625),
        (6, 0, 0.03125),
        (3, 3, 1.0),
        (1, 9, 22 / 1024),
        (10, 15, 14_239_032 / 2**25),
    ],
)
def test_known_values(b, c, p):
    assert exact_p_value(b, c) == pytest.approx(p, rel=1e-12)


def test_against_whole_numbers():
    for b in range(0, 40, 3):
        for c in range(0, 200, 7):
            assert exact_p_value(b, c) == pytest.approx(_by_hand(b, c), rel=1e-10)
            assert exact_p_value(b, c) == exact_p_value(c, b)


def test_large_counts_neither_overflow_nor_take_long():
    assert exact_p_value(500_000, 500_000) == 1.0
    assert exact_p_value(0, 5000) == 0.0
    assert exact_p_value(1450, 1550) == pytest.approx(_by_hand(1450, 1550), rel=1e-9)


def test_negative_counts_are_refused():
    with pytest.raises(ValueError, match="negative"):
        exact_p_value(-1, 3)
