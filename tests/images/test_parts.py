"""Files of far too many parts are refused before a decoder lists them all."""

import io
import struct
import time
import zlib

import pytest
from PIL import Image

from shelfwise.errors import ImageError
from shelfwise.images.decode import decode
from shelfwise.images.parts import too_many_parts
from shelfwise.images.reading import sniff

MANY = 200_000


def written(kind, **options):
    target = io.BytesIO()
    Image.new("RGB", (16, 16), (9, 99, 200)).save(target, kind, **options)
    return target.getvalue()


def jpeg(parts, *, behind=False):
    data = written("JPEG")
    place = len(data) - 2 if behind else 2
    return data[:place] + parts + data[place:]


def png(count, *, behind=False):
    data = written("PNG")
    place = len(data) - 12 if behind else 33
    chunk = struct.pack(">I4sI", 0, b"tEXt", zlib.crc32(b"tEXt"))
    return data[:place] + chunk * count + data[place:]


def gif(blocks):
    data = written("GIF")
    place = data.index(b",", 13 + (3 << ((data[10] & 7) + 1)))
    return data[:place] + blocks + data[place:]


def tiff(count):
    """``count`` entries that all name the whole of a file of a megabyte."""
    entries = b"".join(struct.pack("<HHII", 1000 + i, 1, 1_000_000, 8) for i in range(count))
    return (b"II*\0\x08\0\0\0" + struct.pack("<H", count) + entries).ljust(1_100_000, b"\0")


@pytest.mark.parametrize(
    "data",
    [
        jpeg(b"\xff\xfe\0\2" * MANY),
        jpeg(b"\xff\xfe\0\2" * 1_100_000, behind=True),
        jpeg(b"\xff" * MANY),
        jpeg(b"\xff\xd0" * MANY),
        png(MANY),
        png(MANY, behind=True),
        gif(b"!\xfe" + b"\1x" * MANY + b"\0"),
        gif(b"!\xfe\0" * MANY),
        gif(b"\0" * MANY),
        tiff(20_000),
    ],
    ids=lambda data: sniff(data),
)
def test_too_many_parts_are_refused_soon(data):
    started = time.process_time()
    with pytest.raises(ImageError, match=r"too many parts|marker FF"):
        decode(data)
    assert time.process_time() - started < 5


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "TIFF", "BMP", "WEBP", "AVIF"])
def test_pictures_are_not_taken_for_such_files(kind):
    data = written(kind)
    assert not too_many_parts(kind, data)
    assert decode(data).shape == (16, 16, 3)
    for length in range(len(data)):
        assert not too_many_parts(kind, data[:length])


def test_what_programs_write_is_taken():
    decode(jpeg(b"\xff\xfe\0\2" * 1000))
    decode(png(1000))
    decode(gif(b"!\xfe" + b"\1x" * 1000 + b"\0"))
    decode(written("TIFF", compression="tiff_lzw", dpi=(300, 300)))
