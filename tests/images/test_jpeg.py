import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from shelfwise.images.jpeg import jpeg_damage


def jpeg(pixels=None, **options) -> bytes:
    if pixels is None:
        pixels = np.random.default_rng(0).integers(0, 255, (64, 96, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", **options)
    return file.getvalue()


def scan_start(data: bytes) -> int:
    """Where the compressed data of the first scan begins."""
    header = data.index(b"\xff\xda")
    return header + 2 + int.from_bytes(data[header + 2 : header + 4], "big")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"quality": 5},
        {"quality": 100, "subsampling": 0},
        {"progressive": True},
        {"optimize": True},
        {"restart_marker_blocks": 1},
        {"restart_marker_rows": 1, "progressive": True},
        {"comment": b"\xff\xab in a comment \xff\xda"},
        {"exif": b"Exif\0\0\xff\xd9\xff\xff\xc2"},
    ],
)
def test_sound_files_show_nothing(options):
    assert jpeg_damage(jpeg(**options)) is None


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 100), st.booleans(), st.integers(0, 2**32 - 1))
def test_whatever_an_encoder_writes_is_sound(width, height, quality, progressive, seed):
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    assert jpeg_damage(jpeg(pixels, quality=quality, progressive=progressive)) is None


def test_what_follows_the_end_is_no_damage():
    assert jpeg_damage(jpeg() + b"\xff\xc7 a second picture, or anything") is None


@pytest.mark.parametrize("marker", [0x01, 0x3C, 0xC0, 0xC4, 0xCF, 0xD0, 0xD8, 0xDA, 0xE1, 0xFE])
def test_a_marker_that_cannot_be_there_is_told(marker):
    data = bytearray(jpeg())
    place = scan_start(data) + 100
    data[place : place + 2] = bytes([0xFF, marker])
    assert jpeg_damage(bytes(data)) == f"marker FF {marker:02X} within its compressed data"


def test_restarts_may_stand_only_where_the_header_announces_them():
    data = bytearray(jpeg(restart_marker_rows=1))
    assert jpeg_damage(bytes(data)) is None
    announced = data.index(b"\xff\xdd")
    data[announced + 4 : announced + 6] = b"\0\0"
    assert jpeg_damage(bytes(data)).startswith("marker FF D")


def test_a_download_that_was_filled_with_zeros_is_told():
    data = jpeg()
    assert jpeg_damage(data[: len(data) // 2] + bytes(len(data) // 2)) == "zeros instead of its end"


@given(st.integers(0, 2000), st.binary(max_size=40))
def test_no_bytes_make_it_fail(cut, noise):
    assert isinstance(jpeg_damage(jpeg()[:cut] + noise), str | None)
