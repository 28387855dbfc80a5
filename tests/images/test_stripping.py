"""What a camera noted goes; pixels, orientation and colours stay."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageDraw, PngImagePlugin

from shelfwise.errors import ImageError
from shelfwise.images.decode import decode, open_picture
from shelfwise.images.reading import Limits, sniff
from shelfwise.images.stripping import strip

SECRETS = (b"SECRETPLACE", b"52.5200", b"GPSLatitude", b"ACMECAM")
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>GPSLatitude=52.5200 SECRETPLACE</x:xmpmeta>"


def picture(size=(64, 40), mode="RGB"):
    image = Image.new("RGB", size, (200, 30, 40))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, size[0] // 2, size[1] // 3), (10, 120, 220))
    draw.ellipse((size[0] // 2, size[1] // 2, size[0] - 2, size[1] - 2), (240, 240, 20))
    return image.convert(mode)


def exif(orientation=6):
    block = Image.Exif()
    block[0x0112] = orientation
    block[0x010F] = "ACMECAM"
    gps = block.get_ifd(0x8825)
    gps[1], gps[2], gps[29] = "N", (52.0, 31.0, 12.0), "SECRETPLACE"
    return block


def written(image, kind, **options):
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def segment(marker, content):
    return bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content


def jpeg(image=None, orientation=6, **options):
    """A JPEG as cameras and editors write it: every block they put places into, and a film behind the picture."""
    data = written(image or picture(), "JPEG", exif=exif(orientation), icc_profile=PROFILE, **options)
    blocks = (
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP),
        segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\x0bSECRETPLACE\0"),
        segment(0xE2, b"MPF\0SECRETPLACE"),
        segment(0xEB, b"JP\0\x01SECRETPLACE"),
        segment(0xFE, b"taken at SECRETPLACE, 52.5200"),
    )
    behind = data + b"\0\0\0\x18ftypmp42SECRETPLACE"
    return data[:2] + b"".join(blocks) + data[2:] + behind


def png(image=None, orientation=6, **options):
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "SECRETPLACE 52.5200")
    info.add_itxt("XML:com.adobe.xmp", XMP.decode())
    info.add_text("Location", "SECRETPLACE", zip=True)
    image = image or picture()
    options = {"exif": exif(orientation), "icc_profile": PROFILE, **options}
    return written(image, "PNG", pnginfo=info, **options) + b"SECRETPLACE"


def webp(image=None, orientation=6, **options):
    options = {"exif": exif(orientation).tobytes(), "xmp": XMP, "icc_profile": PROFILE, **options}
    return written(image or picture(), "WEBP", **options) + b"SECRETPLACE"


def assert_clean(data):
    for secret in SECRETS:
        assert secret not in data
    image = Image.open(io.BytesIO(data))
    tags = dict(image.getexif())
    assert set(tags) <= {0x0112}
    assert not image.getexif().get_ifd(0x8825)
    assert not image.info.keys() & {"xmp", "photoshop", "comment", "Comment", "Location", "XML:com.adobe.xmp"}


@pytest.mark.parametrize("make", [jpeg, png, webp])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pixels_orientation_and_colours_stay(make, orientation):
    data = make(orientation=orientation)
    assert any(secret in data for secret in SECRETS)
    stripped = strip(data)
    assert_clean(stripped.data)
    np.testing.assert_array_equal(decode(stripped.data), decode(data))
    assert stripped.kind == sniff(data) == sniff(stripped.data)
    assert stripped.size == open_picture(data).size == open_picture(stripped.data).size
    assert open_picture(stripped.data).colour_profile == PROFILE
    assert Image.open(io.BytesIO(stripped.data)).getexif().get(0x0112, 1) == orientation


@pytest.mark.parametrize(
    "data",
    [
        jpeg(progressive=True),
        jpeg(picture(mode="L"), 1),
        jpeg(picture(mode="CMYK"), 3),
        jpeg(subsampling=0, quality=100),
        jpeg(restart_marker_blocks=2),
        png(picture(mode="P"), icc_profile=None),
        png(picture(mode="RGBA")),
        png(picture(mode="1"), icc_profile=None),
        png(picture(mode="P"), icc_profile=None, transparency=0),
        png(picture(mode="LA"), icc_profile=None),
        png(Image.linear_gradient("L").convert("I;16"), icc_profile=None),
        webp(picture(mode="RGBA"), lossless=True),
        webp(quality=40),
        webp(exif=b"", xmp=b"", icc_profile=b""),
    ],
    ids=lambda data: sniff(data),
)
def test_all_ways_of_coding_pixels(data):
    stripped = strip(data)
    assert_clean(stripped.data)
    np.testing.assert_array_equal(decode(stripped.data), decode(data))
    assert len(stripped.data) < len(data)


@pytest.mark.parametrize("make", [jpeg, png, webp])
def test_what_is_stripped_stays_as_it_is(make):
    once = strip(make())
    assert strip(once.data) == once


@pytest.mark.parametrize("make", [jpeg, webp])
def test_the_same_picture_from_two_places_is_one(make):
    assert strip(make()).data == strip(make().replace(b"SECRETPLACE", b"OTHERPLACE!")).data


def test_a_jpeg_keeps_nothing_behind_its_end_and_no_thumbnail():
    image = picture()
    data = written(image, "JPEG")
    inner = written(image.resize((8, 8)), "JPEG", exif=exif())
    jfxx = segment(0xE0, b"JFXX\0\x10" + inner)
    stripped = strip(data[:20] + jfxx + data[20:] + jpeg())
    assert stripped.data.count(b"\xff\xd8\xff") == 1
    assert stripped.data == strip(data).data


def test_adobe_colours_of_a_jpeg_are_kept():
    data = written(picture(mode="CMYK"), "JPEG")
    assert b"Adobe" in strip(data).data
    rgb = written(picture(), "JPEG", keep_rgb=True)
    np.testing.assert_array_equal(decode(strip(rgb).data), decode(rgb))


def heif(**options):
    import pillow_heif

    return _heif(pillow_heif, picture(), **options)


def _heif(module, image, **options):
    target = io.BytesIO()
    file = module.from_pillow(image)
    file.save(target, quality=95, exif=exif(1).tobytes(), **options)
    return target.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        heif(),
        written(picture(), "TIFF", exif=exif(1), icc_profile=PROFILE),
        written(picture(), "BMP"),
        written(picture(), "GIF", comment=b"SECRETPLACE"),
        written(picture(), "AVIF", quality=95, exif=exif(1)),
        written(
            picture(), "WEBP", save_all=True, append_images=[picture().rotate(180)], exif=exif(1).tobytes()
        ),
    ],
    ids=["HEIF", "TIFF", "BMP", "GIF", "AVIF", "animated WebP"],
)
def test_other_kinds_become_a_jpeg_that_looks_the_same(data):
    stripped = strip(data)
    assert (stripped.kind, sniff(stripped.data), stripped.size) == ("JPEG", "JPEG", (64, 40))
    assert_clean(stripped.data)
    difference = np.abs(decode(stripped.data).astype(int) - decode(data))
    assert difference.mean() < 4


def test_colours_of_another_kind_keep_their_profile():
    data = written(picture(), "TIFF", icc_profile=PROFILE)
    assert open_picture(strip(data).data).colour_profile == PROFILE


def test_a_turned_tiff_is_kept_upright():
    data = written(picture(), "TIFF", exif=exif(6))
    stripped = strip(data)
    assert stripped.size == (40, 64) == open_picture(stripped.data).size


def test_an_animated_png_keeps_its_first_picture():
    data = written(picture(), "PNG", save_all=True, append_images=[picture().rotate(180)])
    stripped = strip(data)
    assert stripped.kind == "PNG"
    assert b"acTL" not in stripped.data and b"fdAT" not in stripped.data
    np.testing.assert_array_equal(decode(stripped.data), decode(data))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "not a picture"),
        (b"<!DOCTYPE html><html><body>photo.jpg</body></html>", "not a picture"),
        (b"%PDF-1.7\n", "not a picture"),
        (b"GIF89a", "GIF|truncated"),
        (b"\xff\xd8\xff", "truncated|damaged"),
        (b"\x89PNG\r\n\x1a\n", "truncated|damaged"),
        (b"RIFF\x10\0\0\0WEBPVP8X", "truncated|damaged"),
        (b"RIFF\x04\0\0\0WEBP", "truncated|damaged"),
        (b"II*\0\x08\0\0\0\xff\xff", "truncated|damaged"),
    ],
)
def test_what_is_no_picture_is_refused(data, reason):
    with pytest.raises(ImageError, match=reason):
        strip(data)


@pytest.mark.parametrize("make", [jpeg, png, webp])
def test_a_picture_that_is_cut_off_anywhere_is_refused(make):
    clean = strip(make()).data
    for length in range(1, len(clean) - 1, 7):
        with pytest.raises(ImageError):
            strip(clean[:length])


def test_a_png_with_a_wrong_checksum_is_refused():
    data = bytearray(strip(png()).data)
    place = data.index(b"IDAT") + 8
    data[place] ^= 1
    with pytest.raises(ImageError, match="checksum"):
        strip(bytes(data))


def test_a_jpeg_that_was_overwritten_is_refused():
    data = bytearray(written(picture((600, 400)), "JPEG"))
    middle = len(data) * 3 // 4
    data[middle : middle + 6] = b"\xff\xc0\x12\xff\xd8\x00"
    with pytest.raises(ImageError, match=r"damaged|truncated"):
        strip(bytes(data))


def test_bombs_are_refused_by_their_header():
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")]
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )
    with pytest.raises(ImageError, match="over the limit"):
        strip(data)
    with pytest.raises(ImageError, match="over the limit"):
        strip(jpeg(), limits=Limits(max_pixels=100))
    with pytest.raises(ImageError, match="over the limit"):
        strip(jpeg(), limits=Limits(max_bytes=100))


def test_files_of_nothing_but_empty_parts_are_refused():
    tiny = (8, 8)
    jpeg_data, png_data, webp_data = (written(picture(tiny), kind) for kind in ("JPEG", "PNG", "WEBP"))
    chunk = struct.pack(">I", 0) + b"tEXt" + struct.pack(">I", zlib.crc32(b"tEXt"))
    body = webp_data[12:] + b"JUNK\0\0\0\0" * 60_000
    for data in (
        jpeg_data[:-2] + b"\xff\xfe\0\2" * 60_000 + jpeg_data[-2:],
        png_data[:-12] + chunk * 60_000 + png_data[-12:],
        b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body,
    ):
        with pytest.raises(ImageError, match="too many parts"):
            strip(data)


def test_filling_between_markers_is_passed_over_quickly():
    data = written(picture(), "JPEG")
    np.testing.assert_array_equal(decode(strip(data[:-2] + b"\xff" * 1000 + data[-2:]).data), decode(data))


def test_what_no_jpeg_can_hold_is_refused():
    with pytest.raises(ImageError, match="too long"):
        strip(written(Image.new("1", (70_000, 2)), "BMP"))


@given(st.data())
def test_whatever_comes_is_stripped_or_refused(data):
    original = data.draw(st.sampled_from(HOSTILE))
    changed = bytearray(original)
    for _ in range(data.draw(st.integers(0, 6))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(changed)))
    try:
        stripped = strip(bytes(changed[:end]), limits=Limits(max_pixels=10_000))
    except ImageError:
        return
    assert sniff(stripped.data) == stripped.kind
    assert strip(stripped.data).size == stripped.size


HOSTILE = [jpeg(), png(), webp(), heif(), written(picture(), "TIFF"), written(picture(), "GIF")]
