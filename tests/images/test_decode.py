import contextlib
import io
import os
import struct
import threading
import warnings
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from shelfwise.errors import ImageError
from shelfwise.images.decode import Limits, decode, open_picture, rgb_of

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def encoded(image, kind, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def scene(width=64, height=48):
    """Red on the left, blue on the right, green at the top."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (width // 2, 0, width, height))
    image.paste(GREEN, (0, 0, width, height // 4))
    return image


def photo(width=320, height=240, **options):
    rng = np.random.default_rng(5)
    noise = Image.fromarray(rng.integers(0, 255, (height // 16, width // 16, 3), dtype=np.uint8))
    return encoded(noise.resize((width, height), Image.Resampling.BICUBIC), "JPEG", quality=90, **options)


def near(pixels, colour, tolerance=12):
    return bool((np.abs(pixels.astype(int) - np.array(colour)) <= tolerance).all())


def reason(source, **options):
    with pytest.raises(ImageError) as caught:
        decode(source, **options)
    return caught.value.reason


def is_scene(pixels):
    h, w = pixels.shape[:2]
    return near(pixels[1, 1], GREEN) and near(pixels[h - 2, 1], RED) and near(pixels[h - 2, w - 2], BLUE)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {"quality": 95, "subsampling": 0}),
        ("JPEG", {"quality": 95, "progressive": True, "subsampling": 0}),
        ("PNG", {}),
        ("WEBP", {"lossless": True}),
        ("GIF", {}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("AVIF", {"quality": 95, "subsampling": "4:4:4"}),
    ],
)
def test_reads_each_format_whatever_the_file_is_called(tmp_path, kind, options):
    path = tmp_path / "picture.txt"
    path.write_bytes(encoded(scene(), kind, **options))
    pixels = decode(path)
    assert pixels.shape == (48, 64, 3)
    assert pixels.dtype == np.uint8
    assert is_scene(pixels)
    assert open_picture(path).kind == kind


def test_reads_heic():
    from pillow_heif import from_pillow

    stream = io.BytesIO()
    from_pillow(scene()).save(stream, quality=95)
    assert open_picture(stream.getvalue()).kind == "HEIF"
    assert is_scene(decode(stream.getvalue()))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_applies_every_exif_orientation(kind, orientation):
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    stored = scene() if orientation == 1 else scene().transpose(Image.Transpose(undo[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"lossless": True}}.get(kind, {})
    data = encoded(stored, kind, exif=exif, **options)
    pixels = decode(data)
    assert pixels.shape == (48, 64, 3)
    assert open_picture(data).size == (64, 48)
    assert is_scene(pixels)
    assert (rgb_of(open_picture(data).rgb()) == pixels).all()


def test_applies_the_orientation_of_heic_once():
    from pillow_heif import from_pillow

    exif = Image.Exif()
    exif[0x0112] = 6
    stream = io.BytesIO()
    from_pillow(scene().transpose(Image.Transpose.ROTATE_90)).save(stream, quality=95, exif=exif.tobytes())
    assert is_scene(decode(stream.getvalue()))
    image = open_picture(stream.getvalue()).rgb()
    assert is_scene(rgb_of(image)) and is_scene(rgb_of(image.crop((0, 0, *image.size))))


def test_a_broken_exif_block_is_no_obstacle():
    for exif in (b"Exif\0\0II*\0\xff\xff\xff\x7f", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff", b"Exif\0\0", b"junk"):
        assert decode(photo(exif=exif)).shape == (240, 320, 3)


def test_cmyk_and_grey_jpegs():
    assert near(decode(encoded(scene().convert("CMYK"), "JPEG", quality=95))[40, 4], RED, 30)
    grey = decode(encoded(scene().convert("L"), "JPEG", quality=95))
    assert grey.shape == (48, 64, 3)
    assert (grey[..., 0] == grey[..., 2]).all()


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_grey_is_scaled_and_not_clipped(kind):
    ramp = np.linspace(0, 65535, 64, dtype=np.uint16)[None].repeat(8, 0)
    pixels = decode(encoded(Image.fromarray(ramp), kind))
    assert np.abs(pixels[0, :, 0].astype(int) - np.rint(ramp[0] / 257)).max() == 0


def png(width, height, depth, colour, rows=b"", extra=b""):
    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + extra + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_16_bit_rgb_and_rgba():
    pixel = struct.pack(">HHH", 0xFFFF, 0x8080, 0x0000)
    assert near(decode(png(1, 1, 16, 2, b"\0" + pixel))[0, 0], (255, 128, 0), 1)
    assert near(decode(png(1, 1, 16, 6, b"\0" + pixel + b"\0\0"))[0, 0], WHITE, 1)


def test_floating_point_and_32_bit_grey():
    unit = Image.fromarray(np.array([[0.0, 0.5, 1.0]], np.float32))
    assert decode(encoded(unit, "TIFF"))[0, :, 0].tolist() == [0, 128, 255]
    deep = Image.fromarray(np.array([[0, 65535 // 2, 65535]], np.int32))
    assert decode(encoded(deep, "TIFF"))[0, :, 0].tolist() == [0, 127, 255]


def test_transparent_parts_lie_over_white():
    half = Image.new("RGBA", (8, 8), (255, 0, 0, 128))
    assert near(decode(encoded(half, "PNG"))[0, 0], (255, 127, 127), 1)
    assert near(decode(encoded(half, "WEBP", lossless=True))[0, 0], (255, 127, 127), 1)
    assert near(decode(encoded(Image.new("LA", (8, 8), (0, 0)), "PNG"))[0, 0], WHITE, 0)
    palette = Image.new("P", (8, 8), 1)
    palette.putpalette([0, 0, 0, 255, 0, 0])
    assert near(decode(encoded(palette, "PNG"))[0, 0], RED, 0)
    assert near(decode(encoded(palette, "PNG", transparency=1))[0, 0], WHITE, 0)
    assert near(decode(encoded(palette, "PNG", transparency=b"\xff\x00"))[0, 0], WHITE, 0)
    assert near(decode(encoded(Image.new("RGB", (8, 8), RED), "PNG", transparency=RED))[0, 0], WHITE, 0)


def test_one_bit_pictures():
    image = Image.new("1", (16, 16), 0)
    image.putpixel((3, 3), 1)
    pixels = decode(encoded(image, "PNG"))
    assert near(pixels[3, 3], WHITE, 0)
    assert near(pixels[0, 0], (0, 0, 0), 0)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_an_animation_the_first_frame_is_taken(kind):
    frames = [Image.new("RGB", (16, 16), colour) for colour in (RED, GREEN, BLUE)]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    assert near(decode(data)[5, 5], RED, 3)


def test_min_side_makes_a_jpeg_smaller_but_never_too_small():
    data = photo(320, 240)
    full = decode(data)
    assert full.shape == (240, 320, 3)
    assert decode(data, min_side=240).shape == (240, 320, 3)
    assert decode(data, min_side=121).shape == (240, 320, 3)
    half = decode(data, min_side=120)
    assert half.shape == (120, 160, 3)
    assert decode(data, min_side=30).shape == (30, 40, 3)
    assert decode(data, min_side=1000).shape == (240, 320, 3)
    expected = np.asarray(Image.fromarray(full).resize((160, 120), Image.Resampling.BOX))
    assert np.abs(half.astype(int) - expected).mean() < 2


def test_says_what_is_wrong_with_a_file(tmp_path):
    empty = tmp_path / "empty.jpg"
    empty.touch()
    assert reason(empty) == "file is empty"
    assert reason(b"") == "file is empty"
    assert reason(tmp_path / "none.jpg") == "no such file"
    assert reason(empty / "inside.jpg") == "no such file"
    assert reason(tmp_path) == "is a folder"
    assert reason(b"Hello, this is a text") == "not a picture"
    assert reason(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom") == "not a picture"
    assert reason(tmp_path / "a\0b.jpg") == "not a valid file name"
    assert reason(tmp_path / ("n" * 300)) == "the name is too long"
    loop = tmp_path / "loop.jpg"
    loop.symlink_to(loop)
    assert reason(loop) == "a link that leads in a circle"


def test_a_pipe_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    assert reason(tmp_path / "pipe.jpg") == "is not a regular file"


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_forbidden_file(tmp_path):
    path = tmp_path / "secret.jpg"
    path.write_bytes(photo())
    path.chmod(0)
    assert reason(path) == "no permission to read it"


def test_a_forbidden_file_by_its_error(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("shelfwise.images.reading.os.open", refuse)
    assert reason(tmp_path / "secret.jpg") == "no permission to read it"


def test_limits():
    data = photo()
    assert reason(data, limits=Limits(max_bytes=1000)).endswith("is over the limit of 0.0009537 MiB")
    assert (
        reason(data, limits=Limits(max_pixels=76_799))
        == "320 × 240 pixels is over the limit of 0.0768 million"
    )
    assert decode(data, limits=Limits(max_pixels=76_800)).shape == (240, 320, 3)


def test_a_file_over_the_limit_is_not_read(tmp_path):
    path = tmp_path / "huge.jpg"
    with path.open("wb") as file:
        file.truncate(100 * 1024**3)
    assert reason(path) == "102,400.0 MiB is over the limit of 64 MiB"


def test_a_decompression_bomb_is_refused_by_its_header():
    assert reason(png(13_000, 13_000, 8, 2)) == "13,000 × 13,000 pixels is over the limit of 100 million"
    assert reason(png(20_000, 2**31 - 1, 8, 2)).startswith("20,000 × 2,147,483,647 pixels is over the limit")
    assert "over the limit" not in reason(png(9_500, 9_500, 8, 0))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "AVIF"])
def test_a_truncated_picture_is_called_so(kind):
    rng = np.random.default_rng(1)
    data = encoded(Image.fromarray(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)), kind)
    assert reason(data[: len(data) // 2]) == "truncated: ends in the middle of the picture"


def test_a_damaged_picture_is_called_so():
    data = bytearray(encoded(scene(), "PNG"))
    data[len(data) // 2] ^= 0xFF
    assert reason(bytes(data)).startswith("damaged PNG picture (")


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
def test_a_jpeg_with_overwritten_bytes_is_called_damaged(options):
    rng = np.random.default_rng(3)
    noise = Image.fromarray(rng.integers(0, 255, (256, 256, 3), dtype=np.uint8))
    data = bytearray(encoded(noise, "JPEG", **options))
    assert decode(bytes(data)).shape == (256, 256, 3)
    middle = len(data) // 2
    data[middle : middle + 4000] = rng.bytes(4000)
    assert reason(bytes(data)).startswith("damaged JPEG picture (marker FF ")


def test_errors_name_the_picture(tmp_path):
    with pytest.raises(ImageError) as caught:
        decode(b"text", name="upload 7")
    assert str(caught.value) == "upload 7: not a picture"
    with pytest.raises(ImageError, match="picture in memory: not a picture"):
        decode(b"text")


def test_no_warning_gets_out_even_with_threads():
    """An odd TIFF tag and a broken animation make Pillow warn."""
    apng = png(1, 1, 8, 2, b"\0\xff\0\0", extra=b"\0\0\0\x08acTL" + b"\0" * 8 + struct.pack(">I", 0x11AFB0D3))
    tiff = bytearray(encoded(scene(), "TIFF"))
    (start,) = struct.unpack_from("<I", tiff, 4)
    struct.pack_into("<HHII", tiff, start + 2 + 12 * 5, 0x9C9D, 1, 2**30, 2**30)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")

        def work():
            for data in (apng, bytes(tiff), photo(exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff")):
                with contextlib.suppress(ImageError):
                    decode(data)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [str(each.message) for each in caught] == []


def test_a_pillow_image_is_read_like_its_file():
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(scene().transpose(Image.Transpose.ROTATE_90), "JPEG", quality=95, subsampling=0, exif=exif)
    assert (rgb_of(Image.open(io.BytesIO(data))) == decode(data)).all()
    assert near(rgb_of(Image.new("RGBA", (4, 4), (0, 0, 0, 0))), WHITE, 0)
    with pytest.raises(ImageError, match="shelf 3: damaged"):
        rgb_of(Image.open(io.BytesIO(photo()[:-2000])), name="shelf 3")


SEEDS = {
    "JPEG": photo(96, 64),
    "PROGRESSIVE": photo(96, 64, progressive=True),
    "PNG": encoded(scene(), "PNG"),
    "WEBP": encoded(scene(), "WEBP"),
    "GIF": encoded(scene(), "GIF"),
    "TIFF": encoded(scene(), "TIFF"),
    "BMP": encoded(scene(), "BMP"),
    "AVIF": encoded(scene(), "AVIF"),
}
SMALL = Limits(max_pixels=4_000_000)


def decodes_or_refuses(data):
    try:
        pixels = decode(data, limits=SMALL)
    except ImageError as error:
        assert error.reason
        assert "\n" not in error.reason
    else:
        assert pixels.ndim == 3
        assert pixels.shape[2] == 3


@given(st.binary(max_size=300), st.sampled_from([b"", *(seed[:16] for seed in SEEDS.values())]))
@settings(max_examples=150, deadline=None)
def test_random_bytes_decode_or_raise_image_error(data, head):
    decodes_or_refuses(head + data)


@given(
    st.sampled_from(sorted(SEEDS)),
    st.floats(0, 1),
    st.lists(st.tuples(st.floats(0, 0.999), st.integers(1, 255))),
)
@settings(max_examples=250, deadline=None)
def test_cut_and_flipped_pictures_decode_or_raise_image_error(kind, cut, flips):
    data = bytearray(SEEDS[kind])
    for place, mask in flips:
        data[int(place * len(data))] ^= mask
    decodes_or_refuses(bytes(data[: max(1, int(cut * len(data)))] if cut < 0.5 else data))


@pytest.mark.realdata
def test_real_barcode_photos(real_data):
    paths = sorted((real_data / "barcodes").glob("*/*.png"))
    assert paths
    for path in paths[::5]:
        assert decode(path).shape[2] == 3
