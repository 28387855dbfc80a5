"""Whether two models differ in how often they are right, by more than chance, on the same photos."""

from __future__ import annotations

import math

__all__ = ["exact_p_value"]


def exact_p_value(only_first: int, only_second: int) -> float:
    """Two-sided p-value of the exact McNemar test.

    Photos on which both are right, or both wrong, say nothing about the difference. If the models were equally good,
    each of the other ``n = only_first + only_second`` would go to either with probability 1/2, so the smaller number
    ``k`` is binomial: ``p = min(1, 2 * sum(C(n, i) for i in 0…k) / 2**n)``.

    McNemar 1947, "Note on the sampling error of the difference between correlated proportions or percentages",
    Psychometrika 12(2), 153-157; in its exact conditional form, as in Fagerland, Lydersen, Laake 2013, "The McNemar
    test for binary matched-pairs data", BMC Medical Research Methodology 13:91. It is conservative, never too sure.

    Args:
        only_first: photos on which only the first is right.
        only_second: photos on which only the second is right.

    Returns:
        0 to 1; 1 where they never differ.
    """
    if only_first < 0 or only_second < 0:
        raise ValueError(f"counts cannot be negative: {only_first}, {only_second}")
    n, k = only_first + only_second, min(only_first, only_second)
    # From the largest part down; in logarithms, for 2**n leaves the range of floats at n = 1024.
    part = math.exp(
        math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) - n * math.log(2),
    )
    parts = [part]
    for i in range(k, 0, -1):
        part *= i / (n - i + 1)
        if part <= parts[0] * 1e-18:
            break
        parts.append(part)
    return min(1.0, 2 * math.fsum(parts))
