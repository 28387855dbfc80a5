import subprocess
import sys

import pytest

import shelfwise.datasets


@pytest.mark.parametrize("name", shelfwise.datasets.__all__)
def test_every_name_is_there(name: str) -> None:
    assert hasattr(shelfwise.datasets, name)
    assert name in dir(shelfwise.datasets)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = shelfwise.datasets.nothing


def test_the_catalog_loads_no_reader_of_pictures() -> None:
    heavy = "{'numpy', 'PIL', 'shelfwise.datasets.layouts'} & set(sys.modules)"
    code = f"import sys, shelfwise.datasets.catalog; print({heavy})"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()"
