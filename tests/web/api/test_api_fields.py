from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shelfwise.inventory.exchange.writing import guarded
from shelfwise.web.api.fields import Amount, Moment, amount_text, moment_text

AMOUNT = TypeAdapter(Amount)
MOMENT = TypeAdapter(Moment)


@given(st.decimals(-(10**12) + 1, 10**12 - 1, places=3))
def test_amounts_come_and_go_exactly(value):
    assert AMOUNT.validate_python(amount_text(value)) == value
    # All that may be given have at most 15 digits, which a float keeps.
    assert AMOUNT.validate_python(float(value)) == value


@pytest.mark.parametrize("value", [1, 1.5, "1.50", "1.5000", " 2 ", "-0.001", 1e3, Decimal("0.1")])
def test_amounts_are_taken_in_all_ways(value):
    assert AMOUNT.validate_python(value) == Decimal(str(value).strip())


@pytest.mark.parametrize(
    "value", ["1,5", "1e3", "٣", "1_000", "", ".", "1.", "1" * 13, 1e300, 1e-9, 10**400, True, {}]
)
def test_other_amounts_are_refused(value):
    with pytest.raises(ValidationError):
        AMOUNT.validate_python(value)


@given(st.text())
def test_any_text_is_a_time_or_is_refused(text):
    try:
        moment = MOMENT.validate_python(text)
    except ValidationError:
        return
    assert MOMENT.validate_python(moment_text(moment)) == moment


@given(
    st.from_regex(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})", fullmatch=True
    )
)
def test_times_of_the_right_form_never_fail_otherwise(text):
    try:
        moment = MOMENT.validate_python(text)
    except ValidationError:
        return
    assert moment_text(moment).endswith("Z")


@pytest.mark.parametrize(
    ("text", "shown"),
    [("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@A", "'@A"), ("\t=1", "'\t=1"), ("Tea", "Tea")],
)
def test_formulas_are_disarmed(text, shown):
    assert guarded(text) == shown
