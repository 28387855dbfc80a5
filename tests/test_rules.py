import io
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shelfwise.errors import BundleError
from shelfwise.rules import MAX_REFERENCE, DecisionRule, DetectionRule, pack_reference, unpack_reference

ARRAYS = {"means": np.eye(3, dtype=np.float32), "bank": np.ones((4, 2), np.float16)}


def rule(**changes):
    values = {
        "precision": 0.98,
        "keep_known": 0.95,
        "levels": ["department", "category"],
        "thresholds": {"fruit": 0.7, "fruit/apple": None},
        "novelty": "energy",
        "novelty_threshold": -1.0,
    }
    return DecisionRule(**{**values, **changes})


def archive(**members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for name, content in members.items():
            file.writestr(name.replace("__", "."), content)
    return stream.getvalue()


def npy(values, **options):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, values, version=(1, 0), **options)
    return stream.getvalue()


def test_arrays_come_back_as_they_were():
    found = unpack_reference(pack_reference(ARRAYS))
    assert set(found) == set(ARRAYS)
    for name, values in ARRAYS.items():
        assert found[name].dtype == values.dtype
        assert np.array_equal(found[name], values)


def test_equal_arrays_give_equal_bytes_that_numpy_reads_too():
    data = pack_reference(ARRAYS)
    assert data == pack_reference(dict(reversed(ARRAYS.items())))
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        assert np.array_equal(file["means"], ARRAYS["means"])


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        {"a": np.ones(3)},
        {"a": np.array([np.nan], np.float32)},
        {"a b": np.ones(1, np.float32)},
        {f"a{i}": np.ones(1, np.float32) for i in range(9)},
        {"a": np.zeros(MAX_REFERENCE // 4, np.float32)},
    ],
)
def test_what_no_reader_would_take_is_not_written(arrays):
    with pytest.raises(BundleError):
        pack_reference(arrays)


def huge_shape():
    """A header that promises more than the file holds."""
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000, 1000000000), }"
    header += b" " * (63 - (len(header) + 10) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04",
        pack_reference(ARRAYS)[:-30],
        archive(),
        archive(a__npy=b"no array"),
        archive(a__npy=huge_shape()),
        archive(a__txt=npy(np.ones(2, np.float32))),
        archive(**{"..__/a__npy": npy(np.ones(2, np.float32))}),
        archive(a__npy=npy(np.ones(2, np.float32)) + b"more"),
        archive(a__npy=npy(np.ones(2))),
        archive(a__npy=npy(np.ones(2, ">f4"))),
        archive(a__npy=npy(np.asfortranarray(np.ones((2, 3), np.float32)))),
        archive(a__npy=npy(np.array([{"code": 1}], object), allow_pickle=True)),
        archive(a__npy=npy(np.array([np.inf], np.float32))),
    ],
)
def test_a_hostile_or_damaged_file_is_refused(data):
    with pytest.raises(BundleError, match="the arrays"):
        unpack_reference(data)


def test_a_compressed_bomb_is_not_unpacked():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.npy", npy(np.zeros(50_000_000 // 4, np.float32)))
    assert len(stream.getvalue()) < 100_000
    with pytest.raises(BundleError, match="compressed"):
        unpack_reference(stream.getvalue())


@given(st.integers(0, 2000), st.integers(0, 255))
def test_no_changed_byte_is_read_as_something_else(place, value):
    data = bytearray(pack_reference(ARRAYS))
    data[place % len(data)] = value
    try:
        found = unpack_reference(bytes(data))
    except BundleError:
        return
    for name, values in found.items():
        if name in ARRAYS:
            assert np.array_equal(values, ARRAYS[name])


@pytest.mark.parametrize(
    "change",
    [
        {"precision": 1.0},
        {"precision": float("nan")},
        {"keep_known": 0.0},
        {"levels": []},
        {"thresholds": {"fruit": 0.4}},
        {"thresholds": {"fruit": "0.9"}},
        {"thresholds": {"fruit": 1.5}},
        {"novelty_threshold": float("inf")},
        {"extra": 1},
    ],
)
def test_a_rule_is_strict(change):
    with pytest.raises(ValidationError):
        rule(**change)


def test_thresholds_are_those_of_the_categories():
    assert rule().hierarchy(("fruit/apple",)).nodes == ("fruit", "fruit/apple")
    with pytest.raises(ValueError, match="'fruit/pear'"):
        rule().hierarchy(("fruit/apple", "fruit/pear"))
    with pytest.raises(ValueError, match="levels"):
        rule(levels=["category"]).hierarchy(("fruit/apple",))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"min_score": 0.0}, "min_score"),
        ({"min_score": float("nan")}, "min_score"),
        ({"suppression": "none"}, "suppression"),
        ({"overlap": 1.0}, "overlap"),
        ({"side": 1000}, "multiple of 64"),
        ({"tile": 0}, "tile"),
        ({"tile": 256, "tile_overlap": 256}, "would never advance"),
        ({"tile_overlap": -1}, "tile_overlap"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_detector_does_not_look_at_photos_in_an_impossible_way(change, message):
    with pytest.raises(ValidationError, match=message):
        DetectionRule(**{"min_score": 0.3, **change})
