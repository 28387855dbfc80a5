import json
from pathlib import Path

import pytest

pytest.importorskip("cv2")
pytest.importorskip("matplotlib")

from shelfwise.cli.app import main


def run(*args: object) -> int:
    with pytest.raises(SystemExit) as done:
        main(["data", "scenes", *map(str, args)])
    assert isinstance(done.value.code, int)
    return done.value.code


SMALL = ("--min-side", 200, "--max-side", 240)


def test_scenes_are_composed_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "scenes"
    assert run("--out", out, "--count", 2, "--seed", 3, "--kinds", "table", *SMALL) == 0
    printed = capsys.readouterr().out
    assert "2 composed scenes (not photographs)" in printed
    assert f"shelfwise train --task detect {out}" in printed
    content = json.loads((out / "annotations.json").read_text())
    assert [image["kind"] for image in content["images"]] == ["table", "table"]
    assert [category["name"] for category in content["categories"]] == ["product"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--kinds", "shelf=x"), "'x' is no number"),
        (("--kinds", "shop"), "no kind of scene is called 'shop'"),
        (("--min-side", 900, "--max-side", 300), "900 to 300 pixels"),
        (("no-such-folder",), "no-such-folder"),
    ],
)
def test_wrong_arguments_leave_with_2(
    arguments: tuple[object, ...], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments, "--out", tmp_path / "scenes", "--count", 1) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "scenes").exists()
