import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from shelfwise.database import Database


@pytest.fixture(scope="session")
def stock_model() -> ModuleType:
    """The module of the stock book's model: what the book says is held against what it reckons."""
    path = Path(__file__).parent / "stock_model.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def small_shops() -> ModuleType:
    """The module of the small shop and of the levels that are reckoned without a database."""
    path = Path(__file__).parent / "small_shop.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # its dataclass looks its module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def small_shop(small_shops: ModuleType, database: Database):
    """A shop with one store, on both databases."""
    return small_shops.open_small_shop(database)


@pytest.fixture
def sqlite_shop(small_shops: ModuleType, sqlite_database: Database):
    """A shop with one store, on SQLite alone."""
    return small_shops.open_small_shop(sqlite_database)
