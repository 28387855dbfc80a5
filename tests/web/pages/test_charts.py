"""Charts: the line stays in the frame, quantities are round, a level holds until it changes."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from shelfwise.inventory.records import LevelPoint
from shelfwise.web.pages.charts import level_chart

START = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)


def points(*values: float | Decimal) -> list[LevelPoint]:
    return [LevelPoint(START + timedelta(days=day), Decimal(value)) for day, value in enumerate(values)]


def corners(line: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in line.split(" "))]


def test_a_level_holds_until_it_changes():
    chart = level_chart(points(4, 4, 10), None)
    found = corners(chart.line)
    assert found[0][1] == found[1][1] == found[2][1] == found[3][1]  # 4, 4, and across to the third day
    assert found[3][0] == found[4][0]  # then straight up
    assert found[4][1] < found[3][1]
    assert found[0][0] == chart.left
    assert found[-1][0] == chart.right


def test_quantities_are_round_and_hold_all_values_and_the_minimum():
    chart = level_chart(points(-3, 17), Decimal(22))
    assert [row.text for row in chart.rows] == ["−10", "0", "10", "20", "30"]
    assert chart.minimum is not None
    assert chart.rows[-1].at < chart.minimum < chart.rows[-2].at
    assert chart.rows[0].at == chart.bottom


def test_days_are_named_where_the_reader_is():
    here = level_chart(points(1, 2, 3), None, columns=2, zone=ZoneInfo("Asia/Tokyo"))
    assert [(column.text, column.anchor) for column in here.columns] == [("2 Mar", "start"), ("4 Mar", "end")]
    utc = level_chart(points(1, 2, 3), None, columns=3)
    assert [column.text for column in utc.columns] == ["1 Mar", "2 Mar", "3 Mar"]


amounts = st.decimals(-(10**12) + 1, 10**12 - 1, places=3)


@given(st.lists(amounts, min_size=2, max_size=60), st.none() | amounts.filter(lambda value: value >= 0))
def test_whatever_the_levels_the_line_lies_in_the_frame(values, minimum):
    chart = level_chart(points(*values), minimum, width=340, height=200)
    assert 2 <= len(chart.rows) <= 8
    assert len({row.text for row in chart.rows}) == len(chart.rows)
    for x, y in corners(chart.line):
        assert chart.left <= x <= chart.right
        assert 0 <= y <= chart.bottom
    if chart.minimum is not None:
        assert 0 <= chart.minimum <= chart.bottom
