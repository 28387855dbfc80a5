import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shelfwise.text import nearest, printable, readable, some


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Müsli 1.jpg", "Müsli 1.jpg"),
        ("苹果.png", "苹果.png"),
        ("a\x1b[2J\n\tb", "a\ufffd[2J\ufffd\ufffdb"),
        ("not text \udcff", "not text \ufffd"),
        ("turned \u202egpj.exe", "turned \ufffdgpj.exe"),
    ],
)
def test_only_what_can_be_printed_is_shown(name, shown):
    assert printable(name) == shown


def test_some_of_many_names() -> None:
    assert some("abc") == "a, b, c"
    assert some("abc", 2) == "a, b and 1 more"
    assert some(iter(())) == ""


@pytest.mark.parametrize(
    ("word", "meant"),
    [("Freiborg", "freiburg"), ("batch-sizes", "batch_size"), ("SQUASH", "Squash"), ("zzz", None)],
)
def test_nearest_is_as_the_choice_is_written(word: str, meant: str | None) -> None:
    assert nearest(word, ["freiburg", "batch_size", "Squash"]) == meant


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("royal-gala", "Royal gala"),
        ("soy_milk", "Soy milk"),
        ("Oat-Milk", "Oat Milk"),
        ("7-up", "7-up"),
        ("Tea", "Tea"),
        ("", ""),
    ],
)
def test_labels_are_shown_as_people_write_them(label: str, shown: str) -> None:
    assert readable(label) == shown


@settings(deadline=None)
@given(st.sampled_from(["batch_size", "epochs", "seed", "weight_decay", "warmup_epochs"]), st.data())
def test_one_slip_of_the_finger_still_finds_the_name(name: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(name) - 1))
    slip = name[:place] + data.draw(st.sampled_from("xyz")) + name[place + 1 :]
    assert nearest(slip, ["batch_size", "epochs", "seed", "weight_decay", "warmup_epochs"]) == name
