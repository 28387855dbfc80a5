import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def toy():
    """The module of toy models."""
    spec = importlib.util.spec_from_file_location("toy_models", Path(__file__).with_name("toy_models.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def bundle(toy, tmp_path):
    return toy.write_toy_bundle(tmp_path / "bundle")
