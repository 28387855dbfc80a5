from pathlib import Path
from urllib.parse import urlsplit

import pytest

from shelfwise.datasets.catalog import CATALOG, RECORD_NAME, Source, get_source, state
from shelfwise.datasets.layouts import LAYOUTS, read_dataset
from shelfwise.errors import DataError


@pytest.mark.parametrize("source", CATALOG.values(), ids=list(CATALOG))
def test_entry_is_complete_and_honest(source: Source) -> None:
    assert source.layout in LAYOUTS
    assert source.licence
    assert "arXiv:" in source.citation
    assert source.photos > 1000
    assert 10_000_000 < source.download_bytes < source.unpacked_bytes * 2
    for url in (source.homepage, *source.urls, *(c.url for c in source.companions)):
        assert urlsplit(url).scheme in ("http", "https")
        assert urlsplit(url).netloc
    assert all(not Path(c.path).is_absolute() and ".." not in c.path for c in source.companions)
    for digest in (source.sha256, *(c.sha256 for c in source.companions)):
        assert digest is None or (len(digest) == 64 and int(digest, 16) >= 0)


def test_both_public_sets_are_known() -> None:
    assert list(CATALOG) == ["freiburg", "grocery-store"]
    assert get_source("Freiburg").title == "Freiburg Groceries Dataset"


@pytest.mark.parametrize(("typed", "hint"), [("friburg", "'freiburg'"), ("zzz", "known are freiburg")])
def test_unknown_name_gets_the_nearest_one(typed: str, hint: str) -> None:
    with pytest.raises(DataError, match=hint):
        get_source(typed)


def test_state_goes_from_absent_to_fetched(tmp_path: Path) -> None:
    source = CATALOG["freiburg"]
    folder = tmp_path / "freiburg"
    assert state(source, tmp_path) == "absent"
    (tmp_path / f"{source.filename}.part").touch()
    assert state(source, tmp_path) == "started"
    folder.mkdir()
    assert state(source, tmp_path) == "started"
    (folder / "photo.png").touch()
    assert state(source, tmp_path) == "present"
    (folder / RECORD_NAME).touch()
    assert state(source, tmp_path) == "fetched"


@pytest.mark.realdata
def test_grocery_store_has_as_many_photos_as_the_catalog_says(real_data: Path) -> None:
    source = CATALOG["grocery-store"]
    dataset = read_dataset(real_data / "grocery-store")
    assert dataset.layout == source.layout
    assert len(dataset) == source.photos
