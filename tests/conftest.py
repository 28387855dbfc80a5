"""Fixtures for all tests."""

import importlib.util
import os
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no failure.
settings.register_profile("shelfwise", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shelfwise")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real photos; the test is skipped where it is absent."""
    default = Path(__file__).parents[1] / ".." / "shared" / "data"
    folder = Path(os.environ.get("SHELFWISE_DATA", default)).resolve()
    if not folder.is_dir():
        pytest.skip(f"no real photos at {folder}: set SHELFWISE_DATA")
    return folder


@pytest.fixture(scope="session")
def toy() -> ModuleType:
    """The module of toy models: bundles whose network is small enough to reckon by hand."""
    path = Path(__file__).parent / "inference" / "toy_models.py"
    spec = importlib.util.spec_from_file_location("toy_models", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
