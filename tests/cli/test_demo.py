import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from shelfwise.cli import app as cli
from shelfwise.cli import demo as module
from shelfwise.cli.demo import demo
from shelfwise.errors import ConfigError

Calls = list[list[str]]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Replaces the commands by ones that only note their arguments; ``evaluate`` ends with code 1."""
    made: Calls = []

    def noting(name: str) -> Callable[..., None]:
        def command(context: typer.Context) -> None:
            made.append([name, *context.args])
            if name == "evaluate":
                raise typer.Exit(1)

        return command

    def load(name: str) -> object:
        wrapper = typer.Typer(add_completion=False)
        loose = {"ignore_unknown_options": True, "allow_extra_args": True}
        wrapper.command(name, context_settings=loose)(noting(name))
        return typer.main.get_command(wrapper)

    monkeypatch.setattr(cli, "load_command", load)
    return made


def test_a_failing_step_ends_the_demo_with_its_code(calls: Calls, tmp_path: Path) -> None:
    folder = tmp_path / "try"
    with pytest.raises(typer.Exit) as left:
        demo(folder)
    assert left.value.exit_code == 1
    assert [call[0] for call in calls] == ["data", "data", "train", "evaluate"]
    assert calls[0][1:3] == ["sample", str(folder / "photos")]
    assert calls[2][-2:] == ["--out", str(folder / "run")]


def test_a_folder_of_something_else_is_left_alone(calls: Calls, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "mine.jpg").write_bytes(b"mine")
    with pytest.raises(ConfigError, match="name another folder"):
        demo(tmp_path)
    assert (tmp_path / "photos" / "mine.jpg").read_bytes() == b"mine"
    assert calls == []


def test_a_file_in_its_place_is_left_alone(calls: Calls, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ConfigError, match="name another folder"):
        demo(tmp_path / "file")


def test_an_earlier_demo_is_replaced_and_other_files_stay(calls: Calls, tmp_path: Path) -> None:
    folder = tmp_path / "try"
    with pytest.raises(typer.Exit):
        demo(folder)
    (folder / "run").mkdir()
    (folder / "run" / "old").write_text("old")
    (folder / "check.html").write_text("old")
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(typer.Exit):
        demo(folder)
    assert sorted(path.name for path in folder.iterdir()) == [module.MARKER, "notes.txt"]


@pytest.mark.slow
@pytest.mark.usefixtures("quick_training")
def test_the_whole_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHELFWISE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(module, "TRAINING", "--recipe small-cnn --epochs 1 --batch-size 16 --threads 1")
    monkeypatch.setattr(module, "PER_CATEGORY", 10)
    monkeypatch.setattr(module, "SIZE", 64)
    folder = tmp_path / "try"
    demo(folder)
    shown = capsys.readouterr().out
    for name in ("run/report/index.html", "evaluation/index.html", "check.html", "run/bundle", "sorted"):
        assert (folder / name).exists()
        assert str(folder / name) in shown
    assert module.RENDERED in shown
    assert len(list((folder / "sorted").rglob("*.jpg"))) == 15
    facts = json.loads((folder / "run" / "bundle" / "bundle.json").read_text("utf-8"))
    assert facts["rendered"] is True
