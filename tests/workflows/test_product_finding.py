import sys
from pathlib import Path

import pytest
from PIL import Image

import shelfwise
from shelfwise.errors import ProductIndexError
from shelfwise.inference.classifier import load
from shelfwise.workflows.product_finding import product_finder
from shelfwise.workflows.products import ProductBook


@pytest.fixture
def classifier(toy, tmp_path, monkeypatch):
    """A model without an index of products."""
    monkeypatch.delenv("SHELFWISE_PRODUCTS", raising=False)
    toy.write_toy_bundle(tmp_path / "bundle")
    return load(tmp_path / "bundle")


def found(classifier, given=None):
    """Whether products would be found, and what the user is told."""
    told = []
    with product_finder(classifier, given, told.append) as finder:
        return finder is not None, told


def add_product(classifier, photo, folder):
    ProductBook(classifier, folder).add("Cola", [photo])


@pytest.fixture
def photo(tmp_path):
    Image.new("RGB", (20, 20), "red").save(tmp_path / "red.png")
    return tmp_path / "red.png"


def test_a_model_without_an_index_tells_no_products_and_says_nothing(classifier, monkeypatch):
    monkeypatch.setitem(sys.modules, "shelfwise.workflows.products", None)  # importing it would fail
    assert found(classifier) == (False, [])


def test_without_a_home_folder_the_packaged_model_classifies_all_the_same(classifier, tmp_path, monkeypatch):
    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr(shelfwise, "__file__", str(tmp_path / "__init__.py"))
    assert found(classifier) == (False, [])


def test_the_index_beside_the_bundle_is_taken(classifier, photo, tmp_path):
    add_product(classifier, photo, tmp_path / "products")
    assert found(classifier) == (True, [])


def test_an_index_that_was_asked_for_has_to_be_there(classifier, tmp_path):
    with pytest.raises(ProductIndexError, match="there is no index of products"):
        found(classifier, tmp_path / "none")


def test_of_a_damaged_index_beside_the_bundle_the_user_is_told(classifier, tmp_path):
    (tmp_path / "products").mkdir()
    (tmp_path / "products" / "index.json").write_bytes(b"damaged")
    told, (note,) = found(classifier)
    assert not told
    assert note.startswith("note: products are not told: ")
    with pytest.raises(ProductIndexError, match="damaged"):
        found(classifier, tmp_path / "products")


def test_of_a_wrong_variable_the_user_is_told(classifier, photo, tmp_path, monkeypatch):
    add_product(classifier, photo, tmp_path / "products")
    monkeypatch.setenv("SHELFWISE_PRODUCTS", str(tmp_path / "no\udcffne"))
    told, (note,) = found(classifier)
    assert not told
    assert note.startswith("note: products are not told (SHELFWISE_PRODUCTS): ")
    assert "no\N{REPLACEMENT CHARACTER}ne: there is no index of products" in note
