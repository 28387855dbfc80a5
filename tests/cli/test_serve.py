"""Tests of shelfwise serve before it serves; tests/web/test_serving.py has the rest."""

import gc
import socket
import sys
from pathlib import Path

import pytest

from shelfwise.bundle import DEFAULT_DETECTOR, write_bundle
from shelfwise.cli.app import main
from shelfwise.cli.serve import _settings, _use, _without_collection
from shelfwise.errors import BundleError
from shelfwise.images.preprocess import Preprocessing
from shelfwise.rules import DetectionRule
from shelfwise.workflows.model_shelf import ModelShelf
from shelfwise.workflows.shop import ShopSettings, one_server


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["serve", *arguments])
    return ended.value.code


def test_it_does_not_listen_to_the_network_by_mistake(tmp_path, capsys):
    home = tmp_path / "home"
    assert run("--host", "0.0.0.0", "--home", str(home)) == 2
    assert "--allow-network" in capsys.readouterr().err
    assert not home.exists()


def test_a_port_that_is_taken_is_told_before_anything_is_made(tmp_path, capsys):
    home = tmp_path / "home"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert run("--port", port, "--home", str(home)) == 2
    assert f"port {port} is taken" in capsys.readouterr().err
    assert not home.exists()


def test_a_second_server_of_a_shop_is_refused_before_it_changes_anything(tmp_path, capsys, toy):
    home = tmp_path / "home"
    bundle = toy.write_toy_bundle(tmp_path / "bundle").path
    with one_server(ShopSettings(home)):
        assert run("--port", "0", "--home", str(home), "--model", str(bundle)) == 2
    told = capsys.readouterr().err
    assert f"a server is running on {home / 'stock.db'}" in told and "--home" in told
    assert not (home / "stock.db").exists()
    assert list((home / "models").iterdir()) == []


def test_a_public_address_that_is_none_is_told(tmp_path, capsys):
    assert run("--public-address", "stock.example.org", "--home", str(tmp_path / "home")) == 2
    assert "no public address" in capsys.readouterr().err


def test_what_is_not_installed_is_told(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert run("--home", str(tmp_path / "home")) == 2
    assert "shelfwise[serve]" in capsys.readouterr().err


def test_garbage_is_looked_for_again_however_it_ends(tmp_path):
    assert run("--public-address", "stock.example.org", "--home", str(tmp_path / "home")) == 2
    assert gc.isenabled()
    with _without_collection() as started:
        assert not gc.isenabled()
        started()
        assert gc.isenabled() and gc.get_freeze_count() > 0
    assert gc.isenabled() and gc.get_freeze_count() == 0


def test_a_model_that_is_given_becomes_the_active_one_however_often(tmp_path, toy):
    home = tmp_path / "home"
    one = toy.write_toy_bundle(tmp_path / "one").path
    other = toy.write_toy_bundle(tmp_path / "other", name="other").path
    for bundle, name in ((one, "toy"), (one, "toy"), (other, "other"), (one, "toy")):
        _use(home, bundle)
        assert ModelShelf(home / "models").active().name == name
    assert home.stat().st_mode & 0o777 == 0o700


def test_a_model_that_is_none_stops_it(tmp_path, capsys):
    with pytest.raises(BundleError):
        _use(tmp_path / "home", tmp_path / "nothing")


def test_a_detector_that_is_none_stops_it(tmp_path, capsys, toy):
    home = tmp_path / "home"
    names = toy.write_toy_bundle(tmp_path / "bundle").path
    for given in (tmp_path / "nothing", names):
        assert run("--port", "0", "--home", str(home), "--detector", str(given)) == 2
        assert capsys.readouterr().err.startswith("error: ")
    assert not home.exists()


def test_the_detector_of_a_run_finds_products_on_shelf_photos(tmp_path):
    run_folder = tmp_path / "run"
    write_bundle(
        run_folder / "bundle",
        model_onnx=b"no network",
        name="detector-lite0",
        categories=["product"],
        preprocessing=Preprocessing(64, "pad", (0.5, 0.5, 0.5), (0.2, 0.2, 0.2)),
        metrics={},
        provenance={},
        rendered=True,
        card="# A detector",
        detection=DetectionRule(min_score=0.5),
    )
    assert _settings(tmp_path, None, None, run_folder).detector == run_folder / "bundle"
    assert _settings(tmp_path, None, None, None).detector is None
    for name in ("default", "default-detector"):
        assert _settings(tmp_path, None, None, Path(name)).detector == DEFAULT_DETECTOR


def test_the_address_of_the_database_is_not_guessed(tmp_path, capsys):
    assert (
        run("--database", "mysql://shop@localhost/shop", "--home", str(tmp_path / "home"), "--port", "0") == 2
    )
    assert capsys.readouterr().err.startswith("error: ")
