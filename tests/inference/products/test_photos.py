import hashlib

import numpy as np
import pytest
from PIL import Image

from shelfwise.errors import ImageError
from shelfwise.images.decode import decode
from shelfwise.inference.products.photos import keep, photo_hash


def noise(path, side, **options):
    pixels = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    Image.fromarray(pixels).save(path, **options)
    return path


def test_a_small_photo_is_kept_as_it_is(tmp_path):
    path = noise(tmp_path / "a.png", 20)
    kept = keep(str(path))
    assert kept.data == path.read_bytes()
    assert (kept.name, kept.sha256) == ("a.png", hashlib.sha256(kept.data).hexdigest())
    assert photo_hash(str(path)) == photo_hash(kept.data) == kept.sha256


def test_a_large_photo_is_made_smaller_and_upright_without_its_notes(tmp_path):
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a note of the camera"
    path = tmp_path / "big.jpg"
    pixels = np.random.default_rng(0).integers(0, 256, (1200, 2400, 3), np.uint8)
    Image.fromarray(pixels).save(path, quality=95, exif=exif)
    kept = keep(path)
    assert kept.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert decode(kept.data).shape == (1600, 800, 3)
    assert b"a note of the camera" not in kept.data


def test_another_kind_becomes_a_jpeg(tmp_path):
    assert keep(noise(tmp_path / "a.bmp", 20)).data.startswith(b"\xff\xd8\xff")


def test_bytes_have_no_name(tmp_path):
    assert keep(noise(tmp_path / "a.png", 20).read_bytes()).name == "picture"


@pytest.mark.parametrize("content", [b"", b"no picture", b"\xff\xd8\xff\xe0 cut"])
def test_what_is_no_picture_is_refused_by_name(tmp_path, content):
    path = tmp_path / "bad.jpg"
    path.write_bytes(content)
    with pytest.raises(ImageError, match=r"bad\.jpg"):
        keep(path)
    with pytest.raises(ImageError):
        keep(content)
