import pytest

from shelfwise.datasets.checks.text import printable


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
