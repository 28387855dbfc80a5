from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from shelfwise.cli.app import app
from shelfwise.cli.config_file import takes_config_file
from shelfwise.errors import ConfigError

told: dict[str, object] = {}


@takes_config_file
def cook(
    dishes: Annotated[list[str], typer.Argument()],
    portions: Annotated[int, typer.Option(min=1)] = 2,
    heat: Annotated[float, typer.Option(max=1.0)] = 0.5,
    kind: Annotated[Literal["fry", "boil"], typer.Option("--format")] = "fry",
    spice: Annotated[list[str] | None, typer.Option()] = None,
    pot: Annotated[Path | None, typer.Option("--into-pot", "-p")] = None,
    salt: Annotated[bool, typer.Option("--salt/--no-salt")] = True,
) -> None:
    """Cook dishes."""
    told.clear()
    told.update(locals())


def run(*arguments: str) -> None:
    """Call the command; its errors come through."""
    kitchen = typer.Typer()
    kitchen.command()(cook)
    result = CliRunner().invoke(kitchen, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output


@pytest.fixture
def write(tmp_path):
    def make(text: str) -> str:
        (tmp_path / "cook.toml").write_text(text)
        return str(tmp_path / "cook.toml")

    return make


def test_without_a_file_the_defaults_hold():
    run("soup")
    assert (told["dishes"], told["portions"], told["kind"]) == (["soup"], 2, "fry")


def test_every_kind_of_setting_comes_from_the_file(write):
    file = write(
        'portions = 4\nheat = 1\nformat = "boil"\nspice = ["dill", "bay"]\ninto_pot = "big"\nsalt = false\n'
    )
    run("--config", file, "soup", "stew")
    assert told == {
        "dishes": ["soup", "stew"],
        "portions": 4,
        "heat": 1.0,
        "kind": "boil",
        "spice": ["dill", "bay"],
        "pot": Path("big"),
        "salt": False,
    }


def test_the_command_line_stands_above_the_file_wherever_the_file_is_named(write):
    run("soup", "--portions", "7", "--salt", "-c", write("portions = 4\nsalt = false\n"))
    assert (told["dishes"], told["portions"], told["salt"]) == (["soup"], 7, True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "heat = 0.1\nportion = 3",
            r"cook.toml, line 2: no setting is named 'portion'; did you mean 'portions'",
        ),
        ("dishes = ['stew']", "no setting is named 'dishes'"),
        ("config = 'other.toml'", "no setting is named 'config'"),
        ("help = true", "no setting is named 'help'"),
        ("portions = '3'", r"cook.toml, line 1: portions is \"3\": expected a whole number"),
        ("portions = 2.5", "expected a whole number"),
        ("portions = true", "expected a whole number"),
        ("portions = 0", "line 1: portions is 0: expected greater than or equal to 1"),
        ("heat = 'hot'", "expected a number"),
        ("salt = 'no'", "expected true or false"),
        ("format = 'bake'", "line 1: format is \"bake\": expected 'fry' or 'boil'"),
        ("into_pot = 3", "expected a text"),
        ("spice = 'dill'", "expected a list"),
        ("spice = ['dill', 3]", "expected a text"),
        ("portions = ", "not a TOML file"),
    ],
)
def test_what_is_wrong_in_the_file_is_told_with_its_place(text, message, write):
    with pytest.raises(ConfigError, match=message):
        run("soup", "--config", write(text))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match="there is no such configuration file"):
        run("soup", "--config", str(tmp_path / "none.toml"))


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (["classify"], 'formt = "csv"'),
        (["evaluate"], 'formt = "json"'),
        (["data", "check"], 'formt = "json"'),
        (["data", "fetch"], "ye = true"),
        (["data", "sample"], "coun = 3"),
        (["train"], "epoch = 3"),
        (["crossval"], "epoch = 3"),
    ],
)
def test_every_command_with_settings_refuses_an_unknown_key_with_the_nearest(command, text, write):
    result = CliRunner().invoke(app, [*command, "--config", write(text)])
    assert result.exit_code == 2
    assert "did you mean" in result.stderr


def test_photos_are_classified_as_a_file_says(toy, tmp_path, write):
    bundle = toy.write_toy_bundle(tmp_path / "bundle", categories=["Red", "Green", "Blue"])
    colour_photo = tmp_path / "red.png"
    Image.new("RGB", (20, 20), (255, 0, 0)).save(colour_photo)
    file = write(f'model = "{bundle.path}"\nformat = "csv"\ntop = 3\n')
    result = CliRunner().invoke(app, ["classify", str(colour_photo), "--config", file])
    assert result.exit_code == 0, result.output
    header, row = result.stdout.splitlines()
    assert "category_3" in header
    assert ",Red," in row
