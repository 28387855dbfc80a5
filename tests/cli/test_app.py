import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Annotated

import pytest
import typer

import shelfwise
from shelfwise.cli import app as cli
from shelfwise.errors import ConfigError, DataError

HEAVY = {
    "torch",
    "numpy",
    "PIL",
    "onnx",
    "onnxruntime",
    "sklearn",
    "scipy",
    "matplotlib",
    "jinja2",
    "pydantic",
}


def raise_expected() -> None:
    """Fail in an expected way."""
    raise DataError("photos/[a]: no photos in it: name another folder")


def raise_defect() -> None:
    raise ZeroDivisionError


def raise_interrupt() -> None:
    raise KeyboardInterrupt


def raise_abort() -> None:
    raise typer.Abort  # what a question makes of Ctrl-C


def leave(code: int) -> None:
    raise typer.Exit(code)


def greet(name: Annotated[str, typer.Argument(help="Whom.")], loud: bool = False) -> None:
    """Greet somebody.

    The words of this paragraph stand on two
    lines here.
    """
    typer.echo(f"hello {name}{'!' * loud}")


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table of commands for these tests instead of the program's own."""
    module = ModuleType("commands_of_test_app")
    group = typer.Typer(help="Kitchen work.")
    group.command()(greet)
    for function in (raise_expected, raise_defect, raise_interrupt, raise_abort, leave, greet):
        setattr(module, function.__name__, function)
    vars(module).update(group=group, EXAMPLES=("shelfwise greet Ann [Bo]",))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    names = ["raise_expected", "raise_defect", "raise_interrupt", "raise_abort", "leave", "greet", "group"]
    entries = {name: cli.Entry(module.__name__, name, f"Help of {name}.") for name in names}
    entries["broken"] = cli.Entry("no_such_module_at_all", "x", "Cannot be imported.")
    monkeypatch.setattr(cli, "COMMANDS", entries)


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        cli.main(arguments)
    assert isinstance(left.value.code, int)
    return left.value.code


def test_help_lists_every_command_and_imports_no_heavy_module() -> None:
    program = (
        "import atexit, json, sys; atexit.register(lambda: print(json.dumps(list(sys.modules)), file=sys.stderr));"
        "from shelfwise.cli.app import main; main(['--help'])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0
    for name, entry in cli.COMMANDS.items():
        assert name in result.stdout
        assert entry.help in result.stdout
    imported = json.loads(result.stderr)
    assert HEAVY & set(imported) == set()
    assert {entry.module for entry in cli.COMMANDS.values()} & set(imported) == set()


@pytest.mark.parametrize("command", [*cli.COMMANDS, "data list", "data check", "models show"])
def test_help_of_a_command_imports_no_heavy_module(command: str) -> None:
    program = (
        "import atexit, json, sys; atexit.register(lambda: print(json.dumps(list(sys.modules)), file=sys.stderr));"
        f"from shelfwise.cli.app import main; main({[*command.split(), '--help']!r})"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0
    # The settings of the commands that train are a model of pydantic.
    assert (HEAVY - {"pydantic"}) & set(json.loads(result.stderr)) == set()


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out == f"shelfwise {shelfwise.__version__}\n"


@pytest.mark.usefixtures("table")
def test_a_function_is_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("greet", "Ann", "--loud") == 0
    assert capsys.readouterr().out == "hello Ann!\n"


@pytest.mark.usefixtures("table")
def test_a_typer_app_is_a_group_even_with_one_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("group", "greet", "Ann") == 0
    assert capsys.readouterr().out == "hello Ann\n"


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("command", ["greet", "group"])
def test_help_of_a_command_shows_its_examples(
    command: str, flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command, flag) == 0
    shown = capsys.readouterr().out
    assert "Examples:" in shown
    assert "shelfwise greet Ann [Bo]" in shown


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("command", [["greet"], ["group", "greet"]])
def test_the_width_alone_breaks_the_lines_of_a_help_page(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*command, "--help") == 0
    assert "stand on two lines here." in capsys.readouterr().out


@pytest.mark.parametrize("command", list(cli.COMMANDS))
def test_no_help_page_is_cut_on_a_narrow_terminal(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for below in ("", *getattr(cli.load_command(command), "commands", ())):
        words = (command, below) if below else (command,)
        assert run(*words, "--help") == 0
        assert "\N{HORIZONTAL ELLIPSIS}" not in capsys.readouterr().out, words


def test_what_is_no_number_is_told_in_plain_words(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (("stock", "undo", "abc"), ("stock", "list", "--limit", "1.5"), ("serve", "--port", "x")):
        assert run(*words) == 2
        told = capsys.readouterr().err
        assert "give a whole number" in told and "pars" not in told, words


@pytest.mark.usefixtures("table")
def test_unknown_command_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("great", "Ann") == 2
    assert "Did you mean 'greet'?" in capsys.readouterr().err


@pytest.mark.usefixtures("table")
def test_expected_error_is_one_line_and_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("raise_expected") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "error: photos/[a]: no photos in it: name another folder\n"


@pytest.mark.usefixtures("table")
def test_long_error_stays_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise ConfigError("word " * 100)

    monkeypatch.setattr(sys.modules["commands_of_test_app"], "leave", fail)
    assert run("leave") == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.usefixtures("table")
def test_a_defect_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        cli.main(["raise_defect"])
    with pytest.raises(ModuleNotFoundError):
        cli.main(["broken"])


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("command", ["raise_interrupt", "raise_abort"])
def test_interrupt_is_one_line_and_code_130(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command) == 130
    assert capsys.readouterr() == ("", "interrupted\n")


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("code", [0, 1, 7])
def test_a_command_chooses_its_exit_code(code: int) -> None:
    assert run("leave", str(code)) == code


@pytest.mark.usefixtures("table")
def test_wrong_usage_is_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("greet") == 2
    assert run("greet", "Ann", "--lout") == 2
    assert "--loud" in capsys.readouterr().err


NO_ROOM = "error: the output cannot be written: No space left on device\n"

TALKATIVE = """
import sys, types
from shelfwise.cli import app
from shelfwise.cli.tables import console
module = types.ModuleType("talkative")
say = console().print if sys.argv[2] == "table" else print
module.talk = lambda: [say("word " * 99) for _ in range(int(sys.argv[1]))] and None
sys.modules["talkative"] = module
app.COMMANDS = {"talk": app.Entry("talkative", "talk", "Talk.")}
app.main(["talk"])
"""


@pytest.mark.parametrize("lines", [1, 10_000], ids=["at the end", "on the way"])
@pytest.mark.parametrize("by", ["print", "table"])
def test_closed_pipe_is_quiet(lines: int, by: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        command = [sys.executable, "-c", TALKATIVE, str(lines), by]
        result = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, timeout=60)
    finally:
        os.close(writer)
    assert (result.returncode, result.stderr) == (cli.PIPE_CLOSED, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", ["--version", "--help", "models list", "data list --help"])
def test_output_without_room_is_one_line_and_code_2(arguments: str) -> None:
    command = [sys.executable, "-m", "shelfwise", *arguments.split()]
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert (result.returncode, result.stderr) == (2, NO_ROOM)


def test_another_failure_of_the_system_is_not_hidden(table: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise FileNotFoundError(errno.ENOENT, "No such file", "x")

    monkeypatch.setattr(sys.modules["commands_of_test_app"], "leave", fail)
    with pytest.raises(FileNotFoundError):
        cli.main(["leave"])


def test_python_dash_m_runs_it() -> None:
    command = [sys.executable, "-m", "shelfwise", "--version"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stdout) == (0, f"shelfwise {shelfwise.__version__}\n")
