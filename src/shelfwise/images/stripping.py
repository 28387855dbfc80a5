"""Take out of a picture file what says where, when and by whom it was taken; the pixels stay as they are.

Cameras write the place into EXIF, XMP, IPTC, comments, and into what they append behind the picture (a second one, a
film). Only what a decoder needs is kept: the compressed pixels, the colour profile, how transparency and colours are
coded, and the orientation, written anew. So nothing of the rest can be forgotten.
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from shelfwise.errors import ImageError
from shelfwise.images.decode import DEFAULT_LIMITS, Limits, Picture, open_picture
from shelfwise.images.jpeg import jpeg_damage

__all__ = ["Stripped", "strip"]

_QUALITY: Final = 92
_JPEG_SIDE: Final = 65_500
_CUT_OFF: Final = "truncated: ends in the middle of the picture"

_TOO_MANY: Final = "damaged: it consists of too many parts"
# Far more than any program writes; a file of nothing but empty parts would keep a core busy for minutes.
_MOST_PARTS: Final = 50_000

_EOI, _SOS = 0xD9, 0xDA
# Neither a byte FF of the compressed data (FF 00), nor filling, a restart or another marker that stands alone.
_MARKER: Final = re.compile(rb"\xff[^\x00\x01\xff\xd0-\xd8]")
_JPEG_KEPT: Final = frozenset({0xC4, 0xCC, 0xDB, 0xDC, 0xDD, 0xDE, 0xDF, _SOS, *range(0xC0, 0xD0)} - {0xC8})
"""Markers of ITU-T T.81, table B.1, that decoding needs; application data is looked at one by one."""

# PNG (third edition), section 11: what decoding and colours need.
_PNG_KEPT: Final = frozenset(
    (
        *(b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP"),
        *(b"mDCV", b"cLLI", b"bKGD", b"hIST", b"pHYs"),
    )
)
_PNG_START: Final = b"\x89PNG\r\n\x1a\n"

_WEBP_KEPT: Final = frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ICCP", b"ALPH"))
# Bits of VP8X (RFC 9649, section 2.7).
_WEBP_ANIMATION, _WEBP_XMP, _WEBP_EXIF = 0x02, 0x04, 0x08


class Stripped(NamedTuple):
    """A picture file without what the camera noted in it.

    Attributes:
        data: the file.
        kind: its format: ``JPEG``, ``PNG`` or ``WEBP``.
        size: (width, height) of the upright picture.
    """

    data: bytes
    kind: str
    size: tuple[int, int]


def strip(data: bytes, *, name: str | None = None, limits: Limits = DEFAULT_LIMITS) -> Stripped:
    """Take place, time, camera and everything else but the picture out of a file.

    The compressed pixels of a JPEG, PNG or WebP file are copied, never coded anew; orientation and colour profile
    stay. Pictures of other kinds and animations (their first frame) become a JPEG of quality 92.

    Args:
        data: a picture file of any kind that can be decoded.
        name: what to call the picture in errors.
        limits: what it may cost at most.

    Raises:
        ImageError: it is no picture, cut off, damaged or too large.
    """
    picture = open_picture(data, name=name, limits=limits)
    try:
        if picture.kind == "JPEG":
            kept = _jpeg(data, picture)
        elif picture.kind == "PNG":
            kept = _png(data, picture)
        elif picture.kind == "WEBP" and not _is_animated(data):
            kept = _webp(data, picture)
        else:
            return _as_jpeg(picture)
    except (struct.error, IndexError) as error:
        raise ImageError(picture.name, _CUT_OFF) from error
    return Stripped(kept, picture.kind, picture.size)


def _as_jpeg(picture: Picture) -> Stripped:
    if max(picture.size) > _JPEG_SIDE:
        width, height = picture.size
        raise ImageError(picture.name, f"{width:,} × {height:,} pixels is too long to be kept as JPEG")
    profile, image, written = picture.colour_profile, picture.rgb(), io.BytesIO()
    # Pillow would write some of what it read along with the pixels.
    image.info = {}
    image.save(written, "JPEG", quality=_QUALITY, subsampling="4:4:4", icc_profile=profile)
    return Stripped(written.getvalue(), "JPEG", image.size)


def _exif(orientation: int) -> bytes:
    """An EXIF block that says the orientation and nothing else (TIFF 6.0, section 2)."""
    return struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def _jpeg(data: bytes, picture: Picture) -> bytes:
    parts = list(_jpeg_parts(data, picture.name))
    if damage := jpeg_damage(data):
        raise ImageError(picture.name, f"damaged JPEG picture ({damage})")
    written = [b"\xff\xd8"]
    jfif = parts and parts[0][:2] == b"\xff\xe0"
    written += parts[:1] if jfif else []
    if picture.orientation != 1:
        block = b"Exif\0\0" + _exif(picture.orientation)
        written.append(b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block)
    written += parts[1:] if jfif else parts
    return b"".join((*written, b"\xff\xd9"))


def _jpeg_parts(data: bytes, name: str) -> Iterator[bytes]:
    """What is kept between the first picture's start and its end, each part with its marker."""
    position = 2
    for _ in range(_MOST_PARTS):
        marker, position = _next_marker(data, position, name)
        if marker == _EOI:
            return
        end = position + max(2, *struct.unpack_from(">H", data, position))
        if end > len(data):
            raise ImageError(name, _CUT_OFF)
        if marker == _SOS:
            end = _next_marker(data, end, name)[1] - 2
        body = data[position:end]
        if marker in _JPEG_KEPT or _is_colour(marker, body[2:]):
            yield b"\xff" + bytes((marker,)) + body
        elif marker == 0xE0 and body[2:7] == b"JFIF\0" and len(body) >= 16:
            # Without its thumbnail, whose width and height become 0.
            yield b"\xff\xe0\x00\x10" + body[2:14] + b"\0\0"
        position = end
    raise ImageError(name, _TOO_MANY)


def _next_marker(data: bytes, position: int, name: str) -> tuple[int, int]:
    """The next marker that begins or ends something, and where what follows it begins."""
    found = _MARKER.search(data, position)
    if found is None:
        raise ImageError(name, _CUT_OFF)
    return data[found.end() - 1], found.end()


def _is_colour(marker: int, content: bytes) -> bool:
    """Whether application data says how the numbers are to be seen as colours."""
    return (marker == 0xE2 and content.startswith(b"ICC_PROFILE\0")) or (
        marker == 0xEE and content.startswith(b"Adobe") and len(content) <= 32
    )


def _png(data: bytes, picture: Picture) -> bytes:
    written, ended, pixels = [_PNG_START], False, False
    position = len(_PNG_START)
    for _ in range(_MOST_PARTS):
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if end > len(data):
            raise ImageError(picture.name, _CUT_OFF)
        (checksum,) = struct.unpack_from(">I", data, end - 4)
        if kind in _PNG_KEPT:
            if zlib.crc32(memoryview(data)[position + 4 : end - 4]) != checksum:
                raise ImageError(picture.name, "damaged PNG picture (a checksum is wrong)")
            written.append(data[position:end])
        pixels, ended = pixels or kind == b"IDAT", kind == b"IEND"
        if kind == b"IHDR" and picture.orientation != 1:
            written.append(_png_chunk(b"eXIf", _exif(picture.orientation)))
        position = end
        if ended:
            break
    if not ended:
        raise ImageError(picture.name, _TOO_MANY)
    if not pixels:
        raise ImageError(picture.name, "damaged PNG picture (it has no pixels)")
    return b"".join(written)


def _png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _webp(data: bytes, picture: Picture) -> bytes:
    chunks = []
    for kind, content in _webp_chunks(data, picture.name):
        if kind == b"VP8X":
            flags = content[0] & ~(_WEBP_XMP | _WEBP_EXIF)
            flags |= _WEBP_EXIF if picture.orientation != 1 else 0
            content = bytes((flags,)) + content[1:10]
        if kind in _WEBP_KEPT:
            chunks.append(_webp_chunk(kind, content))
    if picture.orientation != 1:
        chunks.append(_webp_chunk(b"EXIF", _exif(picture.orientation)))
    body = b"".join((b"WEBP", *chunks))
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _is_animated(data: bytes) -> bool:
    return data[12:16] == b"VP8X" and len(data) > 20 and bool(data[20] & _WEBP_ANIMATION)


def _webp_chunks(data: bytes, name: str) -> Iterator[tuple[bytes, bytes]]:
    """The chunks of a RIFF file, without what stands behind its end."""
    (length,) = struct.unpack_from("<I", data, 4)
    end, position = 8 + length, 12
    if end > len(data):
        raise ImageError(name, _CUT_OFF)
    for _ in range(_MOST_PARTS):
        if position + 8 > end:
            return
        kind, size = struct.unpack_from("<4sI", data, position)
        if position + 8 + size > end:
            raise ImageError(name, _CUT_OFF)
        yield kind, data[position + 8 : position + 8 + size]
        position += 8 + size + size % 2
    raise ImageError(name, _TOO_MANY)


def _webp_chunk(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
