import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelfwise.training.report.names import percent, shortened, shortest_names


def test_the_last_level_is_enough_where_it_is_unique() -> None:
    names = ["Fruit/Apple/Red", "Fruit/Pear/Red", "Fruit/Pear/Anjou", "Milk"]
    assert shortest_names(names) == ["Apple/Red", "Pear/Red", "Anjou", "Milk"]


@pytest.mark.parametrize(("limit", "short"), [(20, "Golden-Delicious"), (9, "Gold…ious"), (8, "Gold…ous")])
def test_long_names_lose_their_middle(limit: int, short: str) -> None:
    assert shortened("Golden-Delicious", limit) == short


@given(st.lists(st.text("ab/", min_size=1, max_size=8), unique=True, min_size=1, max_size=8))
def test_different_names_stay_different(names: list[str]) -> None:
    short = shortest_names(names, limit=99)
    assert len(set(short)) == len(names)
    assert all(name.endswith(its) for name, its in zip(names, short, strict=True))


def test_shares_are_written_with_a_space_that_does_not_break() -> None:
    assert percent(0.1234) == "12.3\u00a0%"
    assert percent(1.0, 0) == "100\u00a0%"
    assert percent(None) == "–"
