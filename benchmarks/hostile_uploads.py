"""Uploads that no shop would send: fuzzed pictures, bombs, other files, names that are paths. Drawn from a seed."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from PIL import Image

__all__ = ["KINDS", "Upload", "good_photo", "uploads"]

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP")
_SCRIPT = b"<script>alert(document.cookie)</script>"
_NAMES = (
    "../../stock.db",
    "..\\..\\stock.db",
    "/etc/passwd",
    "C:\\Windows\\win.ini",
    "....//....//stock.db",
    "%2e%2e%2fstock.db",
    "photo.jpg\r\nX-Injected: yes",
    'photo".jpg"; name="store',
    "photo\x00.jpg",
    ".",
    "~root/.ssh/id_rsa",
    "CON",
    "\u202egpj.exe",
    "a" * 300 + ".jpg",
    "=cmd|' /C calc'!A0",
    "$(touch owned).jpg",
)


@dataclass(frozen=True)
class Upload:
    """A file to send.

    Attributes:
        kind: one of :data:`KINDS`.
        name: the file name that is sent.
        data: its content.
        may_be_read: whether an answer is right, as for a picture that is damaged but little; else only an error is.
    """

    kind: str
    name: str
    data: bytes
    may_be_read: bool


def good_photo(size: int = 64) -> bytes:
    """A picture that has to be answered whatever is sent beside it."""
    return _picture(random.Random(0), "JPEG", size)


def uploads(count: int, seed: int = 0) -> Iterator[Upload]:
    """So many uploads, all kinds in turn."""
    draw = random.Random(seed)
    makers = list(KINDS.values())
    for number in range(count):
        yield makers[number % len(makers)](draw)


def _picture(draw: random.Random, kind: str, size: int = 48) -> bytes:
    image = Image.frombytes("RGB", (size, size), draw.randbytes(3 * size * size))
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def _fuzzed(draw: random.Random) -> Upload:
    data = bytearray(_picture(draw, draw.choice(_FORMATS)))
    for _ in range(draw.choice((1, 3, 10, 100))):
        place = draw.randrange(len(data))
        match draw.randrange(4):
            case 0:
                data[place] = draw.randrange(256)
            case 1:
                data[place : place + draw.randrange(64)] = b""
            case 2:
                data[place:place] = draw.randbytes(draw.randrange(1, 64))
            case _:
                data[place : place + 4] = draw.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff"))
        data = data or bytearray(b"\0")
    return Upload("fuzzed", "fuzzed.jpg", bytes(data), may_be_read=True)


def _cut(draw: random.Random) -> Upload:
    data = _picture(draw, draw.choice(_FORMATS))
    return Upload("cut off", "cut.png", data[: draw.randrange(1, len(data))], may_be_read=True)


def _noise(draw: random.Random) -> Upload:
    heads = (
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\0\1\0\0WEBPVP8 ",
        b"GIF89a",
        b"II*\0",
        b"BM",
        b"\0\0\0\x18ftypheic",
    )
    data = draw.choice(heads) + draw.randbytes(draw.randrange(2000))
    return Upload("noise after a picture's first bytes", "noise.jpg", data, may_be_read=True)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _png(width: int, height: int, lines: bytes, extra: bytes = b"", depth: int = 1) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
    body = _chunk(b"IDAT", lines) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + extra + body


@cache
def _nothing() -> bytes:
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(b"\0" * 2501 * 1000) for _ in range(20)) + packer.flush()


def _bomb(draw: random.Random) -> Upload:
    match draw.randrange(6):
        case 0:  # 20,000 x 20,000 pixels of nothing in some 50 kB
            data = _png(20_000, 20_000, _nothing())
        case 1:
            data = _png(2**31 - 1, 2**31 - 1, zlib.compress(b"\0" * 1000))
        case 2:
            data = b"GIF89a" + struct.pack("<HH", 65535, 65535) + b"\x80\0\0" + b"\0" * 6 + b","
            data += struct.pack("<HHHH", 0, 0, 65535, 65535) + b"\0\x02\x02\x44\x01\0;"
        case 3:
            data = b"BM" + struct.pack("<IHHI", 2**31, 0, 0, 54)
            data += struct.pack("<IiiHHIIiiII", 40, 100_000, 100_000, 1, 24, 0, 0, 0, 0, 0, 0) + b"\0" * 100
        case 4:
            canvas = struct.pack("<I", 0x10) + (2**24 - 1).to_bytes(3, "little") * 2
            data = b"RIFF" + struct.pack("<I", 30) + b"WEBPVP8X" + struct.pack("<I", 10) + canvas
        case _:
            entries = (
                (256, 4, 1, 200_000),
                (257, 4, 1, 200_000),
                (259, 3, 1, 1),
                (262, 3, 1, 1),
                (273, 4, 1, 8),
            )
            data = b"II*\0" + struct.pack("<IH", 8, len(entries))
            data += b"".join(struct.pack("<HHII", *entry) for entry in entries) + b"\0" * 8
    return Upload("bomb", "bomb.png", data, may_be_read=False)


def _text_bomb(draw: random.Random) -> Upload:
    text = zlib.compress(b"A" * draw.choice((10_000_000, 50_000_000)), 9)
    extra = _chunk(draw.choice((b"zTXt", b"iCCP")), b"x\0\0" + text)
    lines = zlib.compress((b"\0" + b"\xff" * 2) * 16)
    return Upload("text that unpacks to megabytes", "text.png", _png(16, 16, lines, extra), may_be_read=True)


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../stock.db", b"\0" * 1_000_000)
    return out.getvalue()


def _other(draw: random.Random) -> Upload:
    name, data = draw.choice(
        (
            ("page.html", b"<!doctype html>" + _SCRIPT),
            ("drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg">' + _SCRIPT + b"</svg>"),
            ("entities.svg", b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><svg>&a;</svg>'),
            ("archive.zip", _zip()),
            ("document.pdf", b"%PDF-1.7\n1 0 obj<</JavaScript(app.alert(1))>>endobj"),
            ("program.jpg", b"\x7fELF" + draw.randbytes(500)),
            ("script.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file"),
            (
                "pickle.npy",
                b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n\x80\x04.",
            ),
            (
                "push.mvg",
                b"push graphic-context\nviewbox 0 0 9 9\nfill 'url(file:///etc/passwd)'\npop graphic-context",
            ),
            ("playlist.jpg", b"#EXTM3U\nconcat:file:///etc/passwd"),
            ("empty.jpg", b""),
            ("words.jpg", b"just words " * draw.randrange(1, 50)),
        )
    )
    return Upload("another type", name, data, may_be_read=False)


def _two_things(draw: random.Random) -> Upload:
    picture = _picture(draw, draw.choice(("JPEG", "PNG", "GIF")))
    tail = draw.choice((_SCRIPT, _zip(), b"<?php system($_GET['c']); ?>"))
    return Upload("a picture that is something else too", "both.html", picture + tail, may_be_read=True)


def _path(draw: random.Random) -> Upload:
    data = draw.choice((_picture(draw, "PNG"), b"no picture", _SCRIPT))
    return Upload("a name that is a path", draw.choice(_NAMES), data, may_be_read=data[:4] == b"\x89PNG")


KINDS: dict[str, Callable[[random.Random], Upload]] = {
    "fuzzed": _fuzzed,
    "cut off": _cut,
    "noise after a picture's first bytes": _noise,
    "bomb": _bomb,
    "text that unpacks to megabytes": _text_bomb,
    "another type": _other,
    "a picture that is something else too": _two_things,
    "a name that is a path": _path,
}
"""Makers of uploads by kind."""
