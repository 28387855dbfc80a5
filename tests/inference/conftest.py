import pytest


@pytest.fixture
def bundle(toy, tmp_path):
    return toy.write_toy_bundle(tmp_path / "bundle")
