import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import typer
from pydantic import BaseModel, ConfigDict, Field
from typer.testing import CliRunner

from shelfwise.cli.options import ConfigFile, Look, config_options


class Cooking(BaseModel):
    model_config = ConfigDict(extra="forbid")

    dish: str = Field("pie", description="What to cook.")
    batch_size: Annotated[int, Field(gt=0)] = Field(4, description="Plates at once.")
    heat: float | None = Field(None, description="Degrees.")
    fan: bool = Field(True, description="Move the air.")
    tray: Path | None = None
    order: Literal["first", "last"] = Field("first", description="When.")
    guests: list[str] | None = Field(None, description="Who comes.")
    extra: Mapping[str, str] = {}


class Kitchen:
    """A command line whose one command notes what it was called with."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.app = typer.Typer()

        @self.app.command()
        @config_options(
            Cooking,
            skip={"extra"},
            looks={
                "order": Look(panel="Time"),
                "heat": Look(default="the dish's"),
                "batch_size": Look(default="the dish's"),
                "guests": Look(help="Who comes, in order."),
            },
        )
        def cook(
            flags: Mapping[str, object],
            place: Annotated[str, typer.Argument(help="Where.")],
            config: ConfigFile = None,
        ) -> None:
            """Cook something."""
            self.calls.append({"place": place, "config": config, "flags": dict(flags)})

    def run(self, *arguments: str) -> Any:
        return CliRunner().invoke(self.app, arguments, env={"COLUMNS": "200", "NO_COLOR": "1"})


def test_only_given_options_are_handed_on() -> None:
    kitchen = Kitchen()
    assert kitchen.run("here").exit_code == 0
    assert kitchen.calls == [{"place": "here", "config": None, "flags": {}}]


def test_every_kind_of_option() -> None:
    kitchen = Kitchen()
    line = "here --dish cake --batch-size 2 --heat 3.5 --no-fan --tray a/b --order last --config c.toml"
    assert kitchen.run(*line.split()).exit_code == 0
    assert kitchen.calls[0]["config"] == Path("c.toml")
    assert kitchen.calls[0]["flags"] == {
        "dish": "cake",
        "batch_size": 2,
        "heat": 3.5,
        "fan": False,
        "tray": Path("a/b"),
        "order": "last",
    }


def test_falsy_values_count_as_given() -> None:
    kitchen = Kitchen()
    kitchen.run("here", "--batch-size", "0", "--heat", "0", "--dish", "")
    assert kitchen.calls[0]["flags"] == {"batch_size": 0, "heat": 0.0, "dish": ""}


def test_lists_are_repeated_or_separated_by_commas() -> None:
    kitchen = Kitchen()
    kitchen.run("here", "--guests", "Ann,Bo", "--guests", "Cy")
    assert kitchen.calls[0]["flags"] == {"guests": ["Ann", "Bo", "Cy"]}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--order middle", "'middle' is not one of 'first', 'last'"),
        ("--batch-size many", "--batch-size"),
        ("--bath-size 3", "--batch-size"),
        ("--extra x", "No such option"),
    ],
)
def test_wrong_options_end_with_code_2(line: str, message: str) -> None:
    result = Kitchen().run("here", *line.split())
    assert result.exit_code == 2
    assert message in result.output


def test_help_shows_descriptions_defaults_choices_and_panels() -> None:
    text = Kitchen().run("--help").output
    for part in (
        "What to cook. (default pie)",
        "One of: first, last.",
        "--no-fan",
        "(default yes)",
        "Time",
        "Plates at once. (the dish's)",
        "Degrees. (the dish's)",
        "Who comes, in order.",
        "Where.",
    ):
        assert part in text


def test_a_field_that_no_option_can_be_made_of_is_refused_at_once() -> None:
    def cook(flags: Mapping[str, object]) -> None:
        pass

    with pytest.raises(TypeError, match="extra"):
        config_options(Cooking)(cook)


def test_name_and_docstring_are_kept() -> None:
    def cook(flags: Mapping[str, object]) -> None:
        """Cook."""

    command = config_options(Cooking, skip={"extra"})(cook)
    assert (command.__name__, inspect.getdoc(command)) == ("cook", "Cook.")
