"""Numbers below zero as arguments."""

import pytest
import typer
from typer.testing import CliRunner

from shelfwise.cli.signed import NumberCommand

app = typer.Typer(pretty_exceptions_enable=False)


@app.command(cls=NumberCommand)
def tell(name: str, number: str, note: str = "") -> None:
    typer.echo(f"{name} {number} {note}")


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["Tea", "-3"], "Tea -3 "),
        (["Tea", "-2.5", "--note", "-1"], "Tea -2.5 -1"),
        (["--note=x", "Tea", "-2,5"], "Tea -2,5 x"),
        (["Tea", "--", "-3"], "Tea -3 "),
        (["Tea", "3", "--note", "-1"], "Tea 3 -1"),
    ],
)
def test_a_number_below_zero_is_an_argument_and_no_option(args: list[str], told: str) -> None:
    assert CliRunner().invoke(app, args).output == f"{told}\n"


def test_what_is_no_number_is_an_option_still() -> None:
    assert "No such option" in CliRunner().invoke(app, ["Tea", "-x"]).output
