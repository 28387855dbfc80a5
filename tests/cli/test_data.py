import functools
import http.server
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from shelfwise.cli.app import main
from shelfwise.datasets import catalog
from shelfwise.datasets.catalog import CATALOG


class Run:
    """Runs ``shelfwise data …`` in this process, without a terminal."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *args: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as done:
            main(["data", *map(str, args)])
        out, err = self._capsys.readouterr()
        assert isinstance(done.value.code, int)
        return done.value.code, out, err


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(capsys)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SHELFWISE_DATA", str(tmp_path / "home"))
    monkeypatch.delenv("SHELFWISE_MIRROR", raising=False)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    # The real sizes would ask for a gigabyte of free disk.
    small = replace(CATALOG["freiburg"], download_bytes=1000, unpacked_bytes=1000, companions=())
    monkeypatch.setitem(catalog.CATALOG, "freiburg", small)
    return tmp_path / "home"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "served" / "archive.tar.gz"
    path.parent.mkdir()
    with tarfile.open(path, "w:gz") as handle:
        for name in ("images/BEANS/BEANS0001.png", "splits/test0.txt"):
            info = tarfile.TarInfo(name)
            info.size = 3
            handle.addfile(info, io.BytesIO(b"abc"))
    return path


@pytest.fixture
def url(archive: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(archive.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/{archive.name}"
        server.shutdown()
        thread.join()


def test_list_shows_sets_licences_and_where_they_live(run: Run, home: Path) -> None:
    (home / "freiburg").mkdir(parents=True)
    (home / "freiburg" / "photo.png").touch()
    code, out, err = run("list")
    assert (code, err) == (0, "")
    rows = {line.split()[0]: line for line in out.splitlines() if line.strip()}
    assert "there" in rows["freiburg"]
    assert "4,947" in rows["freiburg"]
    assert "not fetched" in rows["grocery-store"]
    assert "MIT" in rows["grocery-store"]
    assert str(home) in out


def test_list_as_json_has_every_fact(run: Run, home: Path) -> None:
    code, out, _ = run("list", "--format", "json")
    assert code == 0
    freiburg, grocery = json.loads(out)
    assert freiburg["folder"] == str(home / "freiburg")
    assert freiburg["state"] == "absent"
    assert freiburg["sha256"] is None
    assert grocery["licence"] == "MIT"


def test_fetch_shows_source_licence_and_size_and_asks(run: Run, home: Path) -> None:
    code, out, err = run("fetch", "freiburg")
    assert code == 2
    assert "aisdatasets.informatik.uni-freiburg.de" in out
    assert "Licence:  none given" in out
    assert "unpacked" in out
    assert err.count("\n") == 1
    assert "add --yes" in err
    assert not home.exists()


def test_fetch_from_another_address(run: Run, home: Path, url: str) -> None:
    code, out, err = run("fetch", "freiburg", "--url", url, "--yes")
    assert code == 0, err
    assert (home / "freiburg" / "images" / "BEANS" / "BEANS0001.png").read_bytes() == b"abc"
    assert "not verified: no published checksum" in err
    assert f"2 files in {home / 'freiburg'}" in out
    code, out, _ = run("fetch", "freiburg")
    assert code == 0
    assert "already in" in out


def test_fetch_takes_an_archive_given_by_hand(run: Run, tmp_path: Path, archive: Path) -> None:
    folder = tmp_path / "there"
    code, out, _ = run("fetch", "freiburg", "--archive", archive, "--to", folder, "-y")
    assert code == 0
    assert f"From:     {archive}" in out
    assert (folder / "splits" / "test0.txt").exists()
    assert archive.exists()


def test_fetch_offline_is_one_line_that_says_what_to_do(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELFWISE_MIRROR", "http://127.0.0.1:9")
    code, out, err = run("fetch", "freiburg", "--yes")
    assert code == 2
    assert "From:     http://127.0.0.1:9/freiburg/freiburg_groceries_dataset.tar.gz" in out
    assert err.startswith("error: cannot reach http://127.0.0.1:9/")
    assert (
        f"put it at {home / 'freiburg_groceries_dataset.tar.gz'} and run: shelfwise data fetch freiburg"
        in err
    )
    assert err.count("\n") == 1


def test_fetch_of_an_unknown_set_names_the_nearest(run: Run) -> None:
    code, _, err = run("fetch", "grocery")
    assert code == 2
    assert "did you mean 'grocery-store'?" in err


def test_sample_is_drawn_and_says_that_it_is_rendered(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "sample"
    code, out, _ = run("sample", folder, "--count", 1, "--size", 32, "--seed", 7)
    assert code == 0
    assert f"5 rendered pictures (not photographs) are in {folder}" in out
    assert json.loads((folder / "shelfwise-sample.json").read_text())["seed"] == 7


def test_sample_refuses_a_folder_with_other_files(run: Run, tmp_path: Path) -> None:
    code, _, err = run("sample", tmp_path.parent, "--count", 1)
    assert code == 2
    assert "holds other files" in err


@pytest.mark.parametrize("command", ["list", "fetch", "sample", "check"])
def test_help_has_examples(run: Run, command: str) -> None:
    code, out, _ = run(command, "--help")
    assert code == 0
    assert f"shelfwise data {command}" in out.split("Examples:")[1]
